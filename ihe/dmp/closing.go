package dmp

import (
	"context"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// Closing is when and why a record was closed (extension dmp-fermeture).
type Closing struct {
	// Date is a FHIR date.
	Date string
	// Reason is a code of SystemClosingReason (motifFermeture), Text says it in words (raisonFermeture); each may be "".
	Reason, Text string
}

func closingOf(patient *element.Element) *Closing {
	x := extensionOf(patient, ExtensionClosing)
	if x == nil {
		return nil
	}
	return &Closing{
		Date: extensionOf(x, "dateFermeture").ChildValue("value"), Text: extensionOf(x, "raisonFermeture").ChildValue("value"),
		Reason: extensionOf(x, "motifFermeture").Child("value").Child("coding").ChildValue("code"),
	}
}

// Close closes an open record; 409 when it is closed already, 404 when there is none. Nothing of it is deleted.
func (r *Records) Close(ctx context.Context, m ins.Matricule, c Closing) (*Record, error) {
	if c.Date == "" {
		return nil, fault.At(http.StatusBadRequest, fault.Required, "Parameters.parameter", "A closing has a date.")
	}
	return r.edit(ctx, m, func(p *element.Element) error {
		if !active(p) {
			return fault.At(http.StatusConflict, fault.Conflict, "Patient.active", "The record is closed already.")
		}
		if _, err := p.SetChild("active", "false"); err != nil {
			return err
		}
		return setExtension(p, ExtensionClosing, c.extension())
	})
}

// Reopen opens a closed record again; 409 when it is open.
func (r *Records) Reopen(ctx context.Context, m ins.Matricule) (*Record, error) {
	return r.edit(ctx, m, func(p *element.Element) error {
		if active(p) {
			return fault.At(http.StatusConflict, fault.Conflict, "Patient.active", "The record is open.")
		}
		if _, err := p.SetChild("active", "true"); err != nil {
			return err
		}
		return setExtension(p, ExtensionClosing, nil)
	})
}

// AttachMES says that the record is, or is no longer, attached to Mon espace santé (extension dmp-rattachement-mes).
func (r *Records) AttachMES(ctx context.Context, m ins.Matricule, attached bool) (*Record, error) {
	return r.edit(ctx, m, func(p *element.Element) error {
		return setExtension(p, ExtensionMES, object{"url": ExtensionMES, "valueBoolean": attached})
	})
}

// edit changes the Patient of a record in one commit with the decision that it is the record.
func (r *Records) edit(ctx context.Context, m ins.Matricule, change func(*element.Element) error) (*Record, error) {
	out, err := r.repo.Planned(Controlled(ctx), func(ctx context.Context, look *repository.Lookup) ([]repository.BundleEntry, error) {
		rec, err := r.FindIn(ctx, look, m)
		if err != nil {
			return nil, err
		}
		res, err := element.ParseJSON(spec.R4(), rec.Body, element.Options{ExpectType: "Patient", Trusted: true})
		if err != nil {
			return nil, err
		}
		if err := change(res.Root); err != nil {
			return nil, err
		}
		res.Changed()
		return []repository.BundleEntry{{Method: http.MethodPut, URL: "Patient/" + rec.ID, Resource: res}}, nil
	})
	if err != nil {
		return nil, err
	}
	if f := out[0].Fault; f != nil {
		return nil, f
	}
	found, err := r.read(out[0].Record)
	if err != nil {
		return nil, err
	}
	return found.record, nil
}

func (c *Closing) extension() object {
	parts := []any{object{"url": "dateFermeture", "valueDate": c.Date}}
	if c.Reason != "" {
		parts = append(parts, object{"url": "motifFermeture", "valueCodeableConcept": object{"coding": []any{object{"system": SystemClosingReason, "code": c.Reason}}}})
	}
	if c.Text != "" {
		parts = append(parts, object{"url": "raisonFermeture", "valueString": c.Text})
	}
	return object{"url": ExtensionClosing, "extension": parts}
}
