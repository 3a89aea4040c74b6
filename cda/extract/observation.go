package extract

import (
	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// category is an Observation category of R4.
type category string

const (
	catNone   category = ""
	catLab    category = "laboratory"
	catVital  category = "vital-signs"
	catSocial category = "social-history"
	catSurvey category = "survey"
	catExam   category = "exam"
	catImg    category = "imaging"
)

func (c category) concept() object {
	if c == catNone {
		return nil
	}
	return object{{"coding", list{codingOf(Coding{hl7 + "observation-category", string(c), ""})}}}
}

// negated says whether negationInd is true.
func negated(el *etree.Element) bool { return cda.Attr(el, "negationInd") == "true" }

// observationStatus maps statusCode (Observation, DiagnosticReport).
func observationStatus(el *etree.Element) string {
	switch cda.Attr(cda.Child(el, "statusCode"), "code") {
	case "active":
		return "preliminary"
	case "aborted", "cancelled":
		return "cancelled"
	case "held", "suspended", "new":
		return "registered"
	case "nullified":
		return "entered-in-error"
	case "obsolete":
		return "unknown"
	}
	return "final"
}

// about sets subject, and focus where the statement is about somebody else (a mother in her child's document, a child in the mother's).
func (x *extractor) about(o *object, s scope) {
	if s.subject != nil {
		related := object{{"resourceType", "RelatedPerson"}, {"id", "focus"}, {"patient", reference(x.o.Subject)}}
		related.add("relationship", x.concept(cda.ReadCD(cda.Child(s.subject, "code"))))
		inner := cda.Child(s.subject, "subject")
		if name := cda.ReadEN(cda.Child(inner, "name")).String(); name != "" {
			related.add("name", object{{"text", name}})
		}
		related.set("gender", gender(cda.ReadCD(cda.Child(inner, "administrativeGenderCode"))))
		related.set("birthDate", date(cda.ReadTS(cda.Child(inner, "birthTime"))))
		o.add("contained", related)
	}
	o.set("subject", reference(x.o.Subject))
	if s.subject != nil {
		o.add("focus", reference("#focus"))
	}
}

func gender(c cda.CD) string {
	switch c.Code {
	case "M":
		return "male"
	case "F":
		return "female"
	case "UN", "O":
		return "other"
	case "U":
		return "unknown"
	}
	return ""
}

// observe makes the Observation of a statement; more, when not nil, completes it.
func (x *extractor) observe(el *etree.Element, s scope, c category, more func(*object)) string {
	if negated(el) && cda.Child(el, "value") != nil {
		x.narrativeOnly(el, "a negated measure has no sure meaning")
		return ""
	}
	members, sources := x.members(el, s)
	var o object
	o.set("identifier", x.identifiers(el))
	o.set("status", observationStatus(el))
	o.add("category", c.concept())
	o.set("code", x.conceptOr(cda.ReadCD(cda.Child(el, "code"))))
	x.about(&o, s)
	when(&o, "effective", el, s)
	o.set("issued", instant(cda.ReadTS(cda.Child(cda.Child(el, "author"), "time"))))
	o.set("performer", x.observers(el, s))
	x.value(&o, el)
	for i := range cda.Children(el, "interpretationCode") {
		o.add("interpretation", x.concept(cda.ReadCD(i)))
	}
	o.set("note", x.notes(el))
	o.set("bodySite", x.bodySite(cda.Child(el, "targetSiteCode")))
	o.set("method", x.concept(cda.ReadCD(cda.Child(el, "methodCode"))))
	o.set("specimen", reference(x.specimenOf(el, s)))
	o.set("referenceRange", x.referenceRanges(el))
	o.set("hasMember", references(members))
	o.set("derivedFrom", references(sources))
	if more != nil {
		more(&o)
	}
	if !informative(o) {
		x.narrativeOnly(el, "neither code, value nor members")
		return ""
	}
	return x.put("Observation", el, "", o)
}

// informative says whether an Observation tells anything: a code or a value or members.
func informative(o object) bool {
	if code, ok := o.get("code").(object); ok && !absentConcept(code) {
		return true
	}
	for i := range o {
		if name := o[i].name; len(name) > 5 && name[:5] == "value" || name == "hasMember" || name == "component" {
			return true
		}
	}
	return false
}

func absentConcept(c object) bool {
	codings, ok := c.get("coding").(list)
	return ok && len(codings) == 1 && codings[0].(object).get("system") == systemAbsent
}

// members extracts the statements below one and gives the references that hasMember and derivedFrom take.
func (x *extractor) members(el *etree.Element, s scope) (members, sources []string) {
	s.time = timeOf(el, s)
	for _, c := range children(el) {
		switch x.family(c.act) {
		case famComment, famReference, famAttribute:
			continue
		}
		for _, ref := range x.act(c.act, s) {
			switch x.kinds[ref] {
			case "Observation":
				if c.typeCode == "SPRT" {
					sources = append(sources, ref)
				} else {
					members = append(members, ref)
				}
			case "Media", "ImagingStudy", "DocumentReference":
				sources = append(sources, ref)
			}
		}
	}
	return members, sources
}

// observers gives who is responsible for an observation: performers and participants, else the author.
func (x *extractor) observers(el *etree.Element, s scope) list {
	out := x.performers(el)
	for _, p := range participants(el, "PRF", "AUTHEN", "RESP") {
		if a := x.actor(cda.Child(p, "participantRole")); a != nil {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		if a := x.author(el, s); a != nil && a.get("type") != "Device" {
			out = append(out, a)
		}
	}
	return out
}

// bodySite gives a site with its qualifiers (laterality) as further codings of the concept; the words keep them apart.
func (x *extractor) bodySite(el *etree.Element) object {
	site := cda.ReadCD(el)
	if el == nil || site.NullFlavor == "MSK" {
		return nil
	}
	codings, text := x.codings(site), x.text(site)
	for _, q := range site.Qualifiers {
		if c := x.coding(q.Value); c != nil {
			codings = append(codings, c)
			if label := token(q.Value.DisplayName); label != "" && text != "" {
				text += ", " + label
			}
		}
	}
	var o object
	o.set("coding", codings)
	o.set("text", text)
	return o
}

func (x *extractor) referenceRanges(el *etree.Element) list {
	var out list
	for r := range cda.Children(el, "referenceRange") {
		in := cda.Child(r, "observationRange")
		var o object
		if value := cda.Child(in, "value"); value != nil {
			if q := quantity(cda.ReadPQ(cda.Child(value, "low")), ""); q != nil {
				o.set("low", q)
			}
			if q := quantity(cda.ReadPQ(cda.Child(value, "high")), ""); q != nil {
				o.set("high", q)
			}
		}
		if cda.Attr(cda.Child(in, "interpretationCode"), "code") == "N" {
			o.set("type", object{{"coding", list{codingOf(Coding{hl7 + "referencerange-meaning", "normal", ""})}}})
		}
		text := x.textOf(in)
		if text == "" && !o.has("low") && !o.has("high") {
			text = cda.Text(cda.Child(in, "value"))
		}
		o.set("text", text)
		if o.has("low") || o.has("high") || o.has("text") {
			out = append(out, o)
		}
	}
	return out
}

// simple is an observation of no special kind; a goal, a request or a problem by its mood and value.
func (x *extractor) simple(el *etree.Element, s scope) {
	switch cda.Attr(el, "moodCode") {
	case "GOL":
		x.goal(el, s)
	case "INT", "RQO", "PRP", "ARQ":
		x.request(el, s)
	default:
		x.observe(el, s, x.sectionCategory(s), nil)
	}
}

// sectionCategory gives the category of plain observations by their section.
func (x *extractor) sectionCategory(s scope) category {
	switch {
	case s.lab:
		return catLab
	case s.section == "29762-2":
		return catSocial
	case s.section == "29545-1" || s.section == "10210-3" || s.section == "8716-3":
		return catExam
	case s.section == "47420-5":
		return catSurvey
	}
	return catNone
}

func (x *extractor) social(el *etree.Element, s scope) { x.observe(el, s, catSocial, nil) }
func (x *extractor) survey(el *etree.Element, s scope) { x.observe(el, s, catSurvey, nil) }
func (x *extractor) vital(el *etree.Element, s scope)  { x.observe(el, s, catVital, nil) }

// vitals is the panel of vital signs taken together (LOINC 85353-1).
func (x *extractor) vitals(el *etree.Element, s scope) {
	x.bloodPressure(el, s)
	x.observe(el, s, catVital, func(o *object) { codeOr(o, "85353-1", "Vital signs panel") })
}

// codeOr gives an Observation a LOINC code when its statement has none.
func codeOr(o *object, code, display string) {
	if c, ok := o.get("code").(object); ok && absentConcept(c) {
		for i := range *o {
			if (*o)[i].name == "code" {
				(*o)[i].value = object{{"coding", list{codingOf(Coding{"http://loinc.org", code, display})}}}
			}
		}
	}
}

// group is an organizer whose members belong together. One that only wraps other resources says nothing itself.
func (x *extractor) group(el *etree.Element, s scope) {
	if x.concept(cda.ReadCD(cda.Child(el, "code"))) == nil {
		members, _ := x.members(el, s)
		if len(members) == 0 {
			x.fate(el, Wrapper, "")
			return
		}
	}
	c := x.sectionCategory(s)
	x.observe(el, s, c, nil)
}

// goal maps an observation in mood GOL.
func (x *extractor) goal(el *etree.Element, s scope) {
	var o object
	o.set("identifier", x.identifiers(el))
	status := "active"
	switch cda.Attr(cda.Child(el, "statusCode"), "code") {
	case "completed":
		status = "accepted"
	case "cancelled", "aborted":
		status = "cancelled"
	case "nullified":
		status = "entered-in-error"
	}
	o.set("lifecycleStatus", status)
	code := x.concept(cda.ReadCD(cda.Child(el, "code")))
	if code == nil {
		x.narrativeOnly(el, "a goal without a code")
		return
	}
	description := code
	if text := x.textOf(el); text != "" {
		description = object{{"text", text}}
		description.set("coding", code.get("coding"))
	}
	o.set("description", description)
	o.set("subject", reference(x.o.Subject))
	start, _ := ends(el)
	if start != "" {
		o.set("startDate", start[:min(len(start), 10)])
	}
	var value object
	x.value(&value, el)
	for _, m := range value {
		switch m.name {
		case "valueQuantity", "valueRange", "valueCodeableConcept", "valueString", "valueBoolean", "valueInteger", "valueRatio":
			o.add("target", object{{"measure", code}, {"detail" + m.name[5:], m.value}})
		}
	}
	o.set("note", x.notes(el))
	x.put("Goal", el, "", o)
}

// strayComment, strayReference and strayAttribute are met where no statement around takes them up.
func (x *extractor) strayComment(el *etree.Element, _ scope) {
	x.narrativeOnly(el, "a comment on nothing that became a resource")
}

func (x *extractor) strayReference(el *etree.Element, _ scope) { x.part(el) }

func (x *extractor) strayAttribute(el *etree.Element, s scope) {
	if el.Tag == "observation" && x.concept(cda.ReadCD(cda.Child(el, "code"))) != nil && cda.Child(el, "value") != nil {
		x.observe(el, s, catNone, nil)
		return
	}
	x.narrativeOnly(el, "a detail of nothing that became a resource")
}

// aboutDocument is about the document, not about the person: the DocumentReference says it.
func (x *extractor) aboutDocument(el *etree.Element, _ scope) { x.fate(el, OfDocument, "") }
