package author

import (
	"strings"
	"time"

	"github.com/beevik/etree"
)

// stamp writes a point in time as HL7 does, to the second, in its own zone.
func stamp(t time.Time) string { return t.Format("20060102150405-0700") }

// hl7 turns a FHIR date, dateTime or instant into an HL7 point in time of the same precision; "" when it is none.
func hl7(s string) string {
	date, clock, timed := strings.Cut(s, "T")
	for _, layout := range []string{"2006-01-02", "2006-01", "2006"} {
		if _, err := time.Parse(layout, date); err != nil {
			continue
		}
		if !timed {
			return strings.ReplaceAll(date, "-", "")
		}
		at, err := time.Parse(time.RFC3339Nano, s)
		if err != nil || clock == "" {
			return ""
		}
		return at.Format("20060102150405.999999999-0700")
	}
	return ""
}

// french writes a FHIR date or dateTime as day/month/year, for narratives.
func french(s string) string {
	date, _, _ := strings.Cut(s, "T")
	parts := strings.Split(date, "-")
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(parts, "/")
}

// frenchSpan writes an interval of FHIR dates for narratives.
func frenchSpan(start, end string) string {
	switch {
	case start == "" && end == "":
		return ""
	case end == "" || start == end:
		return french(start)
	case start == "":
		return "jusqu’au " + french(end)
	default:
		return french(start) + " – " + french(end)
	}
}

// interval adds an IVL_TS of HL7 points in time. A bound that is not known gets the null flavor, or is left out when that is "".
func interval(parent *etree.Element, tag, low, high, unknownLow, unknownHigh string, pairs ...string) *etree.Element {
	el := put(parent, tag, pairs...)
	bound(el, "low", low, unknownLow)
	bound(el, "high", high, unknownHigh)
	return el
}

func bound(parent *etree.Element, tag, value, flavor string) {
	switch {
	case value != "":
		put(parent, tag, "value", value)
	case flavor != "":
		null(parent, tag, flavor)
	}
}
