package validate

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// containedIDs finds contained resources by id.
type containedIDs struct {
	byID map[string]*element.Element
}

// containedIDs indexes the contained resources of the current root once; most resources have none and never ask.
func (w *walker) containedIDs() *containedIDs {
	if w.local == nil {
		w.local = &containedIDs{}
		for c := range w.root.Children("contained") {
			if id := c.ChildValue("id"); id != "" {
				if w.local.byID == nil {
					w.local.byID = map[string]*element.Element{}
				}
				w.local.byID[id] = c
			}
		}
	}
	return w.local
}

func (c *containedIDs) find(id string) *element.Element { return c.byID[id] }

// uniqueContained reports contained resources that share an id: a reference could not tell them apart
// (http://hl7.org/fhir/R4/references.html#contained).
func (w *walker) uniqueContained(e *element.Element) {
	first := e.Child("contained")
	if first == nil {
		return
	}
	seen := map[string]bool{}
	for c := first; c != nil; c = c.Next {
		id := c.ChildValue("id")
		if c.Name != "contained" || id == "" {
			continue
		}
		if seen[id] {
			w.report(fault.Error, fault.Duplicate, c, "Another contained resource has the same id.")
		}
		seen[id] = true
	}
}

// unreferenced gives the first contained resource that nothing refers to and that does not refer to its container (dom-3).
func unreferenced(e *element.Element) *element.Element {
	used := map[string]bool{}
	collectLocal(e, used)
	for c := range e.Children("contained") {
		if id := c.ChildValue("id"); id == "" || used[id] {
			continue
		}
		own := map[string]bool{}
		collectLocal(c, own)
		if !own[""] {
			return c
		}
	}
	return nil
}

// collectLocal gathers the ids that references of the tree name after "#"; "" stands for "#" alone, the container.
func collectLocal(e *element.Element, into map[string]bool) {
	for c := e.First; c != nil; c = c.Next {
		if c.HasValue && strings.HasPrefix(c.Value, "#") {
			switch c.Type.Name {
			case "canonical":
				into[c.Value[1:]] = true
			case "uri", "url":
				if c.Value != "#" { // which names the container in references and canonicals only
					into[c.Value[1:]] = true
				}
			case "string":
				if c.Name == "reference" {
					into[c.Value[1:]] = true
				}
			}
		}
		if c.First != nil {
			collectLocal(c, into)
		}
	}
}
