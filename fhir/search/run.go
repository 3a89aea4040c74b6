package search

import (
	"context"
	"errors"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// run is one search being answered: its view, what it may cost and what it has cost. It is used by one goroutine.
type run struct {
	e          *Engine
	ctx        context.Context
	view       store.View
	snapshot   *Snapshot
	budget     Budget
	rows       int // read so far
	records    int
	polled     int // rows and records when the context was last asked
	restrict   func(typ string) (Expr, error)
	narrow     func(typ string, asked Expr) (Expr, error)
	rules      map[string]Expr
	ruleNodes  map[string]*node
	explain    bool
	steps      []*PlanStep
	reads      map[string]int // rows and records read by what they were read for, when somebody wants to know
	cursors    []*cursor
	histories  []store.HistoryCursor
	want       int         // how many matches the present plan is to give
	counts     bool        // the matches behind the page will be counted
	unfinished *serialHits // of a first page that was filled, after the matches given: a total goes on from there
	given      int
	sets       bool // a condition holds an Among
	setsDrive  bool // Among gives candidates
	depth      int  // of nested conditions being compiled or looked up
}

func (e *Engine) newRun(ctx context.Context, view store.View, budget Budget) *run {
	return &run{e: e, ctx: ctx, view: view, snapshot: e.registry.Snapshot(), budget: budget.withDefaults(e.budget)}
}

// close closes the cursors that are still open.
func (r *run) close() {
	for _, c := range r.cursors {
		c.close()
	}
	for _, c := range r.histories {
		_ = c.Close()
	}
	r.cursors, r.histories = nil, nil
}

// pollEvery is how many rows and records are read between two looks at the context.
const pollEvery = 256

// spend counts rows read for a condition and stops the search that reads too many, or whose client has gone.
func (r *run) spend(rows int, what describer) error {
	r.rows += rows
	if r.explain {
		r.note(rows, what)
	}
	if r.rows > r.budget.Rows {
		return r.tooCostly("index rows", r.budget.Rows, what)
	}
	return r.poll()
}

// spendRecord counts a record read.
func (r *run) spendRecord(what describer) error {
	r.records++
	if r.explain {
		r.note(1, what)
	}
	if r.records > r.budget.Records {
		return r.tooCostly("resources", r.budget.Records, what)
	}
	return r.poll()
}

func (r *run) poll() error {
	if r.rows+r.records-r.polled < pollEvery {
		return nil
	}
	r.polled = r.rows + r.records
	return stopped(r.ctx.Err())
}

// stopped turns the end of a context into a fault: a search that lasts longer than its request may costs too much.
func stopped(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(err, http.StatusForbidden, fault.TooCostly, "The search was stopped: it took longer than a request may. Add a more selective parameter.")
	default:
		return err
	}
}

// describer names a condition without its values.
type describer interface{ describe() string }

// tooCostly is R4's answer to "the operation was stopped to protect server resources" (issue type too-costly).
func (r *run) tooCostly(what string, limit int, of describer) error {
	text := "The search was stopped because it would read more than " + itoa(limit) + " " + what + "."
	if of != nil {
		text += " Most were read for " + of.describe() + "."
	}
	return fault.New(http.StatusForbidden, fault.TooCostly, text+" Add a condition that fewer resources satisfy: an identifier, a patient, "+
		"a code with its system, or a narrower date range; :contains, :missing, ne and conditions on the narrative read everything.")
}

// isTooCostly tells the budget's end from other errors.
func isTooCostly(err error) bool {
	var f *fault.Fault
	return errors.As(err, &f) && len(f.Issues) > 0 && f.Issues[0].Code == fault.TooCostly
}

// get reads the record of a row, as of the view; nil when it is deleted (which a visible row never says, but a history row may).
func (r *run) get(rid store.RID, what describer) (*store.Record, error) {
	if err := r.spendRecord(what); err != nil {
		return nil, err
	}
	rec, err := r.view.Get(rid)
	return live(rec, err)
}

// read reads a record by its id; nil when there is none.
func (r *run) read(typ, id string, what describer) (*store.Record, error) {
	if err := r.spendRecord(what); err != nil {
		return nil, err
	}
	rec, err := r.view.Read(typ, id)
	return live(rec, err)
}

func live(rec *store.Record, err error) (*store.Record, error) {
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil || rec.Method == store.Deleted {
		return nil, err
	}
	return rec, nil
}

// rule gives the caller's condition on a type; nil for none.
func (r *run) rule(typ string) (Expr, error) {
	if r.restrict == nil {
		return nil, nil
	}
	if x, ok := r.rules[typ]; ok {
		return x, nil
	}
	x, err := r.restrict(typ)
	if err != nil {
		return nil, err
	}
	if r.rules == nil {
		r.rules = map[string]Expr{}
	}
	r.rules[typ] = x
	return x, nil
}

// scan opens a metered cursor over the rows of a scan.
func (r *run) scan(s *scan, what describer) *cursor {
	return r.meter(r.view.Scan(s.over()), what)
}

func (r *run) meter(c store.Cursor, what describer) *cursor {
	m := &cursor{Cursor: c, r: r, what: what}
	r.cursors = append(r.cursors, m)
	return m
}

// cursor is a store's cursor whose steps are counted.
type cursor struct {
	store.Cursor
	r     *run
	what  describer
	steps int
	ended bool
}

// close frees the store's cursor; at the end of its rows it closes itself.
func (c *cursor) close() {
	if !c.ended {
		c.ended = true
		// What a cursor has to say was asked for when it moved.
		_ = c.Cursor.Close()
	}
}

func (c *cursor) next() (bool, error) {
	if c.ended {
		return false, nil
	}
	return c.moved(c.Cursor.Next())
}

func (c *cursor) seek(value []byte, rid store.RID) (bool, error) {
	if c.ended {
		return false, nil
	}
	return c.moved(c.Cursor.Seek(value, rid))
}

func (c *cursor) moved(ok bool) (bool, error) {
	steps := c.Cursor.Steps()
	if err := c.r.spend(max(steps-c.steps, 1), c.what); err != nil {
		return false, err
	}
	c.steps = steps
	if !ok {
		err := c.Cursor.Err()
		c.close()
		return false, err
	}
	return true, nil
}

// history opens a walk of versions; it is closed with the run.
func (r *run) history(h store.HistoryRange) store.HistoryCursor {
	c := r.view.History(h)
	r.histories = append(r.histories, c)
	return c
}
