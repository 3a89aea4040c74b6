package rest

import (
	"net/http"
	"strings"
)

// preference is the Prefer header (http.html#ops and RFC 7240). Preferences that the server does not know are ignored, as the RFC says; so is respond-async:
// the answer is synchronous, and no Preference-Applied claims otherwise.
type preference struct {
	returns returnPreference
	lenient bool
	strict  bool
}

type returnPreference uint8

const (
	returnDefault returnPreference = iota
	returnMinimal
	returnRepresentation
	returnOutcome
	returnNothing // as minimal, by the server's own choice: it is not said to be applied
)

func preferenceOf(h http.Header) (p preference) {
	for _, v := range h["Prefer"] {
		for part := range strings.FieldsFuncSeq(v, func(r rune) bool { return r == ',' || r == ';' }) {
			name, value, _ := strings.Cut(part, "=")
			value = strings.Trim(strings.TrimSpace(value), `"`)
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "return":
				switch {
				case strings.EqualFold(value, "minimal"):
					p.returns = returnMinimal
				case strings.EqualFold(value, "representation"):
					p.returns = returnRepresentation
				case strings.EqualFold(value, "OperationOutcome"):
					p.returns = returnOutcome
				}
			case "handling":
				p.lenient = strings.EqualFold(value, "lenient")
				p.strict = strings.EqualFold(value, "strict")
			}
		}
	}
	return p
}

// applied gives Preference-Applied for the return preference.
func (p preference) applied() []string {
	switch p.returns {
	case returnMinimal:
		return []string{"return=minimal"}
	case returnRepresentation:
		return []string{"return=representation"}
	case returnOutcome:
		return []string{"return=OperationOutcome"}
	case returnDefault, returnNothing:
	}
	return nil
}
