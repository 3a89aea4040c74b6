package search

import (
	"context"
	"sync"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/store"
)

// Page says which part of a result to give.
type Page struct {
	// Count is the greatest number of matches; 0 gives only the total.
	Count int
	// Resume continues behind the place where an earlier Result ended (its Next); nil for the first page.
	Resume []byte
}

// Budget bounds what one search may cost; zero fields take defaults.
type Budget struct {
	Rows     int // index rows read
	Records  int // records read and judged
	Inner    int // matches of a chained or reverse-chained condition
	Includes int // included resources
}

// DefaultBudget holds the bounds that a Budget's zero fields take. On the embedded store a row costs below a microsecond and a record
// about five, so that a search ends within half a second.
var DefaultBudget = Budget{Rows: 500_000, Records: 30_000, Inner: 1_000, Includes: 1_000}

func (b Budget) withDefaults(d Budget) Budget {
	set := func(field *int, value int) {
		if *field <= 0 {
			*field = value
		}
	}
	set(&b.Rows, d.Rows)
	set(&b.Records, d.Records)
	set(&b.Inner, d.Inner)
	set(&b.Includes, d.Includes)
	return b
}

// Result is one page of a search.
type Result struct {
	Matches  []*store.Record
	Included []*store.Record
	// Distances are those of Matches from the position of Query.Near, in metres; nil without one.
	Distances []float64
	// Next resumes behind the last match; nil at the end.
	Next []byte
	// Total is the number of all matches, -1 when not counted.
	Total int64
	// Plan tells how the search was answered; nil unless Query.Explain.
	Plan *Plan
}

// Searcher answers queries; Engine is the one over a store.
type Searcher interface {
	Search(ctx context.Context, view store.View, q *Query, page Page, budget Budget) (*Result, error)
}

// Request is a search with all that bounds it.
type Request struct {
	Query  *Query
	Page   Page
	Budget Budget
	// Restrict gives the condition that a resource of a type must satisfy to exist for the caller; nil (the function or the condition): none. It is conjoined to the condition of every type
	// searched, of the targets of chains and the sources of _has, and to what is included, so that nothing is felt of what may not be seen. The conditions themselves look at everything.
	Restrict func(typ string) (Expr, error)
	// Narrow, when set, is Restrict for the resources that satisfy an expression: the condition of a type searched, or the inner one of a chain. Restrict is that of what is included.
	Narrow func(typ string, asked Expr) (Expr, error)
}

// Engine answers searches from the index rows that it makes itself (Entries). It is safe for concurrent use.
type Engine struct {
	registry *Registry
	budget   Budget
	names    sync.Map        // *Param to *indexNames
	owners   map[string]bool // types that own a compartment
	tuning   tuning
}

// EngineOptions configure an Engine.
type EngineOptions struct {
	// Budget replaces fields of DefaultBudget.
	Budget Budget
}

// NewEngine makes an engine for the parameters of a registry.
func NewEngine(registry *Registry, o EngineOptions) *Engine {
	e := &Engine{registry: registry, budget: o.Budget.withDefaults(DefaultBudget), owners: map[string]bool{}, tuning: usual}
	for typ := range registry.Definitions().Compartments {
		e.owners[typ] = true
	}
	return e
}

// namesOf gives the names of a parameter's indexes.
func (e *Engine) namesOf(p *Param) *indexNames {
	if n, ok := e.names.Load(p); ok {
		return n.(*indexNames)
	}
	n, _ := e.names.LoadOrStore(p, newIndexNames(p, e.registry.Definitions()))
	return n.(*indexNames)
}

// Search gives one page of what the query asks, in the view. Faults: 403 too-costly when the budget is used up, 400 invalid for a resume key that is not one of this query.
func (e *Engine) Search(ctx context.Context, view store.View, q *Query, page Page, budget Budget) (*Result, error) {
	return e.Answer(ctx, view, &Request{Query: q, Page: page, Budget: budget})
}

// Find gives up to limit records of a type that satisfy the condition, in no particular order: what conditional interactions ask.
func (e *Engine) Find(ctx context.Context, view store.View, typ string, x Expr, limit int, budget Budget) ([]*store.Record, error) {
	q := &Query{Types: []string{typ}, Where: map[string]Expr{typ: x}, Total: "none"}
	result, err := e.Answer(ctx, view, &Request{Query: q, Page: Page{Count: limit}, Budget: budget})
	if err != nil {
		return nil, err
	}
	return result.Matches, nil
}

// Matches says whether a resource, stored or not, satisfies the condition; what the condition says of other resources is looked up in the view.
func (e *Engine) Matches(ctx context.Context, view store.View, root *element.Element, x Expr, budget Budget) (bool, error) {
	r := e.newRun(ctx, view, budget)
	defer r.close()
	n, err := r.compile(root.Type.Name, x)
	if err != nil {
		return false, err
	}
	return r.judge(n, &candidate{typ: root.Type.Name, id: root.ChildValue("id"), root: root})
}

// MatchesRecord is Matches for a stored version, which is not parsed where its index entries decide.
func (e *Engine) MatchesRecord(ctx context.Context, view store.View, rec *store.Record, x Expr, budget Budget) (bool, error) {
	if rec.Method == store.Deleted {
		return false, nil
	}
	if rec.Index != nil {
		if v := (&quick{e: e, view: view, rec: rec}).judge(x, 0); v != maybe {
			return v == yes, nil
		}
	}
	r := e.newRun(ctx, view, budget)
	defer r.close()
	n, err := r.compile(rec.Type, x)
	if err != nil {
		return false, err
	}
	return r.judge(n, newCandidate(rec))
}
