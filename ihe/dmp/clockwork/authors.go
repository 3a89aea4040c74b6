package clockwork

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/ihe/balp"
	"github.com/carnet-fhir/carnet/store"
)

// reference and named are what is read of authors.
type (
	identifier struct{ System, Value string }
	reference  struct {
		Reference  string
		Identifier identifier
	}
	named struct {
		ResourceType, ID string
		// Identifier is a list in the types that are read here.
		Identifier   []identifier
		Practitioner reference
	}
)

// authors gives the professionals who wrote a document, by their identifiers: authors are contained in documents of the DMP, and may be references to the directory elsewhere.
func (s *Sweeper) authors(body []byte) []balp.Recipient {
	var doc struct {
		Author    []reference
		Contained []json.RawMessage
	}
	if json.Unmarshal(body, &doc) != nil {
		return nil
	}
	contained := map[string]named{}
	for _, raw := range doc.Contained {
		var c named
		if json.Unmarshal(raw, &c) == nil && c.ID != "" {
			contained["#"+c.ID] = c
		}
	}
	var out []balp.Recipient
	for _, a := range doc.Author {
		if who := s.professional(a, contained, 0); who.Value != "" && !slices.Contains(out, who) {
			out = append(out, who)
		}
	}
	return out
}

// professional follows a reference to a Practitioner, through a PractitionerRole; the zero value when it leads to none.
func (s *Sweeper) professional(r reference, contained map[string]named, depth int) balp.Recipient {
	if r.Identifier.Value != "" {
		return balp.Recipient(r.Identifier)
	}
	if depth > 2 {
		return balp.Recipient{}
	}
	c, ok := contained[r.Reference]
	if !ok {
		if c, ok = s.stored(r.Reference); !ok {
			return balp.Recipient{}
		}
	}
	switch c.ResourceType {
	case "Practitioner":
		if len(c.Identifier) > 0 {
			return balp.Recipient(c.Identifier[0])
		}
	case "PractitionerRole":
		return s.professional(c.Practitioner, contained, depth+1)
	}
	return balp.Recipient{}
}

func (s *Sweeper) stored(link string) (c named, ok bool) {
	typ, id, ok := s.repo.Target(link)
	if !ok || !strings.HasPrefix(typ, "Practitioner") {
		return c, false
	}
	view, err := s.store.View(0)
	if err != nil {
		return c, false
	}
	defer view.Close()
	rec, err := view.Read(typ, id)
	return c, err == nil && rec.Method != store.Deleted && json.Unmarshal(rec.Body, &c) == nil
}
