package cda

import (
	"errors"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// Precision of a point in time: how many digits its value has.
type Precision int

// Precisions.
const (
	Year   Precision = 4
	Month  Precision = 6
	Day    Precision = 8
	Hour   Precision = 10
	Minute Precision = 12
	Second Precision = 14
)

// TS is a point in time.
type TS struct {
	Value      string // YYYYMMDDhhmmss[.f]±zzzz, or a beginning of it, as it stands
	NullFlavor NullFlavor
	Element    *etree.Element // nil when absent
}

// ReadTS reads an element of type TS; of nil, the zero TS.
func ReadTS(el *etree.Element) TS {
	if el == nil {
		return TS{}
	}
	return TS{Attr(el, "value"), nullFlavor(el), el}
}

// Present says whether the element is there.
func (t TS) Present() bool { return t.Element != nil }

// Moment is a TS understood.
type Moment struct {
	Time      time.Time // of the beginning of the precision; in UTC when no zone is stated
	Precision Precision
	Zoned     bool
}

// ErrTime is what a value that is no point in time gives.
var ErrTime = errors.New("not a point in time of the form YYYYMMDDhhmmss±zzzz")

// layouts of a moment, by precision.
func layout(p Precision) string { return "20060102150405"[:p] }

// Moment reads the value (HL7 v3 data types, TS): 4 to 14 digits of even number, a fraction after 14, a zone ±hhmm. A zone of three digits, as "+100", which
// occurs in the wild, is read as ±hmm.
func (t TS) Moment() (Moment, error) { return ParseTime(t.Value) }

// ParseTime is TS.Moment for a value by itself.
func ParseTime(value string) (Moment, error) {
	digits, zone := value, ""
	if i := strings.IndexAny(value, "+-Z"); i >= 0 {
		digits, zone = value[:i], value[i:]
	}
	digits, fraction, fractional := strings.Cut(digits, ".")
	p := Precision(len(digits))
	switch {
	case p < Year || p > Second || p%2 != 0, !allDigits(digits), fractional && (p != Second || fraction == "" || len(fraction) > 9 || !allDigits(fraction)):
		return Moment{}, ErrTime
	}
	location, err := zoneOf(zone)
	if err != nil || zone != "" && p < Hour {
		return Moment{}, ErrTime
	}
	at, ok := instantOf(digits, location)
	if !ok {
		return Moment{}, ErrTime
	}
	if fractional {
		d, _ := time.ParseDuration("0." + fraction + "s")
		at = at.Add(d)
	}
	return Moment{at, p, zone != ""}, nil
}

// instantOf reads digits of a whole precision, from a year on; ok is false when they are in no calendar.
func instantOf(digits string, location *time.Location) (at time.Time, ok bool) {
	part := func(from, otherwise int) int {
		if from+2 > len(digits) {
			return otherwise
		}
		return int(digits[from]-'0')*10 + int(digits[from+1]-'0')
	}
	year := part(0, 0)*100 + part(2, 0)
	month, day, hour, minute, second := part(4, 1), part(6, 1), part(8, 0), part(10, 0), part(12, 0)
	if month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	at = time.Date(year, time.Month(month), day, hour, minute, second, 0, location)
	return at, day < 29 || at.Day() == day // else the month is shorter
}

func zoneOf(zone string) (*time.Location, error) {
	if zone == "" || zone == "Z" {
		return time.UTC, nil
	}
	sign, digits := zone[0], zone[1:]
	if len(digits) == 3 {
		digits = "0" + digits
	}
	if sign == 'Z' || len(digits) != 4 || !allDigits(digits) {
		return nil, ErrTime
	}
	hours, minutes := int(digits[0]-'0')*10+int(digits[1]-'0'), int(digits[2]-'0')*10+int(digits[3]-'0')
	if hours > 14 || minutes > 59 {
		return nil, ErrTime
	}
	seconds := hours*3600 + minutes*60
	if sign == '-' {
		seconds = -seconds
	}
	return time.FixedZone("", seconds), nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// FHIR gives the moment as a FHIR dateTime of the same precision. FHIR wants seconds and a zone with a time of day: missing seconds are 00 (hour precision is
// given as a date), and without a zone it is that of metropolitan France, which CI-SIS documents without one mean.
func (m Moment) FHIR() string {
	at := m.Time
	if m.Precision >= Minute && !m.Zoned {
		at = inFrance(at)
	}
	if at.Nanosecond() != 0 {
		return at.Format("2006-01-02T15:04:05.999999999-07:00")
	}
	year, month, day := at.Date()
	b := two(two(make([]byte, 0, len("2006-01-02T15:04:05-07:00")), year/100), year%100)
	if m.Precision > Year {
		b = two(append(b, '-'), int(month))
	}
	if m.Precision > Month {
		b = two(append(b, '-'), day)
	}
	if m.Precision < Minute {
		return string(b)
	}
	hour, minute, second := at.Clock()
	b = two(append(two(append(two(append(b, 'T'), hour), ':'), minute), ':'), second)
	_, zone := at.Zone()
	sign := byte('+')
	if zone < 0 {
		sign, zone = '-', -zone
	}
	b = two(append(two(append(b, sign), zone/3600), ':'), zone/60%60)
	return string(b)
}

// two appends a number of two digits.
func two(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// UTC gives the moment as an XDS DTM: in UTC, of the same precision, without zone (ITI TF-3 4.2.3.1.7). A moment without zone is taken as in FHIR.
func (m Moment) UTC() string {
	at := m.Time
	if m.Precision >= Hour {
		if !m.Zoned {
			at = inFrance(at)
		}
		at = at.UTC()
	}
	return at.Format(layout(m.Precision))
}

// inFrance takes the wall clock time of t as of metropolitan France: UTC+2 from the last Sunday of March to that of October at 01:00 UTC, else UTC+1. The rule
// of the European Union since 1996, written out as a time zone database may be missing where the server runs.
func inFrance(t time.Time) time.Time {
	lastSunday := func(month time.Month) time.Time {
		end := time.Date(t.Year(), month, 31, 0, 0, 0, 0, time.UTC)
		return end.AddDate(0, 0, -int(end.Weekday()))
	}
	offset := 3600
	if start, end := lastSunday(time.March).Add(2*time.Hour), lastSunday(time.October).Add(3*time.Hour); !t.Before(start) && t.Before(end) {
		offset = 7200
	}
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.FixedZone("", offset))
}

// IVLTS is an interval of time, or a point.
type IVLTS struct {
	Value      string // @value, of an interval that is a point
	Low        TS
	High       TS
	Center     TS
	Width      PQ
	NullFlavor NullFlavor
	Element    *etree.Element // nil when absent
}

// ReadIVLTS reads an element of type IVL_TS or TS; of nil, the zero IVLTS.
func ReadIVLTS(el *etree.Element) IVLTS {
	if el == nil {
		return IVLTS{}
	}
	return IVLTS{
		Value: Attr(el, "value"), NullFlavor: nullFlavor(el), Element: el,
		Low: ReadTS(Child(el, "low")), High: ReadTS(Child(el, "high")), Center: ReadTS(Child(el, "center")), Width: ReadPQ(Child(el, "width")),
	}
}

// Present says whether the element is there.
func (i IVLTS) Present() bool { return i.Element != nil }
