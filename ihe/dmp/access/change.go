package access

import (
	"context"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// SystemRule names the rules of access in OperationOutcome.issue.details.
const SystemRule = carnet + "CodeSystem/access-rule"

// refused is the 403 of a decision: the rule's sentence, which names nobody, and its number.
func refused(d habilitation.Decision) *fault.Fault {
	f := forbidden(d.Why)
	f.Issues[0].Details = fault.Details{System: SystemRule, Code: string(d.Rule)}
	return f
}

// refusedBy is refused for what no rule of the DMP says.
func refusedBy(why string) *fault.Fault { return refused(habilitation.Decision{Rule: "X1", Why: why}) }

// change is one write being judged.
type change struct {
	a             *Access
	ctx           context.Context
	c             *caller
	what          repository.Interaction
	before, after *element.Element
	typ           string
}

// Change judges a write: the scopes on both sides, then the rules. What does not exist for the caller never comes here: the repository answers as for what is absent.
func (a *Access) Change(ctx context.Context, what repository.Interaction, before, after *element.Element) error {
	c, err := callerOf(ctx)
	if c == nil || err != nil {
		return err
	}
	if err := c.session.Scopes.Change(a.o.Registry, c.session.Patient, what, before, after); err != nil {
		return err
	}
	if a.operates(c) {
		return nil
	}
	if err := a.relations.follow(); err != nil {
		return err
	}
	w := &change{a: a, ctx: ctx, c: c, what: what, before: before, after: after}
	switch {
	case after != nil:
		w.typ = after.Type.Name
	case before != nil:
		w.typ = before.Type.Name
	}
	return w.judge()
}

func (w *change) judge() error {
	info := w.a.types[w.typ]
	operator := w.c.actor.Kind == habilitation.Operator
	switch {
	case info == nil:
		return refusedBy("This is no resource of a record.")
	case info.kind == public && operator:
		return nil
	case w.after == nil && w.typ != "Subscription":
		return refusedBy("Nothing of a record is deleted for good. A document is deleted by PATCH of its status to entered-in-error, an authorisation ended by the status inactive.")
	case w.what == repository.Update && w.before == nil:
		return refusedBy("Ids are given by the server: create by POST.")
	}
	switch info.kind {
	case document:
		return w.document()
	case content:
		return w.content()
	case collection:
		return w.list()
	case clinical, device:
		return w.clinical()
	case person:
		return w.person()
	case kin:
		return w.relative()
	case consent:
		return w.consent()
	case owned:
		return w.subscription()
	}
	return refusedBy("Resources of this type are written by the server, or by who runs it.")
}

// owner gives whose the resource is, before and after alike; "" when that is nobody, or changes.
func (w *change) owner(code string) string {
	id := ""
	for _, root := range []*element.Element{w.before, w.after} {
		if root == nil {
			continue
		}
		of := patientOf(root.Child(code))
		if of == "" || id != "" && id != of {
			return ""
		}
		id = of
	}
	if id != "" && w.c.session.Patient != "" && id != w.c.session.Patient {
		return ""
	}
	return id
}

// situation gives how the caller stands to the record of a person.
func (w *change) situation(id string) (*habilitation.Situation, error) {
	p, err := w.a.relations.record(w.ctx, id)
	if err != nil {
		return nil, err
	}
	return w.a.situation(p, w.c, w.a.o.Clock()), nil
}

// may asks the rules about a transaction.
func (w *change) may(s *habilitation.Situation, t habilitation.Transaction, target *habilitation.Target) error {
	if d := w.a.o.Engine.Decide(&w.c.actor, s, t, target); !d.Permit {
		return refused(d)
	}
	return nil
}

func notOne() *fault.Fault {
	return fault.At(http.StatusForbidden, fault.Forbidden, "", "The resource is of one person, whom it names by a literal reference (Patient/[id]), the one of the token's context where there is one; that does not change.")
}
