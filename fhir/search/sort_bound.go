package search

import (
	"bytes"
	"slices"

	"github.com/carnet-fhir/carnet/store"
)

// bounds are the parts of a key's indexes, by number, outside of which no match has its key.
type bounds map[store.IndexID]store.Range

// bound looks for clauses of the condition on the key's own parameter. They all must hold, so a match has a key; and when resources have one value at most, its row lies where the
// clause looks for it: "date=ge2024&_sort=date" need not pass over what came before 2024.
func (s *sorter) bound() (within bounds, present bool) {
	k := &s.keys[s.level]
	for _, n := range conjunctsOf(s.where) {
		if n.kind != nodeRows || n.access == nil {
			continue
		}
		c, ok := n.expr.(*Clause)
		if !ok || c.Modifier != NoModifier || c.Param.Code != k.code {
			continue
		}
		present = true
		names := s.r.e.namesOf(c.Param)
		if !names.single {
			continue
		}
		for i := range k.indexes {
			// Long values stand in a second index too: what an alternative finds there may lie anywhere in the first.
			if k.indexes[i].index == names.long && n.access.uses(names.longEnd) {
				continue
			}
			if part, ok := n.access.hull(&k.indexes[i]); ok {
				if within == nil {
					within = bounds{}
				}
				within.narrow(part)
			}
		}
	}
	return within, present
}

// uses says whether a scan of the path goes through the index.
func (a *access) uses(index string) bool {
	return slices.ContainsFunc(a.scans, func(s scan) bool { return s.known && s.index == index })
}

// hull gives the least range of an index that holds all of the access path's scans of it; false when it has none there.
func (a *access) hull(of *scan) (part store.Range, ok bool) {
	for i := range a.scans {
		s := &a.scans[i]
		if !s.known || !of.known || s.id != of.id {
			continue
		}
		if !ok {
			part, ok = s.over(), true
			continue
		}
		if bytes.Compare(s.lo, part.Lo) < 0 {
			part.Lo = s.lo
		}
		if s.hi == nil || part.Hi != nil && bytes.Compare(s.hi, part.Hi) > 0 {
			part.Hi = s.hi
		}
	}
	return part, ok
}

// narrow leaves what lies in the part too.
func (b bounds) narrow(part store.Range) {
	was, ok := b[part.Index]
	if !ok {
		b[part.Index] = part
		return
	}
	if bytes.Compare(part.Lo, was.Lo) > 0 {
		was.Lo = part.Lo
	}
	if was.Hi == nil || part.Hi != nil && bytes.Compare(part.Hi, was.Hi) < 0 {
		was.Hi = part.Hi
	}
	b[part.Index] = was
}

// cut narrows a range of an index to the bounds.
func (b bounds) cut(over store.Range) store.Range {
	part, ok := b[over.Index]
	if !ok {
		return over
	}
	if bytes.Compare(part.Lo, over.Lo) > 0 {
		over.Lo = part.Lo
	}
	if over.Hi == nil || part.Hi != nil && bytes.Compare(part.Hi, over.Hi) < 0 {
		over.Hi = part.Hi
	}
	if over.Hi != nil && bytes.Compare(over.Lo, over.Hi) > 0 {
		over.Hi = over.Lo // nothing lies in both
	}
	return over
}
