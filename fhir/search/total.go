package search

import (
	"math"
	"slices"
)

// Bounds of an estimate: what a search gives away for a total that nobody insists on.
const (
	estimateRows    = 20_000
	estimateRecords = 200
)

// total counts all matches where the query asks for it, or where it costs nothing: everything of a type, or a first page that holds all. A later page has no total: its link carries
// the first page's.
func (r *run) total(q *Query, wheres []*node, request *Request, result *Result) error {
	only := request.Page.Count <= 0 || q.Summary == "count"
	if len(request.Page.Resume) > 0 && !only {
		return nil
	}
	if request.Page.Count > 0 && len(request.Page.Resume) == 0 && result.Next == nil {
		result.Total = int64(len(result.Matches))
		return nil
	}
	if n, ok := r.counted(q, wheres); ok && (only || q.Total != "none") {
		result.Total = n
		return nil
	}
	if q.Total == "estimate" && !only {
		return r.estimate(q, wheres, result)
	}
	if !only && q.Total != "accurate" {
		return nil
	}
	n, err := r.countAll(q, wheres)
	result.Total = n
	return err
}

// counted adds the kept counts of types that are searched without a condition.
func (r *run) counted(q *Query, wheres []*node) (int64, bool) {
	sum := int64(0)
	for i, typ := range q.Types {
		n, ok := r.view.Count(typ)
		if !ok || n > 0 && len(conjunctsOf(wheres[i])) > 0 {
			return 0, false
		}
		sum += n
	}
	return sum, true
}

func (r *run) estimate(q *Query, wheres []*node, result *Result) error {
	whole := r.budget
	r.budget.Rows, r.budget.Records = min(whole.Rows, r.rows+estimateRows), min(whole.Records, r.records+estimateRecords)
	n, err := r.countAll(q, wheres)
	r.budget = whole
	switch {
	case err == nil:
		result.Total = n
	case isTooCostly(err) && r.ctx.Err() == nil:
		err = nil
	}
	return err
}

func (r *run) countAll(q *Query, wheres []*node) (int64, error) {
	sum := int64(0)
	r.want = math.MaxInt
	for i, typ := range q.Types {
		n, err := r.count(typ, wheres[i])
		if err != nil {
			return -1, err
		}
		sum += n
	}
	return sum, nil
}

// count counts the matches of one type. Where rows decide, no record is read.
func (r *run) count(typ string, where *node) (int64, error) {
	if n, ok := r.view.Count(typ); ok && n == 0 {
		return 0, nil
	}
	if n, ok, err := r.countBehind(typ, where); ok || err != nil {
		return n, err
	}
	p := &planner{r: r, typ: typ, conjuncts: conjunctsOf(where)}
	s, ok, err := p.rowsOnly()
	if err != nil {
		return 0, err
	}
	if ok {
		r.counting(typ, where, ", by rows alone")
		return countRows(s)
	}
	if r.unfinished != nil {
		return r.countOn(typ, where)
	}
	m, err := p.choose()
	if err != nil {
		return 0, err
	}
	r.counting(typ, where, "")
	n := int64(0)
	for {
		c, err := m.next()
		if c == nil || err != nil {
			return n, err
		}
		n++
	}
}

// countBehind counts on the stream that gave the page, where nothing is left to judge of what it gives; ok is false where something is.
func (r *run) countBehind(typ string, where *node) (n int64, ok bool, err error) {
	if r.unfinished == nil {
		return 0, false, nil
	}
	m := r.unfinished.m
	if m.stream == nil || m.rest != nil {
		return 0, false, nil
	}
	r.counting(typ, where, ", behind the page, by rows alone")
	n, err = countRows(m.stream)
	if n += int64(r.given); m.aheadRID != 0 {
		n++
	}
	return n, true, err
}

// counting notes how a total is counted.
func (r *run) counting(typ string, where *node, how string) {
	if r.explain {
		r.step(typ, "count", where.describe()+how, -1)
	}
}

// countOn counts on behind the page that was filled: what it read need not be read again.
func (r *run) countOn(typ string, where *node) (int64, error) {
	r.counting(typ, where, ", behind the page")
	for n := int64(r.given); ; n++ {
		c, err := r.unfinished.next()
		if c == nil || err != nil {
			return n, err
		}
	}
}

func countRows(s stream) (int64, error) {
	n := int64(0)
	for {
		_, ok, err := s.next()
		if !ok || err != nil {
			return n, err
		}
		n++
	}
}

// rowsOnly makes the stream of exactly the matches where rows decide every conjunct; ok is false where they do not, or where they are too many.
func (p *planner) rowsOnly() (stream, bool, error) {
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
	if slices.Contains(p.exact, false) {
		return nil, false, nil
	}
	from, not := p.streams, p.not
	var doubts []doubt
	for i, n := range p.conjuncts {
		if slices.Contains(p.streamed, i) || slices.Contains(p.negated, i) {
			continue
		}
		if n.constant(nodeAnd) {
			continue
		}
		if d, err := p.doubtOf(n); err != nil || d != nil {
			if err != nil {
				return nil, false, err
			}
			doubts = append(doubts, *d)
			continue
		}
		if n.hasSets() && len(p.conjuncts) > 1 {
			return nil, false, nil // gathering the rows of all members costs more than reading the candidates of the others
		}
		negated := n.kind == nodeNot
		if negated {
			n = n.kids[0]
		}
		rids, ok, err := p.r.rowsOf(n, true, p.r.budget.Rows)
		if !ok || err != nil {
			return nil, false, err
		}
		if negated {
			not = append(not, &listStream{rids: rids})
		} else {
			from = append(from, &listStream{rids: rids})
		}
	}
	if len(from) == 0 {
		from = []stream{&liveStream{cur: p.r.meter(p.r.view.Live(p.typ), everything{})}}
	}
	p.not = not
	s := p.except(meet(from))
	for _, d := range doubts {
		s = &doubtStream{from: s, doubt: d, r: p.r}
	}
	return s, true, nil
}
