package element

import "github.com/carnet-fhir/carnet/fhir/spec"

// arena hands out elements from chunks, so that a whole resource costs one allocation or a few.
type arena struct{ free []Element }

// chunk is the most elements that are allocated together.
const chunk = 512

// grow makes room for about n elements.
func (a *arena) grow(n int) {
	if len(a.free) < n {
		a.free = make([]Element, min(n, chunk))
	}
}

func (a *arena) take() *Element {
	if len(a.free) == 0 {
		a.free = make([]Element, chunk)
	}
	e := &a.free[0]
	a.free = a.free[1:]
	return e
}

// create makes an element and hangs it below its parent.
func (a *arena) create(parent *Element, name string, t *spec.Type, def *spec.Element, offset int) *Element {
	e := a.take()
	e.Name, e.Type, e.Def, e.Offset = name, t, def, offset
	if parent != nil {
		parent.Append(e)
	}
	return e
}
