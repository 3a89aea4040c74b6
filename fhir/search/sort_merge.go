package search

import "slices"

// sortedHits gives the matches of all types in the order of _sort, merging the types.
func (r *run) sortedHits(q *Query, wheres []*node, count int, from *place) (hits, error) {
	m := &mergedHits{}
	for i, typ := range q.Types {
		keys := r.sortKeys(typ, q.Sort)
		s := &sorter{r: r, typ: typ, keys: keys, where: wheres[i], page: count}
		if from != nil {
			s.from = &sortedItem{rid: from.rid, keys: from.keys}
		}
		if err := s.open(); err != nil {
			return nil, err
		}
		m.from = append(m.from, s)
	}
	m.heads = make([]*candidate, len(m.from))
	return m, nil
}

// mergedHits merges sorted types.
type mergedHits struct {
	from  []*sorter
	heads []*candidate
	began bool
	last  int
}

// fill makes every type that has matches left show its next one.
func (m *mergedHits) fill() error {
	for i, s := range m.from {
		if m.heads[i] != nil || m.began && i != m.last {
			continue
		}
		c, err := s.next()
		if err != nil {
			return err
		}
		m.heads[i] = c
	}
	m.began = true
	return nil
}

func (m *mergedHits) next() (*candidate, error) {
	if err := m.fill(); err != nil {
		return nil, err
	}
	best := -1
	for i, c := range m.heads {
		if c != nil && (best < 0 || compareItems(m.from[i].keys, 0, c.item(), m.heads[best].item()) < 0) {
			best = i
		}
	}
	if best < 0 {
		return nil, nil
	}
	c := m.heads[best]
	m.heads[best], m.last = nil, best
	return c, nil
}

func (m *mergedHits) more() (bool, error) {
	err := m.fill()
	return err == nil && slices.ContainsFunc(m.heads, func(c *candidate) bool { return c != nil }), err
}

func (m *mergedHits) place(c *candidate) place {
	return place{mode: placeSorted, rid: c.rec.RID, keys: c.keys}
}

func (c *candidate) item() *sortedItem { return &sortedItem{rid: c.rec.RID, keys: c.keys} }
