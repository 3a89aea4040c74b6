package element

import (
	"errors"

	"github.com/carnet-fhir/carnet/fhir/spec"
)

// The errors of editing. They name nothing of the content; callers put them into the terms of their request.
var (
	ErrNoSuchElement = errors.New("element: the type has no such element")
	ErrWrongType     = errors.New("element: the element does not take this type")
	ErrNotRepeating  = errors.New("element: the element is there already and does not repeat")
	ErrNotChild      = errors.New("element: not a child of this element")
	ErrIndex         = errors.New("element: no such place in the list")
)

// Define finds what a child name stands for: the definition and the one type it has. name may be the choice's own name
// ("value", when t tells the type) or its JSON name ("valueQuantity", when t is nil). t may be nil where the type is not open.
func (e *Element) Define(name string, t *spec.Type) (*spec.Element, *spec.Type, error) {
	if p, ok := e.Type.Property(name); ok {
		switch {
		case t == nil || t == p.Type:
			return p.Element, p.Type, nil
		case p.Type.Kind == spec.Resource && p.Type.Abstract && t.Kind == spec.Resource && t.Is(p.Type.Name):
			return p.Element, t, nil
		}
		return nil, nil, ErrWrongType
	}
	if t == nil {
		return nil, nil, ErrNoSuchElement
	}
	if p, ok := e.Type.Property(choiceName(name, t)); ok && p.Element.Choice {
		return p.Element, p.Type, nil
	}
	for _, d := range e.Type.Elements {
		if d.Name == name {
			return nil, nil, ErrWrongType
		}
	}
	return nil, nil, ErrNoSuchElement
}

// Add hangs a detached element below e under the name, behind the repetitions that are there. The child's type must be one that the
// element takes; its Name and Def are set.
func (e *Element) Add(name string, child *Element) error {
	d, _, err := e.Define(name, child.Type)
	if err != nil {
		return err
	}
	last := e.lastOf(d.Name)
	if last != nil && d.Max == 1 {
		return ErrNotRepeating
	}
	child.Name, child.Def = d.Name, d
	if last == nil {
		last = e.Last
	}
	e.InsertAfter(last, child)
	return nil
}

// InsertAt is Add at a place (from 0) in the list of the name's repetitions; the place may be the one behind the last.
func (e *Element) InsertAt(name string, index int, child *Element) error {
	d, _, err := e.Define(name, child.Type)
	if err != nil {
		return err
	}
	if d.Max == 1 {
		if e.Child(d.Name) != nil {
			return ErrNotRepeating
		}
		if index != 0 {
			return ErrIndex
		}
	}
	after, n := e.placeOf(d.Name, index)
	if index < 0 || n < index {
		return ErrIndex
	}
	child.Name, child.Def = d.Name, d
	e.InsertAfter(after, child)
	return nil
}

// placeOf gives the child behind which the index-th repetition of the name belongs, and how many come before it (at most index).
func (e *Element) placeOf(name string, index int) (after *Element, n int) {
	var previous *Element
	found := false
	for c := e.First; c != nil; previous, c = c, c.Next {
		if c.Name != name {
			if found {
				return previous, n
			}
			continue
		}
		if found = true; n == index {
			return previous, n
		}
		n++
	}
	return previous, n
}

// NewChild adds an empty element of the name; see Define for names of choices.
func (e *Element) NewChild(name string) (*Element, error) {
	d, t, err := e.Define(name, nil)
	if err != nil {
		return nil, err
	}
	c := &Element{Type: t, Offset: -1}
	if d.Choice {
		return c, e.Add(d.Name, c)
	}
	return c, e.Add(name, c)
}

// SetChild gives the child of the name the primitive value, adding the child when it is not there.
func (e *Element) SetChild(name, value string) (*Element, error) {
	d, _, err := e.Define(name, nil)
	if err != nil {
		return nil, err
	}
	c := e.Child(d.Name)
	if c == nil {
		if c, err = e.NewChild(name); err != nil {
			return nil, err
		}
	}
	if !c.IsPrimitive() {
		return nil, ErrWrongType
	}
	c.Value, c.HasValue = value, true
	return c, nil
}

// lastOf gives the last child of the name, or nil.
func (e *Element) lastOf(name string) *Element {
	var last *Element
	for c := e.First; c != nil; c = c.Next {
		if c.Name == name {
			last = c
		}
	}
	return last
}

// InsertAfter hangs child behind one of e's children; nil puts it first. The caller keeps repetitions together.
func (e *Element) InsertAfter(after, child *Element) {
	child.Parent = e
	if after == nil {
		child.Next, e.First = e.First, child
	} else {
		child.Next, after.Next = after.Next, child
	}
	if child.Next == nil {
		e.Last = child
	}
}

// Remove takes a child out of the tree; the child becomes the root of its own. Parents left hollow by it are not written by the codecs.
func (e *Element) Remove(child *Element) error {
	previous, err := e.previous(child)
	if err != nil {
		return err
	}
	if previous == nil {
		e.First = child.Next
	} else {
		previous.Next = child.Next
	}
	if e.Last == child {
		e.Last = previous
	}
	child.Parent, child.Next = nil, nil
	return nil
}

// Replace puts a detached element into the place of a child, under the same name.
func (e *Element) Replace(old, child *Element) error {
	d, _, err := e.Define(old.Name, child.Type)
	if err != nil {
		return err
	}
	previous, err := e.previous(old)
	if err != nil {
		return err
	}
	if err := e.Remove(old); err != nil {
		return err
	}
	child.Name, child.Def = d.Name, d
	e.InsertAfter(previous, child)
	return nil
}

func (e *Element) previous(child *Element) (*Element, error) {
	var previous *Element
	for c := e.First; c != nil; previous, c = c, c.Next {
		if c == child {
			return previous, nil
		}
	}
	return nil, ErrNotChild
}

// Clone copies an element with all below it; the copy is the root of its own tree.
func Clone(e *Element) *Element {
	var a arena
	a.grow(Count(e))
	return a.clone(nil, e)
}

func (a *arena) clone(parent, e *Element) *Element {
	c := a.create(parent, e.Name, e.Type, e.Def, e.Offset)
	c.Value, c.HasValue = e.Value, e.HasValue
	for child := e.First; child != nil; child = child.Next {
		a.clone(c, child)
	}
	return c
}

// Count gives how many elements there are, e included.
func Count(e *Element) int {
	n := 1
	for c := e.First; c != nil; c = c.Next {
		n += Count(c)
	}
	return n
}

// NewRoot makes an empty resource, or an empty data type to be added somewhere.
func NewRoot(t *spec.Type) *Element { return &Element{Name: t.Name, Type: t, Offset: -1} }

// NewPrimitive makes a detached primitive with a value in the notation of Element.Value.
func NewPrimitive(t *spec.Type, value string) *Element {
	return &Element{Name: t.Name, Type: t, Value: value, HasValue: true, Offset: -1}
}
