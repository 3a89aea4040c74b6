package search

import (
	"sort"

	"github.com/carnet-fhir/carnet/store"
)

// stream gives records newest first: in descending order of RID, each once.
type stream interface {
	// next moves to the next record; false at the end.
	next() (store.RID, bool, error)
	// seek moves to the first record that is not newer than the one given, and never back.
	seek(rid store.RID) (store.RID, bool, error)
}

// pointStream is the rows of one value.
type pointStream struct {
	cur   *cursor
	value []byte
	at    store.RID
	done  bool
	began bool
}

func (r *run) pointStream(s *scan, what describer) stream {
	if !s.known {
		return &listStream{}
	}
	return &pointStream{cur: r.scan(s, what), value: s.lo}
}

func (p *pointStream) next() (store.RID, bool, error) {
	if p.done {
		return 0, false, nil
	}
	return p.moved(p.cur.next())
}

func (p *pointStream) moved(ok bool, err error) (store.RID, bool, error) {
	if !ok || err != nil {
		p.done = true
		return 0, false, err
	}
	p.at, p.began = p.cur.RID(), true
	return p.at, true, nil
}

func (p *pointStream) seek(rid store.RID) (store.RID, bool, error) {
	if p.done || p.began && p.at <= rid {
		return p.at, !p.done, nil
	}
	return p.moved(p.cur.seek(p.value, rid))
}

// listStream is records known already, newest first.
type listStream struct {
	rids []store.RID
	at   int // one behind the current one
}

func (l *listStream) next() (store.RID, bool, error) {
	if l.at >= len(l.rids) {
		return 0, false, nil
	}
	l.at++
	return l.rids[l.at-1], true, nil
}

func (l *listStream) seek(rid store.RID) (store.RID, bool, error) {
	from := max(l.at-1, 0)
	l.at = from + sort.Search(len(l.rids)-from, func(i int) bool { return l.rids[from+i] <= rid })
	return l.next()
}

// unionStream merges streams. They are few, so that the greatest head is found by looking at each.
type unionStream struct {
	from  []stream
	heads []store.RID // 0: at the end
	began bool
}

func union(from []stream) stream {
	switch len(from) {
	case 0:
		return &listStream{}
	case 1:
		return from[0]
	}
	return &unionStream{from: from, heads: make([]store.RID, len(from))}
}

func (u *unionStream) next() (store.RID, bool, error) {
	top := u.top()
	for i, s := range u.from {
		if u.began && u.heads[i] != top {
			continue
		}
		rid, ok, err := s.next()
		if err != nil {
			return 0, false, err
		}
		if !ok {
			rid = 0
		}
		u.heads[i] = rid
	}
	u.began = true
	return u.current()
}

// top is the greatest head.
func (u *unionStream) top() store.RID {
	top := store.RID(0)
	for _, rid := range u.heads {
		top = max(top, rid)
	}
	return top
}

func (u *unionStream) current() (store.RID, bool, error) {
	top := u.top()
	return top, top != 0, nil
}

func (u *unionStream) seek(rid store.RID) (store.RID, bool, error) {
	for i, s := range u.from {
		if u.began && u.heads[i] <= rid {
			continue
		}
		head, ok, err := s.seek(rid)
		if err != nil {
			return 0, false, err
		}
		if !ok {
			head = 0
		}
		u.heads[i] = head
	}
	u.began = true
	return u.current()
}

// meetStream gives what all of its streams have: they leapfrog by seeks to the oldest head.
type meetStream struct {
	from []stream
}

func meet(from []stream) stream {
	if len(from) == 1 {
		return from[0]
	}
	return &meetStream{from: from}
}

func (m *meetStream) next() (store.RID, bool, error) {
	rid, ok, err := m.from[0].next()
	if !ok || err != nil {
		return 0, false, err
	}
	return m.agree(rid)
}

func (m *meetStream) seek(rid store.RID) (store.RID, bool, error) {
	rid, ok, err := m.from[0].seek(rid)
	if !ok || err != nil {
		return 0, false, err
	}
	return m.agree(rid)
}

// agree moves all streams to the newest record, not newer than rid, that they share; the first stands at rid.
func (m *meetStream) agree(rid store.RID) (store.RID, bool, error) {
	agreed := 1
	for i := 1; agreed < len(m.from); i = (i + 1) % len(m.from) {
		at, ok, err := m.from[i].seek(rid)
		if !ok || err != nil {
			return 0, false, err
		}
		if at == rid {
			agreed++
			continue
		}
		rid, agreed = at, 1
	}
	return rid, true, nil
}

// liveStream is all records of a type.
type liveStream struct {
	cur *cursor
	at  store.RID
}

func (l *liveStream) next() (store.RID, bool, error) { return l.moved(l.cur.next()) }

func (l *liveStream) moved(ok bool, err error) (store.RID, bool, error) {
	if !ok || err != nil {
		return 0, false, err
	}
	l.at = l.cur.RID()
	return l.at, true, nil
}

func (l *liveStream) seek(rid store.RID) (store.RID, bool, error) {
	if l.at != 0 && l.at <= rid {
		return l.at, true, nil
	}
	return l.moved(l.cur.seek(nil, rid))
}

// exceptStream gives what its first stream has and the second has not.
type exceptStream struct {
	from, without stream
}

func (x *exceptStream) next() (store.RID, bool, error) {
	rid, ok, err := x.from.next()
	return x.skip(rid, ok, err)
}

func (x *exceptStream) seek(rid store.RID) (store.RID, bool, error) {
	rid, ok, err := x.from.seek(rid)
	return x.skip(rid, ok, err)
}

func (x *exceptStream) skip(rid store.RID, ok bool, err error) (store.RID, bool, error) {
	for ok && err == nil {
		at, found, failed := x.without.seek(rid)
		if failed != nil {
			return 0, false, failed
		}
		if !found || at != rid {
			return rid, true, nil
		}
		rid, ok, err = x.from.next()
	}
	return 0, false, err
}
