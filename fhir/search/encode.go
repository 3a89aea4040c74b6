package search

import (
	"bytes"
	"sync"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/store"
)

// maxShort is the longest date interval, in microseconds, that stands in a parameter's main index; see indexNames.long.
const maxShort = 36 * day

// maxCombinations bounds the rows that one composite element makes.
const maxCombinations = 256

// oversize is the row value of a composite that has no rows of its own, for its size: every search by the parameter must look at the content. No other row begins with it.
var oversize = []byte{0xFF}

// indexNames are the names of a parameter's indexes (see docs/design/search.md).
type indexNames struct {
	main string
	// long holds dates of maxShort or longer by (low, high), longEnd by (high, low). For numbers they hold what is no single number.
	long, longEnd string
	// identifier holds logical references, ofType typed identifiers.
	identifier, ofType string
	// owners are the compartments that a reference by this parameter puts a resource into.
	owners []owner
	// single says that a resource has one value at most; one says so of a reference.
	single, one bool
}

// owner is a compartment: the type that owns it and the name of its index.
type owner struct{ typ, index string }

// compartmentIndex names the index of all members of the compartments of a type.
func compartmentIndex(typ string) string { return "compartment." + typ }

func newIndexNames(p *Param, defs *spec.Definitions) *indexNames {
	main := p.IndexName()
	n := &indexNames{main: main, single: p.single(defs), one: p.Type == Reference && p.once(defs)}
	switch p.Type {
	case Date:
		n.long, n.longEnd = main+":long", main+":long-end"
	case Number, Quantity:
		n.long, n.longEnd = main+":range", main+":range-end"
	case Token:
		n.ofType = main + ":of-type"
	case Reference:
		n.identifier = main + ":identifier"
	default:
	}
	if p.Type != Reference || p.Custom {
		return n
	}
	for typ, c := range defs.Compartments {
		for _, code := range c.Params[p.Resource] {
			if code == p.Code {
				n.owners = append(n.owners, owner{typ, compartmentIndex(typ)})
			}
		}
	}
	return n
}

// encoder makes the entries of one resource. Values share one arena.
type encoder struct {
	arena   []byte
	entries []store.Entry
	typ     string
	memory  Extraction
}

// encoders are used again, so that the arena needs to be made once, of the right size.
var encoders = sync.Pool{New: func() any { return new(encoder) }}

// Entries gives the index rows of a resource: those of all parameters of its type, custom ones that are being built included, and those of the compartments that it belongs to.
func (e *Engine) Entries(root *element.Element) ([]store.Entry, error) {
	return e.EntriesAt(e.registry.Snapshot(), root), nil
}

// EntriesAt is Entries by the parameters of one state of the registry.
func (e *Engine) EntriesAt(s *Snapshot, root *element.Element) []store.Entry {
	x := encoders.Get().(*encoder)
	x.arena, x.entries, x.typ = x.arena[:0], x.entries[:0], root.Type.Name
	for _, pv := range x.memory.Extract(s, root) {
		names := e.namesOf(pv.Param)
		for i := range pv.Values {
			x.value(pv.Param, names, &pv.Values[i])
		}
	}
	if e.owners[x.typ] {
		x.member(compartmentIndex(x.typ), root.ChildValue("id"))
	}
	entries := x.take()
	x.memory.Forget()
	encoders.Put(x)
	return entries
}

// take copies what was made, so that the encoder can be used again: two allocations of the exact size, whatever the growth on the way.
func (x *encoder) take() []store.Entry {
	arena := bytes.Clone(x.arena)
	entries := make([]store.Entry, len(x.entries))
	at := 0
	for i, e := range x.entries {
		end := at + len(e.Value)
		entries[i] = store.Entry{Index: e.Index, Value: arena[at:end:end]}
		at = end
	}
	clear(x.entries)
	return entries
}

// row adds an entry whose value was appended to the arena from start on.
func (x *encoder) row(index string, start int) {
	x.entries = append(x.entries, store.Entry{Index: index, Value: x.arena[start:]})
}

func (x *encoder) member(index, id string) {
	if id == "" {
		return
	}
	start := len(x.arena)
	x.arena = appendMember(x.arena, id, x.typ)
	x.row(index, start)
}

// appendMember appends a compartment's value: the owner's id, the separator, the member's type.
func appendMember(b []byte, id, typ string) []byte {
	return append(append(appendPart(b, id), separator), typ...)
}

func (x *encoder) value(p *Param, names *indexNames, v *Value) {
	start := len(x.arena)
	switch p.Type {
	case Date:
		x.date(names, v)
		return
	case Number, Quantity:
		x.number(p, names, v)
		return
	case Composite:
		x.composite(p, names, v)
		return
	}
	x.arena = appendValue(x.arena, p.Type, v)
	x.row(names.main, start)
	switch p.Type {
	case Token:
		if v.TypeCode != "" {
			start = len(x.arena)
			x.arena = appendOfType(x.arena, v.TypeSystem, v.TypeCode, v.Code)
			x.row(names.ofType, start)
		}
	case Reference:
		x.reference(names, v)
	default:
	}
}

// appendValue appends the main row's bytes of a value.
func appendValue(b []byte, t ParamType, v *Value) []byte {
	switch t {
	case Token:
		return appendToken(b, v.System, v.Code)
	case String:
		return appendString(b, v.Folded)
	case Reference:
		return appendReference(b, v.RefType, v.RefID, v.URL, v.Version)
	case URI:
		return appendPart(b, v.Text)
	case Date:
		return appendTime(appendTime(b, v.Low), v.High)
	case Number:
		return appendRange(b, v, false)
	case Quantity:
		return appendUnit(appendRange(b, v, false), v)
	case Special:
		return appendFloat(appendFloat(b, v.Latitude), v.Longitude)
	default:
		return b
	}
}

// The first byte of a date, number or quantity within a composite tells which of the indexes it would stand in alone.
const (
	partMain = 1
	partLong = 2
)

// appendPartValue appends the bytes of a composite's part.
func appendPartValue(b []byte, t ParamType, v *Value) []byte {
	var long bool
	switch t {
	case Date:
		long = v.High-v.Low >= maxShort
	case Number, Quantity:
		long = !plain(v)
	default:
		return appendValue(b, t, v)
	}
	if long {
		return appendValue(append(b, partLong), t, v)
	}
	return appendValue(append(b, partMain), t, v)
}

// appendReference appends Type/id, or a URL, the separator and a version. A reference that no search can name (to a contained resource, by display) gives no bytes.
func appendReference(b []byte, typ, id, url, version string) []byte {
	switch {
	case typ != "":
		return appendPart(append(append(b, typ...), '/'), id)
	case url != "":
		return appendPart(append(appendPart(b, url), separator), version)
	default:
		return b
	}
}

// appendOfType appends the folded type code, the type's system and the folded value.
func appendOfType(b []byte, system, code, value string) []byte {
	b = append(appendPart(b, FoldCode(code)), separator)
	b = append(appendPart(b, system), separator)
	return appendPart(b, FoldCode(value))
}

func (x *encoder) reference(names *indexNames, v *Value) {
	if v.IdentifierValue != "" || v.IdentifierSystem != "" {
		start := len(x.arena)
		x.arena = appendToken(x.arena, v.IdentifierSystem, v.IdentifierValue)
		x.row(names.identifier, start)
	}
	for _, o := range names.owners {
		if o.typ == v.RefType {
			x.member(o.index, v.RefID)
		}
	}
}

func (x *encoder) date(names *indexNames, v *Value) {
	start := len(x.arena)
	x.arena = appendTime(appendTime(x.arena, v.Low), v.High)
	if v.High-v.Low < maxShort {
		x.row(names.main, start)
		return
	}
	x.row(names.long, start)
	start = len(x.arena)
	x.arena = appendTime(appendTime(x.arena, v.High), v.Low)
	x.row(names.longEnd, start)
}

// plain says whether the value is one number.
func plain(v *Value) bool {
	return v.LowNumber.Valid && v.HighNumber.Valid && cmpDecimal(&v.LowNumber, &v.HighNumber) == 0
}

func (x *encoder) number(p *Param, names *indexNames, v *Value) {
	if plain(v) {
		start := len(x.arena)
		x.arena = appendValue(x.arena, p.Type, v)
		x.row(names.main, start)
		return
	}
	for _, end := range [2]bool{false, true} {
		start := len(x.arena)
		x.arena = appendRange(x.arena, v, end)
		if p.Type == Quantity {
			x.arena = appendUnit(x.arena, v)
		}
		index := names.long
		if end {
			index = names.longEnd
		}
		x.row(index, start)
	}
}

// The byte behind the first bound of a range tells whether a second follows.
const (
	rangePlain = 1
	rangeBoth  = 2
)

// appendRange appends a number's low bound and, when it differs, its high bound; a byte between tells. With end the bounds change places.
func appendRange(b []byte, v *Value, end bool) []byte {
	if end {
		b = appendBound(b, &v.HighNumber, decimalGreatest)
		return appendBound(append(b, rangeBoth), &v.LowNumber, decimalLeast)
	}
	b = appendBound(b, &v.LowNumber, decimalLeast)
	if plain(v) {
		return append(b, rangePlain)
	}
	return appendBound(append(b, rangeBoth), &v.HighNumber, decimalGreatest)
}

// appendUnit appends a quantity's coded unit, its text and its system.
func appendUnit(b []byte, v *Value) []byte {
	b = append(appendCut(b, v.Code, maxUnit), separator)
	b = append(appendCut(b, v.Unit, maxUnit), separator)
	return appendCut(b, v.System, maxUnit)
}

// composite adds one row for each combination of the parts' values: all parts but the last are ended.
func (x *encoder) composite(p *Param, names *indexNames, v *Value) {
	combinations := 1
	for _, part := range v.Parts {
		if combinations *= len(part); combinations > maxCombinations || combinations == 0 {
			break
		}
	}
	if len(v.Parts) != len(p.Components) || combinations == 0 {
		return
	}
	rows, start := len(x.entries), len(x.arena)
	var prefix, piece [160]byte
	if combinations > maxCombinations || !x.combine(p, names, v.Parts, 0, prefix[:0], piece[:0]) {
		x.entries, x.arena = x.entries[:rows], append(x.arena[:start], oversize...)
		x.row(names.main, start)
	}
}

// combine adds the rows that begin with the prefix, for the parts from i on; false when one is too long for the store.
func (x *encoder) combine(p *Param, names *indexNames, parts [][]Value, i int, prefix, buf []byte) bool {
	t := p.Components[i].Param.Type
	for k := range parts[i] {
		v := &parts[i][k]
		piece := appendPartValue(buf[:0], t, v)
		if i < len(parts)-1 {
			longer := append(append(prefix, piece...), partEnd)
			if !x.combine(p, names, parts, i+1, longer, piece[len(piece):]) {
				return false
			}
			continue
		}
		if len(prefix)+len(piece) > store.MaxValue {
			return false
		}
		start := len(x.arena)
		x.arena = append(append(x.arena, prefix...), piece...)
		x.row(names.main, start)
	}
	return true
}
