package search

import "github.com/carnet-fhir/carnet/store"

// matches gives the records of one type that satisfy a condition, in the plan's order.
type matches struct {
	r   *run
	typ string
	// stream (newest first) or walk gives the candidates, rest is what they must still satisfy; nil when nothing.
	stream stream
	walk   *walker
	driver int // the conjunct that drives a walk
	rest   *node
	// ahead is a record of the stream, or a match, that was looked at and not given yet.
	aheadRID store.RID
	ahead    *candidate
	ended    bool
	wasted   waste
	sieves   []sieve
	step     *PlanStep
}

// next gives the next match; nil at the end.
func (m *matches) next() (*candidate, error) {
	if c := m.ahead; c != nil {
		m.ahead = nil
		return c, nil
	}
	for {
		at, ok, err := m.advance()
		if !ok || err != nil {
			return nil, err
		}
		if !m.passes(at.rid) {
			continue
		}
		c, err := m.admit(at)
		if c != nil || err != nil {
			return c, err
		}
		if rows := m.wasted.another(m.r); rows > 0 && m.rest != nil {
			if err := m.sharpen(rows); err != nil {
				return nil, err
			}
		}
	}
}

// advance moves to the next candidate.
func (m *matches) advance() (row, bool, error) {
	if m.ended {
		return row{}, false, nil
	}
	if rid := m.aheadRID; rid != 0 {
		m.aheadRID = 0
		return row{rid: rid}, true, nil
	}
	if m.stream != nil {
		rid, ok, err := m.stream.next()
		m.ended = !ok
		return row{rid: rid}, ok, err
	}
	at, v, err := m.walk.next()
	m.ended = v == no
	return at, v != no, err
}

// admit reads a candidate and judges what is left to judge; nil when it does not match.
func (m *matches) admit(at row) (*candidate, error) {
	rec, err := at.rec, error(nil)
	if rec == nil {
		rec, err = m.r.get(at.rid, m)
	}
	if rec == nil || err != nil {
		return nil, err
	}
	if rec.Type != m.typ {
		return nil, nil
	}
	c := newCandidate(rec)
	c.place = place{mode: placeNewest, rid: rec.RID}
	if m.walk == nil && m.rest == nil {
		return c, nil
	}
	if err := c.ready(m.r); err != nil {
		return nil, err
	}
	if m.walk != nil {
		if !m.walk.first(&at, c) {
			return nil, nil
		}
		c.place = place{mode: placeWalk, driver: m.driver, row: at.keep()}
	}
	if m.rest != nil {
		ok, err := m.r.decide(m.rest, c)
		if !ok || err != nil {
			return nil, err
		}
	}
	return c, nil
}

// more says whether there is another match. Where nothing is left to judge, the next row tells.
func (m *matches) more() (bool, error) {
	if m.ahead != nil || m.aheadRID != 0 {
		return true, nil
	}
	if m.walk == nil && m.rest == nil {
		at, ok, err := m.advance()
		m.aheadRID = at.rid
		return ok, err
	}
	c, err := m.next()
	m.ahead = c
	return c != nil, err
}
