package extract

import (
	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// allergy maps an allergy or intolerance (IHE PCC Allergy and Intolerance Concern's observation).
func (x *extractor) allergy(el *etree.Element, s scope) {
	if s.subject != nil {
		x.narrativeOnly(el, "an allergy of somebody else than the person of the record")
		return
	}
	clinical := inSet(x.attribute(el, fr+"30", pcc+"1.1"), []string{"active", "inactive", "resolved"})
	verification := inSet(x.attribute(el, fr+"171"), []string{"unconfirmed", "confirmed", "refuted", "entered-in-error"})
	criticality := inSet(x.attribute(el, fr+"172"), []string{"low", "high", "unable-to-assess"})
	if negated(el) {
		verification, clinical = "refuted", "inactive" // ait-1 wants a status; nobody is at risk
	} else if clinical == "" {
		clinical = "active"
		if _, end := ends(el); end != "" {
			clinical = "resolved"
		}
	}
	if verification == enteredInError { // ait-2
		clinical = ""
	}
	var o object
	o.set("identifier", x.identifiers(el))
	o.set("clinicalStatus", status("allergyintolerance-clinical", clinical))
	o.set("verificationStatus", status("allergyintolerance-verification", verification))
	typ, categoryCode := allergyKind(cda.ReadCD(cda.Child(el, "code")))
	o.set("type", typ)
	if categoryCode != "" {
		o.add("category", categoryCode)
	}
	o.set("criticality", criticality)
	o.set("code", x.agent(el))
	o.set("patient", reference(x.o.Subject))
	name, value := period(cda.ReadIVLTS(cda.Child(el, "effectiveTime")))
	o.set("onset"+name, value)
	o.set("recordedDate", dateTime(cda.ReadTS(cda.Child(cda.Child(el, "author"), "time"))))
	o.set("recorder", x.practitioner(el, s))
	o.set("asserter", personOf(x.asserter(el)))
	o.set("note", x.notesOf(el, s))
	for _, c := range children(el) {
		if c.typeCode == "MFST" {
			o.add("reaction", x.reaction(c.act))
		}
	}
	if !o.has("code") {
		x.narrativeOnly(el, "an allergy without a code or words")
		return
	}
	x.put("AllergyIntolerance", el, "", o)
}

// allergyKind maps the kind of an allergy (SNOMED CT, or v3 ObservationIntoleranceType) to type and category.
func allergyKind(c cda.CD) (typ, cat string) {
	switch token(c.Code) {
	case "416098002", "DALG":
		return "allergy", "medication"
	case "609398007", "59037007", "DINT", "DNAINT":
		return "intolerance", "medication"
	case "414285001", "FALG":
		return "allergy", "food"
	case "235719002", "FINT", "FNAINT":
		return "intolerance", "food"
	case "426232007", "EALG":
		return "allergy", "environment"
	case "609328004", "419199007", "ALG":
		return "allergy", ""
	}
	return "", ""
}

// agent gives what the person is allergic to: the participant, else the value, else the words.
func (x *extractor) agent(el *etree.Element) object {
	for _, p := range participants(el, "CSM") {
		entity := cda.Descend(p, "participantRole", "playingEntity")
		if c := x.concept(cda.ReadCD(cda.Child(entity, "code"))); c != nil {
			return c
		}
		if name := cda.Text(cda.Child(entity, "name")); name != "" {
			return object{{"text", name}}
		}
	}
	if c := x.concept(cda.ReadCD(cda.Child(el, "value"))); c != nil {
		return c
	}
	if text := x.textOf(el); text != "" {
		return object{{"text", text}}
	}
	return nil
}

// reaction maps a manifestation.
func (x *extractor) reaction(el *etree.Element) object {
	x.part(el)
	manifestation := x.concept(cda.ReadCD(cda.Child(el, "value")))
	if manifestation == nil {
		if text := x.textOf(el); text != "" {
			manifestation = object{{"text", text}}
		}
	}
	severity := x.attribute(el, fr+"29", pcc+"1")
	for _, c := range children(el) {
		x.part(c.act)
	}
	if manifestation == nil {
		return nil
	}
	o := object{{"manifestation", list{manifestation}}}
	o.set("description", x.textOf(el))
	start, _ := ends(el)
	o.set("onset", start)
	switch token(severity.Code) {
	case "255604002":
		o.set("severity", "mild")
	case "6736007", "371923003", "1255665007":
		o.set("severity", "moderate")
	case "24484000":
		o.set("severity", "severe")
	default:
		if c := x.concept(severity); c != nil {
			o.add("note", object{{"text", "Sévérité : " + firstOf(x.text(severity), token(severity.Code))}})
		}
	}
	return o
}
