package repository

import (
	"context"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/validate"
	"github.com/carnet-fhir/carnet/store"
)

// draft is one version on its way into the store.
type draft struct {
	what    Interaction
	typ, id string
	res     *element.Resource // nil: a deletion
	issues  []fault.Issue     // warnings: the first judged ones of its validation, then those of reviewers
	judged  int
	blob    *store.BlobRef // a Binary's data, already in the store's blobs

	// before is the current version, when there is one that is not a deletion; expect is what must still be so at the commit.
	before *store.Record
	expect store.Expectation
	// asked says that the client named the version: being overtaken is then its concern, not a reason to try again.
	asked bool
	// same says that nothing would change: no version is written.
	same    bool
	follows bool // a consequence: no client asked for this write
	// hidden says that a resource has the id that does not exist for the caller: the write is judged like one of what is absent, and refused where that would be permitted.
	hidden  bool
	own     bool // the server's own act, as BundleEntry.Own says
	body    stamped
	old     *element.Element // before, when it was read
	entry   int              // of a transaction, from 1
	entries []store.Entry
}

// stamped is a resource's JSON that completes itself with the version and time of its commit.
type stamped struct{ element.Template }

// Append writes the version's JSON.
func (b stamped) Append(dst []byte, s store.Stamp) []byte {
	return b.Template.Append(dst, s.Version, s.Time.Wall())
}

// newDraft judges content that does not depend on what is stored: its type, the interceptors, validation. A Binary's inline data moves to the blobs.
func (r *Repository) newDraft(ctx context.Context, what Interaction, typ string, res *element.Resource) (*draft, error) {
	d := &draft{what: what, typ: typ, res: res}
	return d, r.check(ctx, d)
}

func (r *Repository) check(ctx context.Context, d *draft) error {
	if d.res == nil || d.res.Root == nil {
		return fault.New(http.StatusBadRequest, fault.Required, "The interaction needs a resource.")
	}
	if d.res.Root.Type.Name != d.typ {
		return fault.At(http.StatusBadRequest, fault.Invalid, d.res.Root.Type.Name, "The resource's type is not that of the URL, which is "+d.typ+".")
	}
	for _, i := range r.o.Interceptors {
		if err := i.BeforeWrite(ctx, d.what, d.res); err != nil {
			return err
		}
	}
	issues := r.o.Validator.Issues(ctx, d.res.Root, validate.OnWrite)
	if f := fault.Of(http.StatusUnprocessableEntity, issues); f != nil {
		return f
	}
	d.issues = append(append([]fault.Issue(nil), d.res.Warnings...), issues...)
	d.judged = len(d.issues)
	if d.typ == "SearchParameter" {
		if err := r.params.check(d.res.Root); err != nil {
			return err
		}
	}
	if d.typ == "Binary" {
		return r.moveData(ctx, d)
	}
	return nil
}

// settle completes a draft against what is stored: access, identity of content, index entries, bytes. The caller set id, before and expect.
func (r *Repository) settle(ctx context.Context, view store.View, all *decision, d *draft) error {
	d.old = nil
	if d.res == nil {
		if err := r.mayChange(ctx, d); err != nil {
			return err
		}
		return r.unreferenced(ctx, view, all, d)
	}
	setID(d.res.Root, d.id)
	if d.typ == "SearchParameter" {
		if err := r.params.free(d.id, d.res.Root); err != nil {
			return err
		}
	}
	if err := r.keepManaged(ctx, view, all, d); err != nil {
		return err
	}
	if err := r.mayChange(ctx, d); err != nil {
		return err
	}
	if d.before != nil && sameBlob(d.before.Blob, d.blob) {
		old, err := r.beforeOf(d)
		if err != nil {
			return err
		}
		if d.same = element.EqualContent(old, d.res.Root); d.same {
			return nil
		}
	}
	if err := r.referencesHold(view, all, d); err != nil {
		return err
	}
	return r.encode(d)
}

func sameBlob(a, b *store.BlobRef) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// mayChange asks Access with both sides of the change, as it will be: with what completers keep.
func (r *Repository) mayChange(ctx context.Context, d *draft) error {
	if r.open || d.own {
		return nil
	}
	before, err := r.beforeOf(d)
	if err != nil {
		return err
	}
	var after *element.Element
	if d.res != nil {
		after = d.res.Root
	}
	if err := r.o.Access.Change(ctx, d.what, before, after); err != nil {
		return err
	}
	if d.hidden {
		return notFound(d.typ)
	}
	return nil
}

// write is the draft as the store takes it.
func (d *draft) write() store.Write {
	w := store.Write{Type: d.typ, ID: d.id, Expect: d.expect}
	if d.res == nil {
		w.Delete = true
		return w
	}
	w.Body, w.Entries, w.Blob = d.body, d.entries, d.blob
	return w
}

// written tells what became of the draft; w is nil when nothing was written.
func (d *draft) written(w *store.Written, at store.Time) *Written {
	out := &Written{Status: http.StatusOK, Record: d.before, Issues: d.issues}
	if w == nil {
		if d.res == nil {
			out.Status, out.Record = http.StatusNoContent, nil
		}
		return out
	}
	rec := &store.Record{Type: d.typ, ID: d.id, RID: w.RID, Version: w.Version, Time: at, Method: w.Method, Blob: d.blob}
	switch w.Method {
	case store.Created:
		out.Status = http.StatusCreated
	case store.Deleted:
		out.Status = http.StatusNoContent
	case store.Updated:
	default:
		out.Status, out.Record = http.StatusNoContent, nil
		return out
	}
	if d.res != nil {
		rec.Body = d.body.Append(make([]byte, 0, d.body.Size()), store.Stamp{Version: w.Version, Time: at})
	}
	out.Record = rec
	return out
}
