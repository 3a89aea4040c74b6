package dmp

import (
	"context"
	"net/http"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
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
	return r.open(ctx, o.INS, &o.Traits, res)
}

// OpenAs is Open with a Patient as its sender describes the person, local identifiers and contacts included: it holds an INS and the five traits. Whether it is open and attached is set here.
func (r *Records) OpenAs(ctx context.Context, res *element.Resource, mes bool) (rec *Record, opened bool, err error) {
	m := currentINS(r.mode, res.Root)
	if m.IsZero() {
		return nil, false, fault.At(http.StatusUnprocessableEntity, fault.Required, "Patient.identifier", "A record is opened for a Patient with an INS that this server takes.")
	}
	t := TraitsOf(res.Root)
	if _, err := res.Root.SetChild("active", "true"); err != nil {
		return nil, false, err
	}
	for _, url := range managed {
		if err := setExtension(res.Root, url, nil); err != nil {
			return nil, false, err
		}
	}
	if err := setExtension(res.Root, ExtensionMES, object{"url": ExtensionMES, "valueBoolean": mes}); err != nil {
		return nil, false, err
	}
	res.Changed()
	return r.open(ctx, m, &t, res)
}

func (r *Records) open(ctx context.Context, m ins.Matricule, t *Traits, res *element.Resource) (rec *Record, opened bool, err error) {
	written, err := r.repo.Create(Controlled(ctx), "Patient", res, repository.Conditions{IfNoneExist: "identifier=" + m.Token()})
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
	if rec, err = r.Find(ctx, m); err != nil {
		return nil, false, err
	}
	if wrong := rec.Agree(t); len(wrong) > 0 {
		return nil, false, wrongTraits(wrong, "The INS has a record, and the %s given is another than the one recorded. Nothing was written.")
	}
	return rec, false, nil
}

// patient builds the Patient of a new record in the profile fr-core-patient-ins.
func (o *Opening) patient() object {
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
		"identifier": []any{insJSON(o.INS, "")},
		"gender":     o.Traits.Sex, "birthDate": o.Traits.BirthDate,
	}
}
