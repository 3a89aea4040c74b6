package search

import (
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
)

// The width of what date types say, in microseconds.
const (
	second = int64(1_000_000)
	minute = 60 * second
	day    = 24 * 60 * minute
)

// parseInterval reads a date, dateTime or instant of any precision as the interval [low, high) that it stands for
// (http://hl7.org/fhir/R4/search.html#date): a year, month, day, minute, second or fraction of a second. What has no time zone is taken in zone. Fractions
// beyond the microsecond are cut. Operands may have
// minutes without seconds, as R4 allows.
func parseInterval(text string, zone *time.Location) (low, high int64, ok bool) {
	year, rest, ok := cutNumber(text, 4)
	if !ok || year == 0 {
		return 0, 0, false
	}
	if rest == "" {
		return instantOf(year, 1, 1, zone), instantOf(year+1, 1, 1, zone), true
	}
	month, rest, ok := cutPart(rest, '-')
	if !ok || month < 1 || month > 12 {
		return 0, 0, false
	}
	if rest == "" {
		return instantOf(year, month, 1, zone), instantOf(year, month+1, 1, zone), true
	}
	date, rest, ok := cutPart(rest, '-')
	if !ok || date < 1 || date > element.DaysIn(year, month) {
		return 0, 0, false
	}
	if rest == "" {
		return instantOf(year, month, date, zone), instantOf(year, month, date+1, zone), true
	}
	offset, width, shift, hasZone, ok := parseClock(rest)
	if !ok {
		return 0, 0, false
	}
	if !hasZone {
		if zone != time.UTC {
			clock := offset / second
			start := time.Date(year, time.Month(month), date, int(clock/3600), int(clock/60%60), int(clock%60), int(offset%second)*1000, zone)
			return start.UnixMicro(), start.UnixMicro() + width, true
		}
		shift = 0
	}
	low = daysFromEpoch(year, month, date)*day + offset - shift
	return low, low + width, true
}

// parseClock reads Thh:mm(:ss(.fff))?(Z|±hh:mm)? as the time since midnight, the width of its precision and the zone's offset. A space where the sign of a zone belongs is a
// plus sign that a client did not escape.
func parseClock(text string) (offset, width, shift int64, hasZone, ok bool) {
	hour, rest, ok := cutPart(text, 'T')
	if !ok || hour > 23 {
		return 0, 0, 0, false, false
	}
	minutes, rest, ok := cutPart(rest, ':')
	if !ok || minutes > 59 {
		return 0, 0, 0, false, false
	}
	offset, width = int64(hour*60+minutes)*minute, minute
	if strings.HasPrefix(rest, ":") {
		seconds, after, ok := cutPart(rest, ':')
		if !ok || seconds > 60 {
			return 0, 0, 0, false, false
		}
		offset, width, rest = offset+int64(seconds)*second, second, after
		if strings.HasPrefix(rest, ".") {
			digits := 0
			rest = rest[1:]
			for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
				if digits < 6 {
					width /= 10
					offset += width * int64(rest[digits]-'0')
				}
				digits++
			}
			if digits == 0 {
				return 0, 0, 0, false, false
			}
			rest = rest[digits:]
		}
	}
	shift, hasZone, ok = parseZone(rest)
	return offset, width, shift, hasZone, ok
}

func parseZone(text string) (shift int64, hasZone, ok bool) {
	switch {
	case text == "":
		return 0, false, true
	case text == "Z":
		return 0, true, true
	}
	sign := int64(1)
	if text[0] == '-' {
		sign = -1
	} else if text[0] != '+' && text[0] != ' ' {
		return 0, false, false
	}
	hours, rest, ok := cutNumber(text[1:], 2)
	if !ok || hours > 14 {
		return 0, false, false
	}
	minutes, rest, ok := cutPart(rest, ':')
	if !ok || minutes > 59 || rest != "" {
		return 0, false, false
	}
	return sign * int64(hours*60+minutes) * minute, true, true
}

// cutPart cuts a separator and two digits.
func cutPart(text string, separator byte) (n int, rest string, ok bool) {
	if text == "" || text[0] != separator {
		return 0, "", false
	}
	return cutNumber(text[1:], 2)
}

func cutNumber(text string, digits int) (n int, rest string, ok bool) {
	if len(text) < digits {
		return 0, "", false
	}
	for i := 0; i < digits; i++ {
		c := text[i]
		if c < '0' || c > '9' {
			return 0, "", false
		}
		n = n*10 + int(c-'0')
	}
	return n, text[digits:], true
}

// instantOf gives midnight of a day in the zone; month and day may exceed their range by one.
func instantOf(year, month, date int, zone *time.Location) int64 {
	if zone == time.UTC && month <= 12 {
		return (daysFromEpoch(year, month, 1) + int64(date-1)) * day
	}
	return time.Date(year, time.Month(month), date, 0, 0, 0, 0, zone).UnixMicro()
}

// daysFromEpoch counts the days from 1970-01-01 to a day of the proleptic Gregorian calendar, whose eras have 400 years; a year begins in March
// here, so that the leap day is its last.
func daysFromEpoch(year, month, date int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	ofEra := year - era*400
	ofYear := (153*(month-3)+2)/5 + date - 1
	days := ofEra*365 + ofEra/4 - ofEra/100 + ofYear
	return int64(era)*146097 + int64(days) - 719468
}
