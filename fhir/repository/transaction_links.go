package repository

import (
	"context"
	"net/http"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// linkMap says by what the links of a transaction are replaced (http.html#trules): the fullUrls of its entries by where their resources come to be, and conditional references by
// the resources that they match.
type linkMap struct {
	full        map[string]string            // fullUrl, or conditional reference, to "Type/id"
	relative    map[string]map[string]string // base of a fullUrl, then "Type/id" relative to it, to "Type/id"
	conditional map[string]string
}

// from gives the replacement as seen from an entry with a fullUrl of that base: a relative link is relative to its own fullUrl (bundle.html#references).
func (m *linkMap) from(base string) func(string) (string, bool) {
	relative := m.relative[base]
	return func(link string) (string, bool) {
		if to, ok := m.full[link]; ok {
			return to, to != link
		}
		if to, ok := relative[link]; ok {
			return to, to != link
		}
		to, ok := m.conditional[link]
		return to, ok
	}
}

// resolve makes the map of one attempt. Conditional references that match none or several refuse the transaction.
func (t *transaction) resolve(ctx context.Context, view store.View, d *decision) (*linkMap, error) {
	m := &linkMap{full: make(map[string]string), relative: make(map[string]map[string]string), conditional: make(map[string]string)}
	for _, w := range t.writes {
		if w.id == "" || w.entry.FullURL == "" {
			continue
		}
		to := w.link.typ + "/" + w.id
		if w.entry.FullURL == t.r.base+"/"+to {
			continue // its links are right as they are
		}
		m.full[w.entry.FullURL] = to
		if base, relative, ok := t.r.restfulURL(w.entry.FullURL); ok && relative != to {
			if m.relative[base] == nil {
				m.relative[base] = make(map[string]string)
			}
			m.relative[base][relative] = to
		}
	}
	return m, t.conditionalReferences(ctx, view, d, m)
}

// conditionalReferences finds references like "Patient?identifier=system|value" and what they match: resources as they will be behind the transaction.
func (t *transaction) conditionalReferences(ctx context.Context, view store.View, d *decision, m *linkMap) error {
	var faults entryFaults
	var asked []*conditionalReference
	byText := make(map[string]*conditionalReference)
	for _, w := range t.writes {
		if w.res == nil || w.what == Patch || w.match != nil || w.twin != nil {
			continue
		}
		for e := range element.References(w.res.Root) {
			if strings.IndexByte(e.Value, '?') < 0 || byText[e.Value] != nil {
				continue
			}
			l, ok := t.r.local(e.Value)
			if !ok || !t.r.types[l.typ] || l.id != "" || l.rest != "" {
				continue
			}
			c := &conditionalReference{text: e.Value, place: w.place, path: element.Path(e)}
			if c.when, c.err = t.r.mandatoryCriteria(ctx, l.typ, l.query); c.err == nil {
				t.conditional = true
			}
			byText[e.Value] = c
			asked = append(asked, c)
		}
	}
	if len(asked) > 0 {
		t.ownOnce()
	}
	parts := make([]decision, len(asked))
	parallel(len(asked), cores(), func(i int) { asked[i].resolve(ctx, view, &parts[i], t) })
	for i, c := range asked {
		if c.err != nil {
			faults.add(c.place, c.err)
			continue
		}
		m.conditional[c.text] = c.to
		d.holds = append(d.holds, parts[i].holds...)
	}
	return faults.err()
}

type conditionalReference struct {
	text, path string
	place      int
	when       *criteria
	to         string
	err        error
}

func (c *conditionalReference) resolve(ctx context.Context, view store.View, d *decision, t *transaction) {
	if c.err != nil {
		return
	}
	stored, own, err := t.matchesBehind(ctx, view, d, c.when)
	switch {
	case err != nil:
		c.err = err
	case len(stored)+len(own) == 0:
		c.err = fault.At(http.StatusPreconditionFailed, fault.NotFound, c.path, "The conditional reference matches no resource.")
	case len(stored)+len(own) > 1:
		c.err = fault.At(http.StatusPreconditionFailed, fault.Multiple, c.path, "The conditional reference matches more than one resource.")
	case len(own) == 1:
		c.to = own[0].link.typ + "/" + own[0].id
	default:
		c.to = stored[0].Type + "/" + stored[0].ID
	}
}
