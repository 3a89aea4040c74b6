package repository

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

// Planner decides, from what Lookup finds, the entries of a transaction. It is called anew when another writer overtakes, so it must give the same trees, or
// trees of the same content, for what it is not deciding anew. A fault refuses the transaction.
type Planner func(ctx context.Context, look *Lookup) ([]BundleEntry, error)

// Planned carries out the entries that the planner decides as Transaction does: all or nothing, as one store.Tx, results in the order of the entries. The commit holds only
// while everything that the planner found through its Lookup would be found the same: nobody can come between its decision and its writes.
func (r *Repository) Planned(ctx context.Context, plan Planner) ([]EntryResult, error) {
	if err := r.known(ctx, Transaction, ""); err != nil {
		return nil, err
	}
	var t *transaction
	var size int
	d, receipt, err := r.carryOut(ctx, func(view store.View, d *decision) error {
		entries, err := plan(ctx, &Lookup{r: r, view: view, d: d})
		if err != nil {
			return err
		}
		if err := r.checkBundleSize(entries); err != nil {
			return err
		}
		if t, err = r.newTransaction(ctx, entries); err != nil {
			return err
		}
		size, t.conditional = len(entries), true // the planner's trees may be needed again
		return t.decide(ctx, view, d)
	})
	if err != nil {
		return nil, err
	}
	results := make([]EntryResult, size)
	t.report(d, receipt, results)
	for _, o := range t.reads {
		results[o.place] = failed(badRequest("request.method", "A planned transaction does not read."))
	}
	return results, nil
}

// Lookup reads the store for a Planner, as of one view. It applies no conditions of the caller's: that an identifier is taken must be seen also by those who may not
// see by what. Planners tell their callers nothing else of it.
type Lookup struct {
	r    *Repository
	view store.View
	d    *decision
}

// Look reads the store as of one view, outside of any write.
func (r *Repository) Look(read func(*Lookup) error) (err error) {
	view, err := r.view(0)
	if err != nil {
		return err
	}
	defer closing(view, &err)
	return read(&Lookup{r: r, view: view, d: &decision{}})
}

// Time is the time as of which it reads.
func (l *Lookup) Time() store.Time { return l.view.Time() }

// Read gives the current version; nil when there never was one, or it is deleted.
func (l *Lookup) Read(typ, id string) (*store.Record, error) {
	rec, err := l.d.met(typ, id), error(nil)
	if rec == nil {
		if rec, err = l.view.Read(typ, id); err == nil {
			l.d.meet(rec)
		}
	}
	version := uint64(0)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return nil, storeFault(err)
	default:
		version = rec.Version
	}
	l.d.hold(func(now store.View) error { return stillVersion(now, typ, id, version) }, named(typ, id))
	if version == 0 || rec.Method == store.Deleted {
		return nil, nil
	}
	return rec, nil
}

// named are the reads of one record.
func named(typ, id string) *store.Reads {
	return &store.Reads{Records: []store.Name{{Type: typ, ID: id}}}
}

// stillVersion is a condition of the commit: the version (0: none) is the current one.
func stillVersion(now store.View, typ, id string, version uint64) error {
	rec, err := now.Read(typ, id)
	if errors.Is(err, store.ErrNotFound) {
		rec, err = &store.Record{}, nil
	}
	if err != nil {
		return err
	}
	if rec.Version != version {
		return errOvertaken
	}
	return nil
}

// Find gives up to limit resources of the type that match a query ("identifier=system|value"), in the order of a search.
func (l *Lookup) Find(ctx context.Context, typ, query string, limit int) ([]*store.Record, error) {
	expr, err := l.r.parseCriteria(typ, query)
	if err != nil {
		return nil, err
	}
	return l.found(ctx, typ, expr, limit)
}

func (l *Lookup) found(ctx context.Context, typ string, expr search.Expr, limit int) ([]*store.Record, error) {
	c := &criteria{r: l.r, typ: typ, expr: expr}
	found, err := c.find(ctx, l.view, limit)
	if err != nil {
		return nil, storeFault(err)
	}
	for _, rec := range found {
		l.d.meet(rec)
	}
	l.d.hold(c.stays(ctx, found, limit), c.reads())
	return found, nil
}

// Visible says whether a record that was found exists for the caller, who named it: a room that is asked about a resource answers for a hidden one as for an unknown one.
func (l *Lookup) Visible(ctx context.Context, rec *store.Record) (bool, error) {
	own, err := l.r.knows(ctx, rec.Type, search.IDIn{IDs: []string{rec.ID}})
	if err != nil || own == nil {
		return err == nil, err
	}
	return l.r.o.Engine.MatchesRecord(ctx, l.view, rec, own, l.r.o.Budget)
}

// knows is restrict without the token's own limits.
func (r *Repository) knows(ctx context.Context, typ string, asked search.Expr) (search.Expr, error) {
	if k, ok := r.o.Access.(Knower); ok && typ != "Binary" {
		return k.Know(ctx, typ, asked)
	}
	return r.restrict(ctx, typ, asked)
}

// FindVisible is Find among what exists for the caller, who asks for it: for what is answered, where Find is for what is decided.
func (l *Lookup) FindVisible(ctx context.Context, typ, query string, limit int) ([]*store.Record, error) {
	expr, err := l.r.parseCriteria(typ, query)
	if err != nil {
		return nil, err
	}
	own, err := l.r.knows(ctx, typ, expr)
	if err != nil {
		return nil, err
	}
	if own != nil {
		expr = search.And{expr, own}
	}
	return l.found(ctx, typ, expr, limit)
}

// Tree parses a record's content; the tree is the caller's own.
func (r *Repository) Tree(rec *store.Record) (*element.Resource, error) { return r.tree(rec) }

// Target says which resource of this server a reference names: relative, or absolute and below the server's base.
func (r *Repository) Target(reference string) (typ, id string, ok bool) { return r.resource(reference) }

// PutBlob writes bytes to the store's blobs, for BundleEntry.Blob. What no commit refers to afterwards is swept away.
func (r *Repository) PutBlob(ctx context.Context, b []byte) (*store.BlobRef, error) {
	w, err := r.store.Blobs().Create(ctx)
	if err != nil {
		return nil, storeFault(err)
	}
	if _, err := w.Write(b); err != nil {
		return nil, storeFault(errors.Join(err, w.Abort()))
	}
	ref, err := w.Commit()
	if err != nil {
		return nil, storeFault(err)
	}
	return &ref, nil
}

// placed takes what a BundleEntry that a planner made says beyond a client's: the id of what it creates and a Binary's data.
func (w *txWrite) placed() error {
	if w.entry.ID != "" {
		if w.what != Create || !element.IsID(w.entry.ID) {
			return badRequest("request.url", "An id is given to a create, and is 1 to 64 letters, digits, - and .")
		}
		w.fresh = w.entry.ID
	}
	if w.entry.Blob != nil && (w.link.typ != "Binary" || w.what != Create && w.what != Update) {
		return badRequest("resource", "Only a Binary has its data in a blob.")
	}
	w.blob = w.entry.Blob
	return nil
}

// Tree parses a record that was found; the tree is the caller's own.
func (l *Lookup) Tree(rec *store.Record) (*element.Resource, error) { return l.r.tree(rec) }

// referringBudget bounds Referring; the commit looks once more.
func referringBudget(limit int) search.Budget {
	return search.Budget{Rows: 20*limit + 10_000, Records: 2*limit + 1_000, Inner: 1_000}
}

// Referring gives the resources that refer to one by a reference parameter, each once, in the order of types; a fault (422 too-costly) when there are more than limit.
func (l *Lookup) Referring(ctx context.Context, typ, id string, limit int) ([]*store.Record, error) {
	read := func(view store.View) (out []*store.Record, err error) {
		seen := map[store.RID]bool{}
		for _, source := range l.r.defs.Resources {
			for _, p := range l.r.o.Registry.Snapshot().Params(source) {
				if p.Type != search.Reference || p.Building || len(p.Targets) > 0 && !slices.Contains(p.Targets, typ) {
					continue
				}
				clause := &search.Clause{Param: p, Operands: []search.Operand{{RefType: typ, RefID: id}}}
				found, err := l.r.o.Engine.Find(ctx, view, source, clause, limit+1, referringBudget(limit))
				if err != nil {
					return nil, err
				}
				for _, rec := range found {
					if !seen[rec.RID] {
						seen[rec.RID] = true
						out = append(out, rec)
					}
				}
				if len(out) > limit {
					return nil, fault.New(http.StatusUnprocessableEntity, fault.TooCostly, "More resources refer to the "+typ+" than are changed in one commit.")
				}
			}
		}
		return out, nil
	}
	found, err := read(l.view)
	if err != nil {
		return nil, storeFault(err)
	}
	want := versionsOf(found)
	l.d.hold(func(view store.View) error {
		now, err := read(view)
		if err == nil && !slices.Equal(versionsOf(now), want) {
			err = errOvertaken
		}
		return err
	}, nil)
	return found, nil
}
