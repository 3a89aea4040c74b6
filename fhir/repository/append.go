package repository

import (
	"context"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/store"
)

// Append stores new resources that the server made itself, all or none, under new ids, in one commit: traces and other records of its own. Neither Access nor interceptors nor validation are asked; the caller answers for the
// content. There is nothing to decide from what is stored, so nobody can overtake it, and writers who come together share the disk's wait.
func (r *Repository) Append(ctx context.Context, resources ...*element.Resource) ([]*store.Record, error) {
	if len(resources) == 0 {
		return nil, nil
	}
	r.indexing.RLock()
	defer r.indexing.RUnlock()
	d := &decision{drafts: make([]*draft, len(resources)), at: make([]int, len(resources))}
	tx := &store.Tx{Writes: make([]store.Write, len(resources))}
	for i, res := range resources {
		draft := &draft{what: Create, typ: res.Type(), id: r.o.NewID(), res: res, expect: store.Expectation{Kind: store.ExpectVersion}}
		if err := r.encode(draft); err != nil {
			return nil, err
		}
		d.drafts[i], d.at[i], tx.Writes[i] = draft, i, draft.write()
	}
	receipt, err := r.store.Commit(ctx, tx)
	if err != nil {
		return nil, storeFault(err)
	}
	r.committed(d, receipt)
	out := make([]*store.Record, len(resources))
	for i := range d.drafts {
		out[i] = d.written(i, receipt).Record
	}
	return out, nil
}

// Named is a resource by its type and logical id.
type Named struct {
	Type, ID string
	// Version must be the current one; 0: any.
	Version uint64
}

// Remove deletes resources as the server's own act, all or none, in one commit: neither Access nor interceptors are asked, and references to them are left. What is not there is left alone. The versions before stay in the history. A fault (409) when a version that
// is named is not the current one.
func (r *Repository) Remove(ctx context.Context, resources ...Named) error {
	if len(resources) == 0 {
		return nil
	}
	r.indexing.RLock()
	defer r.indexing.RUnlock()
	d := &decision{drafts: make([]*draft, len(resources))}
	tx := &store.Tx{Writes: make([]store.Write, len(resources))}
	for i, res := range resources {
		draft := &draft{what: Delete, typ: res.Type, id: res.ID}
		if res.Version != 0 {
			draft.expect = store.Expectation{Kind: store.ExpectVersion, Version: res.Version}
		}
		d.drafts[i], tx.Writes[i] = draft, draft.write()
	}
	receipt, err := r.store.Commit(ctx, tx)
	if err != nil {
		return storeFault(err)
	}
	r.committed(d, receipt)
	return nil
}
