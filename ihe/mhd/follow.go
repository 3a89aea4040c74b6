package mhd

import (
	"context"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
)

// The tag of what was extracted from an archived document.
const (
	documentStateSystem = "https://carnet-fhir.github.io/CodeSystem/document-state"
	stateArchived       = "archived"
)

// maxProvenances bounds how many extractions of one document are looked for; there is one.
const maxProvenances = 100

// Follow has what was extracted from a document go its way: deleted when the document is superseded, deleted or removed, labelled as it is when its labels or its archived mark change.
func (*MetadataRules) Follow(ctx context.Context, f *repository.Following) ([]repository.Consequence, error) {
	if f.Type != "DocumentReference" {
		return nil, nil
	}
	before, err := f.Before()
	if before == nil || err != nil {
		return nil, err
	}
	gone := f.After == nil || f.After.ChildValue("status") != statusCurrent && before.ChildValue("status") == statusCurrent
	if !gone && isArchived(before) == isArchived(f.After) && element.Equal(only(before, "securityLabel"), only(f.After, "securityLabel")) {
		return nil, nil
	}
	var edit func(*element.Resource)
	if !gone {
		edit = func(res *element.Resource) { relabel(res.Root, f.After) }
	}
	return extracted(ctx, f, edit)
}

// extracted gives the same consequence for all that was extracted from the document, and for the Provenance that says so.
func extracted(ctx context.Context, f *repository.Following, edit func(*element.Resource)) ([]repository.Consequence, error) {
	found, err := f.Look.Find(ctx, "Provenance", "entity=DocumentReference/"+f.ID, maxProvenances)
	if err != nil {
		return nil, err
	}
	var all []repository.Consequence
	for _, rec := range found {
		provenance, err := f.Look.Tree(rec)
		if err != nil {
			return nil, err
		}
		if !derives(provenance.Root, f.ID) {
			continue
		}
		all = append(all, repository.Consequence{Type: rec.Type, ID: rec.ID, Edit: edit})
		for target := range provenance.Root.Children("target") {
			typ, id, ok := strings.Cut(target.ChildValue("reference"), "/")
			if ok && element.IsID(id) && typ != "DocumentReference" && typ != "Patient" {
				all = append(all, repository.Consequence{Type: typ, ID: id, Edit: edit})
			}
		}
	}
	return all, nil
}

// derives says whether a Provenance tells that its targets were taken from the document.
func derives(provenance *element.Element, id string) bool {
	for entity := range provenance.Children("entity") {
		if entity.Child("what").ChildValue("reference") == "DocumentReference/"+id {
			return true
		}
	}
	return false
}

// relabel gives a resource the document's labels as meta.security, and the tag of an archived document or not.
func relabel(root, document *element.Element) {
	meta := root.Child("meta")
	if meta == nil {
		var err error
		if meta, err = root.NewChild("meta"); err != nil {
			return
		}
	}
	for c := meta.First; c != nil; {
		following := c.Next
		if c.Name == "security" || c.Name == "tag" && c.ChildValue("system") == documentStateSystem {
			_ = meta.Remove(c) // it is a child
		}
		c = following
	}
	for label := range document.Children("securityLabel") {
		for coding := range label.Children("coding") {
			_ = meta.Add("security", element.Clone(coding)) // a Coding, which security takes
		}
	}
	if isArchived(document) {
		tag, err := meta.NewChild("tag")
		if err == nil {
			_, _ = tag.SetChild("system", documentStateSystem)
			_, _ = tag.SetChild("code", stateArchived)
		}
	}
}
