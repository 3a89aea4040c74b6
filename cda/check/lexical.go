package check

import (
	"strings"
	"unicode/utf8"
)

// The lexical forms of simple types, as the schema's patterns have them.

func trim(v string) string { return strings.Trim(v, " \t\r\n") }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isAlnum(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func digits(v string) bool {
	for i := range len(v) {
		if !isDigit(v[i]) {
			return false
		}
	}
	return v != ""
}

// isOID takes [0-2](\.(0|[1-9][0-9]*))*.
func isOID(v string) bool {
	if v == "" || v[0] < '0' || v[0] > '2' {
		return false
	}
	for i := 1; i < len(v); {
		if v[i] != '.' || i+1 == len(v) || !isDigit(v[i+1]) {
			return false
		}
		arc := i + 1
		for i = arc; i < len(v) && isDigit(v[i]); i++ {
		}
		if v[arc] == '0' && i-arc > 1 {
			return false
		}
	}
	return true
}

// isUUID takes letters beyond F, as the schema does.
func isUUID(v string) bool {
	if len(v) != 36 {
		return false
	}
	for i := range len(v) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if v[i] != '-' {
				return false
			}
		} else if !isAlnum(v[i]) {
			return false
		}
	}
	return true
}

func isRUID(v string) bool {
	if v == "" || !isAlnum(v[0]) || isDigit(v[0]) {
		return false
	}
	for i := range len(v) {
		if !isAlnum(v[i]) && v[i] != '-' {
			return false
		}
	}
	return true
}

func isUID(v string) bool { return isOID(v) || isUUID(v) || isRUID(v) }

// isTS takes 1 to 8 digits, or 9 to 14 digits with a zone of 1 to 4 digits at will, or 14 with a fraction.
func isTS(v string) bool {
	n := 0
	for n < len(v) && isDigit(v[n]) {
		n++
	}
	rest := v[n:]
	if n == 0 || n > 14 || n <= 8 && rest != "" {
		return false
	}
	if n == 14 && strings.HasPrefix(rest, ".") {
		f := 1
		for f < len(rest) && isDigit(rest[f]) {
			f++
		}
		if f == 1 {
			return false
		}
		rest = rest[f:]
	}
	if rest == "" {
		return true
	}
	return (rest[0] == '+' || rest[0] == '-') && len(rest) <= 5 && digits(rest[1:])
}

func isInteger(v string) bool {
	v = trim(v)
	if v != "" && (v[0] == '+' || v[0] == '-') {
		v = v[1:]
	}
	return digits(v)
}

// isReal takes decimals, and floating-point numbers with an exponent.
func isReal(v string) bool {
	v = trim(v)
	if v == "INF" || v == "-INF" || v == "NaN" {
		return true
	}
	mantissa, exponent, scientific := v, "", false
	if i := strings.IndexAny(v, "eE"); i >= 0 {
		mantissa, exponent, scientific = v[:i], v[i+1:], true
	}
	if scientific && !isInteger(exponent) {
		return false
	}
	if mantissa != "" && (mantissa[0] == '+' || mantissa[0] == '-') {
		mantissa = mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	return (whole == "" || digits(whole)) && (fraction == "" || digits(fraction)) && whole+fraction != ""
}

func isToken(v string) bool {
	v = trim(v)
	return v != "" && !strings.ContainsAny(v, " \t\r\n")
}

func isNameChar(r rune, first bool) bool {
	switch {
	case r == '_', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		return true
	case r == '-', r == '.', r >= '0' && r <= '9', r == 0xB7:
		return !first
	}
	return r >= 0xC0 && r != 0xD7 && r != 0xF7
}

func isNCName(v string) bool {
	v = trim(v)
	for i, r := range v {
		if r == utf8.RuneError || !isNameChar(r, i == 0) {
			return false
		}
	}
	return v != ""
}

func isNMTOKEN(v string) bool {
	v = trim(v)
	for _, r := range v {
		if r == utf8.RuneError || r != ':' && !isNameChar(r, false) {
			return false
		}
	}
	return v != ""
}

func isNMTOKENS(v string) bool { return each(v, isNMTOKEN) }

func isNCNames(v string) bool { return each(v, isNCName) }

// each takes a list of one item or more.
func each(v string, valid func(string) bool) bool {
	items := strings.Fields(v)
	for _, item := range items {
		if !valid(item) {
			return false
		}
	}
	return len(items) > 0
}
