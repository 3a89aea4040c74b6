package extract

import (
	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// laboratory maps the act of a laboratory report entry (IHE XD-LAB Report Data Processing Entry), which carries no template itself: a DiagnosticReport of the chapter, with
// what stands below as its results.
func (x *extractor) laboratory(act *etree.Element, s scope) {
	s.lab = true
	s.time = timeOf(act, s)
	s.specimen = x.specimenBelow(act, s)
	members, sources := x.members(act, s)
	if len(members)+len(sources) == 0 && x.concept(cda.ReadCD(cda.Child(act, "code"))) == nil {
		x.fate(act, Wrapper, "")
		return
	}
	o := object{}
	o.set("identifier", x.identifiers(act))
	o.set("status", observationStatus(act))
	o.add("category", object{{"coding", list{codingOf(Coding{hl7 + "v2-0074", "LAB", ""})}}})
	o.set("code", x.conceptOr(cda.ReadCD(cda.Child(act, "code"))))
	o.set("subject", reference(x.o.Subject))
	x.reportTime(&o, act, s)
	for _, p := range participants(act, "AUTHEN") {
		o.set("issued", instant(cda.ReadTS(cda.Child(cda.Child(p, "time"), "high"))))
	}
	o.set("performer", x.performers(act))
	for _, p := range participants(act, "AUTHEN") {
		if a := personOf(x.actor(cda.Child(p, "participantRole"))); a != nil {
			o.add("resultsInterpreter", a)
		}
	}
	if s.specimen != "" {
		o.add("specimen", reference(s.specimen))
	}
	o.set("result", references(members))
	for _, ref := range sources {
		switch x.kinds[ref] {
		case "Media":
			o.add("media", object{{"link", reference(ref)}})
		case "ImagingStudy":
			o.add("imagingStudy", reference(ref))
		}
	}
	if text := x.comments(act); text != "" {
		o.set("conclusion", text)
	}
	x.put("DiagnosticReport", act, "", o)
}

// reportTime is that of the act, else that of the main act of the header, which a report documents.
func (x *extractor) reportTime(o *object, act *etree.Element, s scope) {
	if when(o, "effective", act, s) {
		return
	}
	if main := x.d.Header.MainAct(); main != nil {
		name, value := period(cda.ReadIVLTS(cda.Child(main.Element, "effectiveTime")))
		o.set("effective"+name, value)
	}
}

// comments gives the words of the comments below a report, which has no note in R4.
func (x *extractor) comments(el *etree.Element) string {
	text := ""
	for _, n := range x.notes(el) {
		if words, _ := n.(object).get("text").(string); words != "" {
			if text != "" {
				text += "\n"
			}
			text += words
		}
	}
	return text
}

// specimenBelow extracts the collections directly below a statement and gives the first specimen: it is that of all that stands beside it.
func (x *extractor) specimenBelow(el *etree.Element, s scope) string {
	first := s.specimen
	for _, c := range children(el) {
		if x.family(c.act) != famSpecimen {
			continue
		}
		for _, ref := range x.act(c.act, s) {
			if x.kinds[ref] == "Specimen" && first == s.specimen {
				first = ref
			}
		}
	}
	return first
}

// specimen maps a collection procedure (IHE XD-LAB Specimen Collection, PAT Specimen Procedure Step).
func (x *extractor) specimen(el *etree.Element, s scope) {
	var o object
	role := (*etree.Element)(nil)
	for _, p := range participants(el, "PRD", "SPC") {
		role = cda.Child(p, "participantRole")
	}
	if role == nil {
		role = cda.Descend(el, "specimen", "specimenRole")
	}
	for id := range cda.Children(role, "id") {
		if i := x.identifier(cda.ReadII(id)); i != nil {
			o.add("identifier", i)
		}
	}
	o.set("type", x.concept(cda.ReadCD(cda.Child(cda.Child(role, "playingEntity", "specimenPlayingEntity"), "code"))))
	o.set("subject", reference(x.o.Subject))
	for _, c := range children(el) {
		if hasTemplate(c.act, fr+"107", lab+"3") {
			x.part(c.act)
			start, _ := ends(c.act)
			o.set("receivedTime", start)
		}
	}
	var collection object
	if a := x.performers(el); len(a) > 0 && a[0].(object).get("type") == "Practitioner" {
		collection.set("collector", a[0])
	}
	name, value := period(cda.ReadIVLTS(cda.Child(el, "effectiveTime")))
	collection.set("collected"+name, value)
	collection.set("method", x.concept(cda.ReadCD(cda.Child(el, "code"))))
	collection.set("bodySite", x.bodySite(cda.Child(el, "targetSiteCode")))
	o.set("collection", collection)
	o.set("note", x.notes(el))
	x.put("Specimen", el, "", o)
}

// specimenOf gives the specimen of an observation: the one collected with it, or one that it names.
func (x *extractor) specimenOf(_ *etree.Element, s scope) string { return s.specimen }

func (x *extractor) labObservation(el *etree.Element, s scope) {
	s.specimen = x.specimenBelow(el, s)
	x.observe(el, s, catLab, nil)
}

// battery is a set of results ordered together.
func (x *extractor) battery(el *etree.Element, s scope) {
	s.specimen = x.specimenBelow(el, s)
	s.lab = true
	x.observe(el, s, catLab, nil)
}

// isolate is a microorganism that was grown: a Specimen, and the Observation that identifies it with its counts and susceptibilities as members.
func (x *extractor) isolate(el *etree.Element, s scope) {
	role := cda.Descend(el, "specimen", "specimenRole")
	organism := cda.ReadCD(cda.Descend(role, "specimenPlayingEntity", "code"))
	var o object
	for id := range cda.Children(role, "id") {
		if i := x.identifier(cda.ReadII(id)); i != nil {
			o.add("identifier", i)
		}
	}
	o.set("type", object{{"coding", list{codingOf(Coding{"http://snomed.info/sct", "119303007", "Microbial isolate specimen"})}}})
	o.set("subject", reference(x.o.Subject))
	if s.specimen != "" {
		o.add("parent", reference(s.specimen))
	}
	if ref := x.put("Specimen", el, "isolate", o); ref != "" {
		s.specimen = ref
	}
	s.lab = true
	k := x.know(el)
	before := k.made
	k.made = nil
	x.observe(el, s, catLab, func(ob *object) {
		codeOr(ob, "41852-5", "Microorganism or agent identified in Specimen")
		if cda.Child(el, "value") == nil {
			ob.set("valueCodeableConcept", x.concept(organism))
		}
	})
	k.made = append(k.made, before...)
}

// results is a set of examination results outside of a laboratory report (CI-SIS "Résultats").
func (x *extractor) results(el *etree.Element, s scope) {
	code := cda.ReadCD(cda.Child(el, "code"))
	s.lab = code.Code == "26436-6"
	s.specimen = x.specimenBelow(el, s)
	members, _ := x.members(el, s)
	o := object{}
	o.set("identifier", x.identifiers(el))
	o.set("status", observationStatus(el))
	category := "OTH"
	switch code.Code {
	case "26436-6":
		category = "LAB"
	case "18748-4":
		category = "RAD"
	}
	o.add("category", object{{"coding", list{codingOf(Coding{hl7 + "v2-0074", category, ""})}}})
	o.set("code", x.conceptOr(code))
	o.set("subject", reference(x.o.Subject))
	when(&o, "effective", el, s)
	o.set("performer", x.performers(el))
	o.set("result", references(members))
	o.set("conclusion", x.comments(el))
	x.put("DiagnosticReport", el, "", o)
}

func (x *extractor) genetics(el *etree.Element, s scope) {
	s.specimen = x.specimenBelow(el, s)
	s.lab = true
	if el.Tag == "organizer" && x.concept(cda.ReadCD(cda.Child(el, "code"))) == nil {
		x.group(el, s)
		return
	}
	x.observe(el, s, catLab, nil)
}
