package author

import (
	"slices"

	"github.com/beevik/etree"
)

// URIs of the status code systems of FHIR.
const (
	uriClinical      = "http://terminology.hl7.org/CodeSystem/condition-clinical"
	uriVerification  = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
	uriAllergyStatus = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
	uriAllergyVer    = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
)

// frenchStatus are the labels of clinical and verification statuses, criticalities and severities.
var frenchStatus = map[string]string{
	"active": "Actif", "recurrence": "Récidive", "relapse": "Rechute", "inactive": "Inactif", "remission": "Rémission", "resolved": "Résolu",
	"confirmed": "Confirmé", "unconfirmed": "Non confirmé", "provisional": "Provisoire", "differential": "Diagnostic différentiel", "refuted": "Réfuté",
	"presumed": "Présumé", "low": "Bas", "high": "Haut", "unable-to-assess": "Non évaluable", "mild": "Léger", "moderate": "Modéré", "severe": "Sévère",
}

func (c *condition) start() string { return first(c.OnsetDateTime, start(c.OnsetPeriod)) }
func (c *condition) end() string {
	return first(c.AbatementDateTime, end(c.OnsetPeriod), start(c.AbatementPeriod))
}

func (c *condition) over() bool {
	return c.end() != "" || c.AbatementAge != nil || c.AbatementString != ""
}

// active says whether a problem belongs among those that are going on: by its clinical status, else by whether it has ended.
func (c *condition) active() bool {
	if status := c.ClinicalStatus.code(uriClinical); status != "" {
		return status == "active" || status == "recurrence" || status == "relapse"
	}
	return !c.over()
}

// when is how the narrative dates a problem.
func (c *condition) when() string {
	return first(frenchSpan(c.start(), c.end()), c.OnsetString, ageText(c.OnsetAge))
}

func ageText(q *quantity) string {
	if t := q.text(); t != "" {
		return "à l’âge de " + t
	}
	return ""
}

// problems writes the problems that are going on and those that are past, each as a concern around one observation. What was entered in error is left out.
func (s *summary) problems(parent *etree.Element) {
	going := s.list(parent, sectionProblems, "Date", "Pathologie", "Précisions")
	past := s.list(parent, sectionPast, "Date", "Antécédent", "Précisions")
	for _, active := range []bool{true, false} {
		for _, c := range s.record.conditions {
			if enteredInError(c.VerificationStatus.code(uriVerification)) || c.active() != active {
				continue
			}
			if active {
				s.problem(going, c)
			} else {
				s.problem(past, c)
			}
		}
	}
}

func (s *summary) problem(l *list, c *condition) {
	name := c.Code.label()
	if c.VerificationStatus.code(uriVerification) == "refuted" {
		name = "Absence de : " + name
	}
	text, more, note := s.cell(name), "", s.cell(notes(c.Note))
	for _, extra := range []*codeableConcept{c.Severity, firstConcept(c.BodySite), c.VerificationStatus} {
		more = joinText(more, french0(extra))
	}
	shown := note
	shown.after = more
	l.row(cell{text: c.when()}, text, shown)
	status := "completed"
	if c.active() {
		status = "active"
	}
	act := concern(l, frEntry+"39", pccEntry+"5.2", derivedUUID(s.header.id, c.key()+"/concern"), status, hl7(c.start()), hl7(c.end()))
	s.problemObservation(act, c, text, note)
}

// concern begins the act around a problem or an allergy: what is followed up, and since when.
func concern(l *list, fr, pcc, id, status, low, high string) *etree.Element {
	act := put(l.entry(), "act", "classCode", "ACT", "moodCode", "EVN")
	templates(act, ccd+"27", pccEntry+"5.1", pcc, fr)
	put(act, "id", "root", id)
	null(act, "code", "NA")
	put(act, "statusCode", "code", status)
	unknown := ""
	if status == "completed" {
		unknown = "UNK"
	}
	interval(act, "effectiveTime", low, high, "UNK", unknown)
	return act
}

func (s *summary) problemObservation(act *etree.Element, c *condition, text, note cell) {
	negated := "false"
	if c.VerificationStatus.code(uriVerification) == "refuted" {
		negated = "true"
	}
	el := put(put(act, "entryRelationship", "typeCode", "SUBJ", "inversionInd", "false"), "observation",
		"classCode", "OBS", "moodCode", "EVN", "negationInd", negated)
	templates(el, ccd+"28", pccEntry+"5", frEntry+"37")
	s.ids[c.key()].put(el)
	putCode(el, "code", "282291009", oidSNOMED, "interprétation diagnostique")
	textRef(el, text)
	put(el, "statusCode", "code", "completed")
	unknownHigh := ""
	if c.over() {
		unknownHigh = "UNK"
	}
	interval(el, "effectiveTime", hl7(c.start()), hl7(c.end()), "UNK", unknownHigh)
	putConcept(el, "value", c.Code, text.id, "xsi:type", "CD")
	for i := range c.BodySite {
		if len(writable(&c.BodySite[i])) > 0 {
			putConcept(el, "targetSiteCode", &c.BodySite[i], "")
		}
	}
	if coded := writable(c.Severity); len(coded) > 0 {
		s.attribute(el, severity, c.key(), coded[0], cell{})
	}
	if v := c.VerificationStatus.code(uriVerification); v != "" {
		s.attribute(el, certainty, c.key(), coding{System: oidVerStatus, Code: v, Display: frenchStatus[v]}, cell{})
	}
	if v := c.ClinicalStatus.code(uriClinical); v != "" {
		s.attribute(el, problemStatus, c.key(), coding{System: oidClinical, Code: v, Display: frenchStatus[v]}, cell{})
	}
	comment(el, note)
}

// french0 is the label of a concept, in French where the package knows it.
func french0(c *codeableConcept) string {
	if c == nil {
		return ""
	}
	if c.Text == "" && len(c.Coding) > 0 {
		if l := frenchStatus[c.Coding[0].Code]; l != "" {
			return l
		}
	}
	return c.label()
}

func firstConcept(all []codeableConcept) *codeableConcept {
	if len(all) == 0 {
		return nil
	}
	return &all[0]
}

func joinText(parts ...string) string {
	kept := slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	out := ""
	for i, p := range kept {
		if i > 0 {
			out += " ; "
		}
		out += p
	}
	return out
}
