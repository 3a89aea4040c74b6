package signin

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/smart"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/store"
)

// Renew implements smart.Policy. What a caller may is judged on each request; here, that the authorization itself still holds: the record is there, who granted it is still who they were (a professional of the directory, a
// representative), and the consent to an application was not withdrawn since.
func (p *Policy) Renew(ctx context.Context, renewal *smart.Renewal) error {
	if renewal.Patient != "" {
		switch _, err := p.Records.FindByID(renewal.Patient); {
		case isNoRecord(err):
			return &smart.Refusal{Message: "Ce dossier n'existe plus."}
		case err != nil:
			return err
		}
	}
	var actor habilitation.Actor
	if json.Unmarshal(renewal.Claims[ClaimActor], &actor) != nil || actor.Kind == "" {
		return &smart.Refusal{Message: "Cette autorisation ne dit pas pour qui elle est."}
	}
	if still, err := p.stillThere(renewal.FHIRUser); err != nil || !still {
		return refusing(err, "Vous n'êtes plus dans l'annuaire ou auprès de cette personne.")
	}
	if actor.Kind != habilitation.Application {
		return nil
	}
	still, err := p.stillConsented(ctx, renewal)
	if err != nil || !still {
		return refusing(err, "Le consentement à cette application a été retiré, ou a pris fin.")
	}
	return nil
}

// refusing gives the error, where there is one, or the refusal.
func refusing(err error, message string) error {
	if err != nil {
		return err
	}
	return &smart.Refusal{Message: message}
}

// stillThere says whether the resource of who granted is active, within its period; nobody's ("") is.
func (p *Policy) stillThere(user string) (bool, error) {
	typ, id, ok := strings.Cut(user, "/")
	if !ok || typ != "Practitioner" && typ != "RelatedPerson" {
		return true, nil
	}
	still := false
	err := p.Repository.Look(func(look *repository.Lookup) error {
		rec, err := look.Read(typ, id)
		if err != nil || rec == nil || rec.Method == store.Deleted {
			return err
		}
		res, err := p.Repository.Tree(rec)
		if err != nil {
			return err
		}
		still = res.Root.ChildValue("active") != "false" && lasts(res.Root.Child("period"), p.now())
		return nil
	})
	return still, err
}

// lasts says whether a day is within a Period of days; what it leaves out is without end.
func lasts(period *element.Element, now time.Time) bool {
	today := now.Format("2006-01-02")
	start, end := period.ChildValue("start"), period.ChildValue("end")
	return (start == "" || start <= today) && (end == "" || end >= today[:min(len(end), len(today))])
}

// maxConsentVersions bounds how far back the history of a consent is followed; who agreed more often than that since signs in again.
const maxConsentVersions = 500

// stillConsented says whether the consent to an application holds, and has held without a break since the authorization was granted: one that was withdrawn ended the authorizations of before, whatever was agreed to afterwards.
func (p *Policy) stillConsented(ctx context.Context, renewal *smart.Renewal) (bool, error) {
	id := ""
	err := p.Repository.Look(func(look *repository.Lookup) error {
		found, err := look.Find(ctx, "Consent", "identifier="+escape(systemConsentOwn)+"|"+consentKey(renewal.Patient, renewal.Client.ID), 2)
		if err == nil && len(found) == 1 {
			id = found[0].ID
		}
		return err
	})
	if err != nil || id == "" {
		return false, err
	}
	page, err := p.Repository.History(ctx, repository.HistoryQuery{Type: "Consent", ID: id, Count: maxConsentVersions})
	if err != nil {
		return false, err
	}
	next := p.now()
	for n, rec := range page.Records {
		if rec.Method == store.Deleted {
			return n > 0 && !renewal.Granted.Before(next), nil
		}
		res, err := p.Repository.Tree(rec)
		if err != nil {
			return false, err
		}
		if !inForce(res.Root, next) {
			return n > 0 && !renewal.Granted.Before(next), nil
		}
		if given, err := time.Parse(time.RFC3339, res.Root.ChildValue("dateTime")); err == nil {
			next = given
		}
	}
	return len(page.Records) > 0 && !renewal.Granted.Before(next), nil
}

// inForce says whether a version of a consent held until a moment.
func inForce(consent *element.Element, until time.Time) bool {
	end, err := time.Parse(time.RFC3339, consent.Child("provision").Child("period").ChildValue("end"))
	return consent.ChildValue("status") == "active" && (err != nil || until.Before(end))
}
