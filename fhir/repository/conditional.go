package repository

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

// criteria are the search of a conditional interaction (http.html#ccreate, #cond-update, #2.21.0.10.2), with the caller's conditions conjoined.
type criteria struct {
	r    *Repository
	typ  string
	expr search.Expr
}

// criteriaBudget is small: the criteria are judged once more where commits are serialised, and are meant to name one resource.
func (r *Repository) criteriaBudget() search.Budget {
	return search.Budget{Rows: 20_000, Records: 2_000, Inner: 2_000}
}

// criteria parses a query; nil for "".
func (r *Repository) criteria(ctx context.Context, typ, query string) (*criteria, error) {
	if query == "" {
		return nil, nil
	}
	expr, err := r.parseCriteria(typ, strings.TrimPrefix(query, "?"))
	if err != nil {
		return nil, err
	}
	if all, ok := expr.(search.And); ok && len(all) == 0 {
		return nil, noCriteria() // parameters without values are ignored, and would select everything
	}
	if expr, err = r.restricted(ctx, typ, expr); err != nil {
		return nil, err
	}
	return &criteria{r: r, typ: typ, expr: expr}, nil
}

func (r *Repository) parseCriteria(typ, query string) (search.Expr, error) {
	params, err := search.SplitQuery(query)
	if err != nil {
		return nil, err
	}
	return search.ParseCondition(r.o.Registry, typ, params, search.ParseOptions{BaseURL: r.base})
}

func (r *Repository) mandatoryCriteria(ctx context.Context, typ, query string) (*criteria, error) {
	c, err := r.criteria(ctx, typ, query)
	if err == nil && c == nil {
		err = noCriteria()
	}
	return c, err
}

func noCriteria() error {
	return fault.New(http.StatusPreconditionFailed, fault.Required, "A conditional interaction needs at least one search criterion; without one it would be about every resource of the type.")
}

// find gives up to limit matches.
func (c *criteria) find(ctx context.Context, view store.View, limit int) ([]*store.Record, error) {
	return c.r.o.Engine.Find(ctx, view, c.typ, c.expr, limit, c.r.criteriaBudget())
}

// decide gives the one match or nil, refuses several, and has the commit hold only while that stays so.
func (c *criteria) decide(ctx context.Context, view store.View, d *decision, what string) (*store.Record, error) {
	found, err := c.find(ctx, view, 2)
	if err != nil {
		return nil, err
	}
	if len(found) > 1 {
		return nil, multipleMatches(what)
	}
	d.hold(c.stays(ctx, found, 2), c.reads())
	if len(found) == 0 {
		return nil, nil
	}
	return found[0], nil
}

// stays is a condition of the commit: the criteria match the same resources.
func (c *criteria) stays(ctx context.Context, found []*store.Record, limit int) func(store.View) error {
	want := rids(found)
	return func(view store.View) error {
		now, err := c.find(ctx, view, limit)
		if err != nil {
			return err
		}
		if !slices.Equal(rids(now), want) {
			return errOvertaken
		}
		return nil
	}
}

// reads are what the criteria look at; nil: at anything.
func (c *criteria) reads() *store.Reads {
	entries, ok := c.r.o.Engine.Needs(c.expr)
	if !ok {
		return nil
	}
	return &store.Reads{Entries: entries}
}

func rids(records []*store.Record) []store.RID {
	out := make([]store.RID, len(records))
	for i, rec := range records {
		out[i] = rec.RID
	}
	slices.Sort(out)
	return out
}
