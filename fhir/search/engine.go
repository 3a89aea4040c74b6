package search

import (
	"context"

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

// Result is one page of a search.
type Result struct {
	Matches  []*store.Record
	Included []*store.Record
	// Next resumes behind the last match; nil at the end.
	Next []byte
	// Total is the number of all matches, -1 when not counted.
	Total int64
	// Plan tells how the search was answered.
	Plan *Plan
}

// Plan is the explanation of a search (__explain=true), one line a step, with estimates and the real cost. It names parameters, never values.
type Plan struct {
	Steps         []PlanStep
	Rows, Records int
}

// PlanStep is one step of a Plan: a driver, a merge, a filter on entries, a check on the content, a sort.
type PlanStep struct {
	Type     string // resource type
	Kind     string // driver, intersect, filter, verify, sort, chain, has, include, count
	Detail   string // parameter and access path
	Estimate int    // rows, -1 unknown
	Rows     int    // rows or records read
}

// Searcher answers queries; Engine is the one over a store.
type Searcher interface {
	Search(ctx context.Context, view store.View, q *Query, page Page, budget Budget) (*Result, error)
}
