package search

import (
	"bytes"

	"github.com/carnet-fhir/carnet/fhir/spec"
)

// A range is mostly asked as two conditions on one parameter (date=ge2020&date=lt2021). Each alone is open at one end, and a record with several values may satisfy them by different ones. Where a
// resource has one value at most, the two bounds are of the same value: together they are one narrow range.

// single says whether a resource has at most one value by the parameter: all of its paths lead to the same element, which occurs once, and which makes one value.
func (p *Param) single(defs *spec.Definitions) bool {
	return (p.Type == Date || p.Type == Number || p.Type == Quantity) && p.once(defs)
}

// once says whether the parameter selects one element at most.
func (p *Param) once(defs *spec.Definitions) bool {
	if len(p.selector) == 0 || p.derived != nil {
		return false
	}
	for i := range p.selector {
		b := &p.selector[i]
		if len(b.steps) != len(p.selector[0].steps) {
			return false
		}
		types := []spec.TypeRef{{Type: defs.Types[p.Resource]}}
		for k := range b.steps {
			if b.steps[k].name != p.selector[0].steps[k].name || repeats(types, b.steps[k].name) {
				return false
			}
			types = b.steps[k].results(types)
		}
	}
	return true
}

// repeats says whether an element of the types may occur several times.
func repeats(types []spec.TypeRef, name string) bool {
	for _, t := range types {
		for _, e := range t.Type.Elements {
			if e.Name == name && e.Max != 1 {
				return true
			}
		}
	}
	return false
}

// pair narrows the drives of conditions on the same single-valued parameter to the rows that satisfy both: the first keeps the drive, which is no longer exact.
func (p *planner) pair() {
	for i, d := range p.drives {
		if d == nil || !p.open(i) {
			continue
		}
		for k := i + 1; k < len(p.drives); k++ {
			if p.drives[k] != nil && p.open(k) && p.paramOf(i) == p.paramOf(k) {
				p.drives[i] = p.drives[i].within(p.drives[k])
				p.drives[k] = nil
			}
		}
	}
}

// open says whether the conjunct is one range, open at one end, of a parameter with one value.
func (p *planner) open(i int) bool {
	param := p.paramOf(i)
	return param != nil && p.drives[i].rank == rankRange && p.r.e.namesOf(param).single
}

// paramOf gives the parameter of a clause of one operand.
func (p *planner) paramOf(i int) *Param {
	n := p.conjuncts[i]
	if n.kind != nodeRows {
		return nil
	}
	c, ok := n.expr.(*Clause)
	if !ok || c.Modifier != NoModifier || len(c.Operands) != 1 {
		return nil
	}
	return c.Param
}

// within keeps, in each index, the rows that both drives have. Values that stand in several indexes are found by the first drive's choice.
func (d *drive) within(other *drive) *drive {
	narrow := &drive{n: d.n, rank: rankNear}
	for _, part := range d.parts {
		s := *part.scan
		for _, theirs := range other.parts {
			if theirs.scan.index == s.index {
				s.narrow(theirs.scan)
			}
		}
		narrow.parts = append(narrow.parts, drivePart{scan: &s})
	}
	return narrow
}

// narrow keeps what is in both scans.
func (s *scan) narrow(other *scan) {
	if bytes.Compare(other.lo, s.lo) > 0 {
		s.lo = other.lo
	}
	if s.hi == nil || other.hi != nil && bytes.Compare(other.hi, s.hi) < 0 {
		s.hi = other.hi
	}
	mine, theirs := s.test, other.test
	s.test = func(value []byte) verdict {
		v := yes
		for _, test := range []func([]byte) verdict{mine, theirs} {
			if test != nil {
				v = min(v, test(value))
			}
		}
		return v
	}
}
