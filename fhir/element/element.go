// Package element is FHIR content as a tree: one node per element, typed by the definitions, with JSON and XML codecs that
// lose nothing (decimal precision, extensions on primitives, null holes in arrays, order within arrays) and that refuse
// what R4 does not allow, naming each fault by its FHIRPath expression.
package element

import "github.com/carnet-fhir/carnet/fhir/spec"

// Element is one node of a resource. Repetitions of an element are neighbouring siblings of the same Name.
// The tree is linked, so that a whole resource lives in a few arena chunks. Trees are not safe for concurrent change.
type Element struct {
	// Name is the element's name as FHIRPath sees it: "value" for the JSON member "valueQuantity".
	// The root's is the resource type.
	Name string
	// Type is the type found in the content; a choice's is the one chosen, a resource's its resource type.
	Type *spec.Type
	// Def is the element's definition in its parent; nil at a root.
	Def *spec.Element
	// Value is the value of a primitive: for JSON numbers the literal as received ("1.50"), for booleans "true" or "false",
	// otherwise the decoded string (an xhtml's is the div's markup).
	Value string
	// HasValue tells a primitive with a value from one that has only extensions or an id.
	HasValue bool
	// Offset is the byte position in the source from which it was parsed; -1 when built by the server.
	Offset int

	Parent, First, Last, Next *Element
}

// IsPrimitive says whether the element's type is a primitive.
func (e *Element) IsPrimitive() bool { return e.Type.Kind == spec.Primitive }

// IsResource says whether the element is a resource (a root, a contained resource, an entry's resource).
func (e *Element) IsResource() bool { return e.Type.Kind == spec.Resource }

// Child gives the first child of the name, or nil.
func (e *Element) Child(name string) *Element {
	if e == nil {
		return nil
	}
	for c := e.First; c != nil; c = c.Next {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// ChildValue gives the value of the first child of the name, or "".
func (e *Element) ChildValue(name string) string {
	if c := e.Child(name); c != nil {
		return c.Value
	}
	return ""
}

// Children iterates over the children in order; with names given, only those.
func (e *Element) Children(names ...string) func(yield func(*Element) bool) {
	return func(yield func(*Element) bool) {
		if e == nil {
			return
		}
		for c := e.First; c != nil; c = c.Next {
			if !named(c.Name, names) {
				continue
			}
			if !yield(c) {
				return
			}
		}
	}
}

func named(name string, names []string) bool {
	if len(names) == 0 {
		return true
	}
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// Append adds a child at the end of the parent's children and sets its Parent.
func (e *Element) Append(child *Element) {
	child.Parent, child.Next = e, nil
	if e.Last == nil {
		e.First = child
	} else {
		e.Last.Next = child
	}
	e.Last = child
}

// Resource gives the nearest resource that holds the element (itself, when it is one); nil for a detached data type.
func (e *Element) Resource() *Element {
	for ; e != nil; e = e.Parent {
		if e.IsResource() {
			return e
		}
	}
	return nil
}

// Root gives the outermost element of the tree.
func (e *Element) Root() *Element {
	for e.Parent != nil {
		e = e.Parent
	}
	return e
}
