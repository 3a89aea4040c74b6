package search

import (
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// The separators ',', '$' and '|' stand for themselves behind a '\', which also escapes itself
// (http://hl7.org/fhir/R4/search.html#escaping). A '\' before anything else is an error.

// splitEscaped splits at the separators that are not escaped; the parts keep their escapes.
func splitEscaped(text string, separator byte) []string {
	if strings.IndexByte(text, separator) < 0 {
		return []string{text}
	}
	var parts []string
	start := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case separator:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

// unescape takes the escapes out.
func unescape(text string) (string, bool) {
	at := strings.IndexByte(text, '\\')
	if at < 0 {
		return text, true
	}
	out := []byte(text[:at])
	for i := at; i < len(text); i++ {
		c := text[i]
		if c == '\\' {
			i++
			if i == len(text) || strings.IndexByte(`\,$|`, text[i]) < 0 {
				return "", false
			}
			c = text[i]
		}
		out = append(out, c)
	}
	return string(out), true
}

const badEscape = "a '\\' stands before one of '\\', ',', '$' and '|' only."

// alternatives splits a value at its commas.
func (p *parser) alternatives(value string) ([]string, *problem) {
	parts := splitEscaped(value, ',')
	if len(parts) > p.MaxValues {
		return nil, &problem{fault.TooLong, "it takes at most " + strconv.Itoa(p.MaxValues) + " alternatives.", false}
	}
	for _, part := range parts {
		if part == "" {
			return nil, invalid("one of the alternatives is empty.")
		}
	}
	return parts, nil
}
