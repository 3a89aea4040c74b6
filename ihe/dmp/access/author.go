package access

import (
	"context"

	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// authorship is the condition that a document or list is the caller's own (it is an author), and that it is its structure's.
type authorship struct {
	own, structure map[string]search.Expr // by type: DocumentReference, List
}

// ways are how an author is named in a type, as chains of its search parameters; %s stands for the identifier.
var (
	ownWays = map[string][]string{
		"DocumentReference": {"author:Practitioner.identifier", "author:PractitionerRole.practitioner:Practitioner.identifier", "author:PractitionerRole.practitioner.identifier", "author:PractitionerRole.identifier",
			"author:Patient.identifier", "author:RelatedPerson.identifier", "author:Device.identifier"},
		"List": {"source:Practitioner.identifier", "source:PractitionerRole.practitioner:Practitioner.identifier", "source:PractitionerRole.identifier", "source:Patient.identifier", "source:Device.identifier"},
	}
	structureWays = map[string][]string{
		"DocumentReference": {"author:Organization.identifier", "author:PractitionerRole.organization:Organization.identifier"},
		"List":              {"source:PractitionerRole.organization:Organization.identifier", "authorOrg:Organization.identifier"},
	}
	authorParams = map[string]string{"DocumentReference": "author", "List": "source"}
)

// authorship finds under which references the caller may be an author.
func (v *view) authored(ctx context.Context) (*authorship, error) {
	v.mu.Lock()
	author, era := v.author, v.era
	v.mu.Unlock()
	if author != nil {
		return author, nil
	}
	r := v.a.relations
	people, roles, err := r.practitioner(ctx, v.caller.self())
	if err != nil {
		return nil, err
	}
	refs := append(people, roles...)
	if typ, id, ok := refParts(v.caller.session.FHIRUser); ok {
		refs = append(refs, search.Ref{Type: typ, ID: id})
	}
	organizations, staffed, err := r.organization(ctx, v.caller.structure())
	if err != nil {
		return nil, err
	}
	author = &authorship{own: map[string]search.Expr{}, structure: map[string]search.Expr{}}
	for typ := range authorParams {
		author.own[typ] = r.written(typ, ownWays[typ], v.caller.self(), refs, people)
		author.structure[typ] = r.written(typ, structureWays[typ], v.caller.structure(), append(organizations, staffed...), nil)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.era == era {
		v.author = author
	}
	return author, nil
}

// written is the condition that one of the references, or somebody with the identifier who is contained or named by it, is an author.
func (r *relations) written(typ string, ways []string, ids []habilitation.Identifier, refs, people []search.Ref) search.Expr {
	out := search.Or{}
	p, ok := r.a.o.Registry.Param(typ, authorParams[typ])
	if !ok {
		return out
	}
	if len(refs) > 0 {
		out = append(out, &search.Among{Param: p, Set: search.ReferenceSet(refs)})
	}
	if way := r.contained(typ, authorParams[typ]+":PractitionerRole.practitioner", "Practitioner/x"); way != nil && len(people) > 0 { // a contained role of a stored professional
		out = append(out, &search.Among{Param: way, Set: search.ReferenceSet(people)})
	}
	if len(ids) == 0 {
		return out
	}
	codes := make([]search.Code, len(ids))
	for i, id := range ids {
		codes[i] = search.Code{System: id.System, Code: id.Value}
	}
	set := search.TokenSet(codes)
	out = append(out, &search.Among{Param: p, Identifier: true, Set: set})
	for _, way := range ways {
		if param := r.contained(typ, way, "x|x"); param != nil {
			out = append(out, &search.Among{Param: param, Set: set})
		}
	}
	return out
}

// contained gives the parameter of a chain into contained resources, nil where the server has none: those on stored resources are known by their references already.
func (r *relations) contained(typ, chain, value string) *search.Param {
	e, err := search.ParseCondition(r.a.o.Registry, typ, [][2]string{{chain, value}}, search.ParseOptions{})
	if err != nil {
		return nil
	}
	return derivedParam(e)
}

func derivedParam(e search.Expr) *search.Param {
	switch e := e.(type) {
	case search.And:
		if len(e) == 1 {
			return derivedParam(e[0])
		}
	case search.Or:
		for _, part := range e {
			if p := derivedParam(part); p != nil {
				return p
			}
		}
	case *search.Clause:
		return e.Param
	}
	return nil
}

// practitioner finds the stored professionals with an identifier, and their roles.
func (r *relations) practitioner(ctx context.Context, ids []habilitation.Identifier) (people, roles []search.Ref, err error) {
	if len(ids) == 0 {
		return nil, nil, nil
	}
	view, err := r.a.o.Store.View(0)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if e := view.Close(); err == nil {
			err = e
		}
	}()
	found, err := r.engine.Find(ctx, view, "Practitioner", r.identified("Practitioner", "identifier", ids), maxRoles, relationBudget)
	if err != nil {
		return nil, nil, err
	}
	either := search.Or{r.identified("PractitionerRole", "identifier", ids), r.identified("PractitionerRole", "practitioner", ids)}
	for _, rec := range found {
		people = append(people, search.Ref{Type: rec.Type, ID: rec.ID})
		either = append(either, r.refersTo("PractitionerRole", "practitioner", rec.Type, rec.ID))
	}
	found, err = r.engine.Find(ctx, view, "PractitionerRole", either, maxRoles, relationBudget)
	for _, rec := range found {
		roles = append(roles, search.Ref{Type: rec.Type, ID: rec.ID})
	}
	return people, roles, err
}

// maxRoles bounds the roles of one professional or structure that are looked for.
const maxRoles = 5_000

// organization finds the stored structures with an identifier, and the roles in them.
func (r *relations) organization(ctx context.Context, ids []habilitation.Identifier) (organizations, roles []search.Ref, err error) {
	if len(ids) == 0 {
		return nil, nil, nil
	}
	view, err := r.a.o.Store.View(0)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if e := view.Close(); err == nil {
			err = e
		}
	}()
	found, err := r.engine.Find(ctx, view, "Organization", r.identified("Organization", "identifier", ids), maxRoles, relationBudget)
	if err != nil || len(found) == 0 {
		return nil, nil, err
	}
	either := search.Or{}
	for _, rec := range found {
		organizations = append(organizations, search.Ref{Type: rec.Type, ID: rec.ID})
		either = append(either, r.refersTo("PractitionerRole", "organization", rec.Type, rec.ID))
	}
	found, err = r.engine.Find(ctx, view, "PractitionerRole", either, maxRoles, relationBudget)
	for _, rec := range found {
		roles = append(roles, search.Ref{Type: rec.Type, ID: rec.ID})
	}
	return organizations, roles, err
}
