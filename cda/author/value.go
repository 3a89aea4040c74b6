package author

import (
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// text is a value for people.
func (v *value) text() string {
	switch {
	case v.Quantity != nil:
		return v.Quantity.text()
	case v.Concept != nil:
		return v.Concept.label()
	case v.Text != nil:
		return *v.Text
	case v.Boolean != nil:
		return map[bool]string{true: "Oui", false: "Non"}[*v.Boolean]
	case v.Integer != nil:
		return string(*v.Integer)
	case v.DateTime != "":
		return french(v.DateTime)
	case v.Period != nil:
		return frenchSpan(v.Period.Start, v.Period.End)
	case v.Range != nil:
		return strings.Trim(v.Range.Low.text()+" – "+v.Range.High.text(), " –")
	case v.Ratio != nil:
		return strings.Trim(v.Ratio.Numerator.text()+" / "+v.Ratio.Denominator.text(), " /")
	default:
		return v.Time
	}
}

// put adds a value in the CDA type that carries it. What has no type there (a time of day, a quantity whose unit is no UCUM code) is written as its text.
func (v *value) put(parent *etree.Element, tag, ref string) {
	const typed = "xsi:type"
	switch {
	case v.Quantity != nil:
		v.Quantity.put(parent, tag)
	case v.Concept != nil:
		putConcept(parent, tag, v.Concept, ref, typed, "CD")
	case v.Boolean != nil:
		put(parent, tag, typed, "BL", "value", strconv.FormatBool(*v.Boolean))
	case v.Integer != nil:
		put(parent, tag, typed, "INT", "value", string(*v.Integer))
	case hl7(v.DateTime) != "":
		put(parent, tag, typed, "TS", "value", hl7(v.DateTime))
	case v.Period != nil:
		interval(parent, tag, hl7(v.Period.Start), hl7(v.Period.End), "UNK", "", typed, "IVL_TS")
	case v.Range != nil && v.Range.writable():
		putRange(parent, tag, v.Range.Low, v.Range.High, typed, "IVL_PQ")
	case v.Ratio != nil && v.Ratio.writable():
		v.Ratio.put(parent, tag, typed, "RTO_PQ_PQ")
	default:
		putText(parent, tag, v.text(), typed, "ST")
	}
}

// writable says whether CDA can carry a quantity: it has a value, and a UCUM unit or none at all.
func (q *quantity) writable() bool {
	return q != nil && q.Value != "" && (q.ucum() != "" && !strings.ContainsAny(q.ucum(), " \t\n\r") || q.Unit == "" && q.Code == "")
}

func (r *rangeOf) writable() bool {
	return (r.Low == nil || r.Low.writable()) && (r.High == nil || r.High.writable()) && (r.Low != nil || r.High != nil)
}

func (r *ratio) writable() bool { return r.Numerator.writable() && r.Denominator.writable() }

// attrs are the attributes of a PQ.
func (q *quantity) attrs() []string { return []string{"value", string(q.Value), "unit", q.ucum()} }

// put adds an observation's value: a PQ, or an interval open to one side when there is a comparator.
func (q *quantity) put(parent *etree.Element, tag string) {
	if !q.writable() {
		putText(parent, tag, q.text(), "xsi:type", "ST")
		return
	}
	bounds := map[string][2]string{"<": {"high", "false"}, "<=": {"high", ""}, ">": {"low", "false"}, ">=": {"low", ""}}
	b, compared := bounds[q.Comparator]
	if !compared {
		put(parent, tag, append([]string{"xsi:type", "PQ"}, q.attrs()...)...)
		return
	}
	el := put(parent, tag, "xsi:type", "IVL_PQ")
	put(el, b[0], append(q.attrs(), "inclusive", b[1])...)
}

// putRange adds an IVL_PQ, unless neither bound can be written.
func putRange(parent *etree.Element, tag string, low, high *quantity, pairs ...string) {
	if !low.writable() && !high.writable() {
		return
	}
	el := put(parent, tag, pairs...)
	if low.writable() {
		put(el, "low", low.attrs()...)
	}
	if high.writable() {
		put(el, "high", high.attrs()...)
	}
}

func (r *ratio) put(parent *etree.Element, tag string, pairs ...string) {
	el := put(parent, tag, pairs...)
	put(el, "numerator", r.Numerator.attrs()...)
	put(el, "denominator", r.Denominator.attrs()...)
}
