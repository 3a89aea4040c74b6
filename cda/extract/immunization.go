package extract

import (
	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// immunization maps a vaccination (IHE PCC Immunization).
func (x *extractor) immunization(el *etree.Element, s scope) {
	if s.subject != nil {
		x.narrativeOnly(el, "a vaccination of somebody else than the person of the record")
		return
	}
	p := x.medicationIn(el, s)
	var o object
	o.set("identifier", x.identifiers(el))
	state := "completed"
	switch code := cda.Attr(cda.Child(el, "statusCode"), "code"); {
	case code == "nullified":
		state = "entered-in-error"
	case negated(el) || code == "cancelled" || code == "aborted":
		state = "not-done"
	}
	o.set("status", state)
	if p.concept == nil {
		p.concept = x.concept(cda.ReadCD(cda.Child(el, "code")))
	}
	if p.concept == nil {
		x.narrativeOnly(el, "no vaccine is named")
		return
	}
	o.set("vaccineCode", p.concept)
	o.set("patient", reference(x.o.Subject))
	start, _ := ends(el)
	if start != "" {
		o.set("occurrenceDateTime", start)
	} else {
		o.set("_occurrenceDateTime", absentExtension(cda.NullFlavor(cda.Attr(cda.Child(el, "effectiveTime"), "nullFlavor"))))
	}
	o.set("recorded", dateTime(cda.ReadTS(cda.Child(cda.Child(el, "author"), "time"))))
	performers := x.performers(el)
	if a := x.author(el, s); len(performers) > 0 && a != nil && sameActor(a, performers[0].(object)) {
		o.set("primarySource", true)
	}
	if org := cda.Descend(el, "consumable", "manufacturedProduct", "manufacturerOrganization"); org != nil {
		o.set("manufacturer", x.organization(org))
	}
	if batch, ok := p.details.get("batch").(object); ok {
		o.set("lotNumber", batch.get("lotNumber"))
		if e, ok := batch.get("expirationDate").(string); ok {
			o.set("expirationDate", e[:min(len(e), 10)])
		}
	}
	o.set("site", x.bodySite(cda.Child(el, "approachSiteCode")))
	o.set("route", x.concept(cda.ReadCD(cda.Child(el, "routeCode"))))
	if name, q := amount(cda.Child(el, "doseQuantity")); name == "Quantity" {
		o.set("doseQuantity", q)
	}
	for _, a := range performers {
		o.add("performer", object{{"function", object{{"coding", list{codingOf(Coding{hl7 + "v2-0443", "AP", ""})}}}}, {"actor", a}})
	}
	o.set("note", x.notes(el))
	x.reasons(&o, el)
	x.vaccineReactions(&o, el, s)
	for _, c := range children(el) {
		if hasTemplate(c.act, fr+"82", ccd+"46") {
			x.part(c.act)
			if n := numeral(cda.Attr(cda.Child(c.act, "value"), "value")); allDigits(string(n)) && n != "" && n != "0" && len(n) < 10 {
				o.add("protocolApplied", object{{"doseNumberPositiveInt", n}})
			}
		}
	}
	x.put("Immunization", el, "", o)
	s.product = p.concept
	x.rest(el, s)
}

// sameActor says whether two logical references name the same identifier.
func sameActor(a, b object) bool {
	i, j := identifierOf(a), identifierOf(b)
	return i != "" && i == j
}

func identifierOf(actor object) string {
	id, _ := actor.get("identifier").(object)
	if id == nil {
		return ""
	}
	system, _ := id.get("system").(string)
	value, _ := id.get("value").(string)
	return system + "|" + value
}

// vaccineReactions maps what a vaccination caused: an Observation of its own that the Immunization refers to.
func (x *extractor) vaccineReactions(o *object, el *etree.Element, s scope) {
	for _, c := range children(el) {
		if c.typeCode != "CAUS" {
			continue
		}
		code := x.concept(cda.ReadCD(cda.Child(c.act, "value")))
		if code == nil {
			continue
		}
		r := object{{"status", "final"}, {"code", object{{"coding", list{codingOf(Coding{"http://loinc.org", "31044-1", ""})}}, {"text", "Réaction à la vaccination"}}}, {"subject", reference(x.o.Subject)}}
		when(&r, "effective", c.act, s)
		r.set("valueCodeableConcept", code)
		r.set("note", x.notes(c.act))
		var reaction object
		start, _ := ends(c.act)
		reaction.set("date", start)
		reaction.set("detail", reference(x.put("Observation", c.act, "reaction", r)))
		o.add("reaction", reaction)
	}
}

// recommendation maps a vaccine that is due (IHE PCC Immunization Recommendation).
func (x *extractor) recommendation(el *etree.Element, s scope) {
	p := x.medicationIn(el, s)
	date := firstOf(dateTime(cda.ReadTS(cda.Child(cda.Child(el, "author"), "time"))), dateTime(x.d.Header.EffectiveTime))
	if s.subject != nil || p.concept == nil || date == "" {
		x.narrativeOnly(el, "no vaccine of the person of the record is named")
		return
	}
	var o object
	o.set("identifier", x.identifiers(el))
	o.set("patient", reference(x.o.Subject))
	o.set("date", date)
	r := object{{"vaccineCode", list{p.concept}}}
	r.set("forecastStatus", status("immunization-recommendation-status", "due"))
	low, high := ends(el)
	for _, d := range []struct{ code, value string }{{"30980-7", low}, {"59778-1", high}} {
		if d.value != "" {
			r.add("dateCriterion", object{{"code", object{{"coding", list{codingOf(Coding{"http://loinc.org", d.code, ""})}}}}, {"value", d.value}})
		}
	}
	r.set("description", x.textOf(el))
	for _, n := range x.notes(el) {
		if !r.has("description") {
			r.set("description", n.(object).get("text"))
		}
	}
	o.set("recommendation", list{r})
	x.put("ImmunizationRecommendation", el, "", o)
}
