package access

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// habilitation is the operation $habilitation: what the caller may do with a record and why; for who manages the sharing, what a professional may.
func (a *Access) habilitation() rest.Operation {
	return rest.Operation{
		Code: "habilitation", Definition: carnet + "OperationDefinition/Patient-habilitation", Levels: rest.InstanceLevel, Types: []string{"Patient"}, ReadOnly: true, Handle: a.explain,
		Documentation: "What the caller may do with the record of the Patient, and why: open, the state of the authorisation (TD0.2: NON_EXISTE, INTERDIT, EXPIRE, VALIDE), whether it is médecin traitant, each transaction of the functional rights with the rule " +
			"that decided, and the types of documents that it may read. Who manages the sharing of the record asks about a professional by actor (system|value), with profession, speciality, section and mode where the directory does not tell them. " +
			"It tells no content and counts nothing.",
	}
}

func (a *Access) explain(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
	if _, err := a.repo.Read(ctx, "Patient", call.ID); err != nil {
		return nil, err
	}
	c, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	p, err := a.relations.fresh(ctx, call.ID)
	if err != nil {
		return nil, err
	}
	if c, err = a.asked(ctx, call, c, p); err != nil {
		return nil, err
	}
	s := a.situation(p, c, a.o.Clock())
	list, err := json.Marshal(parameters(a.o.Engine.Explain(&c.actor, s), s))
	if err != nil {
		return nil, err
	}
	return &rest.OperationAnswer{Resource: append(append([]byte(`{"resourceType":"Parameters","parameter":`), list...), '}')}, nil
}

// asked gives about whom the question is: the caller, or the professional that it names and may ask about.
func (a *Access) asked(ctx context.Context, call *rest.OperationCall, c *caller, p *record) (*caller, error) {
	text := call.Value("actor")
	if text == "" {
		if c == nil {
			return nil, fault.New(http.StatusBadRequest, fault.Required, "Without access control nobody calls: name the actor (system|value).")
		}
		return c, nil
	}
	system, value, ok := strings.Cut(text, "|")
	if !ok || system == "" || value == "" {
		return nil, fault.At(http.StatusBadRequest, fault.Value, "Parameters.parameter", "The actor is an identifier, system|value.")
	}
	if c != nil && !a.operates(c) {
		s := a.situation(p, c, a.o.Clock())
		if d := a.o.Engine.Decide(&c.actor, s, habilitation.ManageSharing, nil); !d.Permit {
			return nil, refused(d)
		}
	}
	mode, err := habilitation.ParseAccessMode("", call.Value("mode"))
	if err != nil {
		return nil, fault.At(http.StatusBadRequest, fault.Value, "Parameters.parameter", "The access modes are normal, bris_de_glace and centre_15.")
	}
	actor := habilitation.Actor{
		Kind: habilitation.Professional, ID: habilitation.Identifier{System: system, Value: value}, Profession: call.Value("profession"), Speciality: call.Value("speciality"), Section: call.Value("section"),
		Mode: mode, Justification: mode == habilitation.BreakGlass,
	}
	if actor.Profession == "" {
		if err := a.qualify(ctx, &actor); err != nil {
			return nil, err
		}
	}
	session := token.Session{}
	return &caller{session: &session, actor: actor}, nil
}

// qualify takes a professional's profession and savoir-faire from the directory, where it is there.
func (a *Access) qualify(ctx context.Context, actor *habilitation.Actor) error {
	people, roles, err := a.relations.practitioner(ctx, spellings(actor.ID))
	if err != nil {
		return err
	}
	for _, ref := range append(people, roles...) {
		rec, err := a.repo.Read(ctx, ref.Type, ref.ID)
		if err != nil {
			return err
		}
		root, err := tree(rec)
		if err != nil {
			return err
		}
		for e := range element.Descendants(root) {
			if e.Name != "coding" {
				continue
			}
			system, code := e.ChildValue("system"), e.ChildValue("code")
			switch {
			case strings.Contains(system, "TRE_G15"):
				actor.Profession = code
			case strings.Contains(system, "TRE_R38") || strings.Contains(system, "TRE_R01"):
				actor.Speciality = code
			case strings.Contains(system, "TRE_G05") || strings.Contains(system, "TRE_R06"):
				actor.Section = code
			}
		}
	}
	return nil
}

type object = map[string]any

// parameters writes an explanation.
func parameters(x habilitation.Explanation, s *habilitation.Situation) []object {
	all := []object{
		{"name": "open", "valueBoolean": !s.Closed && !s.Suspended},
		{"name": "kind", "valueCode": x.Kind},
		{"name": "mode", "valueCode": x.Mode},
	}
	add := func(name, value string) {
		if value != "" {
			all = append(all, object{"name": name, "valueString": value})
		}
	}
	add("column", x.Column)
	add("rights", x.Rights)
	if x.Authorisation != "" {
		all = append(all, object{"name": "authorisation", "part": append([]object{{"name": "state", "valueCode": x.Authorisation}}, parts(x.AuthorisationWhy)...)},
			object{"name": "treatingDoctor", "valueBoolean": x.TreatingDoctor})
	}
	reading := parts(x.Reading.Open)
	level := "nothing"
	if !x.Reading.Empty() && x.Reading.Level != habilitation.Nothing {
		level = string(x.Reading.Level)
	}
	reading = append(reading, object{"name": "level", "valueCode": level})
	if level != "nothing" {
		reading = append(reading, kindsOf(&x.Reading.Kinds)...)
	}
	all = append(all, object{"name": "reading", "part": reading})
	for _, t := range x.Transactions {
		all = append(all, object{"name": "transaction", "part": append([]object{{"name": "code", "valueCode": t.Transaction}}, parts(t.Decision)...)})
	}
	for _, notice := range x.Notices {
		add("notice", notice)
	}
	for _, table := range x.Tables {
		add("table", table)
	}
	return all
}

func parts(d habilitation.Decision) []object {
	out := []object{{"name": "permit", "valueBoolean": d.Permit}}
	if d.Rule != "" {
		out = append(out, object{"name": "rule", "valueCode": d.Rule})
	}
	if d.Why != "" {
		out = append(out, object{"name": "reason", "valueString": d.Why})
	}
	if d.Limit != "" {
		out = append(out, object{"name": "limit", "valueCode": d.Limit})
	}
	return out
}

func kindsOf(k *habilitation.Kinds) []object {
	if k.Everything() {
		return []object{{"name": "everyType", "valueBoolean": true}}
	}
	var out []object
	for _, t := range k.Types {
		out = append(out, object{"name": "type", "valueCode": t})
	}
	if k.OtherTypes {
		out = append(out, object{"name": "otherTypes", "valueBoolean": true})
	}
	for _, c := range k.OtherTypesOfClasses {
		out = append(out, object{"name": "otherTypesOfClass", "valueCode": c})
	}
	return out
}
