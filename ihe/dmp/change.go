package dmp

import (
	"context"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// Change is a change of a qualified identity that was verified at the national service: another INS (a NIA that became a NIR, a corrected civil status), other traits, or both.
type Change struct {
	// Since is the FHIR date from which the new INS holds; the earlier one ends there.
	Since string
	// INS is the new INS, zero when it stays.
	INS ins.Matricule
	// Identity is a Patient with the new traits (official name, gender, birthDate, birth place), nil when they stay.
	Identity *element.Element
}

// ChangeINS carries out a change on the record of a Patient and gives the record. The earlier INS stays as an identifier with the use old and a period: the record is found by it still.
func (p *People) ChangeINS(ctx context.Context, id string, c Change) (*Person, error) {
	if c.INS.IsZero() && c.Identity == nil {
		return nil, fault.At(http.StatusBadRequest, fault.Required, "Parameters.parameter", "A change has a new ins, a new identity, or both.")
	}
	if !c.INS.IsZero() && c.Since == "" {
		return nil, fault.At(http.StatusBadRequest, fault.Required, "Parameters.parameter", "A change of INS has a since: the date from which the new one holds.")
	}
	results, err := p.Edit(ctx, []string{id}, func(_ string, patient *element.Element) error {
		if into := ReplacedBy(patient); into != "" {
			return MergedIdentity(into)
		}
		if currentINS(p.mode, patient).IsZero() {
			return fault.At(http.StatusConflict, fault.BusinessRule, "Patient.identifier", "The identity has no INS yet: qualify it by an update.")
		}
		if !c.INS.IsZero() {
			if err := c.replaceINS(p.mode, patient); err != nil {
				return err
			}
		}
		if c.Identity != nil {
			return replaceTraits(patient, c.Identity)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return p.Read(results[0].Record)
}

func (c *Change) replaceINS(mode ins.Mode, patient *element.Element) error {
	if currentINS(mode, patient) == c.INS {
		return fault.At(http.StatusConflict, fault.Conflict, "Patient.identifier", "The identity has this INS already.")
	}
	for _, i := range insIdentifiers(patient) {
		if i.kind == c.INS.Kind() && i.number == c.INS.Number() { // it comes back
			if err := patient.Remove(i.element); err != nil {
				return err
			}
			continue
		}
		if !i.current() {
			continue
		}
		if _, err := i.element.SetChild("use", "old"); err != nil {
			return err
		}
		period := i.element.Child("period")
		if period == nil {
			var err error
			if period, err = i.element.NewChild("period"); err != nil {
				return err
			}
		}
		if _, err := period.SetChild("end", c.Since); err != nil {
			return err
		}
	}
	made, err := build("Patient", object{"identifier": []any{insJSON(c.INS, c.Since)}})
	if err != nil {
		return err
	}
	identifier := made.Root.Child("identifier")
	if err := made.Root.Remove(identifier); err != nil {
		return err
	}
	return patient.Add("identifier", identifier)
}

// insJSON writes the identifier of an INS.
func insJSON(m ins.Matricule, since string) object {
	use := "official"
	if m.Kind() == ins.NIA {
		use = "temp"
	}
	out := object{
		"use": use, "type": object{"coding": []any{object{"system": SystemIdentifierType, "code": m.Kind().Code()}}},
		"system": m.System(), "value": m.Number(),
	}
	if since != "" {
		out["period"] = object{"start": since}
	}
	return out
}

// replaceTraits puts the traits of one Patient in the place of another's.
func replaceTraits(patient, with *element.Element) error {
	t := TraitsOf(with)
	if missing := t.Missing(); len(missing) > 0 {
		return fault.At(http.StatusUnprocessableEntity, fault.Required, "Parameters.parameter", "A changed identity has all five traits; the "+string(missing[0])+" is missing.")
	}
	if old := officialName(patient); old != nil {
		if err := patient.Replace(old, element.Clone(officialName(with))); err != nil {
			return err
		}
	}
	for _, name := range []string{"gender", "birthDate"} {
		if _, err := patient.SetChild(name, with.ChildValue(name)); err != nil {
			return err
		}
	}
	place := element.Clone(extensionOf(with, extensionBirthPlace))
	if old := extensionOf(patient, extensionBirthPlace); old != nil {
		return patient.Replace(old, place)
	}
	return patient.Add("extension", place)
}
