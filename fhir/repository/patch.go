package repository

import (
	"context"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/patch"
	"github.com/carnet-fhir/carnet/store"
)

// Patch is PATCH [base]/[type]/[id]; 404 and 410 as Read. Retried when another writer comes between, unless c.IfMatch asks for a version.
func (r *Repository) Patch(ctx context.Context, typ, id string, kind patch.Kind, body []byte, c Conditions) (*Written, error) {
	if err := r.known(ctx, Patch, typ); err != nil {
		return nil, err
	}
	if err := checkID(id); err != nil {
		return nil, err
	}
	return r.one(ctx, func(view store.View, d *decision) error {
		return r.decidePatch(ctx, view, d, &draft{what: Patch, typ: typ, id: id}, kind, body, c)
	})
}

// PatchWhere is PATCH [base]/[type]?[query]: 404 when nothing matches, 412 when several do.
func (r *Repository) PatchWhere(ctx context.Context, typ, query string, kind patch.Kind, body []byte, c Conditions) (*Written, error) {
	if err := r.known(ctx, Patch, typ); err != nil {
		return nil, err
	}
	when, err := r.mandatoryCriteria(ctx, typ, query)
	if err != nil {
		return nil, err
	}
	return r.one(ctx, func(view store.View, d *decision) error {
		found, err := when.decide(ctx, view, d, "conditional patch")
		if err != nil {
			return err
		}
		if found == nil {
			return noMatch(typ)
		}
		return r.decidePatch(ctx, view, d, &draft{what: Patch, typ: typ, id: found.ID}, kind, body, c)
	})
}

func (r *Repository) decidePatch(ctx context.Context, view store.View, d *decision, draft *draft, kind patch.Kind, body []byte, c Conditions) error {
	d.add(draft)
	if err := r.patched(ctx, view, draft, kind, body, c); err != nil {
		return err
	}
	if err := r.check(ctx, draft); err != nil {
		return err
	}
	return r.settle(ctx, view, d, draft)
}

// patched gives the draft the content that the patch makes of the current version.
func (r *Repository) patched(ctx context.Context, view store.View, draft *draft, kind patch.Kind, body []byte, c Conditions) error {
	if _, err := r.readIn(ctx, view, draft.typ, draft.id); err != nil {
		return err
	}
	if err := r.current(ctx, view, draft, c); err != nil {
		return err
	}
	whole, err := r.Inline(ctx, draft.before)
	if err != nil {
		return err
	}
	res, err := element.ParseJSON(r.defs, whole, element.Options{ExpectType: draft.typ, Trusted: true})
	if err != nil {
		return err
	}
	if draft.res, err = r.patchedBy(ctx, res, kind, body); err != nil {
		return err
	}
	draft.blob = nil
	return agreeingID(draft.res, draft.id)
}
