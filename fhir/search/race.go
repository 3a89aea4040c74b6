package search

import "github.com/carnet-fhir/carnet/store"

// runner is a driver in the race.
type runner struct {
	conjunct int // -1: the streams together
	walk     *walker
	meet     stream
	rids     []store.RID
	sure     bool // no row was doubtful
	count    int
}

// race advances the drivers in turn, in doubling rounds. The first to end has the fewest rows: its records are drained and sorted. Nil when none ends within the limit.
func (p *planner) race(limit int) (*matches, error) {
	runners, err := p.runners()
	if err != nil {
		return nil, err
	}
	if len(runners) == 0 {
		return nil, nil
	}
	for target := min(raceStart, limit); ; target = min(target*2, limit) {
		for _, runner := range runners {
			ended, err := runner.advance(target)
			if err != nil {
				return nil, err
			}
			if ended {
				return p.overList(runner)
			}
		}
		if target == limit {
			return nil, nil
		}
	}
}

func (p *planner) runners() ([]*runner, error) {
	var all []*runner
	if len(p.streams) > 0 {
		// The race uses streams up; the plan, if it is one of streams, begins anew.
		streams, err := p.again()
		if err != nil {
			return nil, err
		}
		all = append(all, &runner{conjunct: -1, meet: meet(streams)})
	}
	for i, d := range p.drives {
		if d != nil && (!d.costly || p.reads) {
			all = append(all, &runner{conjunct: i, walk: p.r.walker(d).inAnyOrder(), sure: d.exact || d.certain()})
		}
	}
	return all, nil
}

// again opens the streams anew.
func (p *planner) again() ([]stream, error) {
	streams := make([]stream, 0, len(p.streamed))
	for _, i := range p.streamed {
		d, err := p.r.driveOf(p.conjuncts[i])
		if err != nil {
			return nil, err
		}
		s, _, err := p.r.stream(d)
		if err != nil {
			return nil, err
		}
		streams = append(streams, s)
	}
	return streams, nil
}

// advance reads on until target rows were read in all; it says whether the driver ended before.
func (u *runner) advance(target int) (ended bool, err error) {
	for u.count < target {
		if u.meet != nil {
			rid, ok, err := u.meet.next()
			if !ok || err != nil {
				return err == nil, err
			}
			u.rids = append(u.rids, rid)
			u.count++
			continue
		}
		u.walk.pause = target
		at, v, err := u.walk.next()
		u.count = u.walk.count
		if v == no || err != nil {
			return err == nil && !u.walk.paused, err
		}
		u.rids = append(u.rids, at.rid)
		u.sure = u.sure && v == yes
	}
	return false, nil
}

// all gives the records that may match, newest first, when the rows that tell are not more than the limit.
func (p *planner) all(limit int) ([]store.RID, bool, error) {
	for _, n := range p.conjuncts {
		if err := p.r.resolveAll(n); err != nil {
			return nil, false, err
		}
	}
	if err := p.find(); err != nil {
		return nil, false, err
	}
	if p.letSetsDrive() {
		if err := p.find(); err != nil {
			return nil, false, err
		}
	}
	if p.candidates() > 0 {
		p.reads = true
		m, err := p.race(limit)
		if m == nil || err != nil {
			return nil, false, err
		}
		return drain(m.stream, limit)
	}
	if n, ok := p.r.view.Count(p.typ); ok && n > int64(limit) {
		return nil, false, nil
	}
	return drain(p.overAll().stream, limit)
}

// drain reads a stream to its end, when that is within the limit.
func drain(s stream, limit int) ([]store.RID, bool, error) {
	rids := []store.RID{}
	for {
		rid, ok, err := s.next()
		if !ok || err != nil {
			return rids, err == nil, err
		}
		if len(rids) == limit {
			return nil, false, nil
		}
		rids = append(rids, rid)
	}
}
