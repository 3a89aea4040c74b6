package repository

import (
	"context"
	"errors"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// Create is POST [base]/[type] (http.html#create) and, with c.IfNoneExist, conditional create. 201 with the new record; 200 with the one that is there
// when exactly one matches; 412 multiple-matches. The resource's own id is ignored. 422 when validation finds errors.
func (r *Repository) Create(ctx context.Context, typ string, res *element.Resource, c Conditions) (*Written, error) {
	if err := r.known(ctx, Create, typ); err != nil {
		return nil, err
	}
	when, err := r.criteria(ctx, typ, c.IfNoneExist)
	if err != nil {
		return nil, err
	}
	draft, err := r.newDraft(ctx, Create, typ, res)
	if err != nil {
		return nil, err
	}
	return r.create(ctx, draft, when)
}

func (r *Repository) create(ctx context.Context, draft *draft, when *criteria) (*Written, error) {
	draft.id = r.o.NewID()
	return r.one(ctx, func(view store.View, d *decision) error {
		d.add(draft)
		draft.before, draft.same = nil, false
		draft.expect = store.Expectation{Kind: store.ExpectVersion}
		if when != nil {
			found, err := when.decide(ctx, view, d, "If-None-Exist")
			if err != nil || found != nil {
				draft.before, draft.same = found, true
				return err
			}
		}
		return r.settle(ctx, view, d, draft)
	})
}

// Update is PUT [base]/[type]/[id]: 200, or 201 when it creates (also after a deletion). An identical content gives 200 and the version that is there. 412 when c.IfMatch is not
// current, 409 when it was at first and another writer came between; 412 with c.IfNoneMatchStar when the resource exists.
func (r *Repository) Update(ctx context.Context, typ, id string, res *element.Resource, c Conditions) (*Written, error) {
	if err := r.known(ctx, Update, typ); err != nil {
		return nil, err
	}
	if err := checkID(id); err != nil {
		return nil, err
	}
	draft, err := r.newDraft(ctx, Update, typ, res)
	if err != nil {
		return nil, err
	}
	if err := agreeingID(res, id); err != nil {
		return nil, err
	}
	return r.update(ctx, draft, id, c)
}

func (r *Repository) update(ctx context.Context, draft *draft, id string, c Conditions) (*Written, error) {
	draft.id = id
	return r.one(ctx, func(view store.View, d *decision) error {
		d.add(draft)
		if err := r.current(ctx, view, draft, c); err != nil {
			return err
		}
		return r.settle(ctx, view, d, draft)
	})
}

// agreeingID requires the resource to carry the id of the URL (http.html#update).
func agreeingID(res *element.Resource, id string) error {
	switch res.ID() {
	case id:
		return nil
	case "":
		return fault.At(http.StatusBadRequest, fault.Required, res.Type()+".id", "An update needs the resource's id in its content too.")
	}
	return fault.At(http.StatusBadRequest, fault.Value, res.Type()+".id", "The id in the content is not the id in the URL.")
}

// current reads the version that a write is to follow, and judges the preconditions on it. What the caller may not see is taken for absent until settle refuses the write.
func (r *Repository) current(ctx context.Context, view store.View, draft *draft, c Conditions) error {
	draft.before, draft.same, draft.asked, draft.hidden = nil, false, c.IfMatch != nil, false
	draft.expect = store.Expectation{Kind: store.ExpectVersion}
	rec, err := view.Read(draft.typ, draft.id)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return err
	default:
		draft.expect.Version = rec.Version
		seen, err := r.currentVisible(changing(ctx, draft.what), view, draft.typ, draft.id, r.addressed)
		if err != nil {
			return err
		}
		draft.hidden = !seen
		if seen && rec.Method != store.Deleted {
			draft.before = rec
		}
	}
	switch {
	case c.IfMatch != nil && (draft.before == nil || draft.before.Version != *c.IfMatch):
		return versionMismatch(draft.typ)
	case c.IfNoneMatchStar && draft.before != nil:
		return fault.New(http.StatusPreconditionFailed, fault.Duplicate, "If-None-Match: * allows the update only to create, and the "+draft.typ+" exists.")
	}
	return nil
}

// UpdateWhere is PUT [base]/[type]?[query] (conditional update): nothing matches: a create (under the content's id, when it has one); one: an update of it; several: 412.
func (r *Repository) UpdateWhere(ctx context.Context, typ, query string, res *element.Resource, c Conditions) (*Written, error) {
	if err := r.known(ctx, Update, typ); err != nil {
		return nil, err
	}
	when, err := r.mandatoryCriteria(ctx, typ, query)
	if err != nil {
		return nil, err
	}
	draft, err := r.newDraft(ctx, Update, typ, res)
	if err != nil {
		return nil, err
	}
	given, fresh := res.ID(), r.o.NewID()
	return r.one(ctx, func(view store.View, d *decision) error {
		d.add(draft)
		found, err := when.decide(ctx, view, d, "conditional update")
		if err != nil {
			return err
		}
		if draft.id, err = targetOfUpdate(typ, given, fresh, found); err != nil {
			return err
		}
		if err := r.current(ctx, view, draft, c); err != nil {
			return err
		}
		if found == nil && draft.before != nil {
			return idTaken(typ)
		}
		return r.settle(ctx, view, d, draft)
	})
}

// targetOfUpdate says which resource a conditional update is about (http.html#cond-update).
func targetOfUpdate(typ, given, fresh string, found *store.Record) (string, error) {
	switch {
	case found != nil && (given == "" || given == found.ID):
		return found.ID, nil
	case found != nil:
		return "", fault.At(http.StatusBadRequest, fault.Value, typ+".id", "The id in the content is not that of the one resource that the criteria match.")
	case given != "":
		return given, checkID(given)
	}
	return fresh, nil
}

func idTaken(typ string) error {
	return fault.At(http.StatusConflict, fault.Conflict, typ+".id", "The criteria match nothing, but a "+typ+" with the id in the content exists.")
}

// Delete is DELETE [base]/[type]/[id]: 204, also when nothing is there (Record is nil then).
func (r *Repository) Delete(ctx context.Context, typ, id string, c Conditions) (*Written, error) {
	if err := r.known(ctx, Delete, typ); err != nil {
		return nil, err
	}
	if err := checkID(id); err != nil {
		return nil, err
	}
	return r.one(ctx, func(view store.View, d *decision) error {
		return r.decideDelete(ctx, view, d, typ, id, c)
	})
}

func (r *Repository) decideDelete(ctx context.Context, view store.View, d *decision, typ, id string, c Conditions) error {
	draft := &draft{what: Delete, typ: typ, id: id}
	d.add(draft)
	// What the caller may not see is deleted like what is not there: with success, and without effect.
	if err := r.current(ctx, view, draft, c); err != nil || draft.before == nil {
		return err
	}
	return r.settle(ctx, view, d, draft)
}

// DeleteWhere is DELETE [base]/[type]?[query]: 204; 412 when several match, unless Options.ConditionalDeleteMultiple.
func (r *Repository) DeleteWhere(ctx context.Context, typ, query string) (*Written, error) {
	if err := r.known(ctx, Delete, typ); err != nil {
		return nil, err
	}
	when, err := r.mandatoryCriteria(ctx, typ, query)
	if err != nil {
		return nil, err
	}
	out := &Written{Status: http.StatusNoContent}
	d, receipt, err := r.carryOut(ctx, func(view store.View, d *decision) error {
		return r.decideDeleteWhere(ctx, view, d, when)
	})
	if err != nil {
		return nil, err
	}
	if len(d.drafts) == 1 {
		return d.written(0, receipt), nil
	}
	return out, nil
}

func (r *Repository) decideDeleteWhere(ctx context.Context, view store.View, d *decision, when *criteria) error {
	limit := 1
	if r.o.ConditionalDeleteMultiple {
		limit = r.o.MaxDeleteMatches
	}
	found, err := when.find(ctx, view, limit+1)
	if err != nil {
		return err
	}
	if len(found) > limit {
		return multipleMatches("conditional delete")
	}
	d.hold(when.stays(ctx, found, limit+1), when.reads())
	for _, rec := range found {
		if err := r.decideDelete(ctx, view, d, rec.Type, rec.ID, Conditions{}); err != nil {
			return err
		}
	}
	return nil
}
