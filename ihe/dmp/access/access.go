package access

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// Permit refuses what the scopes of the token do not permit on any resource of the type, and what the caller's kind never may.
func (a *Access) Permit(ctx context.Context, what repository.Interaction, typ string) error {
	session := token.FromContext(ctx)
	if session == nil {
		return nil
	}
	if _, err := actorOf(session); err != nil {
		return err
	}
	if !session.Scopes.Permits(what, typ) {
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
	session := token.FromContext(ctx)
	if session == nil {
		return nil, nil
	}
	actor, err := actorOf(session)
	if err != nil {
		return nil, err
	}
	var scopes search.Expr
	if scoped {
		what := repository.Read
		if change := repository.Changing(ctx); change != "" {
			what = change // scopes may let change what they do not let read
		}
		if scopes, err = session.Scopes.Restrict(a.o.Registry, typ, session.Patient, what); err != nil {
			return nil, err
		}
	}
	if a.operator(actor) {
		return scopes, nil
	}
	if err := a.relations.follow(); err != nil {
		return nil, err
	}
	v := a.viewOf(session, actor)
	rule, err := v.rule(ctx, typ, false, v.pins(typ, asked))
	if err != nil {
		return nil, err
	}
	all := search.And{scopes, rule}
	if asksTreating(typ, asked) {
		all = append(all, v.toldOfTreating(ctx))
	}
	return conjunction(all), nil
}

// pins says whether what is asked can be answered by the record of one person that the caller named, or by one resource. Several are not one: who asks about several at once sees those among the records that have to do with it.
func (v *view) pins(typ string, asked search.Expr) bool {
	if asksTreating(typ, asked) {
		return false // who is a person's médecin traitant is not for everybody who knows the person
	}
	if v.personOf(typ, asked) != "" {
		return true
	}
	and, ok := asked.(search.And)
	return ok && v.describes(typ, and)
}

// toldOfTreating is the condition that the caller may know who is médecin traitant of a person (TD1.6).
func (v *view) toldOfTreating(ctx context.Context) search.Expr {
	return &search.Depends{On: func(ref search.Ref) (search.Expr, error) {
		s, err := v.standing(ctx, ref.ID)
		if err != nil {
			return nil, err
		}
		return when(s.of.rights.professionals), nil
	}}
}

// asksTreating says whether a search of Patients depends on who is médecin traitant, anywhere but in what it asks of other resources: by the parameter, or by a word anywhere in the resource (_content), which has what the server keeps too.
func asksTreating(typ string, e search.Expr) bool {
	if typ != "Patient" {
		return false
	}
	asks := func(part search.Expr) bool { return asksTreating(typ, part) }
	switch e := e.(type) {
	case search.And:
		return slices.ContainsFunc(e, asks)
	case search.Or:
		return slices.ContainsFunc(e, asks)
	case search.Not:
		return asks(e.Expr)
	case search.Text:
		return e.Content
	case *search.Clause:
		return e.Param.Code == ParameterTreatingDoctor
	}
	return false
}

// personOf gives the one person or resource that an expression names, "" when it names none, or several.
func (v *view) personOf(typ string, asked search.Expr) string {
	switch e := asked.(type) {
	case search.And:
		for _, part := range e {
			if who := v.personOf(typ, part); who != "" {
				return who
			}
		}
	case search.Or:
		return same(len(e), func(i int) string { return v.personOf(typ, e[i]) })
	case search.IDIn:
		return same(len(e.IDs), func(i int) string { return typ + "/" + e.IDs[i] })
	case *search.Clause:
		return v.personBy(typ, e)
	case *search.Chain:
		if v.ofOwner(typ, e.Param) && e.Target == "Patient" {
			return v.personOf("Patient", e.Inner)
		}
	case search.InCompartment:
		if e.Type == "Patient" {
			return "Patient/" + e.ID
		}
	}
	return ""
}

// same gives what all of n names are, "" when they differ.
func same(n int, name func(i int) string) string {
	one := ""
	for i := range n {
		switch who := name(i); {
		case who == "" || i > 0 && who != one:
			return ""
		default:
			one = who
		}
	}
	return one
}

// personBy gives the person that a clause names: by INS, or by the reference that says whose a resource is.
func (v *view) personBy(typ string, c *search.Clause) string {
	if c.Param.Resource != typ || c.Modifier != search.NoModifier {
		return ""
	}
	switch {
	case typ == "Patient" && c.Param.Code == "identifier":
		return same(len(c.Operands), func(i int) string {
			o := &c.Operands[i]
			if _, known := ins.KindOf(o.System); !known || o.Code == "" {
				return ""
			}
			return o.System + "|" + o.Code
		})
	case v.ofOwner(typ, c.Param):
		return same(len(c.Operands), func(i int) string {
			if c.Operands[i].RefID == "" {
				return ""
			}
			return c.Operands[i].RefType + "/" + c.Operands[i].RefID
		})
	}
	return ""
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
	return slices.ContainsFunc(asked, describesPerson)
}

// minName is how many letters of a name say something of a person.
const minName = 2

// describesPerson says whether a part of a search describes a person: by a name, a birth date of one day, or a whole identifier or address. What everybody has describes nobody: regulation finds a person, it lists none.
func describesPerson(part search.Expr) bool {
	c, ok := part.(*search.Clause)
	if !ok || len(c.Operands) != 1 || c.Modifier != search.NoModifier && c.Modifier != search.ModifierExact {
		return false
	}
	o := &c.Operands[0]
	switch c.Param.Code {
	case "name", "family", "given", "phonetic":
		return utf8.RuneCountInString(strings.TrimSpace(o.String)) >= minName
	case "birthdate":
		return (o.Prefix == "" || o.Prefix == search.Eq) && o.High-o.Low <= (25*time.Hour).Microseconds()
	case "identifier", "telecom", "phone", "email":
		return o.Code != ""
	}
	return false
}
