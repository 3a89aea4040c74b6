package search

import (
	"slices"

	"github.com/carnet-fhir/carnet/store"
)

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

// planner chooses how to find the matches of one type.
type planner struct {
	r         *run
	typ       string
	conjuncts []*node
	drives    []*drive // for each conjunct; nil when it has none
	streams   []stream // of the conjuncts that are few values
	streamed  []int    // their conjuncts
	exact     []bool   // whether the stream gives matches of the conjunct only
	not       []stream // of what negated conjuncts exclude, exactly
	negated   []int    // their conjuncts
	reads     bool     // the records will be read in any case, so that costly drivers race too
}

// plan chooses how to answer a condition on a type, from behind a place when one is given.
func (r *run) plan(typ string, where *node, from *place) (*matches, error) {
	p := &planner{r: r, typ: typ, conjuncts: conjunctsOf(where)}
	if from != nil && from.mode == placeWalk {
		return p.resumeWalk(from)
	}
	m, err := p.choose()
	if err != nil || from == nil {
		return m, err
	}
	if m.stream == nil {
		// The first page had few enough rows for an order that this page cannot have any more. It cannot be, at one time of one store; any complete order by RID will do.
		m = p.overAll()
	}
	rid, ok, err := m.stream.seek(from.rid - 1)
	m.aheadRID, m.ended = rid, !ok
	return m, err
}

func conjunctsOf(n *node) []*node {
	if n.kind == nodeAnd {
		return n.kids
	}
	return []*node{n}
}

// choose tries what the conjuncts' own indexes give; when they give much, chains are resolved and compete too.
func (p *planner) choose() (*matches, error) {
	links := 0
	for _, n := range p.conjuncts {
		links += n.links()
	}
	if err := p.find(); err != nil {
		return nil, err
	}
	if links > 0 {
		if p.candidates() > 0 {
			m, err := p.race(p.r.e.tuning.few)
			if m != nil || err != nil {
				return m, err
			}
		}
		for _, n := range p.conjuncts {
			if err := p.r.resolveAll(n); err != nil {
				return nil, err
			}
		}
		if err := p.find(); err != nil {
			return nil, err
		}
	}
	return p.drive()
}

// links counts the chains and reverse chains by which candidates could be found.
func (n *node) links() int {
	switch n.kind {
	case nodeChain, nodeHas:
		if n.known {
			return 0
		}
		return 1
	case nodeAnd, nodeOr:
		count := 0
		for _, kid := range n.kids {
			count += kid.links()
		}
		return count
	default:
		return 0
	}
}

func (r *run) resolveAll(n *node) error {
	switch n.kind {
	case nodeChain, nodeHas:
		return r.resolve(n)
	case nodeAnd, nodeOr:
		for _, kid := range n.kids {
			if err := r.resolveAll(kid); err != nil {
				return err
			}
		}
	default:
	}
	return nil
}

// find looks for the conjuncts' drives and for those among them that stream newest first.
func (p *planner) find() error {
	p.drives = make([]*drive, len(p.conjuncts))
	p.streams, p.streamed, p.exact, p.not, p.negated = nil, nil, nil, nil, nil
	for i, n := range p.conjuncts {
		if n.kind == nodeNot {
			if err := p.findNot(i, n.kids[0]); err != nil {
				return err
			}
			continue
		}
		d, err := p.r.driveOf(n)
		if err != nil {
			return err
		}
		if d == nil {
			continue
		}
		p.drives[i] = d
		s, exact, err := p.r.stream(d)
		if err != nil {
			return err
		}
		if s != nil {
			p.drives[i] = nil
			p.streams, p.streamed, p.exact = append(p.streams, s), append(p.streamed, i), append(p.exact, exact)
		}
	}
	p.pair()
	return nil
}

// findNot looks for the stream of what a negated conjunct excludes.
func (p *planner) findNot(i int, n *node) error {
	d, err := p.r.driveOf(n)
	if d == nil || err != nil {
		return err
	}
	s, exact, err := p.r.stream(d)
	if s != nil && exact {
		p.not, p.negated = append(p.not, s), append(p.negated, i)
	}
	return err
}

// except takes out of a stream what negated conjuncts exclude.
func (p *planner) except(s stream) stream {
	for _, without := range p.not {
		s = &exceptStream{from: s, without: without}
	}
	return s
}

// candidates counts the drivers that could be raced.
func (p *planner) candidates() int {
	count := 0
	for _, d := range p.drives {
		if d != nil {
			count++
		}
	}
	if len(p.streams) > 0 {
		count++
	}
	return count
}

// drive makes the plan of what find found.
func (p *planner) drive() (*matches, error) {
	ranges := slices.ContainsFunc(p.drives, func(d *drive) bool { return d != nil })
	if ranges {
		limit := p.r.e.tuning.race
		if len(p.conjuncts) == 1 {
			limit = p.r.e.tuning.alone
		}
		m, err := p.race(limit)
		if m != nil || err != nil {
			return m, err
		}
	}
	switch best := p.bestRange(); {
	case best >= 0 && p.drives[best].costly:
		return p.overRange(best), nil
	case len(p.streams) > 0:
		return p.overStreams()
	case ranges:
		return p.overRange(p.bestRange()), nil
	default:
		return p.overAll(), nil
	}
}

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

// overList answers from a driver that was drained.
func (p *planner) overList(u *runner) (*matches, error) {
	u.rids = distinctRIDs(u.rids)
	m := &matches{r: p.r, typ: p.typ}
	var done []int
	if u.meet != nil {
		m.step = p.r.step(p.typ, "driver", p.describeStreams()+", all", len(u.rids))
		done = p.certain()
	} else {
		m.step = p.r.step(p.typ, "driver", p.drives[u.conjunct].describe()+", all", len(u.rids))
		if u.sure {
			done = []int{u.conjunct}
		}
	}
	m.stream = &listStream{rids: u.rids}
	if u.meet == nil && len(p.streams) > 0 && len(u.rids) > p.r.e.tuning.few {
		p.r.step(p.typ, "intersect", p.describeStreams(), -1)
		m.stream = meet(append([]stream{m.stream}, p.streams...))
		done = append(done, p.certain()...)
	}
	p.filter(m, done)
	return m, nil
}

// certain lists the conjuncts of which a record in their streams needs no judgement.
func (p *planner) certain() []int {
	var done []int
	for k, i := range p.streamed {
		if p.exact[k] {
			done = append(done, i)
		}
	}
	return done
}

// excluded lists the negated conjuncts that streams decide.
func (p *planner) excluded() []int {
	for _, i := range p.negated {
		p.r.step(p.typ, "exclude", p.conjuncts[i].kids[0].describe(), -1)
	}
	return p.negated
}

// overStreams answers from the streams, leapfrogging.
func (p *planner) overStreams() (*matches, error) {
	m := &matches{r: p.r, typ: p.typ, stream: p.except(meet(p.streams))}
	kind := "driver"
	if len(p.streams) > 1 {
		kind = "intersect"
	}
	m.step = p.r.step(p.typ, kind, p.describeStreams(), -1)
	p.filter(m, append(p.certain(), p.excluded()...))
	return m, nil
}

// bestRange chooses among drivers that are all long: ids, of which there is an end, then the narrowest kind, then the first.
func (p *planner) bestRange() int {
	best := -1
	for i, d := range p.drives {
		if d != nil && d.costly {
			return i
		}
		if d != nil && (best < 0 || d.rank < p.drives[best].rank) {
			best = i
		}
	}
	return best
}

// overRange answers in the order of one conjunct's rows.
func (p *planner) overRange(conjunct int) *matches {
	d := p.drives[conjunct]
	m := &matches{r: p.r, typ: p.typ, walk: p.r.walker(d), driver: conjunct}
	m.step = p.r.step(p.typ, "driver", d.describe()+", in the order of its values", -1)
	var done []int
	if d.exact {
		done = []int{conjunct}
	}
	p.filter(m, done)
	return m
}

// overAll answers from all records of the type.
func (p *planner) overAll() *matches {
	m := &matches{r: p.r, typ: p.typ}
	m.stream = p.except(&liveStream{cur: p.r.meter(p.r.view.Live(p.typ), everything{})})
	estimate := -1
	if n, ok := p.r.view.Count(p.typ); ok {
		estimate = int(n)
	}
	m.step = p.r.step(p.typ, "driver", everythingStep, estimate)
	p.filter(m, p.excluded())
	return m
}

// resumeWalk goes on behind a row of the conjunct that drove the first page.
func (p *planner) resumeWalk(from *place) (*matches, error) {
	if from.driver >= len(p.conjuncts) {
		return nil, badPlace()
	}
	n := p.conjuncts[from.driver]
	if err := p.r.resolveAll(n); err != nil {
		return nil, err
	}
	if err := p.find(); err != nil {
		return nil, err
	}
	d := p.drives[from.driver]
	if d == nil || from.row.part >= len(d.parts) {
		return nil, badPlace()
	}
	m := p.overRange(from.driver)
	m.walk.resume(&from.row)
	return m, nil
}

// filter sets what candidates must still satisfy: all conjuncts but those that are done.
func (p *planner) filter(m *matches, done []int) {
	rest := &node{kind: nodeAnd, typ: p.typ}
	for i, n := range p.conjuncts {
		if slices.Contains(done, i) {
			continue
		}
		rest.kids = append(rest.kids, n)
		kind := "filter"
		if n.verifies() {
			kind = "verify"
		}
		p.r.step(p.typ, kind, n.describe(), -1)
	}
	if len(rest.kids) > 0 {
		m.rest = rest
	}
}

// verifies says whether the content must be looked at.
func (n *node) verifies() bool {
	return n.kind == nodeContent || slices.ContainsFunc(n.kids, (*node).verifies)
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
