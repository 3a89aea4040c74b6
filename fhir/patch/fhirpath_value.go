package patch

import (
	"errors"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// build makes the element that a part describes, to become the child of the name: from value[x], from a resource, or, where the
// type is none of those that value[x] takes (backbone elements), from parts named as its elements.
func (o *operation) build(parent *element.Element, name string, part *element.Element) (*element.Element, error) {
	if v := part.Child("value"); v != nil {
		return o.fromValue(parent, name, v)
	}
	if r := part.Child("resource"); r != nil {
		d, _, err := parent.Define(name, r.Type)
		if err != nil {
			return nil, o.explain(parent, name, err)
		}
		c := element.Clone(r)
		c.Name = d.Name
		return c, nil
	}
	return o.fromParts(parent, name, part)
}

// fromValue copies a value, and gives it the type that the element has where that is a kin of the value's: the patch formats of HL7's
// own test cases give a date for a dateTime and a string for the narrative.
func (o *operation) fromValue(parent *element.Element, name string, v *element.Element) (*element.Element, error) {
	d, t, err := parent.Define(name, v.Type)
	if err != nil {
		var plain error
		if d, t, plain = parent.Define(name, nil); plain != nil || !kin(v.Type, t) {
			return nil, o.explain(parent, name, err)
		}
	}
	c := element.Clone(v)
	c.Name, c.Def, c.Type = d.Name, d, t
	return c, nil
}

func kin(from, to *spec.Type) bool {
	if from.Kind == spec.Primitive || to.Kind == spec.Primitive {
		return from.Kind == to.Kind && written(from) == written(to)
	}
	return to.Is(from.Name) || from.Is(to.Name)
}

// written tells the three ways in which JSON writes primitives.
func written(t *spec.Type) string {
	switch t.Name {
	case "boolean":
		return "boolean"
	case "integer", "positiveInt", "unsignedInt", "decimal":
		return "number"
	}
	return "string"
}

// fromParts builds an element of an anonymous type.
func (o *operation) fromParts(parent *element.Element, name string, part *element.Element) (*element.Element, error) {
	d, t, err := parent.Define(name, nil)
	if err != nil {
		return nil, o.explain(parent, name, err)
	}
	if t.Kind == spec.Primitive || t.Kind == spec.Resource {
		return nil, malformed(element.Path(part), "A value of this type is given in value[x].")
	}
	e := &element.Element{Name: d.Name, Def: d, Type: t, Offset: -1}
	for p := range part.Children("part") {
		childName := p.ChildValue("name")
		child, err := o.build(e, childName, p)
		if err != nil {
			return nil, err
		}
		if err := e.Add(child.Name, child); err != nil {
			return nil, o.explain(e, childName, err)
		}
	}
	if e.First == nil {
		return nil, malformed(element.Path(part), "The value is empty.")
	}
	return e, nil
}

// explain turns an error of editing into a fault about this operation.
func (o *operation) explain(parent *element.Element, name string, err error) error {
	if err == nil {
		return nil
	}
	if len(name) > 64 {
		name = "..."
	}
	what := parent.Type.Name + " has no element " + name + "."
	switch {
	case errors.Is(err, element.ErrWrongType):
		what = "The element " + name + " of " + parent.Type.Name + " does not take a value of this type."
	case errors.Is(err, element.ErrNotRepeating):
		what = "The element " + name + " of " + parent.Type.Name + " is there already and does not repeat; use replace."
	case errors.Is(err, element.ErrIndex):
		what = "There is no such place in the list."
	}
	f := unprocessable(o.at, what)
	f.Cause = err
	return f
}
