package extract

import (
	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// familyHistory maps the antecedents of one relative.
func (x *extractor) familyHistory(el *etree.Element, s scope) {
	relative := cda.Descend(el, "subject", "relatedSubject")
	if relative == nil {
		relative = s.subject
	}
	var o object
	o.set("identifier", x.identifiers(el))
	state := "completed"
	if cda.Attr(cda.Child(el, "statusCode"), "code") == "nullified" {
		state = "entered-in-error"
	}
	o.set("status", state)
	x.relative(&o, el, relative)
	notes := x.notes(el)
	for _, c := range children(el) {
		if x.family(c.act) == famComment {
			continue
		}
		code := x.concept(cda.ReadCD(cda.Child(c.act, "value")))
		if code == nil {
			if text := x.textOf(c.act); text != "" {
				code = object{{"text", text}}
			}
		}
		switch {
		case code == nil:
			x.narrativeOnly(c.act, "an antecedent without a code or words")
			continue
		case negated(c.act):
			x.part(c.act)
			words, _ := code.get("text").(string)
			notes = append(notes, object{{"text", "Absence de : " + firstOf(words, "l'antécédent codé dans le document")}})
			continue
		}
		x.part(c.act)
		condition := object{{"code", code}}
		if start, _ := ends(c.act); start != "" {
			condition.set("onsetString", start)
		}
		condition.set("note", x.notes(c.act))
		o.add("condition", condition)
	}
	o.set("note", notes)
	x.put("FamilyMemberHistory", el, "", o)
}

// relative sets who a FamilyMemberHistory is about.
func (x *extractor) relative(o *object, el, related *etree.Element) {
	o.set("patient", reference(x.o.Subject))
	o.set("date", dateTime(cda.ReadTS(cda.Child(cda.Child(el, "author"), "time"))))
	inner := cda.Child(related, "subject")
	o.set("name", cda.ReadEN(cda.Child(inner, "name")).String())
	o.set("relationship", x.conceptOr(cda.ReadCD(cda.Child(related, "code"))))
	o.set("sex", x.concept(cda.ReadCD(cda.Child(inner, "administrativeGenderCode"))))
	o.set("bornDate", date(cda.ReadTS(cda.Child(inner, "birthTime"))))
}
