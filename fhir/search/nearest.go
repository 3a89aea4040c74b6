package search

import "slices"

// A search of Locations near a position is answered nearest first when the client asks for no other order, and tells how far each match is
// (http://hl7.org/fhir/R4/location.html#search). The rows of the position's index tell the distances: all that are within reach are sorted, and only the records of the page are read.

const sortNear = "near"

// nearOf finds the condition by which a search of Locations is about a position: one that every match satisfies, with one position.
func nearOf(types []string, where map[string]And) *Operand {
	if len(types) != 1 || types[0] != "Location" {
		return nil
	}
	for _, x := range where["Location"] {
		c, ok := x.(*Clause)
		if ok && c.Param.Type == Special && c.Param.Code == sortNear && c.Modifier == NoModifier && len(c.Operands) == 1 {
			return &c.Operands[0]
		}
	}
	return nil
}

// nearKey prepares the order by distance.
func (r *run) nearKey(typ string, o *Operand) sortKey {
	k := sortKey{code: sortNear, near: o}
	p := r.snapshot.standardParam(typ, sortNear)
	if p == nil {
		return k
	}
	a := &access{}
	a.near(r.e.namesOf(p), o)
	r.bind(a)
	k.reach = a.scans[0]
	return k
}

// distanceKey gives the sort key of a record's position: its distance in metres.
func (k *sortKey) distanceKey(value []byte) []byte {
	return appendFloat(nil, distance(readFloat(value), readFloat(value[8:]), k.near.Latitude, k.near.Longitude))
}

// nearest sorts what is within reach by the rows of the positions.
func (s *sorter) nearest() error {
	k := &s.keys[0]
	s.r.step(s.typ, "sort", "by distance", -1)
	rows := s.r.scan(&k.reach, sorting{s.typ, k})
	for {
		ok, err := rows.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if k.reach.judge(rows.Value()) == no {
			continue
		}
		item := sortedItem{rid: rows.RID(), keys: [][]byte{k.distanceKey(rows.Value())}}
		if s.behind(&item) {
			s.items = append(s.items, item)
		}
	}
	s.order()
	s.missing, s.absent = true, true
	return nil
}

// distances tells how far each match is.
func (r *run) distances(q *Query, result *Result) error {
	if q.Near == nil || len(q.Types) != 1 {
		return nil
	}
	k := r.nearKey(q.Types[0], q.Near)
	result.Distances = make([]float64, len(result.Matches))
	for i, rec := range result.Matches {
		c := newCandidate(rec)
		if err := c.ready(r); err != nil {
			return err
		}
		result.Distances[i] = -1
		if key := k.keyOf(c); key != nil {
			result.Distances[i] = readFloat(key)
		}
	}
	return nil
}

// keyOfPosition gives the distance of the nearest of a record's positions; nil when it has none within reach.
func (k *sortKey) keyOfPosition(c *candidate) []byte {
	var best []byte
	c.values(&k.reach, func(value []byte) bool {
		if len(value) == 16 {
			if key := k.distanceKey(value); best == nil || slices.Compare(key, best) < 0 {
				best = key
			}
		}
		return true
	})
	return best
}
