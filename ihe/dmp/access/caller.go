package access

import (
	"context"
	"net/http"
	"slices"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/nos"
)

// caller is who makes a request.
type caller struct {
	session *token.Session
	actor   habilitation.Actor
}

// callerOf gives who calls; nil: the server itself. A session without a national identity has no right at all.
func callerOf(ctx context.Context) (*caller, error) {
	session := token.FromContext(ctx)
	if session == nil {
		return nil, nil
	}
	actor, err := actorOf(session)
	if err != nil {
		return nil, err
	}
	return newCaller(session, actor), nil
}

// actorOf gives the national identity of a session. It is shared: nobody changes it.
func actorOf(session *token.Session) (*habilitation.Actor, error) {
	actor, ok := session.Actor.(*habilitation.Actor)
	if !ok || actor == nil || actor.Kind == "" {
		return nil, forbidden("The access token says nothing of who calls (claim " + carnet + "dmp).")
	}
	return actor, nil
}

func newCaller(session *token.Session, actor *habilitation.Actor) *caller {
	c := &caller{session: session, actor: *actor}
	if c.actor.Mode == habilitation.BreakGlass && session.Patient == "" {
		c.actor.Justification = false // it is for one person, whom the token names
	}
	return c
}

func forbidden(text string) *fault.Fault {
	return fault.New(http.StatusForbidden, fault.Forbidden, text)
}

// operates says whether the caller runs the server and sees everything.
func (a *Access) operates(c *caller) bool { return a.operator(&c.actor) }

func (a *Access) operator(actor *habilitation.Actor) bool {
	return actor.Kind == habilitation.Operator && a.o.Sandbox
}

// identities are the identifiers by which Consents and authors name the caller: itself and the structure for which it acts.
func (c *caller) identities() []habilitation.Identifier {
	return append(c.self(), c.structure()...)
}

// self are the spellings of the caller's own identifier, structure those of the structure for which it acts; none when there is none.
func (c *caller) self() []habilitation.Identifier { return spellings(c.actor.ID) }

func (c *caller) structure() []habilitation.Identifier { return spellings(c.actor.Structure) }

// own gives an identifier as the caller's token spells it, where it is the caller's.
func (c *caller) own(id habilitation.Identifier) habilitation.Identifier {
	switch {
	case slices.Contains(c.self(), id):
		return c.actor.ID
	case slices.Contains(c.structure(), id):
		return c.actor.Structure
	}
	return id
}

// national are the systems that the national identifiers of professionals and structures (PS_IdNat, Struct_IdNat) enclose: a digit for the type, then the number.
var national = []struct {
	system, enclosing, digit string
	length                   int
}{
	{nos.SystemRPPS, nos.SystemIDNPS, "8", 11},
	{nos.SystemFINESS, nos.SystemIDNST, "1", 9},
	{nos.SystemSIRENE, nos.SystemIDNST, "2", 9},
	{nos.SystemSIRENE, nos.SystemIDNST, "3", 14},
}

// spellings gives an identifier as it is met: documents name a professional or a structure by the national identifier, where directories and identity providers give the number in it.
func spellings(id habilitation.Identifier) []habilitation.Identifier {
	if id.Value == "" {
		return nil
	}
	all := []habilitation.Identifier{id}
	for _, n := range national {
		switch {
		case id.System == n.system && len(id.Value) == n.length:
			all = append(all, habilitation.Identifier{System: n.enclosing, Value: n.digit + id.Value})
		case id.System == n.enclosing && len(id.Value) == n.length+1 && id.Value[:1] == n.digit:
			all = append(all, habilitation.Identifier{System: n.system, Value: id.Value[1:]})
		}
	}
	return all
}

// professionalSide says whether the caller is a professional, or acts for a structure.
func (c *caller) professionalSide() bool {
	switch c.actor.Kind {
	case habilitation.Professional, habilitation.Institution, habilitation.Staff:
		return true
	}
	return false
}
