package smart

import (
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
)

// scopeView is a scope in plain words.
type scopeView struct {
	Scope    string
	Text     string // "Lire et ajouter vos documents de santé"
	Limit    string // of a scope with search parameters
	Optional bool
	Ticked   bool
}

// describe says in French what the scopes of a request open, in the order of the set: what is opened first, then what is told and kept.
func describe(scopes scope.Set, who *Identity, a *ask) []scopeView {
	var out []scopeView
	for _, r := range scopes.Resources() {
		one := r.String()
		v := scopeView{Scope: one, Text: sentence(&r, who, a), Optional: optional(one)}
		if len(r.Params) > 0 {
			var parts []string
			for _, p := range r.Params {
				parts = append(parts, p[0]+" = "+p[1])
			}
			v.Limit = "seulement : " + strings.Join(parts, ", ")
		}
		out = append(out, v)
	}
	for _, other := range []struct{ name, text string }{
		{scope.OpenID, "Savoir que c'est vous"},
		{scope.FHIRUser, "Savoir qui vous êtes dans l'annuaire ou les dossiers"},
		{scope.Launch, "Connaître le dossier sur lequel vous travaillez"},
		{scope.OfflineAccess, "Garder cet accès quand vous n'êtes pas là"},
		{scope.OnlineAccess, "Garder cet accès tant que vous l'utilisez"},
	} {
		if scopes.Has(other.name) {
			out = append(out, scopeView{Scope: other.name, Text: other.text, Optional: optional(other.name)})
		}
	}
	return out
}

// sentence is "Lire, ajouter les documents de santé de Nour Petit".
func sentence(r *scope.Resource, who *Identity, a *ask) string {
	noun, known := nouns[r.Type]
	if !known {
		noun = "données de type " + r.Type
	}
	all := ""
	if r.Type == scope.Any {
		all = "toutes "
	}
	switch {
	case r.Context == scope.User:
		return verbs(r.Letters) + " " + all + "les " + noun + " que vos droits vous ouvrent"
	case r.Context == scope.System:
		return verbs(r.Letters) + " " + all + "les " + noun + " de ce serveur"
	case own(who, a):
		return verbs(r.Letters) + " " + all + "vos " + noun
	case a.PatientName != "":
		return verbs(r.Letters) + " " + all + "les " + noun + " de " + a.PatientName
	}
	return verbs(r.Letters) + " " + all + "les " + noun + " du dossier"
}

// own says whether the record is the person's own.
func own(who *Identity, a *ask) bool {
	return who.FHIRUser != "" && who.FHIRUser == "Patient/"+a.Patient
}

// verbs names the interactions: reading and searching are one thing to a person.
func verbs(l scope.Letters) string {
	var words []string
	if l&(scope.Read|scope.Search) != 0 {
		words = append(words, "lire")
	}
	for _, v := range []struct {
		letter scope.Letters
		word   string
	}{{scope.Create, "ajouter"}, {scope.Update, "modifier"}, {scope.Delete, "supprimer"}} {
		if l&v.letter != 0 {
			words = append(words, v.word)
		}
	}
	if len(words) == 0 {
		return "Utiliser"
	}
	text := words[len(words)-1]
	if n := len(words) - 1; n > 0 {
		text = strings.Join(words[:n], ", ") + " et " + text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// count is a number with its French noun.
func count(n int, noun string) string {
	if n < 2 {
		return strconv.Itoa(n) + " " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// nouns are resource types as a person would call them, in the plural, without an article.
var nouns = map[string]string{
	scope.Any:               "données de santé",
	"AllergyIntolerance":    "allergies et intolérances",
	"Appointment":           "rendez-vous",
	"AuditEvent":            "traces des accès",
	"Binary":                "contenus des documents",
	"CarePlan":              "plans de soins",
	"CareTeam":              "équipes de soins",
	"ClinicalImpression":    "évaluations cliniques",
	"Communication":         "messages",
	"CommunicationRequest":  "demandes de messages",
	"Condition":             "problèmes de santé",
	"Consent":               "consentements et règles d'accès",
	"Coverage":              "droits à l'assurance maladie",
	"Device":                "dispositifs médicaux",
	"DeviceRequest":         "prescriptions de dispositifs médicaux",
	"DeviceUseStatement":    "utilisations de dispositifs médicaux",
	"DiagnosticReport":      "comptes rendus d'examens",
	"DocumentManifest":      "lots de documents",
	"DocumentReference":     "documents de santé",
	"Encounter":             "consultations et séjours",
	"EpisodeOfCare":         "épisodes de soins",
	"FamilyMemberHistory":   "antécédents familiaux",
	"Flag":                  "alertes",
	"Goal":                  "objectifs de soins",
	"ImagingStudy":          "examens d'imagerie",
	"Immunization":          "vaccinations",
	"List":                  "classeurs et lots de documents",
	"Location":              "lieux de soins",
	"Medication":            "médicaments",
	"MedicationRequest":     "prescriptions de médicaments",
	"MedicationDispense":    "délivrances de médicaments",
	"MedicationStatement":   "traitements en cours",
	"NutritionOrder":        "prescriptions de régimes",
	"Observation":           "résultats et mesures",
	"Organization":          "structures de l'annuaire",
	"Patient":               "informations d'identité",
	"Practitioner":          "professionnels de l'annuaire",
	"PractitionerRole":      "situations d'exercice de l'annuaire",
	"Procedure":             "actes et interventions",
	"Provenance":            "provenances des données",
	"Questionnaire":         "questionnaires",
	"QuestionnaireResponse": "réponses à des questionnaires",
	"RelatedPerson":         "proches et représentants",
	"Schedule":              "agendas",
	"ServiceRequest":        "demandes d'examens et d'actes",
	"Slot":                  "créneaux de rendez-vous",
	"Specimen":              "prélèvements",
	"Subscription":          "abonnements aux nouveautés",
	"Task":                  "tâches",
}
