package repository

import (
	"context"
)

// batchWriters is how many of a batch's writes wait for their commits at once: they share fsyncs.
const batchWriters = 32

// Batch carries out entries one by one, each with its own outcome (http.html#transaction); the results are in the order of the entries. Deletions come first, then creations, then
// updates and patches, then reads, as in a transaction; entries of one kind run side by side, as they must not depend on each other.
func (r *Repository) Batch(ctx context.Context, entries []BundleEntry, get EntryReader) ([]EntryResult, error) {
	if err := r.known(ctx, Batch, ""); err != nil {
		return nil, err
	}
	if err := r.checkBundleSize(entries); err != nil {
		return nil, err
	}
	if get == nil {
		get = noReader
	}
	results := make([]EntryResult, len(entries))
	var byPhase [phases][]*op
	for i := range entries {
		if err := entries[i].Refused; err != nil {
			results[i] = failed(err)
			continue
		}
		o, err := r.understand(ctx, i, &entries[i])
		if err != nil {
			results[i] = failed(inEntry(i, err))
			continue
		}
		byPhase[o.phase()] = append(byPhase[o.phase()], o)
	}
	for phase, ops := range byPhase {
		workers := batchWriters
		if phase == phaseRead {
			workers = cores()
		}
		parallel(len(ops), workers, func(i int) {
			results[ops[i].place] = r.batchEntry(ctx, ops[i], get)
		})
	}
	return results, storeFault(ctx.Err())
}

func (r *Repository) batchEntry(ctx context.Context, o *op, get EntryReader) EntryResult {
	if o.what == "" {
		out, err := get(ctx, o.entry, 0)
		if err != nil {
			return failed(inEntry(o.place, err))
		}
		return *out
	}
	w, err := r.alone(ctx, o)
	if err != nil {
		return failed(inEntry(o.place, err))
	}
	return o.result(w)
}

// alone carries out a writing entry as an interaction of its own.
func (r *Repository) alone(ctx context.Context, o *op) (*Written, error) {
	typ, id := o.link.typ, o.link.id
	switch {
	case o.what == Create:
		return r.Create(ctx, typ, o.res, o.cond)
	case o.what == Update && id != "":
		return r.Update(ctx, typ, id, o.res, o.cond)
	case o.what == Update:
		return r.UpdateWhere(ctx, typ, o.query, o.res, o.cond)
	case o.what == Patch && id != "":
		return r.Patch(ctx, typ, id, o.kind, o.patch, o.cond)
	case o.what == Patch:
		return r.PatchWhere(ctx, typ, o.query, o.kind, o.patch, o.cond)
	case id != "":
		return r.Delete(ctx, typ, id, o.cond)
	}
	return r.DeleteWhere(ctx, typ, o.query)
}
