package search

import "github.com/carnet-fhir/carnet/store"

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
	m, err := r.plan(typ, where, nil)
	if err != nil {
		return 0, err
	}
	r.step(typ, "count", where.describe(), -1)
	switch {
	case m.rest == nil && m.walk != nil:
		return m.countDistinct()
	case m.rest == nil:
		return m.countRows()
	}
	n := int64(0)
	for {
		c, err := m.next()
		if c == nil || err != nil {
			return n, err
		}
		n++
	}
}

func (m *matches) countRows() (int64, error) {
	n := int64(0)
	for {
		_, ok, err := m.advance()
		if !ok || err != nil {
			return n, err
		}
		n++
	}
}

// countDistinct counts the records of a walk that meets some of them several times.
func (m *matches) countDistinct() (int64, error) {
	seen := map[store.RID]struct{}{}
	for {
		at, ok, err := m.advance()
		if !ok || err != nil {
			return int64(len(seen)), err
		}
		seen[at.rid] = struct{}{}
	}
}
