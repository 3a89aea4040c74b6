package extract

import (
	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// device maps a supply of a medical device: one in use to a DeviceUseStatement, one prescribed to a DeviceRequest.
func (x *extractor) device(el *etree.Element, s scope) {
	var role *etree.Element
	for _, p := range participants(el, "DEV", "PRD") {
		role = cda.Child(p, "participantRole")
	}
	playing := cda.Child(role, "playingDevice")
	kind := x.concept(cda.ReadCD(cda.Child(playing, "code")))
	if name := cda.Text(cda.Child(playing, "manufacturerModelName")); name != "" && kind == nil {
		kind = object{{"text", name}}
	}
	if kind == nil && cda.Descend(el, "product", "manufacturedProduct") != nil {
		x.dispense(el, s)
		return
	}
	if kind == nil || s.subject != nil {
		x.narrativeOnly(el, "no device of the person of the record is named")
		return
	}
	if mood := cda.Attr(el, "moodCode"); mood == "INT" || mood == "RQO" || mood == "PRP" {
		x.deviceRequest(el, s, kind)
		return
	}
	thing := object{{"resourceType", "Device"}, {"id", "device"}}
	for id := range cda.Children(role, "id") {
		thing.add("identifier", x.identifier(cda.ReadII(id)))
	}
	if org := cda.Child(role, "scopingEntity"); org != nil {
		thing.set("manufacturer", cda.Text(cda.Child(org, "desc", "name")))
	}
	if name := cda.Text(cda.Child(playing, "manufacturerModelName")); name != "" {
		thing.set("deviceName", list{object{{"name", name}, {"type", "model-name"}}})
	}
	thing.set("type", kind)
	thing.set("patient", reference(x.o.Subject))
	var o object
	o.set("contained", list{thing})
	o.set("identifier", x.identifiers(el))
	start, end := ends(el)
	state := "active"
	switch c := cda.Attr(cda.Child(el, "statusCode"), "code"); {
	case c == "nullified":
		state = "entered-in-error"
	case c == "held" || c == "suspended":
		state = "on-hold"
	case end != "":
		state = "completed"
	}
	o.set("status", state)
	o.set("subject", reference(x.o.Subject))
	if end != "" || start != "" {
		o.set("timingPeriod", asPeriod(cda.ReadIVLTS(cda.Child(el, "effectiveTime"))))
	}
	o.set("recordedOn", dateTime(cda.ReadTS(cda.Child(cda.Child(el, "author"), "time"))))
	o.set("source", personOf(first(x.performers(el))))
	o.set("device", reference("#device"))
	x.reasons(&o, el)
	o.set("bodySite", x.bodySite(cda.Child(el, "targetSiteCode")))
	notes := x.notes(el)
	if text := x.textOf(el); text != "" {
		notes = append(notes, object{{"text", text}})
	}
	o.set("note", notes)
	x.put("DeviceUseStatement", el, "", o)
}

func first(l list) object {
	if len(l) == 0 {
		return nil
	}
	return l[0].(object)
}

func (x *extractor) deviceRequest(el *etree.Element, s scope, kind object) {
	var o object
	o.set("identifier", x.identifiers(el))
	o.set("status", serviceStatus(el))
	o.set("intent", "order")
	o.set("codeCodeableConcept", kind)
	if q := quantity(cda.ReadPQ(cda.Child(el, "quantity")), ""); q != nil {
		o.add("parameter", object{{"code", object{{"text", "Quantité"}}}, {"valueQuantity", q}})
	}
	o.set("subject", reference(x.o.Subject))
	name, value := period(cda.ReadIVLTS(cda.Child(el, "effectiveTime")))
	o.set("occurrence"+name, value)
	o.set("authoredOn", dateTime(cda.ReadTS(cda.Child(cda.Child(el, "author"), "time"))))
	if a := x.author(el, s); a != nil {
		o.set("requester", a)
	}
	x.reasons(&o, el)
	o.set("supportingInfo", x.supporting(el, s))
	notes := x.notes(el)
	if text := x.textOf(el); text != "" {
		notes = append(notes, object{{"text", text}})
	}
	o.set("note", notes)
	x.put("DeviceRequest", el, "", o)
}
