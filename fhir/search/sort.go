package search

import (
	"bytes"
	"math"
	"slices"

	"github.com/carnet-fhir/carnet/store"
)

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
	// filtered says that the plan tells the conditions as filters of the walk.
	filtered bool
	present  bool     // every match has the key: there is no last phase
	tail     *matches // of records without the key
	tried    int      // records that the tail read
}

// open looks at the condition's own indexes first: when they give few candidates, these are sorted.
func (s *sorter) open() error {
	if s.keys[0].near != nil {
		return s.nearest()
	}
	few := false
	if !s.trivial() || !s.denser(math.MaxInt64) {
		var err error
		if few, err = s.gather(s.worth()); err != nil {
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

// worth is how many candidates are worth gathering: of more, a page is sooner filled by walking the rows of the key.
func (s *sorter) worth() int {
	most := s.r.e.tuning.sort
	all, ok := s.r.view.Count(s.typ)
	if !ok || !s.walkable() {
		return most
	}
	return min(most, 1+int(math.Sqrt(float64(s.page)*float64(all)/rowsOfRecord)))
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
	if !ok && !s.filtered {
		s.filtered = true
		for _, n := range p.conjuncts {
			s.r.step(s.typ, "filter", n.describe(), -1)
		}
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
	within, present := s.bound()
	s.present = present
	s.rows = s.r.keyRows(s.typ, &s.keys[s.level], from, within)
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
