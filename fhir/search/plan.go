package search

import (
	"slices"
)

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
	if p.letSetsDrive() {
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
	p.settle()
	p.join()
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
	done := append(p.certain(), p.excluded()...)
	if p.r.counts {
		var err error
		if done, err = p.withDoubts(m, done); err != nil {
			return nil, err
		}
	}
	p.filter(m, done)
	return m, nil
}

// withDoubts has streams decide what is left to judge, where they decide all of it: then what is behind the page can be counted unread.
func (p *planner) withDoubts(m *matches, done []int) ([]int, error) {
	decided := m.stream
	all := done
	for i, n := range p.conjuncts {
		if slices.Contains(done, i) || n.constant(nodeAnd) {
			continue
		}
		d, err := p.doubtOf(n)
		if d == nil || err != nil {
			return done, err
		}
		decided, all = &doubtStream{from: decided, doubt: *d, r: p.r}, append(all, i)
	}
	m.stream = decided
	return all, nil
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
	if p.drives[from.driver] == nil && p.letSetsDrive() {
		if err := p.find(); err != nil {
			return nil, err
		}
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
		if slices.Contains(done, i) || n.constant(nodeAnd) {
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
