package element

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// member reads one element: its value node, or that of its extensions (shadow), or both; -1 where one is absent.
func (b *builder) member(e *Element, p spec.Property, value, shadow, key int) {
	if p.Element.Max == 1 {
		for _, n := range [2]int{value, shadow} {
			if n >= 0 && b.tape[n].kind == nodeArray {
				b.problem(fault.Structure, n, e, p.Element.Name, "The element does not repeat: an array is not allowed.")
				b.arena.create(e, p.Element.Name, p.Type, p.Element, int(b.tape[key].start))
				return
			}
		}
		b.item(e, p, value, shadow, false)
		return
	}
	if p.Type.Kind == spec.Primitive {
		b.primitives(e, p, value, shadow, key)
		return
	}
	if b.notArray(e, p, value) {
		return
	}
	end := int(b.tape[value].next)
	for i := value + 1; i < end && !b.report.full(); i = int(b.tape[i].next) {
		b.item(e, p, i, -1, true)
	}
}

// notArray reports a value that should be a list with content; the element is made all the same, so as not to be missed.
func (b *builder) notArray(e *Element, p spec.Property, n int) bool {
	var text string
	switch {
	case b.tape[n].kind != nodeArray:
		text = "The element may repeat: an array is required."
	case int(b.tape[n].next) == n+1:
		text = "An array must not be empty."
		if p.Element.Min == 0 { // nothing is there to be judged
			b.problem(fault.Structure, n, e, p.Element.Name, text)
			return true
		}
	default:
		return false
	}
	c := b.arena.create(e, p.Element.Name, p.Type, p.Element, int(b.tape[n].start))
	c.HasValue = true
	b.problem(fault.Structure, n, e, p.Element.Name, text)
	return true
}

// primitives reads a list of primitives from its two arrays, which null holes keep in step.
func (b *builder) primitives(e *Element, p spec.Property, value, shadow, key int) {
	if value >= 0 && b.notArray(e, p, value) || shadow >= 0 && b.notArray(e, p, shadow) {
		return
	}
	v, vEnd := b.span(value)
	s, sEnd := b.span(shadow)
	for (v < vEnd || s < sEnd) && !b.report.full() {
		itemValue, itemShadow := -1, -1
		if v < vEnd {
			itemValue, v = v, int(b.tape[v].next)
		}
		if s < sEnd {
			itemShadow, s = s, int(b.tape[s].next)
		}
		if value >= 0 && shadow >= 0 && (itemValue < 0 || itemShadow < 0) {
			b.doubt(fault.Structure, key, e, p.Element.Name,
				"The arrays '"+p.Element.Name+"' and '_"+p.Element.Name+"' must be equally long; null fills the holes.")
			value = -1 // told once
		}
		b.item(e, p, itemValue, itemShadow, true)
	}
}

func (b *builder) span(array int) (from, to int) {
	if array < 0 {
		return 0, 0
	}
	return array + 1, int(b.tape[array].next)
}

// item makes one element of a value node and the node of its extensions. In a list, null is a hole.
func (b *builder) item(e *Element, p spec.Property, value, shadow int, list bool) {
	at := value
	if at < 0 {
		at = shadow
	}
	c := b.arena.create(e, p.Element.Name, p.Type, p.Element, int(b.tape[at].start))
	switch p.Type.Kind {
	case spec.Primitive:
		b.primitive(c, value, shadow, list)
		return
	case spec.Resource:
		if b.opts.Apart && isEntryResource(c) {
			outer := b.report
			b.report = b.entries.open(b.src)
			defer func() { b.report = b.entries.take(c, outer, b.report) }()
		}
		if b.notObject(c, value) {
			return
		}
		if t := b.resourceType(value, c); t != nil {
			c.Type = t
			b.members(c, value)
		}
	default:
		if !b.notObject(c, value) {
			b.members(c, value)
		}
	}
}

func (b *builder) notObject(c *Element, n int) bool {
	switch b.tape[n].kind {
	case nodeObject:
		return false
	case nodeNull:
		b.problem(fault.Structure, n, c, "", "null is not allowed here.")
	default:
		b.problem(fault.Structure, n, c, "", "A JSON object is required: the element is of type "+c.Type.Name+".")
	}
	return true
}

func (b *builder) primitive(c *Element, value, shadow int, list bool) {
	nullValue := value >= 0 && b.tape[value].kind == nodeNull
	nullShadow := shadow >= 0 && b.tape[shadow].kind == nodeNull
	switch {
	case (nullValue || nullShadow) && !list:
		b.problem(fault.Structure, max(value, shadow), c, "", "null is not allowed here.")
		return
	case (nullValue || value < 0) && (nullShadow || shadow < 0):
		b.problem(fault.Structure, max(value, shadow), c, "", "An item must have a value or extensions: null in both places is not allowed.")
		return
	}
	if value >= 0 && !nullValue {
		b.primitiveValue(c, value)
	}
	if shadow >= 0 && !nullShadow {
		if !b.notObject(c, shadow) {
			b.members(c, shadow)
		}
	}
}

// primitiveValue reads a value in the JSON kind that its type asks for.
func (b *builder) primitiveValue(c *Element, i int) {
	n := &b.tape[i]
	c.HasValue = true
	if wanted := jsonKind(c.Type); n.kind != wanted && !(n.kind == nodeFalse && wanted == nodeTrue) {
		b.problem(fault.Structure, i, c, "", "A JSON "+kindName(wanted)+" is required: the element is of type "+c.Type.Name+".")
		return
	}
	c.Value = b.src[n.start:n.end]
	if n.flags&flagEscaped != 0 {
		c.Value = unescape(c.Value)
	}
	if c.Type.Name == "xhtml" {
		c.Value = strings.Trim(c.Value, " \t\r\n")
		if !b.opts.Trusted {
			checkNarrative(c.Value, func(text string) { b.doubt(fault.Invariant, i, c, "", text) })
		}
		return
	}
	if b.opts.Trusted {
		return
	}
	if text := valueFault(c); text != "" {
		b.doubt(fault.Value, i, c, "", text)
	}
}

// jsonKind gives the kind that the primitive's values have in JSON; nodeTrue stands for both booleans.
func jsonKind(t *spec.Type) nodeKind {
	switch t.Name {
	case "boolean":
		return nodeTrue
	case "decimal", "integer", "positiveInt", "unsignedInt":
		return nodeNumber
	}
	return nodeString
}

func kindName(k nodeKind) string {
	switch k {
	case nodeTrue:
		return "boolean"
	case nodeNumber:
		return "number"
	}
	return "string"
}

// complete checks what can be said of an element once its children are there: none missing, none too many.
func (b *builder) complete(e *Element, object int) {
	completeness(e, func(code fault.Code, step, text string) { b.doubt(code, object, e, step, text) })
}
