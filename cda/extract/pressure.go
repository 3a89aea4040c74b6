package extract

import (
	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// Blood pressure (LOINC) as http://hl7.org/fhir/R4/bp.html wants it: one Observation of the panel, systolic and diastolic as its components.
const (
	loinc     = "http://loinc.org"
	panelBP   = "85354-9"
	systolic  = "8480-6"
	diastolic = "8462-4"
)

// bloodPressure makes one Observation of a systolic and a diastolic pressure that were taken together: one of each in the organizer, at the same time, with a value, and
// nothing else said of one of them.
func (x *extractor) bloodPressure(organizer *etree.Element, s scope) {
	var pair [2]*etree.Element
	for _, c := range children(organizer) {
		code := cda.ReadCD(cda.Child(c.act, "code"))
		if x.system(code.CodeSystem) != loinc {
			continue
		}
		for i, want := range []string{systolic, diastolic} {
			if code.Code != want {
				continue
			}
			if pair[i] != nil {
				return
			}
			pair[i] = c.act
		}
	}
	if !plainPressure(pair[0]) || !plainPressure(pair[1]) || !sameTime(pair[0], pair[1]) {
		return
	}
	s.time = timeOf(organizer, s)
	var o object
	o.set("identifier", append(x.identifiers(pair[0]), x.identifiers(pair[1])...))
	o.set("status", "final")
	o.add("category", catVital.concept())
	o.set("code", object{{"coding", list{codingOf(Coding{loinc, panelBP, "Blood pressure panel with all children optional"})}}})
	x.about(&o, s)
	when(&o, "effective", pair[0], s)
	o.set("performer", x.observers(pair[0], s))
	for _, el := range pair {
		component := object{{"code", x.concept(cda.ReadCD(cda.Child(el, "code")))}}
		x.value(&component, el)
		for i := range cda.Children(el, "interpretationCode") {
			component.add("interpretation", x.concept(cda.ReadCD(i)))
		}
		o.add("component", component)
	}
	if x.put("Observation", pair[0], "blood-pressure", o) != "" {
		x.partOf(pair[1], pair[0])
	}
}

func plainPressure(el *etree.Element) bool {
	return el != nil && el.Tag == "observation" && !negated(el) && observationStatus(el) == "final" && len(children(el)) == 0 && cda.Child(el, "value") != nil &&
		cda.Child(el, "subject", "author", "performer", "participant", "methodCode", "targetSiteCode", "referenceRange") == nil
}

func sameTime(a, b *etree.Element) bool {
	t, u := cda.ReadIVLTS(cda.Child(a, "effectiveTime")), cda.ReadIVLTS(cda.Child(b, "effectiveTime"))
	return t.Value == u.Value && t.Low.Value == u.Low.Value && t.High.Value == u.High.Value
}
