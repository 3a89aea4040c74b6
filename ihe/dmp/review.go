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

// Review judges a Patient against what is stored: one current record for each INS, and nothing of a qualified identity overwritten but by an operation of this server. Nothing is written about an identity that was merged.
func (i *Identity) Review(ctx context.Context, v *repository.Review) error {
	if v.Type != "Patient" {
		return subject(v)
	}
	before, err := v.Before()
	if err != nil {
		return err
	}
	if v.After == nil {
		return i.deletion(ctx, v, before)
	}
	held := currentINS(i.mode, v.After)
	if !held.IsZero() {
		if err := i.alone(ctx, v, held); err != nil {
			return err
		}
		for _, issue := range contradictions(v.After, held) {
			v.Warn(issue)
		}
	}
	if into := ReplacedBy(v.After); into != "" && (before == nil || ReplacedBy(before) != into) {
		if err := i.merge(v, into); err != nil {
			return err
		}
	}
	if before == nil {
		return nil
	}
	if into := ReplacedBy(before); into != "" && ReplacedBy(v.After) == "" {
		if err := unmerge(v, into); err != nil {
			return err
		}
	}
	if controlled(ctx) {
		return nil
	}
	return i.change(v, before, held)
}

// alone refuses a second current record of an INS. What the first one says otherwise is told, so that the sender learns what is wrong.
func (i *Identity) alone(ctx context.Context, v *repository.Review, held ins.Matricule) error {
	others, err := v.Others(ctx, "identifier", held.System(), held.Number())
	if err != nil {
		return err
	}
	for _, other := range others {
		if currentINS(i.mode, other) != held {
			continue // an earlier INS, or an insured's number
		}
		known, sent := TraitsOf(other), TraitsOf(v.After)
		if wrong := known.Differ(&sent); len(wrong) > 0 {
			return wrongTraits(wrong, "The INS belongs to a known identity, and the %s sent is another than the one recorded. Nothing was written. Verify the identity at the national service (INSi) before sending it again.")
		}
		f := fault.At(http.StatusConflict, fault.Duplicate, "Patient.identifier",
			"There is a record for this INS. Update it: PUT Patient?identifier=system|INS, or create with If-None-Exist.")
		f.Header = http.Header{"Location": {"Patient/" + other.ChildValue("id")}}
		return f
	}
	return nil
}

func wrongTraits(wrong []Trait, sentence string) error {
	issues := make([]fault.Issue, len(wrong))
	for n, trait := range wrong {
		issues[n] = fault.Issue{Severity: fault.Error, Code: fault.BusinessRule, Expression: traitPaths[trait], Diagnostics: strings.Replace(sentence, "%s", string(trait), 1)}
	}
	return fault.Of(http.StatusUnprocessableEntity, issues)
}

// change judges a plain write over a stored Patient.
func (i *Identity) change(v *repository.Review, before *element.Element, held ins.Matricule) error {
	if into := ReplacedBy(before); into != "" && ReplacedBy(v.After) != into {
		return MergedIdentity(into)
	}
	had := currentINS(i.mode, before)
	if had.IsZero() {
		return nil
	}
	if held != had {
		return fault.At(http.StatusUnprocessableEntity, fault.BusinessRule, "Patient.identifier",
			"The INS of a qualified identity is neither changed nor taken away by an update. Call Patient/[id]/$ins-change; the earlier INS is kept with the use old.")
	}
	known, sent := TraitsOf(before), TraitsOf(v.After)
	if wrong := known.Differ(&sent); len(wrong) > 0 {
		return wrongTraits(wrong, "The %s of a qualified identity is not overwritten by an update: the one sent is another than the one recorded. Nothing was written. Call Patient/[id]/$ins-change after verification at the national service (INSi).")
	}
	if active(before) != active(v.After) && ReplacedBy(v.After) == "" {
		return fault.At(http.StatusUnprocessableEntity, fault.BusinessRule, "Patient.active", "A record is opened and closed by Patient/[id]/$dmp-open and $dmp-close, not by an update.")
	}
	return nil
}

// MergedIdentity is what a write or operation on a subsumed identity is told.
func MergedIdentity(into string) *fault.Fault {
	f := fault.At(http.StatusConflict, fault.Conflict, "Patient.link", "The identity was merged into another, to which the answer's Location points. Write to that one, or undo the merge with Patient/[id]/$unmerge.")
	f.Header = http.Header{"Location": {"Patient/" + into}}
	return f
}

// deletion keeps a record from being lost with its patient.
func (i *Identity) deletion(ctx context.Context, v *repository.Review, before *element.Element) error {
	if controlled(ctx) {
		return nil
	}
	for _, from := range [...]struct{ typ, param string }{{"DocumentReference", "patient"}, {"List", "subject"}, {"Patient", "link"}} {
		referred, err := v.Referred(ctx, from.typ, from.param)
		if err != nil {
			return err
		}
		if referred {
			return fault.New(http.StatusConflict, fault.BusinessRule,
				"Documents, lists or linked identities belong to the patient. A record is closed (Patient/[id]/$dmp-close), a duplicate is merged (Patient/$merge); neither is deleted.")
		}
	}
	return nil
}

// contradictions are warnings where the digits of a NIR say otherwise than the traits: official data do contradict each other (corrected civil status, communes that merged), so none refuses.
func contradictions(patient *element.Element, held ins.Matricule) []fault.Issue {
	t := TraitsOf(patient)
	var out []fault.Issue
	warn := func(trait Trait, what string) {
		out = append(out, fault.Issue{
			Severity: fault.Warning, Code: fault.BusinessRule, Expression: traitPaths[trait],
			Diagnostics: "The " + string(trait) + " is not the " + what + " that the digits of the INS tell. That happens in official data; verify it.",
		})
	}
	if (t.Sex == "male" || t.Sex == "female") && t.Sex != held.Sex() {
		warn(TraitSex, "sex")
	}
	if len(t.BirthDate) >= 4 && t.BirthDate[2:4] != held.BirthYear() {
		warn(TraitBirthDate, "year")
	} else if month, known := held.BirthMonth(); known && len(t.BirthDate) >= 7 && int(t.BirthDate[5]-'0')*10+int(t.BirthDate[6]-'0') != month {
		warn(TraitBirthDate, "month")
	}
	if t.BirthPlace != held.Place() {
		warn(TraitBirthPlace, "place")
	}
	return out
}

func active(patient *element.Element) bool { return patient.ChildValue("active") != "false" }
