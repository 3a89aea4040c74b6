package pixm

import (
	"context"
	"net/http"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/store"
)

// merge is Patient/$merge with the parameters of FHIR R5's operation of this name: source-patient is subsumed by target-patient; each may be named by an identifier instead.
func (m *Manager) merge(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
	source, err := m.named(ctx, call, "source-patient")
	if err != nil {
		return nil, err
	}
	target, err := m.named(ctx, call, "target-patient")
	if err != nil {
		return nil, err
	}
	results, err := m.edit(ctx, source, func(tree *element.Element) error {
		if into := dmp.ReplacedBy(tree); into != "" {
			return dmp.MergedIdentity(into)
		}
		if _, err := tree.SetChild("active", "false"); err != nil {
			return err
		}
		return addLink(tree, target, "replaced-by")
	})
	if err != nil {
		return nil, err
	}
	return m.answer(ctx, target, results, "The identity was merged. What referred to it refers to the surviving one; Patient/[id]/$unmerge on the subsumed one undoes that.")
}

// unmerge is Patient/[id]/$unmerge on a subsumed Patient.
func (m *Manager) unmerge(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
	results, err := m.edit(ctx, call.ID, func(tree *element.Element) error {
		if dmp.ReplacedBy(tree) == "" {
			return fault.At(http.StatusConflict, fault.Conflict, "Patient.link", "The identity is not merged into another.")
		}
		for link := range tree.Children("link") {
			if link.ChildValue("type") == "replaced-by" {
				if err := tree.Remove(link); err != nil {
					return err
				}
				break
			}
		}
		_, err := tree.SetChild("active", "true")
		return err
	})
	if err != nil {
		return nil, err
	}
	return m.answer(ctx, call.ID, results, "The merge was undone. What came with the identity refers to it again.")
}

// link is Patient/$link and $unlink: two Patients that may be one person, each still in use, point to each other by a link of type seealso.
func (m *Manager) link(there bool) func(context.Context, *rest.OperationCall) (*rest.OperationAnswer, error) {
	return func(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
		source, err := m.named(ctx, call, "source-patient")
		if err != nil {
			return nil, err
		}
		target, err := m.named(ctx, call, "target-patient")
		if err != nil {
			return nil, err
		}
		if source == target {
			return nil, fault.New(http.StatusUnprocessableEntity, fault.BusinessRule, "A Patient is not linked to itself.")
		}
		results, err := m.people.Edit(ctx, []string{source, target}, func(id string, tree *element.Element) error {
			other := target
			if id == target {
				other = source
			}
			if !there {
				return removeLink(tree, other, "seealso")
			}
			return addLink(tree, other, "seealso")
		})
		if err != nil {
			return nil, err
		}
		said := "The identities are linked; both stay in use."
		if !there {
			said = "The identities are linked no more."
		}
		return m.answer(ctx, target, results, said)
	}
}

func (m *Manager) edit(ctx context.Context, id string, change func(*element.Element) error) ([]repository.EntryResult, error) {
	return m.people.Edit(ctx, []string{id}, func(_ string, tree *element.Element) error { return change(tree) })
}

func addLink(tree *element.Element, to, typ string) error {
	for link := range tree.Children("link") {
		if link.ChildValue("type") == typ && link.Child("other").ChildValue("reference") == "Patient/"+to {
			return nil
		}
	}
	link, err := tree.NewChild("link")
	if err != nil {
		return err
	}
	other, err := link.NewChild("other")
	if err != nil {
		return err
	}
	if _, err := other.SetChild("reference", "Patient/"+to); err != nil {
		return err
	}
	_, err = link.SetChild("type", typ)
	return err
}

func removeLink(tree *element.Element, to, typ string) error {
	for link := range tree.Children("link") {
		if link.ChildValue("type") == typ && link.Child("other").ChildValue("reference") == "Patient/"+to {
			return tree.Remove(link)
		}
	}
	return fault.At(http.StatusConflict, fault.Conflict, "Patient.link", "The identities are not linked.")
}

// named gives the id of the Patient that a parameter names, by a Reference or, with the suffix -identifier, by an Identifier.
func (m *Manager) named(ctx context.Context, call *rest.OperationCall, name string) (string, error) {
	if v := parameterValue(call, name); v != nil {
		if id, ok := strings.CutPrefix(v.ChildValue("reference"), "Patient/"); ok && element.IsID(id) {
			return id, nil
		}
		return "", fault.At(http.StatusBadRequest, fault.Value, "Parameters.parameter", "The parameter "+name+" is a reference to a Patient of this server (Patient/id).")
	}
	v := parameterValue(call, name+"-identifier")
	if v == nil {
		return "", fault.At(http.StatusBadRequest, fault.Required, "Parameters.parameter", "The operation takes "+name+" (a Reference) or "+name+"-identifier (an Identifier).")
	}
	system, value := dmp.CanonicalToken(v.ChildValue("system"), v.ChildValue("value"))
	ids, err := m.people.Holders(ctx, system, value)
	if err != nil {
		return "", err
	}
	if len(ids) != 1 {
		return "", fault.At(http.StatusUnprocessableEntity, fault.NotFound, "Parameters.parameter", "The identifier of "+name+" is not that of exactly one Patient.")
	}
	return ids[0], nil
}

// answer tells the outcome and gives the resulting Patient.
func (m *Manager) answer(ctx context.Context, id string, results []repository.EntryResult, said string) (*rest.OperationAnswer, error) {
	rec, err := m.people.Repository().Read(ctx, "Patient", id)
	if err != nil {
		return nil, err
	}
	out := &parameters{}
	out.add("outcome", "resource", []byte(`{"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational","diagnostics":"`+said+`"}]}`))
	out.add("result", "resource", rec.Body)
	records := []*store.Record{rec}
	for _, r := range results {
		if r.Record != nil {
			records = append(records, r.Record)
		}
	}
	return &rest.OperationAnswer{Resource: out.json(), Records: records}, nil
}
