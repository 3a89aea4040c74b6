package dmp

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
)

// Duplicate identities are merged by a link of type replaced-by from the subsumed Patient, which is then inactive, to the surviving one (http://hl7.org/fhir/R4/patient.html#dup-records; IHE
// PIXm ITI-104 Resolve Duplicate Patient, PMIR). Whatever write sets the link, what refers to the subsumed Patient is pointed to the surviving one in the same commit and tagged with where it came from, so that
// taking the link away points it back.

// SystemMergedFrom is the system of that tag; its code is the id of the subsumed Patient.
const SystemMergedFrom = "https://carnet-fhir.github.io/CodeSystem/merged-from"

// maxRepointed bounds the resources that one merge moves.
const maxRepointed = 10_000

// history holds what tells of the past: it keeps naming the identity that it was about.
var history = [...]string{"AuditEvent", "Provenance", "Patient"}

// pointLinks gives a link that names the surviving Patient by a business identifier, as PIXm has it, the reference to it.
func (i *Identity) pointLinks(ctx context.Context, after *element.Resource, look *repository.Lookup) error {
	for link := range after.Root.Children("link") {
		other := link.Child("other")
		if reference := other.ChildValue("reference"); strings.Contains(reference, ":") {
			if typ, id, ok := look.Target(reference); ok && typ == "Patient" { // below this server's base: as it is kept
				if _, err := other.SetChild("reference", "Patient/"+id); err != nil {
					return err
				}
				after.Changed()
			}
		}
		if link.ChildValue("type") != "replaced-by" || other.ChildValue("reference") != "" {
			continue
		}
		named := other.Child("identifier")
		if named.ChildValue("system") == "" || named.ChildValue("value") == "" {
			return fault.At(http.StatusUnprocessableEntity, fault.Required, element.Path(link)+".other", "A link of type replaced-by names the surviving Patient, by a reference or by an identifier with system and value.")
		}
		found, err := look.FindVisible(ctx, "Patient", "identifier="+escaped(named.ChildValue("system"))+"|"+escaped(named.ChildValue("value")), 2)
		if err != nil {
			return err
		}
		if len(found) != 1 {
			return fault.At(http.StatusUnprocessableEntity, fault.NotFound, element.Path(link)+".other.identifier", "The surviving Patient is not known, or not by this identifier alone.")
		}
		if _, err := other.SetChild("reference", "Patient/"+found[0].ID); err != nil {
			return err
		}
		after.Changed()
	}
	return nil
}

// escaped writes a value into a search query.
func escaped(v string) string {
	return strings.NewReplacer("\\", "%5C%5C", "|", "%5C|", ",", "%5C,", "$", "%5C$", "%", "%25", "&", "%26", "+", "%2B", "#", "%23", ";", "%3B").Replace(v)
}

// merge judges a write that sets a link of type replaced-by.
func (i *Identity) merge(v *repository.Review, into string) error {
	expression := "Patient.link"
	switch {
	case into == v.ID:
		return fault.At(http.StatusUnprocessableEntity, fault.BusinessRule, expression, "An identity cannot be merged into itself.")
	case active(v.After):
		return fault.At(http.StatusUnprocessableEntity, fault.BusinessRule, "Patient.active", "A subsumed identity (link of type replaced-by) has active false.")
	case !currentINS(i.mode, v.After).IsZero():
		return fault.At(http.StatusUnprocessableEntity, fault.BusinessRule, expression,
			"An identity with an INS is not subsumed: merge the identity without one into it. Two different INS are two people to the national registry; a person's change of INS is Patient/[id]/$ins-change.")
	}
	rec, err := v.Look().Read("Patient", into)
	if err != nil {
		return err
	}
	if rec == nil {
		return fault.At(http.StatusUnprocessableEntity, fault.NotFound, expression, "The surviving Patient is not on this server.")
	}
	survivor, err := readAny(rec)
	if err != nil {
		return err
	}
	if further := ReplacedBy(survivor); further != "" {
		return MergedIdentity(further)
	}
	return nil
}

// unmerge judges a write that takes the link away: what came with the identity must stand where the link says.
func unmerge(v *repository.Review, from string) error {
	rec, err := v.Look().Read("Patient", from)
	if err != nil || rec == nil {
		return err
	}
	survivor, err := readAny(rec)
	if err != nil {
		return err
	}
	if ReplacedBy(survivor) != "" {
		return fault.At(http.StatusConflict, fault.Conflict, "Patient.link", "The surviving identity was itself merged into another since. Undo that merge first.")
	}
	return nil
}

// Follow moves what refers to a Patient when it is subsumed, and back when that is undone.
func (i *Identity) Follow(ctx context.Context, f *repository.Following) ([]repository.Consequence, error) {
	if f.Type != "Patient" || f.After == nil {
		return nil, nil
	}
	before, err := f.Before()
	if err != nil {
		return nil, err
	}
	was, is := "", ReplacedBy(f.After)
	if before != nil {
		was = ReplacedBy(before)
	}
	switch {
	case was == "" && is != "":
		return moves(ctx, f, is)
	case was != "" && is == "":
		return movesBack(ctx, f, was)
	}
	return nil, nil
}

func moves(ctx context.Context, f *repository.Following, into string) ([]repository.Consequence, error) {
	referring, err := f.Look.Referring(ctx, "Patient", f.ID, maxRepointed)
	if err != nil {
		return nil, err
	}
	subsumed := element.Clone(f.After)
	out := []repository.Consequence{{Type: "Patient", ID: into, Edit: func(res *element.Resource) { absorb(res.Root, f.ID, subsumed) }}}
	for _, rec := range referring {
		if !slices.Contains(history[:], rec.Type) {
			out = append(out, repository.Consequence{Type: rec.Type, ID: rec.ID, Edit: func(res *element.Resource) {
				repoint(res.Root, f.ID, into)
				tag(res.Root, f.ID)
			}})
		}
	}
	return out, nil
}

func movesBack(ctx context.Context, f *repository.Following, from string) ([]repository.Consequence, error) {
	referring, err := f.Look.Referring(ctx, "Patient", from, maxRepointed)
	if err != nil {
		return nil, err
	}
	subsumed := element.Clone(f.After)
	out := []repository.Consequence{{Type: "Patient", ID: from, Edit: func(res *element.Resource) { release(res.Root, f.ID, subsumed) }}}
	for _, rec := range referring {
		tree, err := readAny(rec)
		if err != nil {
			return nil, err
		}
		if tagOf(tree, f.ID) != nil {
			out = append(out, repository.Consequence{Type: rec.Type, ID: rec.ID, Edit: func(res *element.Resource) {
				repoint(res.Root, from, f.ID)
				untag(res.Root, f.ID)
			}})
		}
	}
	return out, nil
}

// repoint changes every reference from one Patient to another.
func repoint(root *element.Element, from, to string) {
	for e := range element.References(root) {
		if base, ok := strings.CutSuffix(e.Value, "Patient/"+from); ok && (base == "" || strings.HasSuffix(base, "/")) {
			e.Value = base + "Patient/" + to
		}
	}
}

// absorb tells the surviving Patient of the one that it replaces: a link, and its identifiers with the use old, by which it is found from now on.
func absorb(survivor *element.Element, id string, subsumed *element.Element) {
	link, err := build("Patient", object{"link": []any{object{"other": object{"reference": "Patient/" + id}, "type": "replaces"}}})
	if err == nil {
		move(link.Root, "link", survivor)
	}
	for e := range subsumed.Children("identifier") {
		if holdsIdentifier(survivor, e) == nil {
			kept := element.Clone(e)
			if _, err := kept.SetChild("use", "old"); err == nil {
				_ = survivor.Add("identifier", kept) // an Identifier fits where one stood
			}
		}
	}
}

// release takes back what absorb gave.
func release(survivor *element.Element, id string, subsumed *element.Element) {
	var gone []*element.Element
	for link := range survivor.Children("link") {
		if link.ChildValue("type") == "replaces" && patientID(link.Child("other").ChildValue("reference")) == id {
			gone = append(gone, link)
		}
	}
	for e := range subsumed.Children("identifier") {
		if kept := holdsIdentifier(survivor, e); kept != nil && kept.ChildValue("use") == "old" {
			gone = append(gone, kept)
		}
	}
	for _, e := range gone {
		_ = survivor.Remove(e) // it was just found there
	}
}

func holdsIdentifier(patient, like *element.Element) *element.Element {
	for e := range patient.Children("identifier") {
		if e.ChildValue("system") == like.ChildValue("system") && search.FoldCode(e.ChildValue("value")) == search.FoldCode(like.ChildValue("value")) {
			return e
		}
	}
	return nil
}

// tag notes in meta where a resource came from.
func tag(root *element.Element, from string) {
	if tagOf(root, from) != nil {
		return
	}
	made, err := build("Patient", object{"meta": object{"tag": []any{object{"system": SystemMergedFrom, "code": from}}}})
	if err != nil {
		return // an id is a code
	}
	if meta := root.Child("meta"); meta != nil {
		move(made.Root.Child("meta"), "tag", meta)
		return
	}
	move(made.Root, "meta", root)
}

func tagOf(root *element.Element, from string) *element.Element {
	for t := range root.Child("meta").Children("tag") {
		if t.ChildValue("system") == SystemMergedFrom && t.ChildValue("code") == from {
			return t
		}
	}
	return nil
}

func untag(root *element.Element, from string) {
	if t := tagOf(root, from); t != nil {
		_ = root.Child("meta").Remove(t) // it was just found there
	}
}

// move hangs the first child of the name of one element below another.
func move(from *element.Element, name string, to *element.Element) {
	child := from.Child(name)
	if child == nil || from.Remove(child) != nil {
		return
	}
	_ = to.Add(name, child) // both have the same type's child
}
