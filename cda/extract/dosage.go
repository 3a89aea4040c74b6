package extract

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// bounds gives the effectiveTime that says from when to when: the first that is an interval or a point, alone or as a component of an SXPR_TS.
func bounds(el *etree.Element) *etree.Element {
	for t := range cda.Children(el, "effectiveTime") {
		switch cda.XSIType(t) {
		case "PIVL_TS", "EIVL_TS":
		case "SXPR_TS":
			for c := range cda.Children(t, "comp") {
				if k := cda.XSIType(c); k == "IVL_TS" || k == "TS" {
					return c
				}
			}
		default:
			return t
		}
	}
	return nil
}

// dosages gives the posology of a treatment: one Dosage for each nested posology (tapered, split, conditional), else the treatment's own.
func (x *extractor) dosages(el *etree.Element) list {
	var out list
	var instruction string
	for _, c := range children(el) {
		switch {
		case hasTemplate(c.act, fr+"33", pcc+"3") && !hasTemplate(c.act, fr+"34", fr+"207"):
			x.part(c.act)
			instruction = firstOf(instruction, x.textOf(c.act))
		case c.act.Tag == "substanceAdministration" && c.typeCode == "COMP" && !hasTemplate(c.act, fr+"90", rx+"11"):
			d := x.dosage(c.act)
			if n := numeral(cda.Attr(cda.Child(c.relation, "sequenceNumber"), "value")); n != "" && len(n) < 10 && len(d) > 0 && allDigits(string(n)) {
				d = append(object{{"sequence", n}}, d...)
			}
			if len(d) > 0 {
				out = append(out, d)
			}
			x.part(c.act)
			for _, below := range children(c.act) {
				x.part(below.act)
			}
		}
	}
	if len(out) == 0 && el.Tag == "substanceAdministration" { // the time of a supply is when it was handed over
		if own := x.dosage(el); len(own) > 0 {
			out = list{own}
		}
	}
	if instruction != "" {
		if len(out) == 0 {
			out = list{object{}}
		}
		first := out[0].(object)
		at := 0
		for at < len(first) && (first[at].name == "sequence" || first[at].name == "text") {
			at++
		}
		out[0] = slices.Insert(first, at, member{"patientInstruction", instruction})
	}
	return out
}

func (x *extractor) dosage(el *etree.Element) object {
	var d object
	d.set("text", x.textOf(el))
	d.set("timing", x.timing(el))
	if c := cda.Descend(el, "precondition", "criterion"); c != nil {
		need := x.concept(cda.ReadCD(cda.Child(c, "code")))
		if need == nil {
			need = x.concept(cda.ReadCD(cda.Child(c, "value")))
		}
		if text := x.textOf(c); text != "" {
			need = withText(need, text)
		}
		d.set("asNeededCodeableConcept", need)
	}
	d.set("site", x.bodySite(cda.Child(el, "approachSiteCode")))
	d.set("route", x.concept(cda.ReadCD(cda.Child(el, "routeCode"))))
	var given object
	name, dose := amount(cda.Child(el, "doseQuantity"))
	given.set("dose"+name, dose)
	name, rate := amount(cda.Child(el, "rateQuantity"))
	given.set("rate"+name, rate)
	d.set("doseAndRate", some(given))
	d.set("maxDosePerPeriod", ratio(cda.Child(el, "maxDoseQuantity")))
	return d
}

// timing gives when a medicine is taken: bounds, and frequencies of PIVL_TS, EIVL_TS and SXPR_TS.
func (x *extractor) timing(el *etree.Element) object {
	var repeat object
	var events list
	if b := bounds(el); b != nil {
		t := cda.ReadIVLTS(b)
		if t.Value == "" {
			repeat.set("boundsPeriod", asPeriod(widened(t)))
		} else if s := dateTime(cda.TS{Value: t.Value, NullFlavor: t.NullFlavor}); s != "" {
			events = append(events, s)
		}
	}
	for t := range cda.Children(el, "effectiveTime") {
		frequency(&repeat, t)
		for c := range cda.Children(t, "comp") {
			frequency(&repeat, c)
		}
	}
	var o object
	o.set("event", events)
	o.set("repeat", repeat)
	return o
}

// widened gives an interval of a width its end: of days, the last day counts.
func widened(t cda.IVLTS) cda.IVLTS {
	m, err := t.Low.Moment()
	if err != nil || t.High.Value != "" || t.Width.Value == "" || m.Precision != cda.Day {
		return t
	}
	n := numeral(t.Width.Value)
	if n == "" || len(n) > 4 || !allDigits(string(n)) {
		return t
	}
	days := 0
	for _, c := range string(n) {
		days = days*10 + int(c-'0')
	}
	switch t.Width.Unit {
	case "d":
	case "wk":
		days *= 7
	default:
		return t
	}
	t.High = cda.TS{Value: m.Time.AddDate(0, 0, days-1).Format("20060102")}
	return t
}

var periodUnits = map[string]string{"s": "s", "min": "min", "h": "h", "d": "d", "wk": "wk", "mo": "mo", "a": "a"}

// whens are the codes that both HL7 v3 TimingEvent and FHIR's event-timing have.
var whens = []string{"HS", "WAKE", "C", "CM", "CD", "CV", "AC", "ACM", "ACD", "ACV", "PC", "PCM", "PCD", "PCV"}

// frequency adds a PIVL_TS or EIVL_TS to a repeat, when it has no frequency yet.
func frequency(repeat *object, t *etree.Element) {
	switch cda.XSIType(t) {
	case "PIVL_TS":
		p := cda.ReadPQ(cda.Child(t, "period"))
		value, unit := numeral(p.Value), periodUnits[p.Unit]
		if value == "" || strings.HasPrefix(string(value), "-") || unit == "" || repeat.has("period") {
			return
		}
		repeat.set("frequency", number("1"))
		repeat.set("period", value)
		repeat.set("periodUnit", unit)
	case "EIVL_TS":
		event := cda.Attr(cda.Child(t, "event"), "code")
		if !slices.Contains(whens, event) {
			return
		}
		repeat.add("when", event)
	}
}
