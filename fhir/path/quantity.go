package path

import (
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Quantity is System.Quantity: a decimal with a UCUM unit ("mg", "1") or a calendar duration ("day").
type Quantity struct {
	Value Decimal
	// Unit is the UCUM code, or the name of a calendar duration in the singular.
	Unit string
	// foreign says that the unit is no UCUM code: a FHIR quantity's unit text or a code of another system. Such
	// quantities compare only with the very same unit.
	foreign bool
}

func (q Quantity) String() string {
	if calendarName(q.Unit) == q.Unit && q.Unit != "" {
		if q.Value.Cmp(apd.New(1, 0)) == 0 {
			return q.Value.String() + " " + q.Unit
		}
		return q.Value.String() + " " + q.Unit + "s"
	}
	return q.Value.String() + " '" + q.Unit + "'"
}

// calendarName gives the singular of a calendar duration's keyword, or "".
func calendarName(word string) string {
	switch word {
	case "year", "years":
		return "year"
	case "month", "months":
		return "month"
	case "week", "weeks":
		return "week"
	case "day", "days":
		return "day"
	case "hour", "hours":
		return "hour"
	case "minute", "minutes":
		return "minute"
	case "second", "seconds":
		return "second"
	case "millisecond", "milliseconds":
		return "millisecond"
	}
	return ""
}

// definite gives the UCUM code that equals a calendar duration. Years and months equal none.
func definite(unit string) string {
	switch unit {
	case "week":
		return "wk"
	case "day":
		return "d"
	case "hour":
		return "h"
	case "minute":
		return "min"
	case "second":
		return "s"
	case "millisecond":
		return "ms"
	}
	return unit
}

// parseQuantity reads what the toQuantity function takes: "1", "1.5 'mg'", "4 days".
func parseQuantity(s string) (Quantity, bool) {
	s = strings.TrimSpace(s)
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.' || end == 0 && (s[end] == '-' || s[end] == '+')) {
		end++
	}
	if !isNumber(strings.TrimLeft(s[:end], "+-")) {
		return Quantity{}, false
	}
	value, ok := parseDecimal(strings.TrimPrefix(s[:end], "+"))
	if !ok {
		return Quantity{}, false
	}
	unit := strings.TrimSpace(s[end:])
	switch {
	case unit == "":
		return Quantity{Value: value, Unit: "1"}, true
	case len(unit) > 2 && unit[0] == '\'' && unit[len(unit)-1] == '\'':
		return Quantity{Value: value, Unit: unit[1 : len(unit)-1]}, true
	}
	name := calendarName(unit)
	return Quantity{Value: value, Unit: name}, name != ""
}

// isNumber says whether the text is digits, optionally with a point and more digits.
func isNumber(s string) bool {
	whole, fraction, point := strings.Cut(s, ".")
	return isDigits(whole) && (!point || isDigits(fraction))
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// commensurable gives the factors from both units to their common base, false when they have none or when a unit is not known.
//
// Calendar years and months equal no UCUM duration. Among themselves a year has 12 months; beside weeks, days and shorter a
// year has 365 days and a month 30 (N1 §5.5.8). For equivalence they are UCUM's a and mo (§6.1.2).
func commensurable(a, b Quantity, equivalence bool) (fa, fb unit, ok bool) {
	if a.foreign || b.foreign {
		return unit{}, unit{}, false
	}
	ua, ub := definite(a.Unit), definite(b.Unit)
	switch {
	case equivalence:
		ua, ub = astronomical(ua), astronomical(ub)
	case isYearOrMonth(ua) && isYearOrMonth(ub):
		ua, ub = strings.Replace(ua, "year", "12.mo", 1), strings.Replace(ub, "year", "12.mo", 1)
		ua, ub = strings.Replace(ua, "month", "mo", 1), strings.Replace(ub, "month", "mo", 1)
	case isShort(ub):
		ua = meanDuration(ua)
	case isShort(ua):
		ub = meanDuration(ub)
	}
	fa, okA := parseUnit(ua)
	fb, okB := parseUnit(ub)
	return fa, fb, okA && okB && fa.dims == fb.dims && fa.special == fb.special
}

func isYearOrMonth(u string) bool { return u == "year" || u == "month" }

// isShort says whether a UCUM unit is one that a calendar duration equals.
func isShort(u string) bool {
	switch u {
	case "wk", "d", "h", "min", "s", "ms":
		return true
	}
	return false
}

func astronomical(u string) string {
	switch u {
	case "year":
		return "a"
	case "month":
		return "mo"
	}
	return u
}

func meanDuration(u string) string {
	switch u {
	case "year":
		return "365.d"
	case "month":
		return "30.d"
	}
	return u
}

// compareQuantities orders two quantities; unordered when their units do not compare.
func compareQuantities(a, b Quantity) order {
	if a.Unit == b.Unit && a.foreign == b.foreign {
		return orderOf(a.Value.Cmp(b.Value.Decimal))
	}
	fa, fb, ok := commensurable(a, b, false)
	if !ok {
		return unordered
	}
	ra, okA := fa.base(a.Value)
	rb, okB := fb.base(b.Value)
	if !okA || !okB {
		return unordered
	}
	return orderOf(ra.Cmp(rb))
}

// equivalentQuantities compares in the unit of the coarser operand, rounded to its last digit.
func equivalentQuantities(a, b Quantity) bool {
	if a.Unit == b.Unit && a.foreign == b.foreign {
		return equivalentDecimals(a.Value, b.Value)
	}
	fa, fb, ok := commensurable(a, b, true)
	if !ok {
		return false
	}
	if fb.step(b.Value).Cmp(fa.step(a.Value)) > 0 {
		a, b, fa, fb = b, a, fb, fa
	}
	base, ok := fb.base(b.Value)
	if !ok {
		return false
	}
	converted, ok := fa.from(base)
	if !ok {
		return false
	}
	digits := a.Value.normalScale()
	return converted.roundTo(digits).Cmp(a.Value.roundTo(digits).Decimal) == 0
}

func equivalentDecimals(a, b Decimal) bool {
	digits := min(a.normalScale(), b.normalScale())
	return a.roundTo(digits).Cmp(b.roundTo(digits).Decimal) == 0
}

// convert gives the quantity in another unit, false when it cannot be.
func (q Quantity) convert(to string) (Quantity, bool) {
	target := Quantity{Value: q.Value, Unit: to}
	if q.Unit == to {
		return q, true
	}
	if name := calendarName(to); name != "" {
		target.Unit = name
	}
	fa, fb, ok := commensurable(q, target, false)
	if !ok {
		return Quantity{}, false
	}
	base, ok := fa.base(q.Value)
	if !ok {
		return Quantity{}, false
	}
	target.Value, ok = fb.from(base)
	return target, ok
}

// addQuantities adds or subtracts, in the left operand's unit.
func addQuantities(a, b Quantity, sign int64) (Quantity, bool) {
	if a.Unit != b.Unit || a.foreign != b.foreign {
		var ok bool
		if b, ok = b.convert(a.Unit); !ok {
			return Quantity{}, false
		}
	}
	op := exact.Add
	if sign < 0 {
		op = exact.Sub
	}
	var sum apd.Decimal
	if _, err := op(&sum, a.Value.Decimal, b.Value.Decimal); err != nil {
		return Quantity{}, false
	}
	value, ok := bounded(&sum)
	a.Value = value
	return a, ok
}

func multiplyUnits(a, b string) string {
	a, b = definite(a), definite(b)
	switch {
	case a == "1":
		return b
	case b == "1":
		return a
	}
	return a + "." + grouped(b)
}

func divideUnits(a, b string) string {
	a, b = definite(a), definite(b)
	switch {
	case a == b:
		return "1"
	case b == "1":
		return a
	case a == "1":
		return "/" + grouped(b)
	}
	return a + "/" + grouped(b)
}

func grouped(u string) string {
	if strings.ContainsAny(u, "./") {
		return "(" + u + ")"
	}
	return u
}
