package extract

import (
	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// dispense maps a supply of medicine that was handed over.
func (x *extractor) dispense(el *etree.Element, s scope) {
	if mood := cda.Attr(el, "moodCode"); mood == "RQO" || mood == "INT" {
		if len(participants(el, "DEV")) > 0 {
			x.device(el, s)
			return
		}
	}
	p, o := x.medicine(el, s)
	if p == nil {
		return
	}
	state := "completed"
	switch cda.Attr(cda.Child(el, "statusCode"), "code") {
	case "active":
		state = "in-progress"
	case "aborted":
		state = "stopped"
	case "cancelled":
		state = "cancelled"
	case "held", "suspended":
		state = "on-hold"
	case "nullified":
		state = "entered-in-error"
	}
	o.set("status", state)
	o.set("subject", reference(x.o.Subject))
	performers := x.performers(el)
	if len(performers) == 0 {
		if a := x.author(el, s); a != nil {
			performers = list{a}
		}
	}
	for _, a := range performers {
		o.add("performer", object{{"actor", a}})
	}
	x.prescribed(&o, el)
	o.set("quantity", quantity(cda.ReadPQ(cda.Child(el, "quantity")), ""))
	start, _ := ends(el)
	o.set("whenHandedOver", start)
	notes := x.notes(el)
	for _, c := range children(el) {
		if hasTemplate(c.act, fr+"207", fr+"33", fr+"34") {
			x.part(c.act)
			if text := x.textOf(c.act); text != "" {
				notes = append(notes, object{{"text", text}})
			}
		}
	}
	o.set("note", notes)
	o.set("dosageInstruction", x.dosages(el))
	x.substituted(&o, el)
	x.put("MedicationDispense", el, "", o)
	s.product = p.concept
	x.rest(el, s)
}

// prescribed names the prescription that a dispense carries out, by its identifier.
func (x *extractor) prescribed(o *object, el *etree.Element) {
	for _, c := range children(el) {
		if !hasTemplate(c.act, fr+"90", rx+"11") {
			continue
		}
		x.part(c.act)
		if id := x.firstID(c.act); id != nil {
			o.add("authorizingPrescription", object{{"type", "MedicationRequest"}, {"identifier", id}})
		}
		for _, below := range children(c.act) {
			x.part(below.act)
		}
	}
}

func (x *extractor) substituted(o *object, el *etree.Element) {
	for _, c := range children(el) {
		if !hasTemplate(c.act, fr+"206", rx+"9.2") {
			continue
		}
		x.part(c.act)
		code := cda.ReadCD(cda.Child(c.act, "code"))
		var sub object
		sub.set("wasSubstituted", code.Code != "N" && !negated(c.act))
		sub.set("type", x.concept(code))
		o.set("substitution", sub)
	}
}
