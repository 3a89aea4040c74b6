package signin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/cda/vocabulary"
	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/smart"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// LongestConsent is how long an application may keep its access at most.
const LongestConsent = 365 * 24 * time.Hour

// durations are how long a consent to an application lasts, by the answers to its question.
var durations = []struct {
	value, label string
	length       time.Duration
}{
	{"jour", "Aujourd'hui (24 heures)", 24 * time.Hour}, {"mois", "30 jours", 30 * 24 * time.Hour}, {"an", "Un an", LongestConsent},
}

// consentQuestions ask a holder, or who represents them, what an application may have of the record, and for how long.
func consentQuestions(request *smart.Request) []smart.Question {
	content := smart.Question{
		Name: askContent, Label: "Documents partagés avec " + request.Client.Name, Value: "tout", Required: true,
		Options: []smart.Option{{Value: "tout", Label: "Tous les documents de ce dossier"}, {Value: "choix", Label: "Seulement certaines rubriques"}},
	}
	out := []smart.Question{content}
	for _, class := range classes() {
		out = append(out, smart.Question{
			Name: classPrefix + strings.ToLower(class.Code), Label: class.Label, Value: "non", Required: true, Options: []smart.Option{{Value: "non", Label: "Non"}, {Value: "oui", Label: "Oui"}},
			When: &smart.Condition{Question: askContent, Answers: []string{"choix"}},
		})
	}
	length := smart.Question{Name: askDuration, Label: "Durée de l'autorisation", Help: "Vous pouvez la retirer à tout moment.", Value: durations[1].value, Required: true}
	for _, d := range durations {
		length.Options = append(length.Options, smart.Option{Value: d.value, Label: d.label})
	}
	return append(out, length)
}

// classes are the headings of the record: the classes of documents (JDV_J06), without those that are none (other, signature).
func classes() (out []vocabulary.Concept) {
	for _, c := range vocabulary.Load().Concepts(vocabulary.DocumentClass) {
		if c.System == vocabulary.SystemClass && c.Code != "99" {
			out = append(out, c)
		}
	}
	return out
}

// lengthOf gives the duration that was chosen; 0 for none.
func lengthOf(answers smart.Answers) time.Duration {
	for _, d := range durations {
		if d.value == answers[askDuration] {
			return d.length
		}
	}
	return 0
}

// The codes of a Consent.
const (
	systemConsentScope    = "http://terminology.hl7.org/CodeSystem/consentscope"
	systemConsentCategory = "https://carnet-fhir.github.io/CodeSystem/consent-category"
	systemConsentAction   = "http://terminology.hl7.org/CodeSystem/consentaction"
	systemParticipation   = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
	systemPolicyRule      = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
	systemConsentOwn      = "https://carnet-fhir.github.io/consent/application"
)

type (
	object = map[string]any
	list   = []any
)

// consent stores what a person agreed to as their Consent to the application, in the place of an earlier one to the same application for the same record.
func (p *Policy) consent(ctx context.Context, request *smart.Request, user, patient string, answers smart.Answers) error {
	now := p.now()
	end := now.Add(lengthOf(answers))
	if end.Equal(now) {
		return &smart.Refusal{Again: true, Message: "Choisissez la durée de l'autorisation."}
	}
	var shared list
	if answers[askContent] == "choix" {
		tables := vocabulary.Load()
		for _, class := range classes() {
			if answers[classPrefix+strings.ToLower(class.Code)] == "oui" {
				shared = append(shared, object{"system": tables.SystemURI(class.System), "code": class.Code, "display": class.Label})
			}
		}
		if len(shared) == 0 {
			return &smart.Refusal{Again: true, Message: "Choisissez au moins une rubrique, ou refusez l'accès."}
		}
	}
	provision := object{
		"type": "permit", "period": object{"start": now.UTC().Format(time.RFC3339), "end": end.UTC().Format(time.RFC3339)},
		"actor":  list{object{"role": coded(systemParticipation, "IRCP"), "reference": object{"identifier": object{"system": SystemClient, "value": request.Client.ID}, "display": request.Client.Name}}},
		"action": actions(request),
	}
	if shared != nil {
		provision["class"] = shared
	}
	key := consentKey(patient, request.Client.ID)
	body, err := json.Marshal(object{
		"resourceType": "Consent", "identifier": list{object{"system": systemConsentOwn, "value": key}}, "status": "active", "scope": coded(systemConsentScope, "patient-privacy"),
		"category": list{coded(systemConsentCategory, "application")}, "patient": object{"reference": "Patient/" + patient}, "dateTime": now.UTC().Format(time.RFC3339),
		"performer": list{object{"reference": user}}, "policyRule": coded(systemPolicyRule, "OPTIN"), "provision": provision,
	})
	if err != nil {
		return err
	}
	res, err := element.ParseJSON(spec.R4(), body, element.Options{ExpectType: "Consent"})
	if err != nil {
		return err
	}
	results, err := p.Repository.Planned(ctx, func(context.Context, *repository.Lookup) ([]repository.BundleEntry, error) {
		return []repository.BundleEntry{{Method: http.MethodPut, URL: "Consent?identifier=" + systemConsentOwn + "|" + key, Resource: res}}, nil
	})
	if err != nil {
		return err
	}
	for _, r := range results {
		if r.Fault != nil {
			return r.Fault
		}
	}
	return nil
}

// consentKey names the one consent of a record to a client, without saying which.
func consentKey(patient, client string) string {
	sum := sha256.Sum256([]byte(patient + "\x00" + client))
	return hex.EncodeToString(sum[:16])
}

// actions are what the scopes ask for: to read is access, to write is correct.
func actions(request *smart.Request) list {
	out := list{coded(systemConsentAction, "access")}
	for _, r := range request.Scopes.Resources() {
		if strings.ContainsAny(r.Letters.String(), "cud") {
			return append(out, coded(systemConsentAction, "correct"))
		}
	}
	return out
}

func coded(system, code string) object {
	return object{"coding": list{object{"system": system, "code": code}}}
}
