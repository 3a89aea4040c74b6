package access

import (
	"context"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// Permit refuses what the scopes of the token do not permit on any resource of the type, and what the caller's kind never may.
func (a *Access) Permit(ctx context.Context, what repository.Interaction, typ string) error {
	c, err := callerOf(ctx)
	if c == nil || err != nil {
		return err
	}
	if !c.session.Scopes.Permits(what, typ) {
		return forbidden("The scopes of the access token do not permit this interaction" + on(typ) + ".")
	}
	return nil
}

func on(typ string) string {
	if typ == "" {
		return ""
	}
	return " on " + typ
}

// Restrict gives the condition on what is met on the way: scopes and rules.
func (a *Access) Restrict(ctx context.Context, typ string) (search.Expr, error) {
	return a.restrict(ctx, typ, nil, true)
}

// Narrow gives the condition on what is asked for: who names a person by INS, or a resource by its id, asks about one record; who does not sees the records that have to do with it.
func (a *Access) Narrow(ctx context.Context, typ string, asked search.Expr) (search.Expr, error) {
	return a.restrict(ctx, typ, asked, true)
}

// Know gives the rules' condition alone.
func (a *Access) Know(ctx context.Context, typ string, asked search.Expr) (search.Expr, error) {
	return a.restrict(ctx, typ, asked, false)
}

func (a *Access) restrict(ctx context.Context, typ string, asked search.Expr, scoped bool) (search.Expr, error) {
	c, err := callerOf(ctx)
	if c == nil || err != nil {
		return nil, err
	}
	var scopes search.Expr
	if scoped {
		what := repository.Read
		if change := repository.Changing(ctx); change != "" {
			what = change // scopes may let change what they do not let read
		}
		if scopes, err = c.session.Scopes.Restrict(a.o.Registry, typ, c.session.Patient, what); err != nil {
			return nil, err
		}
	}
	if a.operates(c) {
		return scopes, nil
	}
	if err := a.relations.follow(); err != nil {
		return nil, err
	}
	v := a.view(c)
	rule, err := v.rule(ctx, typ, false, v.pins(typ, asked))
	if err != nil {
		return nil, err
	}
	if rule == nil {
		return scopes, nil
	}
	return conjunction(search.And{scopes, rule}), nil
}

// pins says whether what is asked can be answered by the record of one person that the caller named, or by one resource.
func (v *view) pins(typ string, asked search.Expr) bool {
	switch e := asked.(type) {
	case search.And:
		for _, part := range e {
			if c, ok := part.(*search.Clause); ok && c.Param.Code == ParameterTreatingDoctor {
				return false // who is a person's médecin traitant is not for everybody who knows the person
			}
		}
		for _, part := range e {
			if v.pins(typ, part) {
				return true
			}
		}
		return v.describes(typ, e)
	case search.Or:
		for _, part := range e {
			if !v.pins(typ, part) {
				return false
			}
		}
		return len(e) > 0
	case search.IDIn:
		return true
	case *search.Clause:
		return v.pinsClause(typ, e)
	case *search.Chain:
		return v.ofOwner(typ, e.Param) && e.Target == "Patient" && v.pins("Patient", e.Inner)
	case search.InCompartment:
		return e.Type == "Patient"
	}
	return false
}

func (v *view) pinsClause(typ string, c *search.Clause) bool {
	switch {
	case len(c.Operands) == 0 || c.Param.Resource != typ:
		return false
	case typ == "Patient" && c.Param.Code == "identifier" && c.Modifier == search.NoModifier:
		for i := range c.Operands {
			if _, known := ins.KindOf(c.Operands[i].System); !known || c.Operands[i].Code == "" {
				return false
			}
		}
		return true
	case v.ofOwner(typ, c.Param) && c.Modifier == search.NoModifier:
		for i := range c.Operands {
			if c.Operands[i].RefID == "" {
				return false
			}
		}
		return true
	}
	return false
}

// ofOwner says whether a parameter says whose a resource is.
func (v *view) ofOwner(typ string, p *search.Param) bool {
	return p.Code == "patient" || p.Code == "subject" || len(v.a.types[typ].owners) > 0 && v.a.types[typ].owners[0] == p
}

// describes says whether a search of people without INS is one that regulation may make (E9): it says something of the person.
func (v *view) describes(typ string, asked search.And) bool {
	if typ != "Patient" || len(asked) == 0 {
		return false
	}
	if !v.a.o.Engine.Decide(&v.caller.actor, &habilitation.Situation{At: v.a.o.Clock()}, habilitation.SearchWithoutINS, nil).Permit {
		return false
	}
	for _, part := range asked {
		if c, ok := part.(*search.Clause); ok && len(c.Operands) > 0 && describing[c.Param.Code] && c.Modifier != search.ModifierMissing {
			return true
		}
	}
	return false
}

// describing are the parameters by which regulation finds a person without INS.
var describing = map[string]bool{"name": true, "family": true, "given": true, "phonetic": true, "birthdate": true, "identifier": true, "telecom": true, "phone": true, "email": true}
