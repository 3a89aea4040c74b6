package insi

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// civil writes a name as civil status does in the registry: capitals, no accents, ligatures written out, one space in the place of hyphens, apostrophes and runs of white space.
func civil(name string) string {
	var b strings.Builder
	space := false
	for _, r := range norm.NFKD.String(name) {
		switch {
		case unicode.Is(unicode.Mn, r):
			continue
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteString(letter(r))
		default:
			space = true
		}
	}
	return b.String()
}

// onTheWire writes a name as the service takes it: as civil does, with its hyphens and apostrophes.
func onTheWire(name string) string {
	var b strings.Builder
	for i, r := range strings.NewReplacer("’", "'", "‐", "-", "‑", "-").Replace(strings.TrimSpace(name)) {
		if r == '-' || r == '\'' {
			b.WriteRune(r)
			continue
		}
		if part := civil(string(r)); part != "" || i > 0 && r != ' ' && unicode.Is(unicode.Mn, r) {
			b.WriteString(part)
		} else {
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// letter gives a letter in capitals, and those that have no decomposition as they are transcribed.
func letter(r rune) string {
	switch unicode.ToLower(r) {
	case 'œ':
		return "OE"
	case 'æ':
		return "AE"
	case 'ß':
		return "SS"
	case 'ø':
		return "O"
	case 'ð', 'đ':
		return "D"
	case 'ł':
		return "L"
	case 'þ':
		return "TH"
	case 'ı':
		return "I"
	}
	return strings.ToUpper(string(r))
}

// givenFits says whether a given name that is asked for is the list, or one of its names. Composed names count as one (MARIE-LOUISE is not MARIE): the list separates names by spaces and keeps hyphens within.
func givenFits(asked, list string) bool {
	if civil(asked) == "" {
		return false
	}
	if civil(asked) == civil(list) {
		return true
	}
	for name := range strings.FieldsSeq(list) {
		if civil(name) == civil(asked) {
			return true
		}
	}
	return false
}

// fullDate completes a date whose day or month is not known by 01, as RNIV has it written.
func fullDate(date string) string {
	switch len(date) {
	case len("2006"):
		return date + "-01-01"
	case len("2006-01"):
		return date + "-01"
	}
	return date
}
