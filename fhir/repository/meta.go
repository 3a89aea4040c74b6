package repository

import (
	"context"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// metaParts are what $meta-add and $meta-delete work on; versionId and the like are the server's.
var metaParts = [...]string{"profile", "security", "tag"}

// Meta is $meta: the JSON of a Parameters resource with one "return" of type Meta. With id: of the resource; with typ only: all profiles, tags and labels used by the type;
// both empty: by the whole server.
func (r *Repository) Meta(ctx context.Context, typ, id string) ([]byte, error) {
	if id == "" {
		return r.metaUsed(ctx, typ)
	}
	rec, err := r.Read(ctx, typ, id)
	if err != nil {
		return nil, err
	}
	return r.metaOf(rec)
}

// metaOf gives a stored resource's meta.
func (r *Repository) metaOf(rec *store.Record) ([]byte, error) {
	res, err := r.tree(rec)
	if err != nil {
		return nil, err
	}
	return metaAnswer(res.Root.Child("meta")), nil
}

func metaAnswer(meta *element.Element) []byte {
	if meta == nil || meta.First == nil { // an object of FHIR is never empty, nor a parameter without a value
		return []byte(`{"resourceType":"Parameters"}`)
	}
	out := element.AppendJSON([]byte(`{"resourceType":"Parameters","parameter":[{"name":"return","valueMeta":`), meta)
	return append(out, "}]}"...)
}

// MetaAdd is $meta-add: params is the Parameters resource with one "meta". Profiles, tags and labels that are not there are added; what changes something makes a new version.
// The answer is as of Meta.
func (r *Repository) MetaAdd(ctx context.Context, typ, id string, params *element.Resource) ([]byte, error) {
	return r.metaChange(ctx, typ, id, params, addMeta)
}

// MetaDelete is $meta-delete: the profiles, tags and labels given are taken away, where they are there.
func (r *Repository) MetaDelete(ctx context.Context, typ, id string, params *element.Resource) ([]byte, error) {
	return r.metaChange(ctx, typ, id, params, deleteMeta)
}

func (r *Repository) metaChange(ctx context.Context, typ, id string, params *element.Resource, change func(meta, given *element.Element) error) ([]byte, error) {
	if err := r.known(ctx, Update, typ); err != nil {
		return nil, err
	}
	given, err := metaGiven(params)
	if err != nil {
		return nil, err
	}
	w, err := r.one(ctx, func(view store.View, d *decision) error {
		draft := &draft{what: Update, typ: typ, id: id}
		d.add(draft)
		rec, err := r.readIn(ctx, view, typ, id)
		if err != nil {
			return err
		}
		draft.before, draft.blob = rec, rec.Blob
		draft.expect = store.Expectation{Kind: store.ExpectVersion, Version: rec.Version}
		if draft.res, err = r.tree(rec); err != nil {
			return err
		}
		if err := changeMeta(draft.res, given, change); err != nil {
			return err
		}
		if err := r.check(ctx, draft); err != nil {
			return err
		}
		return r.settle(ctx, view, d, draft)
	})
	if err != nil {
		return nil, err
	}
	return r.metaOf(w.Record)
}

func metaGiven(params *element.Resource) (*element.Element, error) {
	if params != nil {
		for p := range params.Root.Children("parameter") {
			if v := p.Child("value"); p.ChildValue("name") == "meta" && v != nil && v.Type.Name == "Meta" {
				return v, nil
			}
		}
	}
	return nil, fault.At(http.StatusBadRequest, fault.Required, "Parameters.parameter", "The operation needs a parameter named 'meta' with a valueMeta.")
}

func changeMeta(res *element.Resource, given *element.Element, change func(meta, given *element.Element) error) error {
	meta := res.Root.Child("meta")
	if meta == nil {
		var err error
		if meta, err = res.Root.NewChild("meta"); err != nil {
			return err
		}
	}
	res.Changed()
	return change(meta, given)
}

func addMeta(meta, given *element.Element) error {
	for part := range given.Children(metaParts[:]...) {
		if findMeta(meta, part) != nil {
			continue
		}
		if err := meta.Add(part.Name, element.Clone(part)); err != nil {
			return err
		}
	}
	return nil
}

func deleteMeta(meta, given *element.Element) error {
	for part := range given.Children(metaParts[:]...) {
		for found := findMeta(meta, part); found != nil; found = findMeta(meta, part) {
			if err := meta.Remove(found); err != nil {
				return err
			}
		}
	}
	return nil
}

// findMeta finds the same profile, or a coding of the same system and code (its display and version do not make it another).
func findMeta(meta, part *element.Element) *element.Element {
	for c := range meta.Children(part.Name) {
		if part.IsPrimitive() {
			if c.Value == part.Value {
				return c
			}
			continue
		}
		if c.ChildValue("system") == part.ChildValue("system") && c.ChildValue("code") == part.ChildValue("code") {
			return c
		}
	}
	return nil
}

// metaUsed collects what the resources of a type (or all) carry. It reads records up to the budget and says too-costly beyond.
func (r *Repository) metaUsed(ctx context.Context, typ string) (out []byte, err error) {
	if err := r.known(ctx, Operation, typ); err != nil {
		return nil, err
	}
	view, err := r.view(0)
	if err != nil {
		return nil, err
	}
	defer closing(view, &err)
	used := element.NewRoot(r.defs.Types["Meta"])
	types := r.defs.Resources
	if typ != "" {
		types = []string{typ}
	}
	for _, t := range types {
		if !r.open && r.o.Access.Permit(ctx, Read, t) != nil {
			continue
		}
		for _, code := range []string{"_profile", "_security", "_tag"} {
			if err := r.collectMeta(ctx, view, t, code, used); err != nil {
				return nil, err
			}
		}
	}
	return metaAnswer(used), nil
}

// collectMeta adds what stands in one index to used, one record for each distinct value: the index is walked by seeks from value to value.
func (r *Repository) collectMeta(ctx context.Context, view store.View, typ, code string, used *element.Element) (err error) {
	index, ok := view.Index(typ + "." + code)
	if !ok {
		return nil
	}
	cursor := view.Scan(store.Range{Index: index})
	defer closing(cursor, &err)
	const limit = 20_000
	for more := cursor.Next(); more; {
		if cursor.Steps() > limit {
			return fault.New(http.StatusForbidden, fault.TooCostly, "Too many different tags, labels or profiles are in use to list them all.")
		}
		seen, err := r.addMetaOf(ctx, view, cursor.RID(), used)
		if err != nil {
			return err
		}
		if !seen && !r.open {
			more = cursor.Next() // another record may show the same value to this caller
			continue
		}
		more = cursor.Seek(append(append([]byte(nil), cursor.Value()...), 0), ^store.RID(0))
	}
	return cursor.Err()
}

func (r *Repository) addMetaOf(ctx context.Context, view store.View, rid store.RID, used *element.Element) (bool, error) {
	rec, err := view.Get(rid)
	if err != nil || rec.Method == store.Deleted {
		return false, err
	}
	if seen, err := r.visible(ctx, view, rec); err != nil || !seen {
		return false, err
	}
	res, err := r.tree(rec)
	if err != nil {
		return false, err
	}
	meta := res.Root.Child("meta")
	if meta == nil {
		return true, nil
	}
	return true, addMeta(used, meta)
}
