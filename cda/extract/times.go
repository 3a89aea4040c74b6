package extract

import (
	"strings"
	"time"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// dateTime gives a TS as FHIR writes it, "" when it is none.
func dateTime(t cda.TS) string {
	if m, ok := moment(t); ok {
		return m.FHIR()
	}
	return ""
}

// is says whether a TS is a FHIR dateTime.
func is(t cda.TS) bool {
	_, ok := moment(t)
	return ok
}

func moment(t cda.TS) (m cda.Moment, ok bool) {
	if t.NullFlavor != "" || t.Value == "" {
		return m, false
	}
	m, err := t.Moment()
	if err != nil || m.Time.Year() < 1 {
		return m, false
	}
	_, offset := m.Time.Zone()
	return m, offset <= 14*3600 && offset >= -14*3600 // FHIR's zones end there
}

// date gives a TS as a FHIR date: without its time of day.
func date(t cda.TS) string {
	s := dateTime(t)
	return s[:min(len(s), 10)]
}

// instant gives a TS of at least minutes, "" otherwise.
func instant(t cda.TS) string {
	if s := dateTime(t); strings.Contains(s, "T") {
		return s
	}
	return ""
}

// period gives an IVL_TS as the suffix and the value of a choice: DateTime for a point or a beginning alone, Period otherwise; an empty value when it says nothing.
// A high before its low is left out as a whole: one of the two is wrong.
func period(t cda.IVLTS) (name string, value any) {
	if s := dateTime(cda.TS{Value: t.Value, NullFlavor: t.NullFlavor}); s != "" {
		return "DateTime", s
	}
	low, high := dateTime(t.Low), dateTime(t.High)
	if low != "" && high != "" && before(t.High, t.Low) {
		return "DateTime", ""
	}
	switch {
	case high != "":
		var o object
		o.set("start", low)
		o.set("end", high)
		return "Period", o
	case low != "":
		return "DateTime", low
	}
	return "DateTime", dateTime(t.Center)
}

// before says whether a point in time is sure to be before another, both being valid: as far as the less precise of the two tells.
func before(a, b cda.TS) bool {
	m, _ := a.Moment()
	n, _ := b.Moment()
	if p := min(m.Precision, n.Precision); p <= cda.Day {
		return a.Value[:p] < b.Value[:p]
	}
	return dateTimeUTC(m) < dateTimeUTC(n)
}

func dateTimeUTC(m cda.Moment) string {
	at, err := time.Parse(time.RFC3339Nano, m.FHIR())
	if err != nil {
		at = m.Time
	}
	return at.UTC().Format("20060102150405.000000000")
}

// asPeriod gives an IVL_TS as a Period, empty when it says nothing.
func asPeriod(t cda.IVLTS) object {
	switch name, value := period(t); v := value.(type) {
	case object:
		return v
	case string:
		if v == "" {
			return nil
		}
		if name == "DateTime" && t.Value != "" {
			return object{{"start", v}, {"end", v}}
		}
		return object{{"start", v}}
	}
	return nil
}

// when sets prefix+DateTime or prefix+Period from the statement's effectiveTime, else from the one inherited. It says whether it did.
func when(o *object, prefix string, el *etree.Element, s scope) bool {
	for _, t := range []*etree.Element{cda.Child(el, "effectiveTime"), s.time} {
		name, value := period(cda.ReadIVLTS(t))
		if !empty(value) {
			o.set(prefix+name, value)
			return true
		}
	}
	return false
}

// timeOf gives the effectiveTime that children without one inherit.
func timeOf(el *etree.Element, s scope) *etree.Element {
	t := cda.Child(el, "effectiveTime")
	if t != nil && timed(cda.ReadIVLTS(t)) {
		return t
	}
	return s.time
}

// timed says whether period has anything to give.
func timed(t cda.IVLTS) bool {
	if is(cda.TS{Value: t.Value, NullFlavor: t.NullFlavor}) {
		return true
	}
	low, high := is(t.Low), is(t.High)
	if low && high {
		return !before(t.High, t.Low)
	}
	return low || high || is(t.Center)
}

// start and end give the two ends of an effectiveTime, "" where unknown.
func ends(el *etree.Element) (start, end string) {
	t := cda.ReadIVLTS(cda.Child(el, "effectiveTime"))
	if s := dateTime(cda.TS{Value: t.Value, NullFlavor: t.NullFlavor}); s != "" {
		return s, ""
	}
	return dateTime(t.Low), dateTime(t.High)
}
