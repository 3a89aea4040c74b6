package extract

import (
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// value sets value[x] of an Observation or component, or dataAbsentReason.
func (x *extractor) value(o *object, el *etree.Element) {
	value := cda.Child(el, "value")
	if value == nil {
		return
	}
	before := len(*o)
	x.typed(o, value)
	if len(*o) > before {
		return
	}
	if n := cda.Attr(value, "nullFlavor"); n != "" {
		o.set("dataAbsentReason", object{{"coding", list{codingOf(Coding{systemAbsent, absentReason(cda.NullFlavor(n)), ""})}}})
	}
}

func (x *extractor) typed(o *object, value *etree.Element) {
	switch kind(value) {
	case "CD", "CE", "CV", "CO", "CS", "SC":
		o.set("valueCodeableConcept", x.concept(cda.ReadCD(value)))
	case "PQ", "REAL":
		q := cda.ReadPQ(value)
		o.set("valueQuantity", quantity(q, ""))
		if numeral(q.Value) == "" && q.NullFlavor == "" { // no number as XML Schema writes it ("1,5"): kept as words, not guessed
			o.set("valueString", token(q.Value+" "+q.Unit))
		}
	case "IVL_PQ", "IVL_REAL", "IVL_INT":
		name, v := interval(value)
		o.set("value"+name, v)
		if low, high := cda.ReadPQ(cda.Child(value, "low")), cda.ReadPQ(cda.Child(value, "high")); v == nil && low.Value != "" && high.Value != "" { // bounds that contradict each other
			o.set("valueString", token(low.Value+" "+low.Unit+" - "+high.Value+" "+high.Unit))
		}
	case "INT":
		if n := numeral(cda.Attr(value, "value")); n != "" && n != "-0" && len(n) < 10 && !strings.ContainsAny(string(n), ".eE") {
			o.set("valueInteger", n)
		} else {
			o.set("valueQuantity", quantity(cda.ReadPQ(value), ""))
		}
	case "BL":
		switch cda.Attr(value, "value") {
		case "true":
			o.set("valueBoolean", true)
		case "false":
			o.set("valueBoolean", false)
		}
	case "TS":
		o.set("valueDateTime", dateTime(cda.ReadTS(value)))
	case "IVL_TS":
		name, v := period(cda.ReadIVLTS(value))
		o.set("value"+name, v)
	case "RTO", "RTO_PQ_PQ", "RTO_QTY_QTY":
		o.set("valueRatio", ratio(value))
	case "EIVL_TS", "PIVL_TS":
		o.set("valueString", x.text(cda.ReadCD(value)))
	default: // ST, ED and what else has text
		if cda.Attr(value, "representation") == "B64" {
			return
		}
		s := x.referred(cda.Attr(cda.Child(value, "reference"), "value"))
		if s == "" {
			s = cda.Text(value)
		}
		o.set("valueString", s)
	}
}

// kind gives the data type of a value: its xsi:type, else what its attributes look like.
func kind(value *etree.Element) string {
	if t := cda.XSIType(value); t != "" {
		return t
	}
	switch {
	case cda.Attr(value, "code") != "" || cda.Child(value, "translation") != nil:
		return "CD"
	case cda.Attr(value, "unit") != "":
		return "PQ"
	case cda.Child(value, "low") != nil || cda.Child(value, "high") != nil:
		return "IVL_PQ"
	}
	return "ST"
}
