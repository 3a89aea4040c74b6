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
	var x Extraction
	return x.Extract(s, root)
}

// Extraction is memory for Extract, to be used again and again by one goroutine at a time. What an Extract gave is overwritten by the next.
type Extraction struct {
	hits    []hit
	ordered []*element.Element
	counts  []int32
	params  []ParamValues
	values  []Value
	parts   []Value   // of composites
	lists   [][]Value // of composites
	folds   []foldedElement
}

// Extract is Snapshot.Extract in the memory of an earlier one.
func (m *Extraction) Extract(s *Snapshot, root *element.Element) []ParamValues {
	t := s.table(root.Type.Name)
	if t == nil {
		return nil
	}
	m.hits, m.parts, m.lists = t.tree.find(root, m.hits[:0]), m.parts[:0], m.lists[:0]
	m.folds = m.folds[:0]
	x := extractor{links: &s.registry.links, zone: s.registry.zone, root: root, memory: m}
	return x.gather(t)
}

// Forget lets go of the resource that was extracted last. What a much larger one needed is given back.
func (m *Extraction) Forget() {
	const most = 512
	if cap(m.values) > most || cap(m.hits) > most || cap(m.parts) > most {
		*m = Extraction{}
		return
	}
	clear(m.hits)
	clear(m.ordered)
	clear(m.params)
	clear(m.values)
	clear(m.parts)
	clear(m.lists)
	clear(m.folds)
}

// ValuesOf gives the values of one parameter in a resource of its type.
func (s *Snapshot) ValuesOf(p *Param, root *element.Element) []Value {
	if p.Expr == nil {
		return nil
	}
	x := extractor{links: &s.registry.links, zone: s.registry.zone, root: root, memory: new(Extraction)}
	if p.derived != nil {
		return x.derivedValues(nil, p)
	}
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
	links  *linkReader
	zone   *time.Location
	root   *element.Element
	memory *Extraction
}

// gather groups the hits by slot, with a counting sort that keeps the order of the content, and converts them into one array.
func (x *extractor) gather(t *typeTable) []ParamValues {
	m := x.memory
	m.order(len(t.slots))
	if len(m.hits) > cap(m.values) {
		m.values = make([]Value, 0, len(m.hits)+len(m.hits)/2)
	}
	all, values := m.params[:0], m.values[:0]
	from, generic := int32(0), t.generic
	slots := t.slots
	if len(slots) > t.plain && !hasContained(x.root) {
		slots = slots[:t.plain]
	}
	for slot, p := range slots {
		start := len(values)
		if slot >= t.plain {
			values = x.derivedValues(values, p)
		} else if len(generic) > 0 && int(generic[0]) == slot {
			generic = generic[1:]
			values = x.generic(values, p, p.Expr, x.root)
		} else {
			for _, e := range m.ordered[from:m.counts[slot]] {
				values = x.element(values, p, e)
			}
			from = m.counts[slot]
		}
		if len(values) > start {
			all = append(all, ParamValues{Param: p, Values: values[start:len(values):len(values)]})
		}
	}
	m.params, m.values = all, values
	return all
}

// order sorts the hits' elements by slot; counts then holds the end of each slot in ordered.
func (m *Extraction) order(slots int) {
	m.counts = resized(m.counts, slots)
	clear(m.counts)
	m.ordered = resized(m.ordered, len(m.hits))
	for i := range m.hits {
		m.counts[m.hits[i].slot]++
	}
	at := int32(0)
	for i, n := range m.counts {
		m.counts[i] = at
		at += n
	}
	for i := range m.hits {
		h := &m.hits[i]
		m.ordered[m.counts[h.slot]] = h.element
		m.counts[h.slot]++
	}
}

func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2)
	}
	return s[:n]
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

// maxComponents is the most components that a composite can have.
const maxComponents = 4

// composite appends a value with the parts of one composite element; one without all of its parts matches nothing and is left out. Most elements lack a part (an Observation's value has one type of
// several), so that all are looked for before any is converted.
func (x *extractor) composite(values []Value, p *Param, e *element.Element) []Value {
	var buffer [16]hit
	hits := buffer[:0]
	var ends [maxComponents]int
	for i := range p.Components {
		if i == maxComponents {
			return values
		}
		if c := &p.Components[i]; c.tree != nil {
			before := len(hits)
			if hits = c.tree.find(e, hits); len(hits) == before {
				return values
			}
		}
		ends[i] = len(hits)
	}
	m, first, from := x.memory, len(x.memory.lists), 0
	for i := range p.Components {
		start := len(m.parts)
		x.component(&p.Components[i], e, hits[from:ends[i]])
		from = ends[i]
		if len(m.parts) == start {
			m.lists = m.lists[:first]
			return values
		}
		m.lists = append(m.lists, m.parts[start:len(m.parts):len(m.parts)])
	}
	if len(m.lists) == first {
		return values
	}
	return append(values, Value{Parts: m.lists[first:len(m.lists):len(m.lists)]})
}

// component appends the values of one part to the memory's parts.
func (x *extractor) component(c *ComponentParam, e *element.Element, hits []hit) {
	parts := x.memory.parts
	if c.tree == nil {
		parts = x.generic(parts, c.Param, c.Expr, e)
	}
	for i := range hits {
		parts = x.element(parts, c.Param, hits[i].element)
	}
	x.memory.parts = parts
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
