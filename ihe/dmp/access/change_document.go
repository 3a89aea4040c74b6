package access

import (
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/ihe/mhd"
)

// transactions are those of the rules that the actions of a metadata update are.
var transactions = map[mhd.Action]habilitation.Transaction{
	mhd.Mask: habilitation.Mask, mhd.Unmask: habilitation.Unmask, mhd.HideFromPatient: habilitation.HideFromPatient, mhd.ShowToPatient: habilitation.ShowToPatient,
	mhd.HideFromParents: habilitation.HideFromRepresentatives, mhd.ShowToParents: habilitation.ShowToRepresentatives,
	mhd.HideFromSocial: habilitation.HideFromSocialSector, mhd.ShowToSocial: habilitation.ShowToSocialSector,
	mhd.HideFromThirdPersons: habilitation.HideFromThirdPersons, mhd.ShowToThirdPersons: habilitation.ShowToThirdPersons,
	mhd.Archive: habilitation.Archive, mhd.Unarchive: habilitation.Unarchive, mhd.Supersede: habilitation.Supersede, mhd.DeleteDocument: habilitation.Delete, mhd.Relabel: habilitation.Relabel,
}

// document judges what happens to a DocumentReference: a deposit, or the actions of an update, each of which must be permitted.
func (w *change) document() error {
	id := w.owner("subject")
	if id == "" {
		return notOne()
	}
	s, err := w.situation(id)
	if err != nil {
		return err
	}
	if w.before == nil {
		return w.deposit(s)
	}
	target, err := w.target(w.before, s)
	if err != nil {
		return err
	}
	actions := mhd.Actions(w.before, w.after)
	if len(actions) == 0 {
		actions = []mhd.Action{mhd.Relabel} // other metadata: as little may do it as its labels
	}
	for _, action := range actions {
		if err := w.may(s, transactions[action], target); err != nil {
			return err
		}
	}
	return nil
}

func (w *change) deposit(s *habilitation.Situation) error {
	d := habilitation.Deposit{Type: typeOf(w.after), Class: classOf(w.after), Labels: labelsOf(w.after, "securityLabel")}
	if decision := w.a.o.Engine.Deposit(&w.c.actor, s, d); !decision.Permit {
		return refused(decision)
	}
	return nil
}

// target says what the rules need to know of a document.
func (w *change) target(root *element.Element, s *habilitation.Situation) (*habilitation.Target, error) {
	author, err := w.a.view(w.c).authored(w.ctx)
	if err != nil {
		return nil, err
	}
	t := &habilitation.Target{Type: typeOf(root), Class: classOf(root), Labels: labelsOf(root, "securityLabel"), Deposited: parseStart(root.ChildValue("date")), State: stateOf(root)}
	snapshot := w.a.o.Registry.Snapshot()
	match := func(e search.Expr) bool { return e != nil && snapshot.MatchAlone(e, root) }
	t.Own, t.OwnStructure = match(author.own[root.Type.Name]), match(author.structure[root.Type.Name])
	t.FromPatient = w.fromPatient(root)
	return t, nil
}

// fromPatient says whether the patient is an author of the document.
func (w *change) fromPatient(root *element.Element) bool {
	subject := root.Child("subject").ChildValue("reference")
	for a := range root.Children("author") {
		ref := a.ChildValue("reference")
		if ref == subject && ref != "" || strings.HasPrefix(ref, "RelatedPerson/") {
			return true
		}
		if name, ok := strings.CutPrefix(ref, "#"); ok {
			for contained := range root.Children("contained") {
				if contained.ChildValue("id") == name && (contained.Type.Name == "Patient" || contained.Type.Name == "RelatedPerson") {
					return true
				}
			}
		}
	}
	return false
}

func firstCode(root *element.Element, name string) string {
	if codes := codesOf(root, name); len(codes) > 0 {
		return codes[0]
	}
	return ""
}

func typeOf(root *element.Element) string  { return firstCode(root, "type") }
func classOf(root *element.Element) string { return firstCode(root, "category") }

// labelsOf gives the visibility codes of a document, in whatever system they stand.
func labelsOf(root *element.Element, name string) []habilitation.Label {
	var out []habilitation.Label
	for _, code := range codesOf(root, name) {
		switch l := habilitation.Label(strings.ToUpper(code)); l {
		case habilitation.Masked, habilitation.InvisibleToPatient, habilitation.InvisibleToRepresentatives, habilitation.MaskedToSocialSector, habilitation.MaskedToThirdPersons:
			out = append(out, l)
		}
	}
	return out
}

func stateOf(root *element.Element) habilitation.State {
	switch root.ChildValue("status") {
	case "superseded":
		return habilitation.Superseded
	case "entered-in-error":
		return habilitation.Deleted
	}
	for x := range root.Children("extension") {
		if strings.HasSuffix(x.ChildValue("url"), "/pdsm-ext-is-archived") && x.ChildValue("value") == "true" {
			return habilitation.Archived
		}
	}
	return habilitation.Active
}

// feeds asks whether the caller may put anything into the record.
func (w *change) feeds(s *habilitation.Situation) error {
	t := habilitation.Feed
	if w.c.actor.Kind == habilitation.Staff {
		t = habilitation.FeedByStaff
	}
	return w.may(s, t, &habilitation.Target{})
}

// content judges a Binary: it comes with the DocumentReference that secures it, and does not change.
func (w *change) content() error {
	if w.before != nil {
		return refusedBy("A document does not change: submit a new version that replaces it.")
	}
	if reference := w.after.Child("securityContext").ChildValue("reference"); !strings.HasPrefix(reference, "DocumentReference/") {
		return refusedBy("A Binary has the securityContext DocumentReference/[id]: without one it would exist for nobody.")
	}
	return w.feeds(&habilitation.Situation{At: w.a.o.Clock(), Related: true, Grants: []habilitation.Grant{{Documents: true, Write: true}}})
}

// hiding says whether the labels of data hide them from anybody. They are judged in whatever system and case they stand, as the conditions of readers are.
func hiding(root *element.Element) bool {
	return slices.ContainsFunc(metaLabels(root), func(l habilitation.Label) bool {
		switch habilitation.Label(strings.ToUpper(string(l))) {
		case habilitation.Masked, habilitation.InvisibleToPatient, habilitation.InvisibleToRepresentatives, habilitation.MaskedToSocialSector, habilitation.MaskedToThirdPersons:
			return true
		}
		return false
	})
}

// subject gives the one Patient that the resource's owner parameter names, before and after.
func (w *change) subject() (string, bool) {
	snapshot := w.a.o.Registry.Snapshot()
	id := ""
	for _, root := range []*element.Element{w.before, w.after} {
		if root == nil {
			continue
		}
		of := ""
		for _, v := range snapshot.ValuesOf(w.a.types[w.typ].owners[0], root) {
			if v.RefType != "Patient" {
				continue
			}
			if of != "" && of != v.RefID {
				return "", false
			}
			of = v.RefID
		}
		if of == "" || id != "" && id != of {
			return "", false
		}
		id = of
	}
	return id, id != "" && (w.c.session.Patient == "" || w.c.session.Patient == id)
}

// extracted says whether a resource bears the tag of what was extracted from a document.
func (w *change) extracted(root *element.Element) bool {
	for tag := range root.Child("meta").Children("tag") {
		if system := tag.ChildValue("system"); system == systemDocumentType || system == systemDocumentState {
			return true
		}
	}
	return false
}

// security gives a resource's labels as a Meta of their own.
func security(root *element.Element) *element.Element {
	meta := root.Child("meta")
	if meta == nil {
		return nil
	}
	out := element.NewRoot(meta.Type)
	for label := range meta.Children("security") {
		if out.Add("security", element.Clone(label)) != nil {
			return meta
		}
	}
	if out.First == nil {
		return nil
	}
	return out
}
