package search

import "github.com/carnet-fhir/carnet/store"

// openAbsent begins the records without the key, which come last: newest first, or ordered by the further keys.
func (s *sorter) openAbsent() error {
	s.absent, s.group = true, nil
	k := &s.keys[s.level]
	if len(k.indexes) == 0 || s.present {
		return nil // every record has an id and a time
	}
	last := s.level == len(s.keys)-1
	if s.bounded || !last {
		rids, err := s.without(k)
		if err != nil {
			return err
		}
		if last {
			return s.openStream(&listStream{rids: rids})
		}
		return s.openInner(rids)
	}
	return s.openTail()
}

// without gives the members that have no row in the key's indexes, without reading them.
func (s *sorter) without(k *sortKey) ([]store.RID, error) {
	if !s.bounded {
		if _, err := s.gather(s.r.budget.Rows); err != nil {
			return nil, err
		}
	}
	keyed := map[store.RID]bool{}
	for i := range k.indexes {
		if !k.indexes[i].known {
			continue
		}
		cur := s.r.scan(&k.indexes[i], sorting{s.typ, k})
		ok, err := cur.next()
		for ; ok && err == nil; ok, err = cur.next() {
			keyed[cur.RID()] = true
		}
		if err != nil {
			return nil, err
		}
	}
	var rids []store.RID
	for _, rid := range s.members {
		if !keyed[rid] {
			rids = append(rids, rid)
		}
	}
	return rids, nil
}

// openTail looks for the records without the last key among all, newest first.
func (s *sorter) openTail() error {
	var from *place
	if s.from != nil && s.from.keys[s.level] == nil {
		from = &place{mode: placeNewest, rid: s.from.rid}
	}
	p := &planner{r: s.r, typ: s.typ, conjuncts: conjunctsOf(s.where)}
	m := p.overAll()
	if from != nil {
		rid, ok, err := m.stream.seek(from.rid - 1)
		m.aheadRID, m.ended = rid, !ok
		if err != nil {
			return err
		}
	}
	s.tail = m
	return nil
}

// enough is how many records may be tried before walking all rows of the key and of the type costs less.
func (s *sorter) enough() int {
	patience := s.r.e.tuning.patience
	if all, ok := s.r.view.Count(s.typ); ok {
		return max(patience, int(all)*2/rowsOfRecord)
	}
	return patience * 64
}

// fromTail tries the records of the tail. When many have the key, those that have are found by its rows instead.
func (s *sorter) fromTail() (*candidate, error) {
	for {
		at, ok, err := s.tail.advance()
		if !ok || err != nil {
			s.tail = nil
			return nil, err
		}
		c, err := s.admit(at.rid)
		if err != nil {
			return nil, err
		}
		if c != nil && c.keys[s.level] == nil {
			return c, nil
		}
		if s.tried++; s.tried < s.enough() {
			continue
		}
		s.tail = nil
		rids, err := s.without(&s.keys[s.level])
		if err != nil {
			return nil, err
		}
		s.stream = &listStream{rids: rids}
		rid, ok, err := s.stream.seek(at.rid - 1)
		if err != nil || !ok {
			s.stream = nil
			return nil, err
		}
		s.stream = &unread{rid: rid, from: s.stream}
		return s.fromStream()
	}
}
