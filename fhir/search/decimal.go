package search

import (
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Decimal is an exact decimal. The zero Decimal is absent (Valid is false).
type Decimal struct {
	Valid bool
	apd.Decimal
}

// Bounds of the decimals that the server compares; FHIR sets none. They match what element.CheckPrimitive accepts, so that every stored decimal
// is searchable.
const (
	maxDecimalText     = 220
	maxDecimalExponent = 1000
)

// parseDecimal reads -?digits(.digits)?([eE][+-]?digits)? exactly, trailing zeros included.
func parseDecimal(text string) (Decimal, bool) {
	if !isDecimal(text) {
		return Decimal{}, false
	}
	var d Decimal
	if digits, scale, ok := smallDecimal(text); ok {
		d.SetFinite(digits, scale)
		d.Valid = true
		return d, true
	}
	if _, _, err := d.SetString(text); err != nil || d.Form != apd.Finite {
		return Decimal{}, false
	}
	if d.Exponent > maxDecimalExponent || d.Exponent < -maxDecimalExponent-maxDecimalText {
		return Decimal{}, false
	}
	d.Valid = true
	return d, true
}

func isDecimal(text string) bool {
	if text == "" || len(text) > maxDecimalText {
		return false
	}
	rest := strings.TrimPrefix(text, "-")
	rest, ok := cutDigits(rest)
	if !ok {
		return false
	}
	if after, found := strings.CutPrefix(rest, "."); found {
		if rest, ok = cutDigits(after); !ok {
			return false
		}
	}
	if rest == "" {
		return true
	}
	if rest[0] != 'e' && rest[0] != 'E' {
		return false
	}
	rest = rest[1:]
	if rest != "" && (rest[0] == '+' || rest[0] == '-') {
		rest = rest[1:]
	}
	rest, ok = cutDigits(rest)
	return ok && rest == ""
}

// cutDigits takes the digits at the start away and says whether there were any.
func cutDigits(text string) (rest string, ok bool) {
	i := 0
	for i < len(text) && text[i] >= '0' && text[i] <= '9' {
		i++
	}
	return text[i:], i > 0
}

// smallDecimal reads a checked decimal without exponent and with at most 18 digits, which nearly all are, without allocation.
func smallDecimal(text string) (digits int64, exponent int32, ok bool) {
	if len(text) > 18 {
		return 0, 0, false
	}
	point := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			digits = digits*10 + int64(c-'0')
			if point {
				exponent--
			}
		case c == '.':
			point = true
		case c != '-':
			return 0, 0, false
		}
	}
	if text[0] == '-' {
		digits = -digits
	}
	return digits, exponent, true
}

// precisionRange gives the range that a decimal's precision implies: half a unit of its last digit on either side, so 100 is [99.5, 100.5) and 1e2,
// which has one significant digit, [50, 150) (http://hl7.org/fhir/R4/search.html#number: "the number of significant digits of the implicit range is the number
// of digits specified"; the example there gives [95, 105) for 1e2, which contradicts that rule, the rule wins).
func precisionRange(d Decimal) (low, high Decimal) {
	half := apd.New(5, d.Exponent-1)
	low.Valid, high.Valid = true, true
	// The context without precision adds exactly; only over- and underflow could fail, which parseDecimal's bounds rule out.
	_, _ = apd.BaseContext.Sub(&low.Decimal, &d.Decimal, half)
	_, _ = apd.BaseContext.Add(&high.Decimal, &d.Decimal, half)
	return low, high
}

// approximateRange gives the range of the prefix ap: 10 % of the value on either side, or the range of its precision where that is wider.
func approximateRange(d Decimal) (low, high Decimal) {
	low, high = precisionRange(d)
	var tenth, least, most apd.Decimal
	tenth.Abs(&d.Decimal)
	tenth.Exponent--
	_, _ = apd.BaseContext.Sub(&least, &d.Decimal, &tenth)
	_, _ = apd.BaseContext.Add(&most, &d.Decimal, &tenth)
	if least.Cmp(&low.Decimal) < 0 {
		low.Decimal = least
	}
	if most.Cmp(&high.Decimal) > 0 {
		high.Decimal = most
	}
	return low, high
}

// cmpDecimal compares two valid decimals numerically.
func cmpDecimal(a, b *Decimal) int { return a.Cmp(&b.Decimal) }
