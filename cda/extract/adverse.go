package extract

import (
	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// adverseEvent maps an adverse drug reaction (CI-SIS "Effet indésirable").
func (x *extractor) adverseEvent(el *etree.Element, s scope) {
	var o object
	if ids := x.identifiers(el); len(ids) > 0 {
		o.set("identifier", ids[0])
	}
	o.set("actuality", "actual")
	event := x.concept(cda.ReadCD(cda.Child(el, "value")))
	if event == nil {
		event = x.concept(cda.ReadCD(cda.Child(el, "code")))
	}
	o.set("event", event)
	o.set("subject", reference(x.o.Subject))
	start, _ := ends(el)
	o.set("date", start)
	o.set("recordedDate", dateTime(cda.ReadTS(cda.Child(cda.Child(el, "author"), "time"))))
	outcome := x.concept(x.attribute(el, fr+"213"))
	seriousness := x.concept(x.attribute(el, fr+"212"))
	cause := x.concept(x.attribute(el, fr+"211"))
	o.set("seriousness", seriousness)
	if outcome != nil {
		o.set("outcome", object{{"coding", list{codingOf(Coding{hl7 + "adverse-event-outcome", outcomeCode(outcome), ""})}}, {"text", firstOf(textIn(outcome), "selon le document")}})
	}
	o.set("recorder", x.practitioner(el, s))
	s.time = timeOf(el, s)
	for _, c := range children(el) {
		switch x.family(c.act) {
		case famComment:
			x.narrativeOnly(c.act, "R4 adverse events have no note")
			continue
		case famAttribute, famReference:
			continue
		}
		for _, ref := range x.act(c.act, s) {
			switch x.kinds[ref] {
			case "Condition":
				o.add("resultingCondition", reference(ref))
			case "MedicationStatement", "MedicationAdministration", "Immunization", "Procedure":
				suspect := object{{"instance", reference(ref)}}
				if cause != nil {
					suspect.set("causality", list{object{{"assessment", cause}}})
				}
				o.add("suspectEntity", suspect)
			}
		}
	}
	x.put("AdverseEvent", el, "", o)
}

func textIn(c object) string {
	s, _ := c.get("text").(string)
	return s
}

// outcomeCode maps an outcome to R4's required codes; the French national ones (TA_ASIP) have no published counterpart, so that they are unknown and told in words.
func outcomeCode(c object) string {
	codings, _ := c.get("coding").(list)
	for _, one := range codings {
		switch one.(object).get("code") {
		case "413322009":
			return "resolved"
		}
	}
	return "unknown"
}
