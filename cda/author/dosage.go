package author

import (
	"strconv"
	"strings"

	"github.com/beevik/etree"
	"github.com/cockroachdb/apd/v3"
)

var unitWords = map[string]string{"h": "heure(s)", "d": "jour(s)", "wk": "semaine(s)", "mo": "mois", "min": "minute(s)", "a": "an(s)", "s": "seconde(s)"}

// describe is a dosage for people: its own text, else one made of its parts.
func (d *dosage) describe() string {
	if d.Text != "" {
		return d.Text
	}
	var parts []string
	for _, r := range d.DoseAndRate {
		switch {
		case r.DoseQuantity != nil:
			parts = append(parts, r.DoseQuantity.text())
		case r.DoseRange != nil:
			parts = append(parts, strings.Trim(r.DoseRange.Low.text()+" – "+r.DoseRange.High.text(), " –"))
		}
	}
	if t := d.Timing; t != nil {
		parts = append(parts, t.describe())
	}
	if d.AsNeededBoolean {
		parts = append(parts, "si besoin")
	} else if l := d.AsNeeded.label(); l != "" {
		parts = append(parts, "si besoin : "+l)
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

func (t *timing) describe() string {
	r := t.Repeat
	if r == nil {
		return t.Code.label()
	}
	out := ""
	if r.Frequency > 0 && r.Period != "" {
		period := strings.Replace(string(r.Period), ".", ",", 1) + " " + unitWords[r.PeriodUnit]
		out = strconv.Itoa(r.Frequency) + " fois par " + strings.TrimPrefix(period, "1 ")
	}
	if r.FrequencyMax > 0 {
		out = strconv.Itoa(r.Frequency) + " à " + strings.TrimPrefix(strings.Replace(out, strconv.Itoa(r.Frequency), strconv.Itoa(r.FrequencyMax), 1), " ")
	}
	return strings.TrimSpace(strings.Join(append([]string{out}, r.When...), " "))
}

// put writes the parts of a dosage that the schema has between the time and the product: frequency, route, site, dose, rate, maximum.
func (d *dosage) put(el *etree.Element, route cell) {
	if d.Timing != nil {
		d.Timing.put(el)
	}
	if !d.Route.empty() {
		putConcept(el, "routeCode", d.Route, route.id)
	}
	if len(writable(d.Site)) > 0 {
		putConcept(el, "approachSiteCode", d.Site, "")
	}
	if len(d.DoseAndRate) > 0 {
		r := d.DoseAndRate[0]
		switch {
		case r.DoseQuantity.writable():
			putRange(el, "doseQuantity", r.DoseQuantity, r.DoseQuantity)
		case r.DoseRange != nil:
			putRange(el, "doseQuantity", r.DoseRange.Low, r.DoseRange.High)
		}
		switch {
		case r.RateQuantity.writable():
			putRange(el, "rateQuantity", r.RateQuantity, r.RateQuantity)
		case r.RateRange != nil:
			putRange(el, "rateQuantity", r.RateRange.Low, r.RateRange.High)
		}
	}
	if d.MaxDosePerPeriod != nil && d.MaxDosePerPeriod.writable() {
		d.MaxDosePerPeriod.put(el, "maxDoseQuantity")
	}
}

// put writes a frequency: n times in a period as one every nth of it, or the moments of the day. What neither can say stays in the narrative alone:
// ranges of frequency, days of the week, times of day.
func (t *timing) put(el *etree.Element) {
	r := t.Repeat
	if r == nil || r.FrequencyMax > 0 || r.PeriodMax != "" || len(r.DayOfWeek) > 0 || len(r.TimeOfDay) > 0 || r.Count > 0 || r.Duration != "" {
		return
	}
	switch {
	case len(r.When) == 1:
		event := put(el, "effectiveTime", "xsi:type", "EIVL_TS", "operator", "A")
		put(event, "event", "code", r.When[0])
		if r.Offset > 0 {
			put(put(event, "offset"), "low", "value", strconv.Itoa(r.Offset), "unit", "min")
		}
	case len(r.When) > 1 || r.PeriodUnit == "" || r.Period == "":
	case r.Frequency <= 1:
		put(put(el, "effectiveTime", "xsi:type", "PIVL_TS", "operator", "A"), "period", "value", string(r.Period), "unit", r.PeriodUnit)
	default:
		if hours := divide(r.Period, r.PeriodUnit, r.Frequency); hours != "" {
			el := put(el, "effectiveTime", "xsi:type", "PIVL_TS", "institutionSpecified", "true", "operator", "A")
			put(el, "period", "value", hours, "unit", "h")
		}
	}
}

// divide is the time between two of n doses in a period of hours, days or weeks, in hours; "" when it is no decimal number of few digits.
func divide(period interface{ String() string }, unit string, n int) string {
	hours := map[string]int64{"h": 1, "d": 24, "wk": 168}[unit]
	value, _, err := apd.NewFromString(period.String())
	if hours == 0 || err != nil {
		return ""
	}
	ctx := apd.BaseContext.WithPrecision(12)
	if _, err = ctx.Mul(value, value, apd.New(hours, 0)); err != nil {
		return ""
	}
	condition, err := ctx.Quo(value, value, apd.New(int64(n), 0))
	if err != nil || condition.Inexact() {
		return ""
	}
	value.Reduce(value)
	return value.Text('f')
}

// precondition says what a medicine taken as needed is needed for.
func (d *dosage) precondition(el *etree.Element) {
	if d.AsNeeded.empty() {
		return
	}
	criterion := put(put(el, "precondition"), "criterion")
	putText(criterion, "text", d.AsNeeded.label())
	if len(writable(d.AsNeeded)) > 0 {
		putConcept(criterion, "value", d.AsNeeded, "", "xsi:type", "CD")
	}
}
