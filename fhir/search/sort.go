package search

import (
	"bytes"
	"math"
	"slices"

	"github.com/carnet-fhir/carnet/store"
)

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

// sorter gives the matches of one type in order. Few candidates are read and sorted in memory. Many are met in the order of the first key's own rows, in groups of equal keys, which the
// further keys order in the same way; then come those without the key.
type sorter struct {
	r     *run
	typ   string
	keys  []sortKey
	level int // the key that this sorter walks; those before it are equal for all of its members
	where *node
	page  int         // how many matches are wanted
	from  *sortedItem // go on behind it

	// members, newest first, hold all matches; nil: unknown, any record of the type may match.
	members []store.RID
	bounded bool
	wasted  waste

	rows    keyRows
	key     []byte // of the row that was read ahead, when held
	rid     store.RID
	held    bool
	items   []sortedItem // the next ones, in order
	stream  stream       // of a long group
	group   []byte       // its key
	inner   *sorter      // of a group that further keys order
	missing bool         // the keyed ones are done
	absent  bool         // the last phase was opened
	tail    *matches     // of records without the key
	tried   int          // records that the tail read
}

// open looks at the condition's own indexes first: when they give few candidates, these are sorted.
func (s *sorter) open() error {
	few := false
	if !s.trivial() || !s.denser(math.MaxInt64) {
		var err error
		if few, err = s.gather(s.r.e.tuning.sort); err != nil {
			return err
		}
	}
	if !few && !s.walkable() {
		// No rows are in the order of this key: everything must be read.
		if _, err := s.gather(s.r.budget.Rows); err != nil {
			return err
		}
		few = true
	}
	if few && !s.denser(int64(len(s.members))) {
		s.r.step(s.typ, "sort", describeSort(s.keys)+", in memory", len(s.members))
		return s.sortMembers()
	}
	s.r.step(s.typ, "sort", describeSort(s.keys)+", in the order of the index of "+s.keys[0].code, -1)
	return s.walk()
}

// denser says whether that many members are so large a part of their type that a page is sooner filled by walking the rows of the key, passing over others, than by reading all members.
func (s *sorter) denser(members int64) bool {
	all, ok := s.r.view.Count(s.typ)
	if !ok || !s.walkable() {
		return false
	}
	members = min(members, all)
	return members*members*rowsOfRecord > int64(s.page)*all
}

// walkable says whether there are rows in the order of the level's key.
func (s *sorter) walkable() bool {
	k := &s.keys[s.level]
	return k.code == sortUpdated || len(k.indexes) > 0
}

// gather collects the records that may match, when they are not more than the limit.
func (s *sorter) gather(limit int) (bool, error) {
	p := &planner{r: s.r, typ: s.typ, conjuncts: conjunctsOf(s.where)}
	rids, ok, err := p.all(limit)
	if ok && err == nil {
		s.members, s.bounded = rids, true
	}
	return ok, err
}

// sortMembers reads, judges and sorts the members.
func (s *sorter) sortMembers() error {
	for _, rid := range s.members {
		c, err := s.admit(rid)
		if err != nil {
			return err
		}
		if c != nil && s.behind(c.item()) {
			s.items = append(s.items, *c.item())
		}
	}
	s.order()
	s.missing, s.absent = true, true
	return nil
}

func (s *sorter) order() {
	slices.SortFunc(s.items, func(a, b sortedItem) int { return compareItems(s.keys, s.level, &a, &b) })
}

// behind says whether a match comes after the place where the last page ended.
func (s *sorter) behind(i *sortedItem) bool {
	return s.from == nil || compareItems(s.keys, s.level, s.from, i) < 0
}

// admit reads a record and judges the condition; nil when it does not match. The keys are set.
func (s *sorter) admit(rid store.RID) (*candidate, error) {
	rec, err := s.r.get(rid, sorting{s.typ, &s.keys[s.level]})
	if rec == nil || err != nil || rec.Type != s.typ {
		return nil, err
	}
	c := newCandidate(rec)
	ok, err := s.r.judge(s.where, c)
	if !ok || err != nil {
		return nil, err
	}
	c.keys = make([][]byte, len(s.keys))
	for i := range s.keys {
		c.keys[i] = s.keys[i].keyOf(c)
	}
	return c, nil
}

// walk begins to walk the rows of the level's key.
func (s *sorter) walk() error {
	var from []byte
	if s.from != nil {
		if from = s.from.keys[s.level]; from == nil {
			s.missing = true
			return nil
		}
	}
	s.rows = s.r.keyRows(s.typ, &s.keys[s.level], from)
	return nil
}

// next gives the next match; nil at the end.
func (s *sorter) next() (*candidate, error) {
	for {
		c, err := s.fromOpen()
		if c != nil || err != nil {
			return c, err
		}
		switch {
		case !s.missing:
			err = s.nextGroup()
		case !s.absent:
			err = s.openAbsent()
		default:
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// fromOpen gives the next match of what is open: sorted items, a long group, a group ordered by further keys, the records without the key.
func (s *sorter) fromOpen() (*candidate, error) {
	for len(s.items) > 0 {
		rid := s.items[0].rid
		s.items = s.items[1:]
		if c, err := s.admit(rid); c != nil || err != nil {
			return c, err
		}
	}
	if s.stream != nil {
		if c, err := s.fromStream(); c != nil || err != nil {
			return c, err
		}
		s.stream = nil
	}
	if s.inner != nil {
		for {
			c, err := s.inner.next()
			if err != nil {
				return nil, err
			}
			if c == nil {
				break
			}
			if s.keys[s.level].compare(c.keys[s.level], s.group) == 0 {
				return c, nil
			}
		}
		s.inner = nil
	}
	if s.tail != nil {
		return s.fromTail()
	}
	return nil, nil
}

// fromStream goes on in a group that is long, newest first.
func (s *sorter) fromStream() (*candidate, error) {
	for {
		rid, ok, err := s.stream.next()
		if !ok || err != nil {
			return nil, err
		}
		if s.bounded && !member(s.members, rid) {
			continue
		}
		c, err := s.tryWalked(rid)
		if c != nil || err != nil {
			return c, err
		}
	}
}

// tryWalked judges a record met at the group's key: it counts when that is its own.
func (s *sorter) tryWalked(rid store.RID) (*candidate, error) {
	c, err := s.admit(rid)
	if err != nil {
		return nil, err
	}
	if c != nil && s.keys[s.level].compare(c.keys[s.level], s.group) == 0 && s.behind(c.item()) {
		return c, nil
	}
	if rows := s.wasted.another(s.r); rows > 0 && !s.bounded && !s.trivial() {
		_, err = s.gather(rows)
	}
	return nil, err
}

func (s *sorter) trivial() bool { return s.where.kind == nodeAnd && len(s.where.kids) == 0 }

// nextGroup reads the rows of the next key.
func (s *sorter) nextGroup() error {
	if s.rows == nil {
		s.missing = true
		return nil
	}
	if err := s.hold(); err != nil {
		return err
	}
	if !s.held {
		s.missing = true
		return nil
	}
	s.group = bytes.Clone(present(s.key))
	last := s.level == len(s.keys)-1
	var rids []store.RID
	for s.held && bytes.Equal(s.key, s.group) {
		if !s.bounded || member(s.members, s.rid) {
			rids = append(rids, s.rid)
		}
		if last && len(rids) == s.r.e.tuning.group {
			long, err := s.rows.skip(s.group)
			if err != nil {
				return err
			}
			if long != nil {
				s.held = false
				return s.openStream(long)
			}
		}
		s.held = false
		if err := s.hold(); err != nil {
			return err
		}
	}
	rids = distinctRIDs(rids)
	if last {
		return s.openStream(&listStream{rids: rids})
	}
	return s.openInner(rids)
}

// hold reads a row ahead.
func (s *sorter) hold() error {
	if s.held {
		return nil
	}
	var err error
	s.key, s.rid, s.held, err = s.rows.next()
	return err
}

// openStream begins a group of the last key: ties are newest first.
func (s *sorter) openStream(group stream) error {
	if s.from != nil && s.keys[s.level].compare(s.from.keys[s.level], s.group) == 0 {
		rid, ok, err := group.seek(s.from.rid - 1)
		if !ok || err != nil {
			return err
		}
		s.stream = &unread{rid: rid, from: group}
		return nil
	}
	s.stream = group
	return nil
}

// unread gives one record again before its stream goes on.
type unread struct {
	rid  store.RID
	from stream
}

func (u *unread) next() (store.RID, bool, error) {
	if rid := u.rid; rid != 0 {
		u.rid = 0
		return rid, true, nil
	}
	return u.from.next()
}

func (u *unread) seek(rid store.RID) (store.RID, bool, error) {
	u.rid = 0
	return u.from.seek(rid)
}

// openInner orders a group by the further keys.
func (s *sorter) openInner(rids []store.RID) error {
	s.inner = &sorter{r: s.r, typ: s.typ, keys: s.keys, level: s.level + 1, where: s.where, page: s.page, members: rids, bounded: true}
	if s.from != nil && s.keys[s.level].compare(s.from.keys[s.level], s.group) == 0 {
		s.inner.from = s.from
	}
	if len(rids) <= s.r.e.tuning.sort || !s.inner.walkable() {
		return s.inner.sortMembers()
	}
	return s.inner.walk()
}

// openAbsent begins the records without the key, which come last: newest first, or ordered by the further keys.
func (s *sorter) openAbsent() error {
	s.absent, s.group = true, nil
	k := &s.keys[s.level]
	if len(k.indexes) == 0 {
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
