package element

import (
	"strings"
	"unicode/utf8"

	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/internal/b64"
)

// MaxString is the most characters (code points) of a string or markdown (http://hl7.org/fhir/R4/datatypes.html#string).
const MaxString = 1024 * 1024

// maxExponent and maxDigits bound decimals: FHIR sets no limit, but 1E999999999 would cost whoever computes with it.
const (
	maxExponent = 1000
	maxDigits   = 200
)

// CheckPrimitive says what is wrong with a value of the primitive type, as a sentence without the value; "" when nothing is.
// The rules are the regular expressions of http://hl7.org/fhir/R4/datatypes.html#primitive, dates also being real days.
// Values are in the notation of Element.Value. A type that the switch does not know is held to the rules of string.
func CheckPrimitive(t *spec.Type, v string) string {
	switch t.Name {
	case "code":
		return say(isCode(v), "A code has no leading, trailing or doubled whitespace and is not empty.")
	case "uri", "url", "canonical":
		return say(isURI(v), "A URI is not empty and has no whitespace.")
	case "boolean":
		return say(v == "true" || v == "false", "A boolean is true or false.")
	case "integer":
		return say(isInteger(v), "An integer is a whole number from -2147483648 to 2147483647 without leading zeros.")
	case "unsignedInt":
		return say(isInteger(v) && v[0] != '-', "An unsignedInt is a whole number from 0 to 2147483647 without leading zeros.")
	case "positiveInt":
		return say(isInteger(v) && v[0] != '-' && v[0] != '0', "A positiveInt is a whole number from 1 to 2147483647 without leading zeros.")
	case "decimal":
		return checkDecimal(v)
	case "date":
		return say(isDate(v), "A date is YYYY, YYYY-MM or YYYY-MM-DD and a day of the calendar.")
	case "dateTime":
		return say(isDateTime(v), "A dateTime is YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz, "+
			"with seconds and a time zone if there is a time, and a day of the calendar.")
	case "instant":
		return say(isInstant(v), "An instant is YYYY-MM-DDThh:mm:ss.sss+zz:zz, to the second at least, with a time zone.")
	case "time":
		return say(isTime(v), "A time is hh:mm:ss, with seconds and without a time zone.")
	case "id":
		return say(IsID(v), idText)
	case "base64Binary":
		return say(isBase64(v), "This is not base64 (RFC 4648, section 4) with its padding.")
	case "oid":
		return say(isOID(v), "An oid is urn:oid: followed by numbers without leading zeros, joined by dots.")
	case "uuid":
		return say(isUUID(v), "A uuid is urn:uuid: followed by a UUID in lower case.")
	}
	return checkString(v)
}

const idText = "An id is 1 to 64 characters of A-Z, a-z, 0-9, '-' and '.'."

// valueFault is CheckPrimitive in the element's place: the definitions call a resource's id a string, the standard's text an id.
func valueFault(e *Element) string {
	if e.Name == "id" && e.Parent.IsResource() {
		return say(IsID(e.Value), idText)
	}
	return CheckPrimitive(e.Type, e.Value)
}

func say(ok bool, text string) string {
	if ok {
		return ""
	}
	return text
}

// checkString allows tab, line feed, carriage return and all that is not a control character. U+FFFE and U+FFFF are refused too:
// XML cannot carry them, and what is stored must be readable in both formats.
func checkString(v string) string {
	if v == "" {
		return "A string is not empty."
	}
	wide := false
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return "A string has no control characters but tab, line feed and carriage return."
		}
		wide = wide || c >= 0xEF
	}
	if wide && strings.Contains(v, "\uFFFE") || wide && strings.Contains(v, "\uFFFF") {
		return "A string has no characters U+FFFE or U+FFFF, which XML cannot carry."
	}
	if len(v) > MaxString && utf8.RuneCountInString(v) > MaxString {
		return "A string has at most 1048576 characters."
	}
	return ""
}

// isCode is [^\s]+(\s[^\s]+)*.
func isCode(v string) bool {
	space := true
	for i := 0; i < len(v); i++ {
		c := v[i]
		if isSpace(c) {
			if space {
				return false
			}
			space = true
			continue
		}
		if c < ' ' {
			return false
		}
		space = false
	}
	return !space && noNonCharacters(v)
}

func isURI(v string) bool {
	for i := 0; i < len(v); i++ {
		if v[i] <= ' ' {
			return false
		}
	}
	return v != "" && noNonCharacters(v)
}

func noNonCharacters(v string) bool {
	return strings.IndexByte(v, 0xEF) < 0 || !strings.Contains(v, "\uFFFE") && !strings.Contains(v, "\uFFFF")
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// IsID says whether v can be a resource's logical id: [A-Za-z0-9\-\.]{1,64}.
func IsID(v string) bool {
	if v == "" || len(v) > 64 {
		return false
	}
	for i := 0; i < len(v); i++ {
		c := v[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '-' || c == '.') {
			return false
		}
	}
	return true
}

// isInteger is -?(0|[1-9][0-9]*) within 32 bits.
func isInteger(v string) bool {
	limit := "2147483647"
	digits := v
	if v != "" && v[0] == '-' {
		digits, limit = v[1:], "2147483648"
	}
	if digits == "" || digits[0] == '0' && len(digits) > 1 {
		return false
	}
	for i := 0; i < len(digits); i++ {
		if !isDigit(digits[i]) {
			return false
		}
	}
	return len(digits) < len(limit) || len(digits) == len(limit) && digits <= limit
}

// checkDecimal is -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?, which is the grammar of a JSON number.
func checkDecimal(v string) string {
	if skipNumber(v, 0) != len(v) || v == "" {
		return "A decimal is written as a JSON number: no leading plus sign, no leading zeros, digits on both sides of a point."
	}
	mantissa, exponent := len(v), ""
	if e := strings.IndexAny(v, "eE"); e >= 0 {
		mantissa, exponent = e, strings.TrimLeft(v[e+1:], "+-0")
	}
	if mantissa > maxDigits || len(exponent) > 4 || atoi(exponent) > maxExponent {
		return "The server accepts decimals of at most 200 characters and exponents from -1000 to 1000."
	}
	return ""
}

// atoi reads up to four digits.
func atoi(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// isBase64 accepts the standard alphabet, padded, with whitespace between groups of four, as the standard's expression does.
func isBase64(v string) bool {
	start := b64.Letters(v) // documents are long, and nearly all letters
	n, pads := start, 0
	for i := start; i < len(v); i++ {
		c := v[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '+' || c == '/':
			if pads > 0 {
				return false
			}
			n++
		case c == '=':
			pads++
		case isSpace(c) && (n+pads)%4 == 0:
		default:
			return false
		}
	}
	return n > 0 && pads <= 2 && (n+pads)%4 == 0
}

// isOID is urn:oid:[0-2](\.(0|[1-9][0-9]*))+.
func isOID(v string) bool {
	rest, ok := strings.CutPrefix(v, "urn:oid:")
	if !ok || len(rest) < 3 || rest[0] < '0' || rest[0] > '2' {
		return false
	}
	for rest = rest[1:]; rest != ""; {
		if rest[0] != '.' {
			return false
		}
		n := 1
		for n < len(rest) && isDigit(rest[n]) {
			n++
		}
		if n == 1 || n > 2 && rest[1] == '0' {
			return false
		}
		rest = rest[n:]
	}
	return true
}

// isUUID is urn:uuid: and a UUID of RFC 4122 in lower case.
func isUUID(v string) bool {
	rest, ok := strings.CutPrefix(v, "urn:uuid:")
	if !ok || len(rest) != 36 {
		return false
	}
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !isDigit(c) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
