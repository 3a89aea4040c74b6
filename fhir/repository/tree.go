package repository

import (
	"github.com/carnet-fhir/carnet/fhir/element"
)

// setID gives the root the logical id. It is not an edit that Resource.Changed has to know of: a stored resource's id is written by its stamp.
func setID(root *element.Element, id string) {
	if c := root.Child("id"); c != nil {
		c.Value, c.HasValue = id, true
		return
	}
	p, ok := root.Type.Property("id")
	if !ok {
		return
	}
	root.InsertAfter(nil, &element.Element{Name: "id", Type: p.Type, Def: p.Element, Value: id, HasValue: true, Offset: -1})
}
