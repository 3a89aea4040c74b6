package access

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// conditionsOf gives the conditions of a standing; those of equal standings are shared. The view is locked.
func (v *view) conditionsOf(s *standing) *conditions {
	r := v.rightsOf(s)
	key := s.reading.Key() + "|" + s.reading.Version + "|" + r.key()
	for _, h := range s.reading.Hidden {
		if h.Months > 0 {
			key += "|" + strconv.FormatInt(h.Since.Unix()/86400, 10) // a condition on dates is as of a day
		}
	}
	if c, ok := v.shared[key]; ok {
		return c
	}
	c := &conditions{reading: &s.reading, of: map[conditionKey]search.Expr{}, rights: r}
	v.shared[key] = c
	return c
}

func (r *rights) key() string {
	var b strings.Builder
	for _, v := range []bool{r.existence, r.list, r.administrative, r.professionals, r.traces, r.ownTraces, r.sharing, r.related} {
		b.WriteString(strconv.FormatBool(v))
	}
	return b.String() + r.patient
}

// rightsOf asks the rules about what is no document.
func (v *view) rightsOf(s *standing) rights {
	may := func(t habilitation.Transaction) bool {
		return v.a.o.Engine.Decide(&v.caller.actor, s.situation, t, nil).Permit
	}
	return rights{
		existence: may(habilitation.TestExistence), list: may(habilitation.ListAuthorised), administrative: may(habilitation.ReadAdministrative), professionals: may(habilitation.ListProfessionals), traces: may(habilitation.ReadTraces), ownTraces: may(habilitation.ReadOwnTraces),
		sharing: may(habilitation.ManageSharing), related: s.situation.Related,
	}
}

// condition gives what a resource of the type must satisfy in one record, nil for nothing.
func (v *view) condition(ctx context.Context, id, typ string, full bool) (search.Expr, error) {
	s, err := v.standing(ctx, id)
	if err != nil {
		return nil, err
	}
	author, err := v.authored(ctx)
	if err != nil {
		return nil, err
	}
	key := conditionKey{typ, full}
	v.mu.Lock()
	defer v.mu.Unlock()
	if e, ok := s.of.of[key]; ok {
		return e, nil
	}
	b := &builder{a: v.a, reading: s.of.reading, known: v.a.o.Engine.Types(s.situation.At), author: author}
	e := v.build(b, s, typ, full)
	s.of.of[key] = e
	return e, nil
}

func (v *view) build(b *builder, s *standing, typ string, full bool) search.Expr {
	rights := &s.of.rights
	mine := v.namedIn(typ)
	switch v.a.types[typ].kind {
	case document:
		return b.document(full)
	case collection:
		return b.list()
	case person:
		return when(rights.administrative || !s.reading.Empty() || !full && rights.existence) // who knows the INS or the id may ask whether there is a record (TD0.2), who is blocked too
	case kin:
		return when(rights.related || rights.administrative && !s.reading.Empty())
	case consent:
		switch {
		case v.caller.professionalSide() && !rights.list:
			return never() // TD0.4
		case v.caller.professionalSide() && rights.professionals:
			return either(mine, b.tagged(b.param("Consent", "category"), SystemCategory, []string{CategoryCareTeam, CategoryMoment, CategoryBlock, CategoryTreatingDoctor}))
		case rights.sharing:
			return nil
		}
		return mine
	case trace:
		switch {
		case rights.traces:
			return v.labelled(b, typ)
		case rights.ownTraces:
			return mine
		}
		return never()
	case message:
		if rights.traces && rights.related {
			return v.labelled(b, typ)
		}
		return mine
	default:
		return b.data(typ)
	}
}

// labelled is the condition that no label hides a trace or a message from the patient's side: what was done in a secret connection, or to a document that the patient does not see yet; nil for professionals.
func (v *view) labelled(b *builder, typ string) search.Expr {
	if v.caller.professionalSide() {
		return nil
	}
	hiding := b.reading.Hidden
	if len(hiding) == 0 { // of a closed record nothing is read but its traces
		hiding = []habilitation.Hiding{{Label: habilitation.InvisibleToPatient}, {Label: habilitation.InvisibleToRepresentatives}}
	}
	if v.caller.actor.Kind == habilitation.Holder {
		hiding = slices.DeleteFunc(slices.Clone(hiding), func(h habilitation.Hiding) bool { return h.Label == habilitation.InvisibleToRepresentatives })
	}
	var all search.And
	for _, h := range hiding {
		all = append(all, search.Not{Expr: b.hidden(typ, h)})
	}
	return conjunction(all)
}

func when(holds bool) search.Expr {
	if holds {
		return nil
	}
	return never()
}

// namedIn is the condition that a Consent, a trace or a message names the caller.
func (v *view) namedIn(typ string) search.Expr {
	code := map[string]string{"Consent": "actor", "AuditEvent": "agent", "Communication": "recipient"}[typ]
	p, ok := v.a.o.Registry.Param(typ, code)
	if !ok {
		return never()
	}
	ids := v.caller.identities()
	if typ != "Consent" && !v.caller.actor.ID.Zero() {
		ids = v.caller.self() // what one's colleagues did is not one's own
	}
	codes := make([]search.Code, len(ids))
	for i, id := range ids {
		codes[i] = search.Code{System: id.System, Code: id.Value}
	}
	out := search.Or{&search.Among{Param: p, Identifier: true, Set: search.TokenSet(codes)}}
	if t, id, ok := refParts(v.caller.session.FHIRUser); ok {
		out = append(out, &search.Among{Param: p, Set: search.ReferenceSet([]search.Ref{{Type: t, ID: id}})})
	}
	return out
}

// rule gives the caller's condition on a type: which records it reaches without being told whose they are, and for each record its own condition.
func (v *view) rule(ctx context.Context, typ string, full, pinned bool) (search.Expr, error) {
	info := v.a.types[typ]
	if info == nil {
		return never(), nil
	}
	switch info.kind {
	case public:
		return nil, nil
	case restricted:
		return never(), nil
	case content:
		return &search.Secured{By: func(typ string) (search.Expr, error) { return v.rule(ctx, typ, true, true) }}, nil
	case owned:
		return v.owns(typ), nil
	case provenance:
		return v.provenance(ctx, full)
	}
	var owner *search.Param
	if info.kind != person {
		if len(info.owners) == 0 {
			return never(), nil
		}
		owner = info.owners[0]
	}
	each := &search.Depends{Param: owner, On: func(ref search.Ref) (search.Expr, error) {
		if ref.Type != "Patient" || v.caller.session.Patient != "" && ref.ID != v.caller.session.Patient {
			return never(), nil
		}
		return v.condition(ctx, ref.ID, typ, full || info.kind == person && !pinned)
	}}
	var rule search.Expr = each
	if !pinned {
		reach, err := v.reach(ctx, typ, owner)
		if err != nil {
			return nil, err
		}
		rule = search.And{reach, each}
	}
	if info.kind == device {
		rule = either(&search.Clause{Param: owner, Modifier: search.ModifierMissing, Operands: []search.Operand{{Bool: true}}}, rule)
	}
	return rule, nil
}

// reach is the condition that a resource is of a record that has to do with the caller, or its own work.
func (v *view) reach(ctx context.Context, typ string, owner *search.Param) (search.Expr, error) {
	set, err := v.relatedSet(ctx)
	if err != nil {
		return nil, err
	}
	reach := search.Or{&search.Among{Param: owner, Set: set}}
	if v.caller.session.Patient == "" && v.caller.professionalSide() {
		mine, err := v.mine(ctx, typ)
		if err != nil {
			return nil, err
		}
		reach = append(reach, mine...)
	}
	return either(reach...), nil
}

// mine is the condition that a resource of any record is the caller's own work.
func (v *view) mine(ctx context.Context, typ string) (search.Or, error) {
	switch v.a.types[typ].kind {
	case document, collection:
		author, err := v.authored(ctx)
		if err != nil {
			return nil, err
		}
		out := search.Or{}
		for _, e := range []search.Expr{author.own[typ], author.structure[typ]} {
			if e != nil {
				out = append(out, e)
			}
		}
		return out, nil
	case consent, trace, message:
		return search.Or{v.namedIn(typ)}, nil
	}
	return nil, nil
}

// provenance is the condition on a Provenance: it exists with the document that it tells of, or with the Patient.
func (v *view) provenance(ctx context.Context, full bool) (search.Expr, error) {
	out := search.Or{}
	for _, way := range []struct{ code, target string }{{"entity", "DocumentReference"}, {"target", "DocumentReference"}} {
		p, ok := v.a.o.Registry.Param("Provenance", way.code)
		if !ok {
			continue
		}
		inner, err := v.rule(ctx, way.target, true, true)
		if err != nil {
			return nil, err
		}
		out = append(out, &search.Chain{Param: p, Target: way.target, Inner: inner})
	}
	return out, nil
}
