package repository

import (
	"context"
	"errors"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/patch"
	"github.com/carnet-fhir/carnet/store"
)

// Follower is an Interceptor that adds to an interaction's writes what follows from them for other resources, in the same commit: what was made of a document goes with it. It is asked when an interaction has
// decided all its writes, once for each that changes something, and again when another writer overtakes.
type Follower interface {
	Follow(ctx context.Context, f *Following) ([]Consequence, error)
}

// Following is one write that is about to be committed. Neither tree may be edited.
type Following struct {
	What     Interaction
	Type, ID string
	// After is what will be current, nil for a deletion.
	After *element.Element
	// Look reads the store; what it finds is a condition of the commit.
	Look *Lookup

	r  *Repository
	of *draft
}

// Before gives the current version, nil when there is none.
func (f *Following) Before() (*element.Element, error) { return f.r.beforeOf(f.of) }

// Consequence changes or deletes a further resource. It is the server's own act: neither Access nor interceptors nor validation are asked. What the interaction writes itself is left to the interaction, and what is not
// there is left alone.
type Consequence struct {
	Type, ID string
	// Edit changes the current version's tree; nil: the resource is deleted.
	Edit func(res *element.Resource)
}

// PatchRule is an Interceptor that has a say in patches, those of transactions included. A fault refuses the patch.
type PatchRule interface {
	// BeforePatch gives the body to apply to the current version, which must not be edited: mostly the one that came. It may translate spellings that the patch formats do not have.
	BeforePatch(ctx context.Context, current *element.Resource, kind patch.Kind, body []byte) ([]byte, error)
	// AfterPatch judges what the patch made of the current version.
	AfterPatch(ctx context.Context, current, patched *element.Resource) error
}

// Concealer is an Interceptor that takes out of the version to which a patch is applied what the server keeps in a resource for itself: a patch neither tests it nor counts it nor changes it. A Completer puts it back.
type Concealer interface {
	Conceal(current *element.Resource) error
}

// beforeOf reads the version that a draft follows, once.
func (r *Repository) beforeOf(d *draft) (*element.Element, error) {
	if d.before == nil {
		return nil, nil
	}
	if d.old == nil {
		old, err := r.tree(d.before)
		if err != nil {
			return nil, err
		}
		d.old = old.Root
	}
	return d.old, nil
}

// follow adds the consequences of all that was decided.
func (r *Repository) follow(ctx context.Context, view store.View, d *decision) error {
	if len(r.followers) == 0 {
		return nil
	}
	var faults entryFaults
	decided := d.drafts
	more := map[string]bool{}
	for _, draft := range decided {
		if draft.same || draft.res == nil && draft.before == nil {
			continue
		}
		if err := r.followOne(ctx, view, d, draft, more); err != nil {
			if draft.entry == 0 {
				return err
			}
			faults.add(draft.entry-1, err)
		}
	}
	if len(d.drafts) > len(decided) {
		d.tokens, d.writes = nil, nil // of the drafts before
	}
	return faults.err()
}

func (r *Repository) followOne(ctx context.Context, view store.View, d *decision, of *draft, more map[string]bool) error {
	f := &Following{What: of.what, Type: of.typ, ID: of.id, Look: &Lookup{r: r, view: view, d: d}, r: r, of: of}
	if of.res != nil {
		f.After = of.res.Root
	}
	for _, follower := range r.followers {
		consequences, err := follower.Follow(ctx, f)
		if err != nil {
			return err
		}
		for i := range consequences {
			c := &consequences[i]
			if key := c.Type + "/" + c.ID; more[key] || d.writing(c.Type, c.ID) {
				continue
			} else {
				more[key] = true
			}
			if err := r.consequence(view, d, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// writing says whether the interaction writes the resource itself.
func (d *decision) writing(typ, id string) bool {
	for _, draft := range d.drafts {
		if draft.typ == typ && draft.id == id && !draft.same {
			return true
		}
	}
	return false
}

// consequence adds the draft of one consequence.
func (r *Repository) consequence(view store.View, d *decision, c *Consequence) error {
	rec, err := view.Read(c.Type, c.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && rec.Method == store.Deleted {
		return nil
	}
	if err != nil {
		return err
	}
	draft := &draft{what: Delete, follows: true, typ: c.Type, id: c.ID, before: rec, expect: store.Expectation{Kind: store.ExpectVersion, Version: rec.Version}}
	if c.Edit == nil {
		d.add(draft)
		return nil
	}
	draft.what, draft.blob = Update, rec.Blob
	if draft.res, err = r.tree(rec); err != nil {
		return err
	}
	c.Edit(draft.res)
	draft.res.Changed()
	if err := r.complete(draft); err != nil || draft.same {
		return err
	}
	d.add(draft)
	return nil
}

// complete compares a draft with the version that it follows, and makes its bytes and index entries.
func (r *Repository) complete(d *draft) error {
	if d.before != nil && sameBlob(d.before.Blob, d.blob) {
		old, err := r.beforeOf(d)
		if err != nil {
			return err
		}
		if d.same = element.EqualContent(old, d.res.Root); d.same {
			return nil
		}
	}
	return r.encode(d)
}

// encode makes a draft's bytes and index entries.
func (r *Repository) encode(d *draft) (err error) {
	d.body = stamped{d.res.Stamped(d.id)}
	if d.body.Size() > r.o.MaxResourceBytes {
		return fault.New(http.StatusRequestEntityTooLarge, fault.TooLong, "The resource is larger than this server takes.")
	}
	d.entries, err = r.o.Engine.Entries(d.res.Root)
	return err
}

// patchedBy applies a patch under the rules. What is concealed is taken out of current, which is the caller's alone.
func (r *Repository) patchedBy(ctx context.Context, current *element.Resource, kind patch.Kind, body []byte) (*element.Resource, error) {
	var err error
	for _, c := range r.concealers {
		if err := c.Conceal(current); err != nil {
			return nil, err
		}
	}
	for _, rule := range r.patchRules {
		if body, err = rule.BeforePatch(ctx, current, kind, body); err != nil {
			return nil, err
		}
	}
	out, err := patch.Apply(r.defs, current, kind, body)
	if err != nil {
		return nil, err
	}
	for _, rule := range r.patchRules {
		if err := rule.AfterPatch(ctx, current, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}
