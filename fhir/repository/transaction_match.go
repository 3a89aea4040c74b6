package repository

import (
	"context"
	"net/http"
	"slices"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

// maxOwnChecks bounds how often the transaction's own resources are judged against criteria in one attempt.
const maxOwnChecks = 200_000

// searchAhead runs the criteria of all entries side by side. What they find in the store does not depend on the transaction; identify then takes the transaction itself into account, in order.
func (t *transaction) searchAhead(ctx context.Context, view store.View) error {
	t.own = nil
	t.checks.Store(0)
	t.writesOf = make(map[string]int)
	for i, w := range t.writes {
		w.order = i
		if w.what != Create {
			t.writesOf[w.link.typ]++
		}
	}
	var asking []*txWrite
	for _, w := range t.writes {
		if w.when != nil && w.what != Delete {
			asking = append(asking, w)
		}
	}
	errs := make([]error, len(asking))
	parallel(len(asking), cores(), func(i int) {
		w := asking[i]
		w.stored, errs[i] = w.when.find(ctx, view, t.limit(w.when))
	})
	var faults entryFaults
	for i, err := range errs {
		if err != nil {
			faults.add(asking[i].place, err)
		}
	}
	return faults.err()
}

// limit is how many matches are asked for: two tell "several", and each write of the transaction may take one away.
func (t *transaction) limit(c *criteria) int { return 2 + min(t.writesOf[c.typ], 1000) }

// matches gives what the criteria match as the store will be behind the entries before w: what is stored and stays as it is, and the transaction's own writes.
func (t *transaction) matches(ctx context.Context, view store.View, d *decision, w *txWrite) (stored []*store.Record, own []*txWrite, err error) {
	d.hold(w.when.stays(ctx, w.stored, t.limit(w.when)), w.when.reads())
	deleted := t.taken(w.when.typ, func(other *txWrite) bool { return other.order < w.order && other.what == Delete })
	stored = without(w.stored, deleted)
	own, err = t.ownMatches(ctx, view, w.when, w.order)
	return stored, own, err
}

// matchesBehind is matches behind all entries, for conditional references.
func (t *transaction) matchesBehind(ctx context.Context, view store.View, d *decision, c *criteria) (stored []*store.Record, own []*txWrite, err error) {
	found, err := c.find(ctx, view, t.limit(c))
	if err != nil {
		return nil, nil, err
	}
	d.hold(c.stays(ctx, found, t.limit(c)), c.reads())
	replaced := t.taken(c.typ, func(other *txWrite) bool { return other.what == Delete || other.what == Update })
	own, err = t.ownMatches(ctx, view, c, len(t.writes))
	return without(found, replaced), own, err
}

// taken lists the ids of the type that certain writes are about.
func (t *transaction) taken(typ string, which func(*txWrite) bool) map[string]bool {
	if t.writesOf[typ] == 0 {
		return nil
	}
	out := make(map[string]bool)
	for _, w := range t.writes {
		if w.link.typ != typ || !which(w) {
			continue
		}
		if w.id != "" {
			out[w.id] = true
		}
		for _, rec := range w.gone {
			out[rec.ID] = true
		}
	}
	return out
}

func without(records []*store.Record, ids map[string]bool) []*store.Record {
	if len(ids) == 0 {
		return records
	}
	return slices.DeleteFunc(slices.Clone(records), func(rec *store.Record) bool { return ids[rec.ID] })
}

// ownMatches judges the resources that the transaction itself creates or updates, those of entries before the order.
func (t *transaction) ownMatches(ctx context.Context, view store.View, c *criteria, order int) ([]*txWrite, error) {
	var out []*txWrite
	for _, w := range t.candidates(c) {
		if w.order >= order || w.id == "" || w.match != nil || w.twin != nil {
			continue
		}
		if t.checks.Add(1) > maxOwnChecks {
			return nil, fault.New(http.StatusForbidden, fault.TooCostly, "The transaction's conditions would have to be judged on too many of its own entries. Use identifiers, or smaller bundles.")
		}
		ok, err := t.r.o.Engine.Matches(ctx, view, w.res.Root, c.expr, t.r.criteriaBudget())
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, w)
		}
	}
	return out, nil
}

// ownIndex finds the transaction's own resources by the codes of their token parameters: nearly all criteria are an identifier.
type ownIndex struct {
	all    map[string][]*txWrite // by type
	tokens map[tokenKey][]*txWrite
}

type tokenKey struct{ typ, param, code string }

func (t *transaction) candidates(c *criteria) []*txWrite {
	t.ownOnce()
	clause := tokenClause(c.expr)
	if clause == nil {
		return t.own.all[c.typ]
	}
	var out []*txWrite
	for _, o := range clause.Operands {
		for _, w := range t.own.tokens[tokenKey{c.typ, clause.Param.Code, search.FoldCode(o.Code)}] {
			if !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	return out
}

// tokenClause finds a part of the criteria that must hold and that names codes.
func tokenClause(e search.Expr) *search.Clause {
	switch e := e.(type) {
	case search.And:
		for _, part := range e {
			if c := tokenClause(part); c != nil {
				return c
			}
		}
	case *search.Clause:
		if e.Param == nil || e.Param.Type != search.Token || e.Modifier != search.NoModifier || e.Param.Code == "_id" {
			return nil
		}
		for _, o := range e.Operands {
			if o.Code == "" {
				return nil
			}
		}
		return e
	}
	return nil
}

// ownOnce builds the index at its first use in an attempt. Conditional references use it side by side, so it is built before they start.
func (t *transaction) ownOnce() {
	if t.own != nil {
		return
	}
	t.own = &ownIndex{all: make(map[string][]*txWrite), tokens: make(map[tokenKey][]*txWrite)}
	snapshot := t.r.o.Registry.Snapshot()
	for _, w := range t.writes {
		if w.res == nil || w.what == Patch {
			continue
		}
		typ := w.link.typ
		t.own.all[typ] = append(t.own.all[typ], w)
		for _, values := range snapshot.Extract(w.res.Root) {
			if values.Param.Type != search.Token {
				continue
			}
			for _, v := range values.Values {
				key := tokenKey{typ, values.Param.Code, search.FoldCode(v.Code)}
				if list := t.own.tokens[key]; len(list) == 0 || list[len(list)-1] != w {
					t.own.tokens[key] = append(list, w)
				}
			}
		}
	}
}
