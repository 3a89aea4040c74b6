package dmp

import (
	"context"
	"net/http"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// Opening is what a record is opened with: a qualified identity.
type Opening struct {
	INS    ins.Matricule
	Traits Traits
	// UsedFamily and UsedGiven are the names used in daily life, "" when they are those of birth.
	UsedFamily, UsedGiven string
	// FirstGiven is the first birth given name; "": the first word of the list.
	FirstGiven string
	// MES attaches the record to Mon espace santé.
	MES bool
}

// Open opens the record of an INS and says whether it did so: a record that is there already, open or closed, is given as it is when its traits agree, and is a 422 fault that names the traits when they do not.
// Of callers that come at once one opens.
func (r *Records) Open(ctx context.Context, o Opening) (rec *Record, opened bool, err error) {
	if err := r.mode.Judge(o.INS); err != nil {
		return nil, false, fault.Wrap(err, http.StatusUnprocessableEntity, fault.BusinessRule, err.Error())
	}
	res, err := build("Patient", o.patient())
	if err != nil {
		return nil, false, err
	}
	written, err := r.repo.Create(Controlled(ctx), "Patient", res, repository.Conditions{IfNoneExist: "identifier=" + o.INS.Token()})
	if err != nil {
		return nil, false, err
	}
	if written.Status == http.StatusCreated {
		found, err := r.read(written.Record)
		if err != nil {
			return nil, false, err
		}
		return found.record, true, nil
	}
	if rec, err = r.Find(ctx, o.INS); err != nil {
		return nil, false, err
	}
	if wrong := rec.Agree(&o.Traits); len(wrong) > 0 {
		return nil, false, wrongTraits(wrong, "The INS has a record, and the %s given is another than the one recorded. Nothing was written.")
	}
	return rec, false, nil
}

// patient builds the Patient of a new record in the profile fr-core-patient-ins.
func (o *Opening) patient() object {
	use := "official"
	if o.INS.Kind() == ins.NIA {
		use = "temp"
	}
	first := o.FirstGiven
	if first == "" {
		first, _, _ = strings.Cut(o.Traits.Given, " ")
	}
	official := object{"use": "official", "extension": []any{object{"url": extensionGivenList, "valueString": o.Traits.Given}}, "family": o.Traits.Family, "given": []any{first}}
	names := []any{official}
	if o.UsedFamily != "" || o.UsedGiven != "" {
		usual := object{"use": "usual"}
		if o.UsedFamily != "" {
			usual["family"] = o.UsedFamily
		}
		if o.UsedGiven != "" {
			usual["given"] = []any{o.UsedGiven}
		}
		names = append(names, usual)
	}
	extensions := []any{
		object{"url": extensionReliability, "extension": []any{object{"url": "identityStatus", "valueCoding": object{"system": SystemIdentityStatus, "code": string(Qualified)}}}},
		object{"url": extensionBirthPlace, "valueAddress": object{"extension": []any{
			object{"url": extensionINSEE, "valueCoding": object{"system": SystemCommune, "code": o.Traits.BirthPlace}},
		}}},
		object{"url": ExtensionMES, "valueBoolean": o.MES},
	}
	return object{
		"meta": object{"profile": []any{ProfilePatientINS}}, "active": true, "extension": extensions, "name": names,
		"identifier": []any{object{
			"use": use, "type": object{"coding": []any{object{"system": SystemIdentifierType, "code": o.INS.Kind().Code()}}},
			"system": o.INS.System(), "value": o.INS.Number(),
		}},
		"gender": o.Traits.Sex, "birthDate": o.Traits.BirthDate,
	}
}
