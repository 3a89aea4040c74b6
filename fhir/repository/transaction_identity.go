package repository

import (
	"context"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// identify decides which resource each entry is about, in the order in which they take effect, and refuses a transaction in which two entries are about the same
// (http.html#trules: "If any resource identities overlap in steps 1-3, then the transaction SHALL fail").
func (t *transaction) identify(ctx context.Context, view store.View, d *decision) error {
	if err := t.searchAhead(ctx, view); err != nil {
		return err
	}
	taken := make(map[string]int, len(t.writes))
	var faults entryFaults
	for _, w := range t.writes {
		w.id, w.match, w.twin, w.found, w.gone = "", nil, nil, nil, nil
		if err := t.identity(ctx, view, d, w); err != nil {
			faults.add(w.place, err)
			continue
		}
		if w.match != nil || w.twin != nil {
			continue
		}
		if w.what == Create || w.what == Update {
			setID(w.res.Root, w.id) // criteria of other entries may ask for it
		}
		ids := []string{w.id}
		if w.what == Delete && w.when != nil {
			ids = ids[:0]
			for _, rec := range w.gone {
				ids = append(ids, rec.ID)
			}
		}
		for _, id := range ids {
			key := w.link.typ + "/" + id
			if _, twice := taken[key]; twice {
				faults.add(w.place, fault.At(http.StatusBadRequest, fault.Invalid, "request.url", "Two entries of the transaction are about the same resource."))
			}
			taken[key] = w.place
		}
	}
	return faults.err()
}

// identity decides one entry behind those that take effect earlier.
func (t *transaction) identity(ctx context.Context, view store.View, d *decision, w *txWrite) error {
	if w.when == nil {
		if w.id = w.link.id; w.what == Create {
			w.id = w.fresh
		}
		return nil
	}
	if w.what == Delete {
		return t.identityOfDeletions(ctx, view, d, w)
	}
	stored, own, err := t.matches(ctx, view, d, w)
	if err != nil {
		return err
	}
	if len(stored)+len(own) > 1 {
		return multipleMatches("entry")
	}
	var found *store.Record
	if len(stored) == 1 {
		found = stored[0]
	}
	switch {
	case w.what == Create && len(own) == 1:
		w.id, w.twin = own[0].id, own[0]
	case w.what == Create && found != nil:
		w.id, w.match = found.ID, found
	case w.what == Create:
		w.id = w.fresh
	case len(own) == 1:
		w.id = own[0].id // the overlap is refused by the caller
	case w.what == Patch && found == nil:
		return noMatch(w.link.typ)
	case w.what == Patch:
		w.id = found.ID
	default:
		w.found = found
		w.id, err = targetOfUpdate(w.link.typ, w.given, w.fresh, found)
	}
	return err
}

func (t *transaction) identityOfDeletions(ctx context.Context, view store.View, d *decision, w *txWrite) error {
	limit := 1
	if t.r.o.ConditionalDeleteMultiple {
		limit = t.r.o.MaxDeleteMatches
	}
	found, err := w.when.find(ctx, view, limit+1)
	if err != nil {
		return err
	}
	if len(found) > limit {
		return multipleMatches("conditional delete")
	}
	d.hold(w.when.stays(ctx, found, limit+1), w.when.reads())
	w.gone = found
	return nil
}
