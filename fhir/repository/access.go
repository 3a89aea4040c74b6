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

// AllowAll is the Access of a server without access control.
type AllowAll struct{}

// Permit allows.
func (AllowAll) Permit(context.Context, Interaction, string) error { return nil }

// Restrict sets no condition.
func (AllowAll) Restrict(context.Context, string) (search.Expr, error) { return nil, nil }

// Change allows.
func (AllowAll) Change(context.Context, Interaction, *element.Element, *element.Element) error {
	return nil
}

// restrict gives the caller's condition on the resources of a type that satisfy what is asked, nil for none; asked nil: on those that are met on the way. A Binary exists when its securityContext does
// (binary.html#security), whatever else is asked of it.
func (r *Repository) restrict(ctx context.Context, typ string, asked search.Expr) (search.Expr, error) {
	if r.open {
		return nil, nil
	}
	own, err := r.condition(ctx, typ, asked)
	if err != nil || typ != "Binary" {
		return own, err
	}
	secured := &search.Secured{By: func(typ string) (search.Expr, error) { return r.mayRead(ctx, typ, theOneNamed) }, Without: true, Nowhere: own == nil}
	if own == nil {
		return secured, nil
	}
	return search.And{own, secured}, nil
}

// theOneNamed asks for one resource by its id, whichever it is: a Binary names what secures it, so that who asks for the Binary asks about that one.
var theOneNamed = search.IDIn{IDs: []string{"*"}}

func (r *Repository) condition(ctx context.Context, typ string, asked search.Expr) (search.Expr, error) {
	if n, ok := r.o.Access.(Narrower); ok && asked != nil {
		return n.Narrow(ctx, typ, asked)
	}
	return r.o.Access.Restrict(ctx, typ)
}

// restricted conjoins the caller's condition on a type, and those on the types that the expression looks into, to the expression: a resource that the caller may not see must not be
// felt through a chain either.
func (r *Repository) restricted(ctx context.Context, typ string, e search.Expr) (search.Expr, error) {
	if r.open {
		return e, nil
	}
	asked := e
	e, err := r.restrictInner(ctx, e, true)
	if err != nil {
		return nil, err
	}
	own, err := r.restrict(ctx, typ, asked)
	if err != nil || own == nil {
		return e, err
	}
	return search.And{e, own}, nil
}

// restrictInner looks for what an expression asks of other resources. Chains are left alone unless asked for: the engine restricts those of a search itself.
func (r *Repository) restrictInner(ctx context.Context, e search.Expr, chains bool) (search.Expr, error) {
	switch e := e.(type) {
	case search.And:
		parts, err := r.restrictAll(ctx, e, chains)
		return search.And(parts), err
	case search.Or:
		parts, err := r.restrictAll(ctx, e, chains)
		return search.Or(parts), err
	case search.Not:
		inner, err := r.restrictInner(ctx, e.Expr, chains)
		return search.Not{Expr: inner}, err
	case *search.Chain:
		inner, err := r.restrictBeyond(ctx, e.Target, e.Inner, chains)
		return &search.Chain{Param: e.Param, Target: e.Target, Inner: inner}, err
	case *search.Has:
		inner, err := r.restrictBeyond(ctx, e.Source, e.Inner, chains)
		return &search.Has{Source: e.Source, Param: e.Param, Inner: inner}, err
	case search.InList:
		return r.restrictList(ctx, e)
	}
	return e, nil
}

func (r *Repository) restrictBeyond(ctx context.Context, typ string, inner search.Expr, chains bool) (search.Expr, error) {
	if chains {
		return r.restricted(ctx, typ, inner)
	}
	return r.restrictInner(ctx, inner, false)
}

func (r *Repository) restrictAll(ctx context.Context, parts []search.Expr, chains bool) ([]search.Expr, error) {
	out := make([]search.Expr, len(parts))
	for i, p := range parts {
		var err error
		if out[i], err = r.restrictInner(ctx, p, chains); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// restrictList makes a list that the caller may not see hold nothing.
func (r *Repository) restrictList(ctx context.Context, e search.InList) (search.Expr, error) {
	_, err := r.Read(ctx, "List", e.ID)
	var f *fault.Fault
	if errors.As(err, &f) && f.Status < http.StatusInternalServerError {
		return search.Or{}, nil
	}
	return e, err
}

type changingKey struct{}

// Changing gives the write for which Access is asked whether what it would change exists for the caller, "" for any other question: a caller may be let change what it is not let read.
func Changing(ctx context.Context) Interaction {
	what, _ := ctx.Value(changingKey{}).(Interaction)
	return what
}

func changing(ctx context.Context, what Interaction) context.Context {
	return context.WithValue(ctx, changingKey{}, what)
}

// visible says whether a version (not a deletion) that was met on the way exists for the caller.
func (r *Repository) visible(ctx context.Context, view store.View, rec *store.Record) (bool, error) {
	return r.satisfies(ctx, view, rec, nil)
}

// addressed is visible for what the caller named by its id.
func (r *Repository) addressed(ctx context.Context, view store.View, rec *store.Record) (bool, error) {
	if r.open {
		return true, nil
	}
	return r.satisfies(ctx, view, rec, search.IDIn{IDs: []string{rec.ID}})
}

func (r *Repository) satisfies(ctx context.Context, view store.View, rec *store.Record, asked search.Expr) (bool, error) {
	own, err := r.restrict(ctx, rec.Type, asked)
	if err != nil || own == nil {
		return err == nil, err
	}
	return r.o.Engine.MatchesRecord(ctx, view, rec, own, r.o.Budget)
}

// judged is one of visible and addressed.
type judged func(ctx context.Context, view store.View, rec *store.Record) (bool, error)

// tree parses stored content.
func (r *Repository) tree(rec *store.Record) (*element.Resource, error) {
	return element.ParseJSON(r.defs, rec.Body, element.Options{ExpectType: rec.Type, Trusted: true})
}

// Target says which resource of this server a reference names, as Repository.Target does.
func (l *Lookup) Target(reference string) (typ, id string, ok bool) { return l.r.resource(reference) }
