package access

import (
	"net/http"
	"slices"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// person judges a write of a Patient by what it changes: opening and closing (L2, L3, L7), whose record it is, the médecin traitant, local identifiers, and administrative data (L8).
func (w *change) person() error {
	if w.before == nil {
		return w.may(&habilitation.Situation{At: w.a.o.Clock()}, habilitation.CreateRecord, nil)
	}
	id := w.before.ChildValue("id")
	if w.c.session.Patient != "" && w.c.session.Patient != id {
		return notOne()
	}
	s, err := w.situation(id)
	if err != nil {
		return err
	}
	rest := [2]*element.Element{element.Clone(w.before), element.Clone(w.after)}
	for _, part := range []func([2]*element.Element, *habilitation.Situation) error{w.opening, w.deletion, w.treating, w.mes, w.identifiers} {
		if err := part(rest, s); err != nil {
			return err
		}
	}
	if element.EqualContent(rest[0], rest[1]) {
		return nil
	}
	return w.may(s, habilitation.ChangeAdministrative, nil)
}

// take removes children from both sides and says whether they were the same.
func take(sides [2]*element.Element, which func(*element.Element) bool) (same bool, taken [2][]*element.Element) {
	for i, root := range sides {
		for c := root.First; c != nil; {
			next := c.Next
			if which(c) {
				taken[i] = append(taken[i], c)
			}
			c = next
		}
	}
	same = slices.EqualFunc(taken[0], taken[1], element.Equal)
	for i, root := range sides {
		for _, c := range taken[i] {
			_ = root.Remove(c) // it is a child
		}
	}
	return same, taken
}

func extension(url string) func(*element.Element) bool {
	return func(e *element.Element) bool { return e.Name == "extension" && e.ChildValue("url") == url }
}

// opening judges whether the record is open.
func (w *change) opening(sides [2]*element.Element, s *habilitation.Situation) error {
	closed := w.before.ChildValue("active") == "false"
	closes := w.after.ChildValue("active") == "false"
	same, _ := take(sides, func(e *element.Element) bool { return e.Name == "active" || extension(dmp.ExtensionClosing)(e) })
	switch {
	case same || closed == closes && !closed:
		return nil
	case closes && !closed:
		return w.may(s, habilitation.CloseRecord, nil)
	case !closes:
		return w.may(s, habilitation.ReopenRecord, nil)
	}
	return w.may(s, habilitation.CloseRecord, nil)
}

// deletion judges the express request that a closed record be deleted (L4).
func (w *change) deletion(sides [2]*element.Element, s *habilitation.Situation) error {
	if same, _ := take(sides, extension(extensionDeletion)); same {
		return nil
	}
	return w.may(s, habilitation.RequestDeletion, nil)
}

// treating judges who is médecin traitant DMP: the patient's side says it; one may cease to be it oneself.
func (w *change) treating(sides [2]*element.Element, s *habilitation.Situation) error {
	same, of := take(sides, extension(extensionTreatingDoctors))
	if same {
		return w.askedTreating(s)
	}
	var lost []habilitation.Identifier
	added := false
	has := func(list []*element.Element, e *element.Element) bool {
		return slices.ContainsFunc(list, func(o *element.Element) bool { return element.Equal(o, e) })
	}
	for _, e := range of[0] {
		if !has(of[1], e) {
			lost = append(lost, identifierOf(e.Child("value")))
		}
	}
	for _, e := range of[1] {
		added = added || !has(of[0], e)
	}
	if !added && len(lost) == 1 && slices.Contains(w.c.self(), lost[0]) {
		return w.may(s, habilitation.LeaveTreatingDoctor, nil)
	}
	return w.may(s, habilitation.ManageSharing, nil)
}

// askedTreating judges an operation on the list that changes nothing: it is refused to whom the change would be.
func (w *change) askedTreating(s *habilitation.Situation) error {
	asked, ok := dmp.AskedTreating(w.ctx)
	if !ok {
		return nil
	}
	if !asked.Is && slices.Contains(w.c.self(), habilitation.Identifier{System: asked.Professional.System, Value: asked.Professional.Value}) {
		return w.may(s, habilitation.LeaveTreatingDoctor, nil)
	}
	return w.may(s, habilitation.ManageSharing, nil)
}

// mes judges whether the record is attached to Mon espace santé: who runs the server says so.
func (w *change) mes(sides [2]*element.Element, _ *habilitation.Situation) error {
	same, _ := take(sides, extension(dmp.ExtensionMES))
	if !same && w.c.actor.Kind != habilitation.Operator {
		return refused(habilitation.Decision{Rule: "L8", Why: "Whether a record belongs to a Mon espace santé is said by who runs the server."})
	}
	return nil
}

// identifiers judges whose record it is. The INS and the links between identities are for who runs the server; what a structure calls the person is the structure's.
func (w *change) identifiers(sides [2]*element.Element, s *habilitation.Situation) error {
	national := func(e *element.Element) bool {
		_, is := ins.KindOf(e.ChildValue("system"))
		return e.Name == "link" || e.Name == "identifier" && is
	}
	if same, _ := take(sides, national); !same && w.c.actor.Kind != habilitation.Operator {
		return refused(habilitation.Decision{Rule: "L8", Why: "The INS of a record and the links between identities are changed by who runs the server."})
	}
	if same, _ := take(sides, func(e *element.Element) bool { return e.Name == "identifier" }); !same {
		return w.feeds(s)
	}
	return nil
}

// relative judges a RelatedPerson: the holder says who helps her; who represents a person in law is said by who runs the server.
func (w *change) relative() error {
	id := w.owner("patient")
	if id == "" {
		return notOne()
	}
	for _, root := range []*element.Element{w.before, w.after} {
		if root == nil {
			continue
		}
		for _, code := range codesOf(root, "relationship") {
			if legalRelationships[code] && w.c.actor.Kind != habilitation.Operator {
				return refused(habilitation.Decision{Rule: "M1", Why: "Who represents a person in law is said by who runs the server, on proof."})
			}
		}
	}
	if w.c.actor.Kind == habilitation.Operator {
		return nil
	}
	p, err := w.a.relations.record(w.ctx, id)
	if err != nil {
		return err
	}
	if w.before == nil && len(p.relatives) >= maxRelatives/2 {
		return fault.New(http.StatusForbidden, fault.TooCostly, "The record has more RelatedPersons than access control needs: those who no longer are have active false.")
	}
	return w.may(w.a.situation(p, w.c, w.a.o.Clock()), habilitation.ManageSharing, nil)
}
