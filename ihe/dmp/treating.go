package dmp

import (
	"context"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// extensionTreatingDoctors keeps, in the Patient, the professionals who have the right of médecin traitant DMP, by their national identifier; it repeats. What a caller is told is ExtensionTreatingDoctor: whether it is one of them.
const extensionTreatingDoctors = "https://carnet-fhir.github.io/StructureDefinition/dmp-treating-doctor"

// Professional is a national identifier of a person: an RPPS number under its system, or a PS_IdNat under urn:oid:1.2.250.1.71.4.2.1.
type Professional struct{ System, Value string }

// SetTreatingDoctor gives a professional the right of médecin traitant DMP on a record, or takes it away.
func (r *Records) SetTreatingDoctor(ctx context.Context, m ins.Matricule, p Professional, is bool) (*Record, error) {
	if p.System == "" || p.Value == "" {
		return nil, fault.At(http.StatusBadRequest, fault.Required, "Parameters.parameter", "The operation takes professional, an Identifier with system and value.")
	}
	return r.edit(context.WithValue(ctx, askedKey{}, Asked{Professional: p, Is: is}), m, func(patient *element.Element) error {
		held := treatingDoctor(patient, p)
		switch {
		case held != nil && !is:
			return patient.Remove(held)
		case held == nil && is:
			return addExtension(patient, object{"url": extensionTreatingDoctors, "valueIdentifier": object{"system": p.System, "value": p.Value}})
		}
		return nil
	})
}

type askedKey struct{}

// Asked is what is asked of the list of médecins traitants.
type Asked struct {
	Professional Professional
	Is           bool
}

// AskedTreating says, inside SetTreatingDoctor, what it was asked. Access control judges the question as well as the change: to who may not change the list, that nothing changes would tell who is on it.
func AskedTreating(ctx context.Context) (Asked, bool) {
	a, ok := ctx.Value(askedKey{}).(Asked)
	return a, ok
}

func treatingDoctor(patient *element.Element, p Professional) *element.Element {
	for x := range patient.Children("extension") {
		if v := x.Child("value"); x.ChildValue("url") == extensionTreatingDoctors && v.ChildValue("system") == p.System && v.ChildValue("value") == p.Value {
			return x
		}
	}
	return nil
}

// TD02 gives a Patient's JSON as the answer of TD0.2 shows it to a professional: with ExtensionTreatingDoctor, and without the list of who else is one. What is no record is given as it is.
func TD02(body []byte, caller Professional) []byte {
	return TD02As(body, func(patient *element.Element) bool { return treatingDoctor(patient, caller) != nil })
}

// TD02As is TD02 for who knows otherwise whether the caller is a médecin traitant DMP of a person.
func TD02As(body []byte, treats func(patient *element.Element) bool) []byte {
	res, err := element.ParseJSON(spec.R4(), body, element.Options{ExpectType: "Patient", Trusted: true})
	if err != nil {
		return body
	}
	patient := res.Root
	if status, _ := statusOf(patient); !status.MayHoldINS() {
		return body
	}
	is := treats(patient)
	if err := setExtension(patient, extensionTreatingDoctors, nil); err != nil {
		return body
	}
	if err := setExtension(patient, ExtensionTreatingDoctor, object{"url": ExtensionTreatingDoctor, "valueBoolean": is}); err != nil {
		return body
	}
	return element.AppendJSON(nil, patient)
}
