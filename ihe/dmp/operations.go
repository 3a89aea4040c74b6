package dmp

import (
	"context"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/store"
)

const own = "https://carnet-fhir.github.io/OperationDefinition/"

// Extension adds to the server the operations on records and qualified identities, and what it says of the French profiles.
func Extension(records *Records, people *People) rest.Extension {
	o := &operations{records: records, people: people}
	operation := func(code string, level rest.Level, handle func(context.Context, *rest.OperationCall) (*rest.OperationAnswer, error), text string) rest.Operation {
		return rest.Operation{Code: code, Definition: own + "Patient-" + code, Levels: level, Types: []string{"Patient"}, Handle: handle, Documentation: text}
	}
	return rest.Extension{
		Profiles: map[string][]string{"Patient": {ProfilePatient, ProfilePatientINS}},
		Operations: []rest.Operation{
			operation("dmp-open", rest.TypeLevel, o.open, "Opens the record of a person. Takes a Patient with a qualified identity (resource, or the body) and mes (boolean: attached to Mon espace santé). 201, or 200 with the record that is there; 422 when its traits are others."),
			operation("dmp-close", rest.InstanceLevel, o.close, "Closes a record. Takes date, reason (code) and text. Nothing is deleted."),
			operation("dmp-reopen", rest.InstanceLevel, o.reopen, "Opens a closed record again."),
			operation("dmp-attach-mes", rest.InstanceLevel, o.attach, "Takes attached (boolean): whether the record is attached to Mon espace santé."),
			operation("dmp-treating-doctor", rest.InstanceLevel, o.treating, "Takes professional (Identifier) and is (boolean): whether the professional is a médecin traitant DMP of the person."),
			operation("ins-change", rest.InstanceLevel, o.change, "Changes a qualified identity after verification at the national service. Takes ins (Identifier) and since (date), a Patient with the new traits (resource), or both. The earlier INS is kept with the use old."),
		},
	}
}

type operations struct {
	records *Records
	people  *People
}

func (o *operations) open(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
	res := call.Resource("resource")
	if res == nil || res.Type() != "Patient" {
		return nil, fault.At(http.StatusBadRequest, fault.Required, "Parameters.parameter", "The operation takes a Patient, as its body or as the parameter resource.")
	}
	rec, opened, err := o.records.OpenAs(ctx, res, call.Value("mes") == "true")
	if err != nil {
		return nil, ofPatient(err)
	}
	answer := o.answer(ctx, rec)
	if opened {
		answer.Status = http.StatusCreated
		answer.Header = http.Header{"Location": {"Patient/" + rec.ID}}
	}
	return answer, nil
}

func (o *operations) close(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
	c := Closing{Date: call.Value("date"), Reason: call.Value("reason"), Text: call.Value("text")}
	return o.onRecord(ctx, call, func(m ins.Matricule) (*Record, error) { return o.records.Close(ctx, m, c) })
}

func (o *operations) reopen(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
	return o.onRecord(ctx, call, func(m ins.Matricule) (*Record, error) { return o.records.Reopen(ctx, m) })
}

func (o *operations) attach(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
	v := call.Value("attached")
	if v != "true" && v != "false" {
		return nil, fault.At(http.StatusBadRequest, fault.Required, "Parameters.parameter", "The operation takes attached, true or false.")
	}
	return o.onRecord(ctx, call, func(m ins.Matricule) (*Record, error) { return o.records.AttachMES(ctx, m, v == "true") })
}

func (o *operations) treating(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
	v := call.Value("is")
	if v != "true" && v != "false" {
		return nil, fault.At(http.StatusBadRequest, fault.Required, "Parameters.parameter", "The operation takes is, true or false.")
	}
	var p Professional
	if call.Parameters != nil && call.Parameters.Type() == "Parameters" {
		for e := range call.Parameters.Root.Children("parameter") {
			if e.ChildValue("name") == "professional" {
				p = Professional{e.Child("value").ChildValue("system"), e.Child("value").ChildValue("value")}
			}
		}
	}
	return o.onRecord(ctx, call, func(m ins.Matricule) (*Record, error) { return o.records.SetTreatingDoctor(ctx, m, p, v == "true") })
}

// onRecord carries out an operation on the record of the Patient in the URL, which the caller must be able to see.
func (o *operations) onRecord(ctx context.Context, call *rest.OperationCall, do func(ins.Matricule) (*Record, error)) (*rest.OperationAnswer, error) {
	rec, err := o.people.repo.Read(ctx, "Patient", call.ID)
	if err != nil {
		return nil, err
	}
	person, err := o.people.Read(rec)
	if err != nil {
		return nil, err
	}
	if person.Into != "" {
		return nil, MergedIdentity(person.Into)
	}
	if person.INS.IsZero() {
		return nil, fault.At(http.StatusConflict, fault.BusinessRule, "Patient.identifier", "The Patient has no INS: there is no record to open or close.")
	}
	changed, err := do(person.INS)
	if err != nil {
		return nil, ofPatient(err)
	}
	return o.answer(ctx, changed), nil
}

func (o *operations) answer(_ context.Context, rec *Record) *rest.OperationAnswer {
	return &rest.OperationAnswer{Resource: rec.Body, Records: []*store.Record{rec.stored}}
}

func (o *operations) change(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
	c := Change{Since: call.Value("since")}
	if call.Parameters != nil && call.Parameters.Type() == "Parameters" {
		for p := range call.Parameters.Root.Children("parameter") {
			if p.ChildValue("name") != "ins" {
				continue
			}
			var err error
			v := p.Child("value")
			if c.INS, err = o.records.mode.Parse(v.ChildValue("system"), v.ChildValue("value")); err != nil {
				return nil, fault.At(http.StatusUnprocessableEntity, fault.Value, element.Path(p), err.Error())
			}
		}
	}
	if res := call.Resource("resource"); res != nil && res.Type() == "Patient" {
		c.Identity = res.Root
	}
	person, err := o.people.ChangeINS(ctx, call.ID, c)
	if err != nil {
		return nil, err
	}
	return &rest.OperationAnswer{Resource: person.Record.Body, Records: []*store.Record{person.Record}}, nil
}
