package extract

import (
	"slices"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// product is a medicine: the concept, and what a Medication resource adds to it.
type product struct {
	concept object
	details object // members of a contained Medication; empty when the concept says all
}

// productOf reads consumable or product (IHE PCC Product Entry, PHARM Medicine Entry).
func (x *extractor) productOf(el *etree.Element) product {
	material := cda.Descend(el, "consumable", "manufacturedProduct", "manufacturedMaterial")
	if material == nil {
		material = cda.Descend(el, "product", "manufacturedProduct", "manufacturedMaterial")
	}
	if material == nil || cda.Attr(material, "nullFlavor") != "" {
		return product{}
	}
	code := cda.ReadCD(cda.Child(material, "code"))
	concept := x.concept(code)
	if name := cda.Text(cda.Child(material, "name")); name != "" {
		concept = withText(concept, name)
	}
	var p product
	if kind := cda.ChildNS(material, cda.NSPharm, "asSpecializedKind"); kind != nil {
		class := cda.ChildNS(kind, cda.NSPharm, "generalizedMedicineClass")
		if c := x.coding(cda.ReadCD(cda.ChildNS(class, cda.NSPharm, "code"))); c != nil {
			concept = withCoding(concept, c)
		}
	}
	p.details.set("form", x.concept(cda.ReadCD(cda.ChildNS(material, cda.NSPharm, "formCode"))))
	for outer := range cda.ChildrenNS(material, cda.NSPharm, "ingredient") {
		p.details.add("ingredient", x.ingredient(outer))
	}
	var batch object
	batch.set("lotNumber", cda.Text(cda.Child(material, "lotNumberText")))
	batch.set("expirationDate", dateTime(cda.ReadTS(cda.ChildNS(material, cda.NSPharm, "expirationTime"))))
	p.details.set("batch", batch)
	if concept == nil && len(p.details) > 0 {
		concept = x.conceptOr(code)
	}
	p.concept = concept
	return p
}

func withText(c object, text string) object {
	for i := range c {
		if c[i].name == "text" {
			c[i].value = text
			return c
		}
	}
	return append(c, member{"text", text})
}

func withCoding(c object, coding object) object {
	codings, _ := c.get("coding").(list)
	for _, old := range codings {
		if o := old.(object); o.get("system") == coding.get("system") && o.get("code") == coding.get("code") {
			return c
		}
	}
	out := object{{"coding", append(codings[:len(codings):len(codings)], coding)}}
	out.set("text", c.get("text"))
	return out
}

func (x *extractor) ingredient(outer *etree.Element) object {
	inner := cda.ChildNS(outer, cda.NSPharm, "ingredient")
	item := x.concept(cda.ReadCD(cda.ChildNS(inner, cda.NSPharm, "code")))
	if name := cda.Text(cda.ChildNS(inner, cda.NSPharm, "name")); name != "" {
		item = withText(item, name)
	}
	if item == nil {
		return nil
	}
	o := object{{"itemCodeableConcept", item}}
	if q := cda.ChildNS(outer, cda.NSPharm, "quantity"); q != nil {
		strength := ratio(q)
		if strength == nil {
			n, d := cda.ChildNS(q, cda.NSPharm, "numerator"), cda.ChildNS(q, cda.NSPharm, "denominator")
			if a, b := quantity(cda.ReadPQ(n), ""), quantity(cda.ReadPQ(d), ""); a != nil && b != nil {
				strength = object{{"numerator", a}, {"denominator", b}}
			}
		}
		o.set("strength", strength)
	}
	return o
}

// medication sets medication[x]; it says whether there is one.
func (p product) medication(o *object) bool {
	switch {
	case p.concept == nil:
		return false
	case len(p.details) == 0:
		o.set("medicationCodeableConcept", p.concept)
	default:
		o.add("contained", append(object{{"resourceType", "Medication"}, {"id", "medication"}, {"code", p.concept}}, p.details...))
		o.set("medicationReference", reference("#medication"))
	}
	return true
}

// medicationIn gives the medicine of a statement: its own, that of the code where documents say "no known medications", or that of the statement around.
func (x *extractor) medicationIn(el *etree.Element, s scope) product {
	p := x.productOf(el)
	if p.concept == nil {
		if code := cda.ReadCD(cda.Child(el, "code")); code.CodeSystem == "2.16.840.1.113883.5.1150.1" {
			p.concept = x.concept(code)
		}
	}
	if p.concept == nil {
		p.concept = s.product
	}
	return p
}

// medicine begins the resource about a medicine of the person of the record, with its identifiers. When there is none it stays in the narrative, and the product is nil.
func (x *extractor) medicine(el *etree.Element, s scope) (*product, object) {
	p := x.medicationIn(el, s)
	var o object
	if s.subject != nil || !p.medication(&o) {
		x.narrativeOnly(el, "no medicine of the person of the record is named")
		return nil, nil
	}
	o.set("identifier", x.identifiers(el))
	return &p, o
}

// treatment maps a medication in mood EVN to a MedicationStatement, and one in mood INT to a plan.
func (x *extractor) treatment(el *etree.Element, s scope) {
	if cda.Attr(el, "moodCode") == "INT" {
		x.request1(el, s, "plan")
		return
	}
	p, o := x.medicine(el, s)
	if p == nil {
		return
	}
	o.set("status", x.statementStatus(el))
	o.set("subject", reference(x.o.Subject))
	o.set("effectivePeriod", asPeriod(cda.ReadIVLTS(bounds(el))))
	o.set("informationSource", unlessDevice(x.author(el, s)))
	dosages := x.dosages(el)
	o.set("derivedFrom", x.supporting(el, s))
	x.reasons(&o, el)
	o.set("note", x.notes(el))
	o.set("dosage", dosages)
	x.put("MedicationStatement", el, "", o)
	s.product = p.concept
	x.rest(el, s)
}

// statementStatus follows R4's MedicationStatement.status: whether a treatment that ended did, the period tells.
func (x *extractor) statementStatus(el *etree.Element) string {
	if negated(el) {
		return "not-taken"
	}
	code := cda.Attr(cda.Child(el, "statusCode"), "code")
	switch code {
	case "aborted":
		return "stopped"
	case "cancelled":
		return "not-taken"
	case "held", "suspended":
		return "on-hold"
	case "nullified":
		return "entered-in-error"
	case "active":
		return "active"
	}
	t := cda.ReadIVLTS(bounds(el))
	low, high := dateTime(t.Low), dateTime(t.High)
	written := x.d.Header.EffectiveTime.Value
	switch {
	case high != "" && written != "" && t.High.Value < written[:min(len(written), len(t.High.Value))]:
		return "completed"
	case low != "" || high != "":
		return "active"
	}
	return "unknown"
}

// reasons sets reasonReference and reasonCode from internal references.
func (x *extractor) reasons(o *object, el *etree.Element) {
	for _, c := range children(el) {
		if !x.isFamily(c.act, famReference) {
			continue
		}
		if c.typeCode != "RSON" {
			continue
		}
		x.part(c.act)
		if ref := x.resolve(c.act, "Condition", "Observation"); ref != "" {
			o.add("reasonReference", reference(ref))
		} else if code := x.concept(cda.ReadCD(cda.Child(c.act, "code"))); code != nil {
			o.add("reasonCode", code)
		}
	}
}

// resolve gives the reference to what was made of the statement that an internal reference names, when it is of one of the types (any, without types): only what stands before it in the
// document is known by then, which later ones are is told by their code.
func (x *extractor) resolve(el *etree.Element, types ...string) string {
	for id := range cda.Children(el, "id") {
		for _, target := range x.byID[idKey(cda.ReadII(id))] {
			if target == el {
				continue
			}
			for _, ref := range x.refs(target) {
				if len(types) == 0 || slices.Contains(types, x.kinds[ref]) {
					return ref
				}
			}
		}
	}
	return ""
}

// supporting extracts what stands below a request or treatment beside its own elements (long-term illness, accident at work, prevention, off-label use, not reimbursed),
// and gives the references to it.
func (x *extractor) supporting(el *etree.Element, s scope) list {
	s.time = timeOf(el, s)
	var out list
	for _, c := range children(el) {
		if x.done(c.act) || c.act.Tag != "observation" {
			continue
		}
		for _, ref := range x.act(c.act, s) {
			out = append(out, reference(ref))
		}
	}
	return out
}

func (x *extractor) prescription(el *etree.Element, s scope) { x.request1(el, s, "order") }

// request1 maps a medication that is ordered or planned to a MedicationRequest.
func (x *extractor) request1(el *etree.Element, s scope, intent string) {
	p, o := x.medicine(el, s)
	if p == nil {
		return
	}
	o.set("status", requestStatus(el))
	o.set("intent", intent)
	if negated(el) {
		o.set("doNotPerform", true)
	}
	o.set("subject", reference(x.o.Subject))
	dosages := x.dosages(el)
	o.set("supportingInformation", x.supporting(el, s))
	o.set("authoredOn", dateTime(cda.ReadTS(cda.Child(cda.Child(el, "author"), "time"))))
	o.set("requester", x.author(el, s))
	x.reasons(&o, el)
	notes := x.notes(el)
	for _, c := range children(el) {
		if hasTemplate(c.act, fr+"34") {
			x.part(c.act)
			if text := x.textOf(c.act); text != "" {
				notes = append(notes, object{{"text", text}})
			}
		}
	}
	o.set("note", notes)
	o.set("dosageInstruction", dosages)
	o.set("dispenseRequest", x.dispenseRequest(el))
	for _, c := range children(el) {
		if hasTemplate(c.act, fr+"87", rx+"9.1") {
			x.part(c.act)
			if code := x.concept(cda.ReadCD(cda.Child(c.act, "code"))); code != nil {
				o.set("substitution", object{{"allowedCodeableConcept", code}})
			}
		}
	}
	x.put("MedicationRequest", el, "", o)
	s.product = p.concept
	x.rest(el, s)
}

func requestStatus(el *etree.Element) string {
	switch cda.Attr(cda.Child(el, "statusCode"), "code") {
	case "aborted", "cancelled":
		return "cancelled"
	case "held", "suspended":
		return "on-hold"
	case "nullified":
		return "entered-in-error"
	}
	return "active"
}

func (x *extractor) dispenseRequest(el *etree.Element) object {
	var o object
	if repeat := numeral(cda.Attr(cda.Child(el, "repeatNumber"), "value")); repeat != "" && len(repeat) < 10 && allDigits(string(repeat)) {
		o.set("numberOfRepeatsAllowed", repeat)
	}
	for _, c := range children(el) {
		if hasTemplate(c.act, fr+"86", rx+"8") && c.act.Tag == "supply" {
			x.part(c.act)
			if !o.has("quantity") {
				o.set("quantity", quantity(cda.ReadPQ(cda.Child(c.act, "quantity")), ""))
			}
		}
	}
	return o
}

// administration maps what was given, under a professional's eyes (infusions, contrast media, radiopharmaceuticals).
func (x *extractor) administration(el *etree.Element, s scope) {
	p, o := x.medicine(el, s)
	if p == nil {
		return
	}
	state := "completed"
	switch code := cda.Attr(cda.Child(el, "statusCode"), "code"); {
	case negated(el) || code == "cancelled":
		state = "not-done"
	case code == "active":
		state = "in-progress"
	case code == "aborted":
		state = "stopped"
	case code == "held" || code == "suspended":
		state = "on-hold"
	case code == "nullified":
		state = "entered-in-error"
	}
	o.set("status", state)
	o.set("subject", reference(x.o.Subject))
	if !when(&o, "effective", el, s) {
		o.set("_effectiveDateTime", absentExtension(cda.NullFlavor(cda.Attr(cda.Child(el, "effectiveTime"), "nullFlavor"))))
	}
	for _, a := range x.performers(el) {
		o.add("performer", object{{"actor", a}})
	}
	x.reasons(&o, el)
	o.set("note", x.notes(el))
	var d object
	d.set("text", x.textOf(el))
	d.set("site", x.bodySite(cda.Child(el, "approachSiteCode")))
	d.set("route", x.concept(cda.ReadCD(cda.Child(el, "routeCode"))))
	if name, q := amount(cda.Child(el, "doseQuantity")); name == "Quantity" && q != nil {
		d.set("dose", q)
	} else if len(d) > 0 && !hasQuantity(cda.Child(el, "rateQuantity")) {
		d.set("dose", absentExtension(cda.NullFlavor(cda.Attr(cda.Child(el, "doseQuantity"), "nullFlavor")))) // mad-1 wants a dose or a rate
	}
	if name, q := amount(cda.Child(el, "rateQuantity")); name == "Quantity" {
		d.set("rateQuantity", q)
	}
	o.set("dosage", d)
	x.put("MedicationAdministration", el, "", o)
}

func hasQuantity(el *etree.Element) bool {
	name, q := amount(el)
	return name == "Quantity" && q != nil
}
