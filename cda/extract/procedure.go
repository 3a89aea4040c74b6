package extract

import (
	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// procedure maps an act that was done to a Procedure, and one that is planned to a ServiceRequest.
func (x *extractor) procedure(el *etree.Element, s scope) {
	switch cda.Attr(el, "moodCode") {
	case "INT", "RQO", "PRP", "ARQ":
		x.request(el, s)
		return
	}
	if s.subject != nil {
		x.narrativeOnly(el, "an act on somebody else than the person of the record")
		return
	}
	code := x.codeOrWords(el)
	if code == nil {
		x.narrativeOnly(el, "an act without a code or words")
		return
	}
	var o object
	o.set("identifier", x.identifiers(el))
	state := "completed"
	switch c := cda.Attr(cda.Child(el, "statusCode"), "code"); {
	case c == "nullified":
		state = "entered-in-error"
	case negated(el) || c == "cancelled":
		state = "not-done"
	case c == "active":
		state = "in-progress"
	case c == "aborted":
		state = "stopped"
	case c == "held" || c == "suspended":
		state = "on-hold"
	case c == "new":
		state = "preparation"
	}
	o.set("status", state)
	if method := cda.Child(el, "methodCode"); code.get("text") == nil && method != nil {
		code = withText(code, firstOf(x.text(cda.ReadCD(method)), "")) // R4 has no method
	}
	o.set("code", code)
	o.set("subject", reference(x.o.Subject))
	when(&o, "performed", el, s)
	o.set("recorder", x.practitioner(el, s))
	for _, a := range x.performers(el) {
		o.add("performer", object{{"actor", a}})
	}
	x.reasons(&o, el)
	for _, name := range []string{"targetSiteCode", "approachSiteCode"} {
		for site := range cda.Children(el, name) {
			o.add("bodySite", x.bodySite(site))
		}
	}
	notes := x.notes(el)
	if text := x.textOf(el); text != "" && text != code.get("text") {
		notes = append(notes, object{{"text", text}})
	}
	o.set("note", notes)
	x.put("Procedure", el, "", o)
}

// codeOrWords gives what an act is: its code, or the words for it; nil when it has neither.
func (x *extractor) codeOrWords(el *etree.Element) object {
	if code := x.concept(cda.ReadCD(cda.Child(el, "code"))); code != nil {
		return code
	}
	if text := x.textOf(el); text != "" {
		return object{{"text", text}}
	}
	return nil
}

// request maps what is ordered or proposed.
func (x *extractor) request(el *etree.Element, s scope) {
	if s.subject != nil {
		x.narrativeOnly(el, "a request for somebody else than the person of the record")
		return
	}
	code := x.codeOrWords(el)
	if code == nil {
		x.narrativeOnly(el, "a request without a code or words")
		return
	}
	var o object
	o.set("identifier", x.identifiers(el))
	o.set("status", serviceStatus(el))
	intent := "order"
	switch cda.Attr(el, "moodCode") {
	case "PRP":
		intent = "proposal"
	case "INT", "ARQ":
		intent = "plan"
	}
	if hasTemplate(el, fr+"27", fr+"27.3") && intent == "plan" {
		intent = "order"
	}
	o.set("intent", intent)
	switch cda.Attr(cda.Child(el, "priorityCode"), "code") {
	case "A":
		o.set("priority", "asap")
	case "R":
		o.set("priority", "routine")
	case "UR":
		o.set("priority", "urgent")
	case "EM", "S":
		o.set("priority", "stat")
	}
	if negated(el) {
		o.set("doNotPerform", true)
	}
	o.set("code", code)
	o.set("subject", reference(x.o.Subject))
	name, value := period(cda.ReadIVLTS(cda.Child(el, "effectiveTime")))
	o.set("occurrence"+name, value)
	o.set("authoredOn", dateTime(cda.ReadTS(cda.Child(cda.Child(el, "author"), "time"))))
	o.set("requester", x.author(el, s))
	o.set("performer", x.performers(el))
	x.reasons(&o, el)
	for site := range cda.Children(el, "targetSiteCode") {
		o.add("bodySite", x.bodySite(site))
	}
	notes := x.notes(el)
	if text := x.textOf(el); text != "" && text != code.get("text") {
		notes = append(notes, object{{"text", text}})
	}
	o.set("note", notes)
	members, _ := x.members(el, s)
	o.set("supportingInfo", references(members))
	x.put("ServiceRequest", el, "", o)
}

func serviceStatus(el *etree.Element) string {
	switch cda.Attr(cda.Child(el, "statusCode"), "code") {
	case "aborted", "cancelled":
		return "revoked"
	case "held", "suspended":
		return "on-hold"
	case "nullified":
		return "entered-in-error"
	}
	return "active"
}

// transfer maps a transfer or a transport: an act that was done, or is planned.
func (x *extractor) transfer(el *etree.Element, s scope) { x.procedure(el, s) }

var actEncounterCodes = map[string]bool{"AMB": true, "EMER": true, "FLD": true, "HH": true, "IMP": true, "ACUTE": true, "NONAC": true, "OBSENC": true, "PRENC": true, "SS": true, "VR": true, "EXTERNE": false}

// encounter maps an encounter of an entry.
func (x *extractor) encounter(el *etree.Element, s scope) {
	if s.subject != nil {
		x.narrativeOnly(el, "an encounter of somebody else than the person of the record")
		return
	}
	state := "finished"
	switch mood, c := cda.Attr(el, "moodCode"), cda.Attr(cda.Child(el, "statusCode"), "code"); {
	case c == "nullified":
		state = "entered-in-error"
	case c == "cancelled" || c == "aborted" || negated(el):
		state = "cancelled"
	case mood == "ARQ" || mood == "INT" || mood == "PRP" || mood == "RQO" || mood == "APT":
		state = "planned"
	case c == "active":
		state = "in-progress"
	}
	var o object
	o.set("identifier", x.identifiers(el))
	o.set("status", state)
	code := cda.ReadCD(cda.Child(el, "code"))
	o.set("class", x.class(code))
	if code.CodeSystem != "2.16.840.1.113883.5.4" {
		if c := x.concept(code); c != nil {
			o.add("type", c)
		}
	}
	o.set("subject", reference(x.o.Subject))
	for _, a := range x.performers(el) {
		if a.(object).get("type") == "Practitioner" {
			o.add("participant", object{{"individual", a}})
		}
	}
	o.set("period", asPeriod(cda.ReadIVLTS(cda.Child(el, "effectiveTime"))))
	x.encounterReasons(&o, el)
	for _, p := range participants(el, "LOC") {
		role := cda.Child(p, "participantRole")
		if l := actorOf("Location", x.firstID(role), cda.Text(cda.Descend(role, "playingEntity", "name"))); l != nil {
			o.add("location", object{{"location", l}})
		}
	}
	x.put("Encounter", el, "", o)
	for _, c := range children(el) {
		if x.isFamily(c.act, famComment) {
			x.narrativeOnly(c.act, "R4 encounters have no note")
		}
	}
}

// class gives an Encounter's class, which R4 requires: the v3 code, else that it is not known.
func (x *extractor) class(code cda.CD) object {
	for _, c := range append([]cda.CD{code}, code.Translations...) {
		if c.CodeSystem == "2.16.840.1.113883.5.4" && actEncounterCodes[token(c.Code)] {
			return codingOf(Coding{hl7 + "v3-ActCode", token(c.Code), ""})
		}
	}
	return object{{"extension", list{object{{"url", extAbsent}, {"valueCode", "unknown"}}}}}
}

func (x *extractor) encounterReasons(o *object, el *etree.Element) {
	for _, c := range children(el) {
		if !x.isFamily(c.act, famReference) {
			continue
		}
		x.part(c.act)
		if ref := x.resolve(c.act, "Condition", "Procedure", "Observation", "ImmunizationRecommendation"); ref != "" {
			o.add("reasonReference", reference(ref))
		} else if code := x.concept(cda.ReadCD(cda.Child(c.act, "code"))); code != nil {
			o.add("reasonCode", code)
		}
	}
}

// coverage maps a policy (IHE PCC Coverage Entry); the act around policies says nothing.
func (x *extractor) coverage(el *etree.Element, s scope) {
	var payor object
	for p := range cda.Children(el, "performer") {
		entity := cda.Child(p, "assignedEntity")
		payor = x.organization(cda.Child(entity, "representedOrganization"))
		if payor == nil {
			payor = actorOf("Organization", x.firstID(entity), "")
		}
	}
	if payor == nil {
		x.fate(el, Wrapper, "")
		return
	}
	var o object
	o.set("identifier", x.identifiers(el))
	state := "active"
	if c := cda.Attr(cda.Child(el, "statusCode"), "code"); c == "cancelled" || c == "aborted" {
		state = "cancelled"
	}
	o.set("status", state)
	o.set("type", x.concept(cda.ReadCD(cda.Child(el, "code"))))
	for _, p := range participants(el, "HLD") {
		role := cda.Child(p, "participantRole")
		o.set("policyHolder", actorOf("RelatedPerson", x.firstID(role), cda.ReadEN(cda.Descend(role, "playingEntity", "name")).String()))
	}
	o.set("beneficiary", reference(x.o.Subject))
	o.set("period", asPeriod(cda.ReadIVLTS(cda.Child(el, "effectiveTime"))))
	o.set("payor", list{payor})
	x.put("Coverage", el, "", o)
	_ = s
}
