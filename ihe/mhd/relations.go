package mhd

import (
	"context"
	"net/url"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
)

// replacement is one stored document that is superseded in the commit.
type replacement struct {
	*stored
	by    int // place of the DocumentReference that replaces it
	patch int // place of the patch that says so, -1: the relation alone does
}

// findRelations looks at what the documents relate to (relatesTo): it is there, of the same patient, and neither replaced nor deleted.
func (p *plan) findRelations(ctx context.Context) error {
	for e := range p.s.of(PartDocumentReference) {
		if p.known[e.place] != nil {
			continue // it has its relations from when it came
		}
		i := -1
		for relation := range e.root.Children("relatesTo") {
			i++
			target := relation.Child("target")
			if target == nil {
				continue // R4 requires it
			}
			at := element.Path(relation)
			if !strings.HasPrefix(at, e.base) {
				at = e.base + strings.TrimPrefix(at, "DocumentReference")
			}
			replaces := relation.ChildValue("code") == "replaces"
			if other := p.s.target(e, target.ChildValue("reference")); other != nil {
				if replaces || other.part != PartDocumentReference || other == e {
					p.breach("mhd-relates-known", at+".target", "A document replaces one that is stored already.", e.place)
				}
				continue
			}
			if err := p.relate(ctx, e, target, at+".target", replaces); err != nil {
				return err
			}
		}
	}
	return nil
}

// relate judges one relation to a stored document.
func (p *plan) relate(ctx context.Context, e *entry, target *element.Element, at string, replaces bool) error {
	older, err := p.referred(ctx, target)
	if err != nil {
		return err
	}
	switch {
	case older == nil:
		p.breach("mhd-relates-known", at, "", e.place)
		return nil
	case p.patient != "" && older.subject != "Patient/"+p.patient:
		p.breach("mhd-relates-patient", at, "", e.place)
		return nil
	case older.status != statusCurrent:
		p.breach("mhd-relates-current", at, "", e.place)
		return nil
	}
	if _, err := target.SetChild("reference", "DocumentReference/"+older.rec.ID); err != nil {
		return err
	}
	if !replaces {
		return nil
	}
	for _, r := range p.replaced {
		if r.rec.ID == older.rec.ID {
			p.breach("mhd-replace-once", at, "", e.place)
			return nil
		}
	}
	p.replaced = append(p.replaced, &replacement{stored: older, by: e.place, patch: -1})
	return nil
}

// referred finds the stored DocumentReference that a Reference names by its id, by its masterIdentifier, or by a condition on it.
func (p *plan) referred(ctx context.Context, target *element.Element) (*stored, error) {
	if link := target.ChildValue("reference"); link != "" {
		return p.documentAt(ctx, link)
	}
	identifier := target.Child("identifier")
	if identifier == nil {
		return nil, nil
	}
	s, err := p.documentOf(ctx, identifier.ChildValue("system"), identifier.ChildValue("value"))
	return p.visible(ctx, s, err)
}

// documentAt finds a DocumentReference by "DocumentReference/[id]" or "DocumentReference?identifier=[system]|[value]".
func (p *plan) documentAt(ctx context.Context, link string) (*stored, error) {
	if query, ok := strings.CutPrefix(link, "DocumentReference?identifier="); ok {
		token, err := url.QueryUnescape(query)
		if err != nil {
			return nil, nil //nolint:nilerr // it names nothing
		}
		system, value, _ := strings.Cut(token, "|")
		s, err := p.documentOf(ctx, system, value)
		return p.visible(ctx, s, err)
	}
	typ, id, ok := p.r.repo.Target(link)
	if !ok || typ != "DocumentReference" {
		return nil, nil
	}
	rec, err := p.look.Read(typ, id)
	if rec, err = p.visibleRecord(ctx, rec, err); rec == nil || err != nil {
		return nil, err
	}
	return p.open(rec)
}

// findUpdates holds the patches of the submission to what its documents replace.
func (p *plan) findUpdates(ctx context.Context) error {
	again := p.resubmission()
	for e := range p.s.of(PartUpdate) {
		older, err := p.documentAt(ctx, e.in.URL)
		if err != nil {
			return err
		}
		at := e.path + ".request.url"
		if older == nil {
			p.breach("mhd-relates-known", at, "The DocumentReference to patch is not there.", e.place)
			continue
		}
		if again {
			p.places[e.place] = done(older.rec)
			continue
		}
		matched := false
		for _, r := range p.replaced {
			if r.rec.ID == older.rec.ID && r.patch < 0 {
				r.patch, matched = e.place, true
			}
		}
		if !matched && refusal(p.findings) == nil { // else the relation was refused already
			p.breach("mhd-replace-patched", at, "", e.place)
		}
	}
	return nil
}
