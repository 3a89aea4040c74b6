package repository

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// Transaction carries out entries all or nothing, as one store.Tx: DELETE, POST, PUT and PATCH, then GET and HEAD. The results are in the order of the entries. The fault's
// expressions name entries ("Bundle.entry[3].resource..."); nothing is written then.
func (r *Repository) Transaction(ctx context.Context, entries []BundleEntry, get EntryReader) ([]EntryResult, error) {
	if err := r.known(ctx, Transaction, ""); err != nil {
		return nil, err
	}
	if err := r.checkBundleSize(entries); err != nil {
		return nil, err
	}
	if get == nil {
		get = noReader
	}
	t, err := r.newTransaction(ctx, entries)
	if err != nil {
		return nil, err
	}
	d, receipt, err := r.carryOut(ctx, func(view store.View, d *decision) error { return t.decide(ctx, view, d) })
	if err != nil {
		return nil, err
	}
	results := make([]EntryResult, len(entries))
	t.report(d, receipt, results)
	at := store.Time(0)
	if receipt != nil {
		at = receipt.Time
	}
	parallel(len(t.reads), cores(), func(i int) {
		o := t.reads[i]
		out, err := get(ctx, o.entry, at)
		if err != nil {
			results[o.place] = failed(inEntry(o.place, err))
			return
		}
		results[o.place] = *out
	})
	return results, storeFault(ctx.Err())
}

// transaction is a transaction bundle being carried out. What depends on the store is decided anew at each attempt; the entries' own trees are kept as received where
// a later attempt might decide otherwise.
type transaction struct {
	r      *Repository
	writes []*txWrite // in the order of the rules: deletions, creations, updates and patches
	reads  []*op
	// conditional says that something depends on searches, so that another attempt may decide otherwise.
	conditional bool
	bases       []string // of absolute fullUrls, by place

	// Of one attempt:
	writesOf map[string]int // updates, patches and deletions by type
	own      *ownIndex
	checks   atomic.Int64
}

// txWrite is a writing entry with what one attempt decided about it.
type txWrite struct {
	*op
	when   *criteria
	fresh  string // the id of what it may create
	given  string // the id in its content
	blob   *store.BlobRef
	id     string        // the resource's identity
	match  *store.Record // what a conditional create found: nothing is written
	twin   *txWrite      // what a conditional create found among the transaction's own creations
	drafts []int         // in the decision; several for a conditional delete of several
	order  int
	stored []*store.Record // what when finds in the store
	found  *store.Record   // what a conditional update is about
	gone   []*store.Record // what a conditional delete deletes
}

func (r *Repository) newTransaction(ctx context.Context, entries []BundleEntry) (*transaction, error) {
	t := &transaction{r: r, bases: make([]string, len(entries))}
	var faults entryFaults
	var byPhase [phases][]*op
	names := make(map[string]bool, len(entries))
	for i := range entries {
		e := &entries[i]
		o, err := r.understand(ctx, i, e)
		if err == nil && e.FullURL != "" {
			if names[e.FullURL] {
				err = badRequest("fullUrl", "Two entries of a transaction have the same fullUrl.")
			}
			names[e.FullURL] = true
		}
		if err != nil {
			faults.add(i, err)
			continue
		}
		t.bases[i], _, _ = r.restfulURL(e.FullURL)
		byPhase[o.phase()] = append(byPhase[o.phase()], o)
	}
	if err := faults.err(); err != nil {
		return nil, err
	}
	t.reads = byPhase[phaseRead]
	for _, ops := range byPhase[:phaseRead] {
		for _, o := range ops {
			w := &txWrite{op: o, fresh: r.o.NewID()}
			if o.res != nil {
				w.given = o.res.ID()
			}
			if err := w.placed(); err != nil {
				return nil, inEntry(o.place, err)
			}
			if err := t.conditions(ctx, w); err != nil {
				return nil, inEntry(o.place, err)
			}
			t.writes = append(t.writes, w)
		}
	}
	return t, nil
}

// conditions parses the entry's criteria.
func (t *transaction) conditions(ctx context.Context, w *txWrite) (err error) {
	switch {
	case w.what == Create:
		w.when, err = t.r.criteria(ctx, w.link.typ, w.cond.IfNoneExist)
	case w.query != "":
		w.when, err = t.r.mandatoryCriteria(ctx, w.link.typ, w.query)
	}
	t.conditional = t.conditional || w.when != nil
	return err
}

// decide makes the decisions of one attempt.
func (t *transaction) decide(ctx context.Context, view store.View, d *decision) error {
	if err := t.identify(ctx, view, d); err != nil {
		return err
	}
	d.pending = t.pending()
	links, err := t.resolve(ctx, view, d)
	if err != nil {
		return err
	}
	parts := make([]decision, len(t.writes))
	errs := make([]error, len(t.writes))
	parallel(len(t.writes), min(cores(), 1+len(t.writes)/8), func(i int) { // a few are done sooner than others are woken
		parts[i].pending = d.pending
		errs[i] = t.prepare(ctx, view, &parts[i], t.writes[i], links)
	})
	var faults entryFaults
	for i, w := range t.writes {
		if errs[i] != nil {
			faults.add(w.place, errs[i])
			continue
		}
		w.drafts = w.drafts[:0]
		for _, draft := range parts[i].drafts {
			draft.entry = w.place + 1
			w.drafts = append(w.drafts, len(d.drafts))
			d.add(draft)
		}
		d.holds = append(d.holds, parts[i].holds...)
	}
	return faults.err()
}

// pending lists what the transaction writes, for references within it.
func (t *transaction) pending() map[string]bool {
	out := make(map[string]bool, len(t.writes))
	for _, w := range t.writes {
		for _, rec := range w.gone {
			out[rec.Type+"/"+rec.ID] = false
		}
		if w.id != "" && w.match == nil && w.twin == nil {
			out[w.link.typ+"/"+w.id] = w.what != Delete
		}
	}
	return out
}

// prepare makes the draft of one entry. It runs beside the others and touches nothing but its own.
func (t *transaction) prepare(ctx context.Context, view store.View, d *decision, w *txWrite, links *linkMap) error {
	r := t.r
	switch {
	case w.match != nil || w.twin != nil:
		return nil
	case w.what == Delete && w.when != nil:
		for _, rec := range w.gone {
			if err := r.decideDelete(ctx, view, d, rec.Type, rec.ID, Conditions{}); err != nil {
				return err
			}
		}
		return nil
	case w.what == Delete:
		return r.decideDelete(ctx, view, d, w.link.typ, w.id, w.cond)
	}
	draft := &draft{what: w.what, typ: w.link.typ, id: w.id, blob: w.blob, own: w.entry.Own}
	d.add(draft)
	if w.what == Patch {
		if err := r.patched(ctx, view, draft, w.kind, w.patch, w.cond); err != nil {
			return err
		}
		draft.res.RewriteReferences(links.from(t.bases[w.place]))
	} else {
		draft.res = t.linked(w, links)
	}
	if err := r.check(ctx, draft); err != nil {
		return err
	}
	if w.what != Patch {
		w.blob = draft.blob
	}
	if err := t.follow(ctx, view, draft, w); err != nil {
		return err
	}
	return r.settle(ctx, view, d, draft)
}

// follow reads what the draft comes after.
func (t *transaction) follow(ctx context.Context, view store.View, draft *draft, w *txWrite) error {
	switch {
	case w.what == Patch:
		return nil // patched did
	case w.what == Create:
		draft.expect = store.Expectation{Kind: store.ExpectVersion}
		return nil
	}
	if err := t.r.current(ctx, view, draft, w.cond); err != nil {
		return err
	}
	if w.when != nil && w.found == nil && draft.before != nil {
		return idTaken(w.link.typ)
	}
	return nil
}

// linked gives the entry's resource with its links into the bundle replaced. Where a later attempt may replace them otherwise, that is done on a copy.
func (t *transaction) linked(w *txWrite, links *linkMap) *element.Resource {
	replace := links.from(t.bases[w.place])
	res := w.res
	if t.conditional {
		touched := false
		element.RewriteReferences(res.Root, func(link string) (string, bool) {
			if !touched {
				_, touched = replace(link)
			}
			return "", false
		})
		if !touched {
			return res
		}
		res = element.NewResource(element.Clone(res.Root))
	}
	res.RewriteReferences(replace)
	return res
}

// report fills in the results of the writing entries.
func (t *transaction) report(d *decision, receipt *store.Receipt, results []EntryResult) {
	for _, w := range t.writes {
		if w.twin == nil {
			results[w.place] = t.outcome(d, receipt, w)
		}
	}
	for _, w := range t.writes {
		if w.twin != nil {
			results[w.place] = results[w.twin.place]
			results[w.place].Status = http.StatusOK
		}
	}
}

func (t *transaction) outcome(d *decision, receipt *store.Receipt, w *txWrite) EntryResult {
	switch {
	case w.match != nil:
		return w.result(&Written{Status: http.StatusOK, Record: w.match})
	case len(w.drafts) != 1:
		return w.result(&Written{Status: http.StatusNoContent})
	}
	return w.result(d.written(w.drafts[0], receipt))
}

// entryFaults gathers the faults of entries into one, so that a client learns of all of them at once.
type entryFaults struct {
	places []int
	faults []*fault.Fault
	other  error // not a refusal: being overtaken, or a failure of the server
}

func (f *entryFaults) add(place int, err error) {
	if isRefusal(err) {
		f.places = append(f.places, place)
		f.faults = append(f.faults, inEntry(place, err))
	} else if f.other == nil {
		f.other = err
	}
}

// err gives the faults in the order of entries, with the status of the first.
func (f *entryFaults) err() error {
	if f.other != nil {
		return f.other
	}
	if len(f.faults) == 0 {
		return nil
	}
	order := make([]int, len(f.faults))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return f.places[a] - f.places[b] })
	out := *f.faults[order[0]]
	out.Issues = nil
	for _, i := range order {
		out.Issues = append(out.Issues, f.faults[i].Issues...)
		if len(out.Issues) > element.MaxIssues {
			break
		}
	}
	return &out
}
