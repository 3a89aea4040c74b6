package repository

import (
	"context"
	"errors"

	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

// Read gives the current version: 404 not-found, 410 deleted. Body is the stored JSON; a Binary's has no data (see Inline, OpenBinary, WriteBinaryTo).
func (r *Repository) Read(ctx context.Context, typ, id string) (*store.Record, error) {
	return r.ReadAt(ctx, typ, id, 0)
}

// ReadAt is Read as of a time (0: now).
func (r *Repository) ReadAt(ctx context.Context, typ, id string, at store.Time) (rec *store.Record, err error) {
	if err := r.known(ctx, Read, typ); err != nil {
		return nil, err
	}
	view, err := r.view(at)
	if err != nil {
		return nil, err
	}
	defer closing(view, &err)
	return r.readIn(ctx, view, typ, id)
}

func (r *Repository) readIn(ctx context.Context, view store.View, typ, id string) (*store.Record, error) {
	rec, err := view.Read(typ, id)
	return r.shown(ctx, view, rec, typ, err)
}

// shown gives a record that was read, or says that it is absent: never there, deleted, or not for the caller.
func (r *Repository) shown(ctx context.Context, view store.View, rec *store.Record, typ string, err error) (*store.Record, error) {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, notFound(typ)
	case err != nil:
		return nil, storeFault(err)
	case rec.Method == store.Deleted:
		return nil, r.goneFor(ctx, view, rec)
	case r.open:
		return rec, nil
	}
	seen, err := r.addressed(ctx, view, rec)
	if err != nil {
		return nil, err
	}
	if !seen {
		return nil, notFound(typ)
	}
	return rec, nil
}

// goneFor tells 410 to who could see the resource before its deletion, 404 to others.
func (r *Repository) goneFor(ctx context.Context, view store.View, rec *store.Record) error {
	if r.open {
		return gone(rec.Type)
	}
	seen, err := r.seenBefore(ctx, view, rec, r.addressed)
	if err != nil {
		return err
	}
	if !seen {
		return notFound(rec.Type)
	}
	return gone(rec.Type)
}

// seenBefore judges a deletion by the version that it ended.
func (r *Repository) seenBefore(ctx context.Context, view store.View, deletion *store.Record, judge judged) (bool, error) {
	last, err := view.Version(deletion.Type, deletion.ID, deletion.Version-1)
	if err != nil {
		return false, err
	}
	return judge(ctx, view, last)
}

// VRead gives one version by its versionId as received: 404 when there is none, 410 when it is a deletion. With access conditions both the version and the current one
// must satisfy them: an old version of what was hidden since is hidden.
func (r *Repository) VRead(ctx context.Context, typ, id, version string) (rec *store.Record, err error) {
	if err := r.known(ctx, VRead, typ); err != nil {
		return nil, err
	}
	n, ok := parseVersion(version)
	view, err := r.view(0)
	if err != nil {
		return nil, err
	}
	defer closing(view, &err)
	if !r.open {
		if seen, err := r.currentVisible(ctx, view, typ, id, r.addressed); err != nil || !seen {
			return nil, orNotFound(err, typ)
		}
	}
	if ok {
		rec, err = view.Version(typ, id, n)
	}
	if !ok || errors.Is(err, store.ErrNotFound) {
		if _, err := view.Read(typ, id); err != nil {
			return nil, orNotFound(err, typ)
		}
		return nil, noVersion(typ)
	}
	return r.shown(ctx, view, rec, typ, err)
}

func orNotFound(err error, typ string) error {
	if err == nil || errors.Is(err, store.ErrNotFound) {
		return notFound(typ)
	}
	return err
}

// currentVisible judges the current version; a deleted resource by its last one.
func (r *Repository) currentVisible(ctx context.Context, view store.View, typ, id string, judge judged) (bool, error) {
	rec, err := view.Read(typ, id)
	if err != nil {
		return false, err
	}
	if rec.Method == store.Deleted {
		return r.seenBefore(ctx, view, rec, judge)
	}
	return judge(ctx, view, rec)
}

// Search answers a parsed query at a time (0: now), with the caller's conditions conjoined.
func (r *Repository) Search(ctx context.Context, q *search.Query, at store.Time, page search.Page) (out *SearchPage, err error) {
	if q, err = r.allowedQuery(ctx, q); err != nil {
		return nil, err
	}
	view, err := r.view(at)
	if err != nil {
		return nil, err
	}
	defer closing(view, &err)
	result, err := r.answer(ctx, view, q, page)
	if err != nil {
		return nil, err
	}
	out = &SearchPage{T: view.Time(), Result: result}
	if at != 0 {
		err = r.dropStale(ctx, result, at)
	}
	return out, err
}

// answer runs a search; the engine conjoins the caller's conditions to all that it looks at.
func (r *Repository) answer(ctx context.Context, view store.View, q *search.Query, page search.Page) (*search.Result, error) {
	request := &search.Request{Query: q, Page: page, Budget: r.o.Budget}
	if !r.open {
		request.Restrict = func(typ string) (search.Expr, error) { return r.mayRead(ctx, typ, nil) }
		request.Narrow = func(typ string, asked search.Expr) (search.Expr, error) { return r.mayRead(ctx, typ, asked) }
	}
	result, err := r.o.Engine.Answer(ctx, view, request)
	return result, storeFault(err)
}

// mayRead is restrict, for types that a search meets on its way: those that the caller may not read at all hold nothing.
func (r *Repository) mayRead(ctx context.Context, typ string, asked search.Expr) (search.Expr, error) {
	if Changing(ctx) != "" { // what secures a Binary that is to be changed is looked at, not changed
		ctx = changing(ctx, "")
	}
	err := r.o.Access.Permit(ctx, Read, typ)
	if isRefusal(err) {
		return search.Or{}, nil
	}
	if err != nil {
		return nil, err
	}
	return r.restrict(ctx, typ, asked)
}

// dropStale takes out of a page as of an earlier time what does not exist for the caller now: a later page must not show what was hidden after the first. A resource that did not change may be hidden all the same, by what it
// refers to: a document's Binary, a set of documents.
func (r *Repository) dropStale(ctx context.Context, page *search.Result, at store.Time) (err error) {
	if r.open || len(page.Matches)+len(page.Included) == 0 {
		return nil
	}
	now, err := r.view(0)
	if err != nil {
		return err
	}
	defer closing(now, &err)
	if now.Time() <= at {
		return nil
	}
	keep := func(rec *store.Record) bool {
		if err != nil {
			return false
		}
		seen, e := r.currentVisible(ctx, now, rec.Type, rec.ID, r.addressed) // what was asked, the search judged; by the rights of this moment
		if e != nil {
			err = e
		}
		return seen
	}
	var distances []float64
	var matches []*store.Record
	for i, rec := range page.Matches {
		if keep(rec) {
			matches = append(matches, rec)
			if page.Distances != nil {
				distances = append(distances, page.Distances[i])
			}
		}
	}
	page.Matches, page.Distances = matches, distances
	included := page.Included[:0:0]
	for _, rec := range page.Included {
		if keep(rec) {
			included = append(included, rec)
		}
	}
	page.Included = included
	return err
}

// allowedQuery asks whether the caller may search, and empties lists that the caller may not see, on a copy. At system level the types that the caller may not search are left out.
func (r *Repository) allowedQuery(ctx context.Context, q *search.Query) (*search.Query, error) {
	if r.open {
		return q, nil
	}
	what := SearchType
	if len(q.Types) != 1 {
		what = SearchSystem
	}
	out := *q
	out.Types, out.Where = nil, make(map[string]search.Expr, len(q.Where))
	var refused error
	for _, typ := range q.Types {
		err := r.known(ctx, what, typ)
		if err != nil && what == SearchType {
			return nil, err
		}
		if err != nil {
			refused = err
			continue
		}
		if out.Where[typ], err = r.restrictInner(ctx, q.Where[typ], false); err != nil {
			return nil, err
		}
		out.Types = append(out.Types, typ)
	}
	if len(out.Types) == 0 && refused != nil { // a search of no types at all
		return nil, refused
	}
	return &out, nil
}
