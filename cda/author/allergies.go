package author

import (
	"slices"
	"strconv"

	"github.com/beevik/etree"
)

func (a *allergy) start() string { return first(a.OnsetDateTime, start(a.OnsetPeriod)) }

// kind is the SNOMED CT code of what sort of hypersensitivity it is, by type and category.
func (a *allergy) kind() coding {
	has := func(category string) bool { return slices.Contains(a.Category, category) }
	switch {
	case a.Type == "intolerance" && has("medication"):
		return coding{Code: "609398007", Display: "hypersensibilité non allergique à un médicament"}
	case a.Type == "intolerance" && has("food"):
		return coding{Code: "235719002", Display: "intolérance alimentaire"}
	case a.Type == "intolerance":
		return coding{Code: "782197009", Display: "intolérance à une substance"}
	case has("medication") && a.Type == "allergy":
		return coding{Code: "416098002", Display: "allergie médicamenteuse"}
	case has("food") && a.Type == "allergy":
		return coding{Code: "414285001", Display: "allergie alimentaire"}
	case has("environment") && a.Type == "allergy":
		return coding{Code: "426232007", Display: "allergie environnementale"}
	case a.Type == "allergy":
		return coding{Code: "609328004", Display: "allergie"}
	default:
		return coding{Code: "420134006", Display: "propension à présenter des réactions indésirables"}
	}
}

// absent says whether the code is one of "no known allergy" or "no information": not an agent.
func (a *allergy) absent() bool { return a.Code.code(uriIPSAbsent) != "" }

func (s *summary) allergies(parent *etree.Element) {
	l := s.list(parent, sectionAllergies, "Date", "Type", "Agent responsable", "Réactions", "Statut", "Précisions")
	for _, a := range s.record.allergies {
		if !enteredInError(a.VerificationStatus.code(uriAllergyVer)) {
			s.allergy(l, a)
		}
	}
}

func (s *summary) allergy(l *list, a *allergy) {
	kind, agent, note := s.cell(a.kind().Display), s.cell(a.Code.label()), s.cell(notes(a.Note))
	if a.VerificationStatus.code(uriAllergyVer) == "refuted" {
		agent.text = "Absence d’allergie : " + agent.text
	}
	if a.absent() {
		kind = cell{}
	}
	reactions, shown := s.reactionCells(a)
	status := joinText(french0(a.ClinicalStatus), french0(a.VerificationStatus), criticalityText(a.Criticality))
	l.row(cell{text: frenchSpan(a.start(), end(a.OnsetPeriod))}, kind, agent, shown, cell{text: status}, note)
	act := concern(l, frEntry+"40", pccEntry+"5.3", derivedUUID(s.header.id, a.key()+"/concern"), "active", "", "")
	s.allergyObservation(act, a, kind, agent, note, reactions)
}

// reactionCells are the pieces of narrative of each reaction, and the cell that shows all. Of several reactions the cell holds the text without places to
// point at.
func (s *summary) reactionCells(a *allergy) (each []cell, all cell) {
	each = make([]cell, len(a.Reaction))
	for i := range a.Reaction {
		r := &a.Reaction[i]
		var manifestations string
		for j := range r.Manifestation {
			manifestations = joinText(manifestations, r.Manifestation[j].label())
		}
		after := frenchStatus[r.Severity]
		if r.Description != "" && r.Description != manifestations {
			after = joinText(r.Description, after)
		}
		if len(a.Reaction) == 1 {
			each[i] = s.cell(manifestations)
			each[i].after = after
			return each, each[i]
		}
		all.text = joinText(all.text, manifestations, after)
	}
	return each, all
}

func criticalityText(code string) string {
	if code == "" {
		return ""
	}
	return "criticité : " + frenchStatus[code]
}

func (s *summary) allergyObservation(act *etree.Element, a *allergy, kind, agent, note cell, reactions []cell) {
	negated := "false"
	if a.VerificationStatus.code(uriAllergyVer) == "refuted" {
		negated = "true"
	}
	el := put(put(act, "entryRelationship", "typeCode", "SUBJ", "inversionInd", "false"), "observation",
		"classCode", "OBS", "moodCode", "EVN", "negationInd", negated)
	templates(el, ccd+"18", ccd+"28", pccEntry+"5", pccEntry+"6", frEntry+"41")
	s.ids[a.key()].put(el)
	putCode(el, "code", a.kind().Code, oidSNOMED, a.kind().Display)
	textRef(el, orCell(kind, agent))
	put(el, "statusCode", "code", "completed")
	interval(el, "effectiveTime", hl7(a.start()), hl7(end(a.OnsetPeriod)), "UNK", "")
	if a.absent() {
		putConcept(el, "value", a.Code, agent.id, "xsi:type", "CD")
	} else {
		null(el, "value", "NA").CreateAttr("xsi:type", "CD")
		if !a.Code.empty() {
			entity := put(put(put(el, "participant", "typeCode", "CSM"), "participantRole", "classCode", "MANU"), "playingEntity", "classCode", "MMAT")
			putConcept(entity, "code", a.Code, agent.id)
			putText(entity, "name", a.Code.label())
		}
	}
	for i := range a.Reaction {
		s.reaction(el, a, i, reactions[i])
	}
	s.allergyAttributes(el, a)
	comment(el, note)
}

func (s *summary) allergyAttributes(el *etree.Element, a *allergy) {
	if v := a.ClinicalStatus.code(uriAllergyStatus); v != "" {
		s.attribute(el, problemStatus, a.key(), coding{System: oidAllergyStat, Code: v, Display: frenchStatus[v]}, cell{})
	}
	if v := a.VerificationStatus.code(uriAllergyVer); v != "" {
		s.attribute(el, certainty, a.key(), coding{System: oidVerStatus, Code: v, Display: frenchStatus[v]}, cell{})
	}
	if a.Criticality != "" {
		s.attribute(el, criticality, a.key(), coding{System: oidCriticality, Code: a.Criticality, Display: frenchStatus[a.Criticality]}, cell{})
	}
}

func orCell(a, b cell) cell {
	if a.id != "" {
		return a
	}
	return b
}

// severities are the SNOMED CT codes of FHIR's severities of a reaction.
var severities = map[string]string{"mild": "255604002", "moderate": "6736007", "severe": "24484000"}

// reaction adds the manifestations of a reaction, each as an observation.
func (s *summary) reaction(parent *etree.Element, a *allergy, i int, shown cell) {
	r := &a.Reaction[i]
	for j := range r.Manifestation {
		m := &r.Manifestation[j]
		el := put(put(parent, "entryRelationship", "typeCode", "MFST", "inversionInd", "true"), "observation", "classCode", "OBS", "moodCode", "EVN")
		templates(el, ccd+"28", ccd+"54", pccEntry+"5", frEntry+"37")
		put(el, "id", "root", derivedUUID(s.header.id, a.key()+"/reaction/"+strconv.Itoa(i)+"/"+strconv.Itoa(j)))
		putCode(el, "code", "418799008", oidSNOMED, "symptôme rapporté par le patient ou le répondant")
		textRef(el, shown)
		put(el, "statusCode", "code", "completed")
		interval(el, "effectiveTime", hl7(r.Onset), "", "UNK", "")
		ref := shown.id
		if len(r.Manifestation) > 1 {
			ref = ""
		}
		putConcept(el, "value", m, ref, "xsi:type", "CD")
		if code := severities[r.Severity]; code != "" {
			s.attribute(el, severity, a.key(), coding{System: oidSNOMED, Code: code, Display: frenchStatus[r.Severity]}, cell{})
		}
	}
}
