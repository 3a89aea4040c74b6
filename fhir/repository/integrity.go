package repository

import (
	"context"
	"errors"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

// Referential integrity is optional (Options.ReferentialIntegrity): FHIR itself allows references to what is not there.

// referencesHold refuses a version that refers to resources of this server that are not there, and has the commit hold only while they are.
func (r *Repository) referencesHold(view store.View, all *decision, d *draft) error {
	if !r.o.ReferentialIntegrity {
		return nil
	}
	var f *fault.Fault
	for e := range element.References(d.res.Root) {
		typ, id, ok := r.resource(e.Value)
		if !ok || typ == d.typ && id == d.id {
			continue
		}
		if there, written := all.pending[typ+"/"+id]; written {
			if !there {
				f = withIssue(f, dangling(e))
			}
			continue
		}
		rec, err := view.Read(typ, id)
		if errors.Is(err, store.ErrNotFound) || err == nil && rec.Method == store.Deleted {
			f = withIssue(f, dangling(e))
			continue
		}
		if err != nil {
			return err
		}
		all.hold(staysThere(typ, id), named(typ, id))
	}
	if f != nil {
		return f
	}
	return nil
}

func withIssue(f *fault.Fault, issue fault.Issue) *fault.Fault {
	if f == nil {
		f = &fault.Fault{Status: http.StatusUnprocessableEntity}
	}
	f.Issues = append(f.Issues, issue)
	return f
}

func dangling(e *element.Element) fault.Issue {
	return fault.Issue{Severity: fault.Error, Code: fault.NotFound, Expression: element.Path(e),
		Diagnostics: "The reference points to a resource that is not on this server."}
}

func staysThere(typ, id string) func(store.View) error {
	return func(view store.View) error {
		rec, err := view.Read(typ, id)
		if errors.Is(err, store.ErrNotFound) || err == nil && rec.Method == store.Deleted {
			return errOvertaken
		}
		return err
	}
}

// unreferenced refuses the deletion of what others refer to.
func (r *Repository) unreferenced(ctx context.Context, view store.View, all *decision, d *draft) error {
	if !r.o.ReferentialIntegrity || d.before == nil {
		return nil
	}
	referred, err := r.referrers(ctx, view, all, d)
	if err != nil {
		return err
	}
	if referred {
		return fault.New(http.StatusConflict, fault.Conflict, "The "+d.typ+" cannot be deleted: other resources refer to it.")
	}
	all.hold(func(view store.View) error {
		referred, err := r.referrers(ctx, view, all, d)
		if err == nil && referred {
			return errOvertaken
		}
		return err
	}, nil)
	return nil
}

// referrers says whether any resource that the transaction does not itself write points to the draft's by a search parameter.
func (r *Repository) referrers(ctx context.Context, view store.View, all *decision, d *draft) (bool, error) {
	for _, source := range r.defs.Resources {
		for _, p := range r.o.Registry.Snapshot().Params(source) {
			if p.Type != search.Reference || p.Building {
				continue
			}
			clause := &search.Clause{Param: p, Operands: []search.Operand{{Raw: d.typ + "/" + d.id, RefType: d.typ, RefID: d.id}}}
			found, err := r.o.Engine.Find(ctx, view, source, clause, len(all.pending)+2, r.o.Budget)
			if err != nil {
				return false, err
			}
			for _, rec := range found {
				_, written := all.pending[rec.Type+"/"+rec.ID]
				if !written && !(rec.Type == d.typ && rec.ID == d.id) {
					return true, nil
				}
			}
		}
	}
	return false, nil
}
