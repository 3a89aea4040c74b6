package search

// This file is the one place that says what the prefixes of ordered parameters mean
// (http://hl7.org/fhir/R4/search.html#prefix). Matcher, index access paths and tests all go through it.
//
// Dates. A value v and an operand o are both intervals [Low, High) of microseconds; an open end is MinTime or MaxTime.
//
//	eq  o.Low <= v.Low  and v.High <= o.High   o contains v
//	ne  not eq
//	gt  v.High > o.High                        v reaches into what is above o
//	lt  v.Low  < o.Low                         v reaches into what is below o
//	ge  v.High > o.Low                         v reaches into o or above ("the specified value and up")
//	le  v.Low  < o.High                        v reaches into o or below
//	sa  v.Low  >= o.High                       v starts when o is over
//	eb  v.High <= o.Low                        v ends before o begins
//	ap  v.Low < o.High and v.High > o.Low      they overlap; parsing has already widened o by 10 % of the time between it and now
//
// ge and le are a little wider than the letter of R4, which for ge wants "gt or eq": a period that begins before o and ends inside it would be neither. They
// are what the widespread servers do, and they are one contiguous range.
//
// Numbers and quantities. A value is a point (Low = High) or a closed interval, a missing end is infinite; of an operand, Number is exact, [LowNumber,
// HighNumber) the range implied by its precision. R4 ignores the precision for gt, lt, ge, le, sa and eb.
//
//	eq  LowNumber <= v.Low and v.High < HighNumber
//	ne  not eq
//	gt  v.High > Number       lt  v.Low < Number
//	ge  v.High >= Number      le  v.Low <= Number
//	sa  v.Low > Number        eb  v.High < Number
//	ap  v.Low <= HighNumber and v.High >= LowNumber; parsing has already widened the range to 10 % of Number
//
// A resource matches when any of its values does, for ne too: "ne" asks for a value that differs, so a resource without a value does not match.

// MinTime and MaxTime are the open ends of dates, in microseconds since the Unix epoch. All dates that FHIR can write (years 1 to 9999) lie between.
const (
	MinTime int64 = -1 << 62
	MaxTime int64 = 1 << 62
)

// matchDate says whether the interval [low, high) of a value satisfies the prefix and interval of the operand.
func matchDate(p Prefix, low, high int64, o *Operand) bool {
	switch p {
	case Ne:
		return !(o.Low <= low && high <= o.High)
	case Gt:
		return high > o.High
	case Lt:
		return low < o.Low
	case Ge:
		return high > o.Low
	case Le:
		return low < o.High
	case Sa:
		return low >= o.High
	case Eb:
		return high <= o.Low
	case Ap:
		return low < o.High && high > o.Low
	default: // Eq and none
		return o.Low <= low && high <= o.High
	}
}

// matchNumber says whether the interval [low, high] of a value (an end that is not Valid is infinite) satisfies the prefix and number of the operand.
func matchNumber(p Prefix, low, high *Decimal, o *Operand) bool {
	switch p {
	case Ne:
		return !numberWithin(low, high, o)
	case Gt:
		return !high.Valid || cmpDecimal(high, &o.Number) > 0
	case Lt:
		return !low.Valid || cmpDecimal(low, &o.Number) < 0
	case Ge:
		return !high.Valid || cmpDecimal(high, &o.Number) >= 0
	case Le:
		return !low.Valid || cmpDecimal(low, &o.Number) <= 0
	case Sa:
		return low.Valid && cmpDecimal(low, &o.Number) > 0
	case Eb:
		return high.Valid && cmpDecimal(high, &o.Number) < 0
	case Ap:
		return (!low.Valid || cmpDecimal(low, &o.HighNumber) <= 0) && (!high.Valid || cmpDecimal(high, &o.LowNumber) >= 0)
	default: // Eq and none
		return numberWithin(low, high, o)
	}
}

func numberWithin(low, high *Decimal, o *Operand) bool {
	return low.Valid && high.Valid && cmpDecimal(low, &o.LowNumber) >= 0 && cmpDecimal(high, &o.HighNumber) < 0
}

// isBelow says whether a URL is the other one or lies below it: what follows the other one begins at a slash. Of R4's "left-matches"
// (http://hl7.org/fhir/R4/search.html#uri) this is the part that :above has too, which goes up by path segments.
func isBelow(url, other string) bool {
	if len(url) < len(other) || url[:len(other)] != other {
		return false
	}
	return len(url) == len(other) || other != "" && other[len(other)-1] == '/' || url[len(other)] == '/'
}
