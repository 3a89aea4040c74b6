package extract

import (
	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// documentAuthor is the first author of the header, whom entries without one inherit.
func (x *extractor) documentAuthor() object {
	if len(x.d.Header.Authors) == 0 {
		return nil
	}
	return x.actor(cda.Child(x.d.Header.Authors[0].Element, "assignedAuthor"))
}

// header makes the encounter and the care team that the header names.
func (x *extractor) header() {
	x.headerEncounter()
	x.careTeam()
}

func (x *extractor) headerEncounter() {
	e := cda.Descend(x.d.Root, "componentOf", "encompassingEncounter")
	if e == nil || x.d.Body.Structured == nil {
		return
	}
	times := asPeriod(cda.ReadIVLTS(cda.Child(e, "effectiveTime")))
	if times == nil && cda.Child(e, "code") == nil {
		return
	}
	start, _ := times.get("start").(string)
	end, _ := times.get("end").(string)
	x.stay = stay{x.o.Encounter, start[:min(10, len(start))], end[:min(10, len(end))]}
	if x.o.Encounter != "" {
		return
	}
	var o object
	o.set("identifier", x.identifiers(e))
	state := "finished"
	if end == "" {
		state = "unknown"
	}
	o.set("status", state)
	code := cda.ReadCD(cda.Child(e, "code"))
	o.set("class", x.class(code))
	if code.CodeSystem != "2.16.840.1.113883.5.4" {
		if c := x.concept(code); c != nil {
			o.add("type", c)
		}
	}
	o.set("subject", reference(x.o.Subject))
	o.set("period", times)
	var hospitalization object
	for _, el := range x.statement {
		switch {
		case hasTemplate(el, fr+"48.6"):
			x.partOf(el, e)
			hospitalization.set("admitSource", x.concept(cda.ReadCD(cda.Child(el, "value"))))
		case hasTemplate(el, fr+"48.7"):
			x.partOf(el, e)
			hospitalization.set("dischargeDisposition", x.concept(cda.ReadCD(cda.Child(el, "value"))))
		}
	}
	if d := x.concept(cda.ReadCD(cda.Child(e, "dischargeDispositionCode"))); d != nil && !hospitalization.has("dischargeDisposition") {
		hospitalization.set("dischargeDisposition", d)
	}
	o.set("hospitalization", hospitalization)
	place := cda.Descend(e, "location", "healthCareFacility")
	if org := cda.Child(place, "serviceProviderOrganization"); org != nil {
		o.set("serviceProvider", x.organization(org))
	}
	x.stay.ref = x.put("Encounter", e, "", o)
}

// careTeam lists the professionals that the header says took part in the main act.
func (x *extractor) careTeam() {
	if x.d.Body.Structured == nil {
		return
	}
	main := x.d.Header.MainAct()
	if main == nil {
		return
	}
	var members list
	for p := range cda.Children(main.Element, "performer") {
		members = append(members, x.teamMember(cda.Child(p, "assignedEntity"), cda.Child(p, "functionCode"))...)
	}
	for p := range cda.Children(x.d.Root, "participant") {
		switch cda.Attr(p, "typeCode") {
		case "REF", "CON", "INF", "RESP":
			members = append(members, x.teamMember(cda.Child(p, "associatedEntity"), cda.Child(p, "functionCode"))...)
		}
	}
	if len(members) < 2 {
		return
	}
	o := object{}
	o.set("name", "Professionnels nommés par le document")
	o.set("subject", reference(x.o.Subject))
	o.set("participant", members)
	x.put("CareTeam", main.Element, "", o)
}

func (x *extractor) teamMember(role, function *etree.Element) list {
	a := x.actor(role)
	if a == nil || a.get("type") == "Device" {
		return nil
	}
	var o object
	if f := x.concept(cda.ReadCD(function)); f != nil {
		o.add("role", f)
	}
	o.set("member", a)
	return list{o}
}

// provenance says of all resources which document they come from.
func (x *extractor) provenance() {
	if len(x.out) == 0 {
		return
	}
	o := object{{"resourceType", "Provenance"}, {"meta", x.meta}}
	for i := range x.out {
		o.add("target", reference(x.out[i].FullURL))
	}
	recorded := instant(x.d.Header.EffectiveTime)
	if !x.o.Recorded.IsZero() {
		recorded = x.o.Recorded.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	if recorded == "" {
		o.set("_recorded", absentExtension(""))
	}
	o.set("recorded", recorded)
	o.set("policy", list{"urn:ihe:iti.mxde:2023:document-provenance-policy"})
	o.set("activity", object{{"coding", list{codingOf(Coding{"http://hl7.org/fhir/w3c-provenance-activity-type", "Derivation", ""})}}})
	assembler := object{{"type", agentType("assembler")}, {"who", object{{"display", "Carnet"}}}}
	o.add("agent", assembler)
	if a := x.documentAuthor(); a != nil {
		o.add("agent", object{{"type", agentType("author")}, {"who", a}})
	}
	o.add("entity", object{{"role", "source"}, {"what", reference(x.o.Document)}})
	x.out = append(x.out, Resource{"Provenance", x.urn("Provenance"), appendJSON(nil, o)})
}

func agentType(code string) object {
	return object{{"coding", list{codingOf(Coding{hl7 + "provenance-participant-type", code, ""})}}}
}
