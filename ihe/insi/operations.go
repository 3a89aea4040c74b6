package insi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/internal/ins"
)

const (
	own              = "https://carnet-fhir.github.io/OperationDefinition/"
	collectionMethod = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-method-collection"
)

// Extension adds the two operations of the service as operations on Patient. Nothing is stored by them.
func Extension(s Service, mode ins.Mode) rest.Extension {
	o := &operations{service: s, mode: mode}
	return rest.Extension{Operations: []rest.Operation{
		{
			Code: "insi-retrieve", Definition: own + "Patient-insi-retrieve", Levels: rest.TypeLevel, Types: []string{"Patient"}, Handle: o.retrieve,
			Documentation: "Takes a Patient with the official name (family and one or all birth given names), gender, birthDate and, when known, the INSEE code of the birth place; gives the Patient of the national service, status RECUP: retrieved, not yet " +
				"qualified. 404 when nobody has exactly these traits, 422 when several have.",
		},
		{
			Code: "insi-verify", Definition: own + "Patient-insi-verify", Levels: rest.TypeLevel, Types: []string{"Patient"}, Handle: o.verify,
			Documentation: "Takes a Patient with an INS and its five traits; gives Parameters with result true or false. What differs is never told.",
		},
	}}
}

type operations struct {
	service Service
	mode    ins.Mode
}

func (o *operations) retrieve(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
	p, err := patientOf(call)
	if err != nil {
		return nil, err
	}
	t := dmp.TraitsOf(p)
	q := Query{Family: t.Family, Given: t.Given, Sex: t.Sex, BirthDate: t.BirthDate, BirthPlace: t.BirthPlace}
	if q.Given == "" {
		q.Given = officialGiven(p)
	}
	if err := askable(&q); err != nil {
		return nil, err
	}
	found, err := o.service.Retrieve(ctx, q)
	if err != nil {
		return nil, refusal(err)
	}
	return answerOf(patient(found))
}

func (o *operations) verify(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
	p, err := patientOf(call)
	if err != nil {
		return nil, err
	}
	t := dmp.TraitsOf(p)
	m, err := insOf(o.mode, p)
	if err != nil {
		return nil, err
	}
	if missing := t.Missing(); len(missing) > 0 {
		names := make([]string, len(missing))
		for i, trait := range missing {
			names[i] = string(trait)
		}
		return nil, fault.At(http.StatusUnprocessableEntity, fault.Required, "Patient", "A verification takes all five traits; missing: "+strings.Join(names, ", ")+".")
	}
	ok, err := o.service.Verify(ctx, Verification{INS: m, Traits: Traits{t.Family, t.Given, t.Sex, t.BirthDate, t.BirthPlace}})
	if err != nil {
		return nil, refusal(err)
	}
	return answerOf(object{"resourceType": "Parameters", "parameter": []any{object{"name": "result", "valueBoolean": ok}}})
}

// answerOf answers a resource; what the service gave is checked as anything that comes from outside.
func answerOf(members object) (*rest.OperationAnswer, error) {
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	res, err := element.ParseJSON(spec.R4(), text, element.Options{})
	if err != nil {
		return nil, fault.Wrap(err, http.StatusBadGateway, fault.Exception, "The national service (INSi) gave an identity that cannot be written in FHIR.")
	}
	return &rest.OperationAnswer{Resource: element.AppendJSON(nil, res.Root)}, nil
}

// patientOf gives the Patient of a call: the parameter resource, or the body itself.
func patientOf(call *rest.OperationCall) (*element.Element, error) {
	res := call.Resource("resource")
	if res == nil || res.Type() != "Patient" {
		return nil, fault.At(http.StatusBadRequest, fault.Required, "Parameters.parameter", "The operation takes a Patient, as its body or as the parameter resource.")
	}
	return res.Root, nil
}

func officialGiven(p *element.Element) string {
	for name := range p.Children("name") {
		if name.ChildValue("use") == "official" {
			return name.ChildValue("given")
		}
	}
	return ""
}

// insOf gives the INS that the Patient carries.
func insOf(mode ins.Mode, p *element.Element) (ins.Matricule, error) {
	for e := range p.Children("identifier") {
		if _, ok := ins.KindOf(e.ChildValue("system")); ok && e.ChildValue("use") != "old" {
			m, err := mode.Parse(e.ChildValue("system"), e.ChildValue("value"))
			if err != nil {
				return m, fault.At(http.StatusUnprocessableEntity, fault.Value, element.Path(e), err.Error())
			}
			return m, nil
		}
	}
	return ins.Matricule{}, fault.At(http.StatusUnprocessableEntity, fault.Required, "Patient.identifier", "A verification takes an INS.")
}

// askable refuses a query that the service would not take: RNIV allows none without the four traits.
func askable(q *Query) error {
	var issues []fault.Issue
	need := func(ok bool, path, what string) {
		if !ok {
			issues = append(issues, fault.Issue{Severity: fault.Error, Code: fault.Required, Expression: path, Diagnostics: "A retrieval takes " + what + "."})
		}
	}
	need(q.Family != "", "Patient.name.where(use='official').family", "the birth name, as family of the official name")
	need(q.Given != "", "Patient.name.where(use='official').given", "a birth given name, as given of the official name or as its list of birth given names")
	need(q.Sex == "male" || q.Sex == "female", "Patient.gender", "the sex, male or female")
	need(q.BirthDate != "", "Patient.birthDate", "the birth date; what is not known of it is left out or 01")
	if f := fault.Of(http.StatusUnprocessableEntity, issues); f != nil {
		return f
	}
	return nil
}

func refusal(err error) error {
	switch {
	case errors.Is(err, ErrNone):
		return fault.Wrap(err, http.StatusNotFound, fault.NotFound, "No identity has exactly these traits. Check them against the identity document; nothing near is given.")
	case errors.Is(err, ErrSeveral):
		return fault.Wrap(err, http.StatusUnprocessableEntity, fault.Multiple, "Several identities have these traits. Ask again with the INSEE code of the birth place, or with another birth given name; none is chosen by the server.")
	}
	return fault.Wrap(err, http.StatusServiceUnavailable, fault.Transient, "The national service (INSi) is not available. Go on with the local identity and ask later.")
}

type object = map[string]any

// patient writes an identity as a Patient whose status is retrieved.
func patient(p *Identity) object {
	const structure = "https://hl7.fr/ig/fhir/core/StructureDefinition/"
	identifiers := []any{identifier(p.INS, currentUse(p.INS), nil)}
	for _, e := range p.Earlier {
		period := object{}
		if e.Start != "" {
			period["start"] = e.Start
		}
		if e.End != "" {
			period["end"] = e.End
		}
		identifiers = append(identifiers, identifier(e.INS, "old", period))
	}
	first, _, _ := strings.Cut(p.Traits.Given, " ")
	return object{
		"resourceType": "Patient",
		"extension": []any{
			object{"url": structure + "fr-core-identity-reliability", "extension": []any{
				object{"url": "identityStatus", "valueCoding": object{"system": dmp.SystemIdentityStatus, "code": string(dmp.Retrieved)}},
				object{"url": "methodCollection", "valueCoding": object{"system": collectionMethod, "code": "INSI"}},
			}},
			object{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": object{"extension": []any{
				object{"url": structure + "fr-core-address-insee-code", "valueCoding": object{"system": dmp.SystemCommune, "code": p.Traits.BirthPlace}},
			}}},
		},
		"identifier": identifiers,
		"name": []any{object{
			"use": "official", "extension": []any{object{"url": structure + "fr-core-patient-birth-list-given-name", "valueString": p.Traits.Given}},
			"family": p.Traits.Family, "given": []any{first},
		}},
		"gender": p.Traits.Sex, "birthDate": p.Traits.BirthDate,
	}
}

func currentUse(m ins.Matricule) string {
	if m.Kind() == ins.NIA {
		return "temp"
	}
	return "official"
}

func identifier(m ins.Matricule, use string, period object) object {
	out := object{
		"use": use, "type": object{"coding": []any{object{"system": dmp.SystemIdentifierType, "code": m.Kind().Code()}}},
		"system": m.System(), "value": m.Number(),
	}
	if len(period) > 0 {
		out["period"] = period
	}
	return out
}
