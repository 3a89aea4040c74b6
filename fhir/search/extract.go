package search

import (
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/path"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// ParamValues are the values of one parameter in one resource; there is at least one.
type ParamValues struct {
	Param  *Param
	Values []Value
}

// Extract gives the indexed values of a resource by all parameters of its type that have any, parameters being built included, in the order of their codes.
// The strings of the values share the memory of the tree.
//
// A value may be empty of all that a search can name: a CodeableConcept with a text only, a Reference with a display only or to a contained resource. It still counts
// for :missing, which asks whether there is a value. Elements without a value of their own (a primitive with extensions only) give none.
func (s *Snapshot) Extract(root *element.Element) []ParamValues {
	t := s.table(root.Type.Name)
	if t == nil {
		return nil
	}
	var buffer [96]hit
	hits := t.tree.find(root, buffer[:0])
	x := extractor{links: &s.registry.links, zone: s.registry.zone, root: root}
	return x.gather(t, hits)
}

// ValuesOf gives the values of one parameter in a resource of its type.
func (s *Snapshot) ValuesOf(p *Param, root *element.Element) []Value {
	if p.Expr == nil {
		return nil
	}
	x := extractor{links: &s.registry.links, zone: s.registry.zone, root: root}
	if p.selector == nil {
		return x.generic(nil, p, p.Expr, root)
	}
	var tree selectNode
	tree.add(p.selector, 0)
	var values []Value
	for _, h := range tree.find(root, nil) {
		values = x.element(values, p, h.element)
	}
	return values
}

// extractor turns elements into values.
type extractor struct {
	links *linkReader
	zone  *time.Location
	root  *element.Element
}

// gather groups the hits by slot, with a counting sort that keeps the order of the content, and converts them into one array.
func (x *extractor) gather(t *typeTable, hits []hit) []ParamValues {
	var few [128]int32
	counts := few[:]
	if len(t.slots) > len(few) {
		counts = make([]int32, len(t.slots))
	}
	used := len(t.generic)
	for _, h := range hits {
		if counts[h.slot]++; counts[h.slot] == 1 {
			used++
		}
	}
	at := int32(0)
	for i := range t.slots {
		n := counts[i]
		counts[i] = at
		at += n
	}
	var fewOrdered [96]*element.Element
	ordered := fewOrdered[:]
	if len(hits) > len(ordered) {
		ordered = make([]*element.Element, len(hits))
	}
	for _, h := range hits {
		ordered[counts[h.slot]] = h.element
		counts[h.slot]++ // ends as the end of the slot
	}
	all := make([]ParamValues, 0, used)
	values := make([]Value, 0, len(hits)+len(hits)/2+1)
	from, generic := int32(0), t.generic
	for slot, p := range t.slots {
		start := len(values)
		if len(generic) > 0 && int(generic[0]) == slot {
			generic = generic[1:]
			values = x.generic(values, p, p.Expr, x.root)
		} else {
			for _, e := range ordered[from:counts[slot]] {
				values = x.element(values, p, e)
			}
			from = counts[slot]
		}
		if len(values) > start {
			all = append(all, ParamValues{Param: p, Values: values[start:len(values):len(values)]})
		}
	}
	return all
}

// element appends the values that the parameter indexes of one element.
func (x *extractor) element(values []Value, p *Param, e *element.Element) []Value {
	if p.Type == Composite {
		return x.composite(values, p, e)
	}
	if convert := converterOf(p.Type, e.Type); convert != nil {
		return convert(x, values, e)
	}
	return values
}

// generic appends the values of an expression that no tree holds. A failing expression (it compiled, but the content exceeds its budget) indexes nothing.
func (x *extractor) generic(values []Value, p *Param, expression *path.Expr, context *element.Element) []Value {
	items, err := expression.Eval(nil, context)
	if err != nil {
		return values
	}
	for _, item := range items {
		if node, isElement := item.(path.Node); isElement {
			values = x.element(values, p, node.Element)
			continue
		}
		values = x.computed(values, p, item.String())
	}
	return values
}

// computed appends the value of something that an expression computed ("Patient.deceased.exists() and ...").
func (x *extractor) computed(values []Value, p *Param, text string) []Value {
	switch p.Type {
	case Token:
		return append(values, Value{Code: text})
	case String:
		return append(values, Value{Text: text, Folded: Fold(text)})
	case URI:
		return append(values, Value{Text: text})
	case Date:
		if low, high, ok := parseInterval(text, x.zone); ok {
			return append(values, Value{Low: low, High: high})
		}
	case Number:
		if d, ok := parseDecimal(text); ok {
			return append(values, Value{LowNumber: d, HighNumber: d})
		}
	default:
	}
	return values
}

// composite appends a value with the parts of one composite element; one without all of its parts matches nothing and is left out.
func (x *extractor) composite(values []Value, p *Param, e *element.Element) []Value {
	parts := make([][]Value, 0, len(p.Components))
	for i := range p.Components {
		part := x.component(&p.Components[i], e)
		if len(part) == 0 {
			return values
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return values
	}
	return append(values, Value{Parts: parts})
}

func (x *extractor) component(c *ComponentParam, e *element.Element) []Value {
	if c.tree == nil {
		return x.generic(nil, c.Param, c.Expr, e)
	}
	var buffer [8]hit
	var values []Value
	for _, h := range c.tree.find(e, buffer[:0]) {
		values = x.element(values, c.Param, h.element)
	}
	return values
}

// converter appends the values of one element of the type that it is for.
type converter func(x *extractor, values []Value, e *element.Element) []Value

// indexable says whether a parameter of the type indexes elements of a data type.
func indexable(p ParamType, t *spec.Type) bool {
	return p == Composite || converterOf(p, t) != nil
}

// converterOf is the table of http://hl7.org/fhir/R4/search.html#ptypes: which data types a parameter type searches, and how. Nil where R4 names no way.
func converterOf(p ParamType, t *spec.Type) converter {
	switch p {
	case Token:
		return tokenConverter(t)
	case String:
		return stringConverter(t)
	case Date:
		return dateConverter(t)
	case Number, Quantity:
		return numberConverter(t)
	case Reference:
		return referenceConverter(t)
	case URI:
		return uriConverter(t)
	case Special:
		return positionConverter(t)
	default:
		return nil
	}
}
