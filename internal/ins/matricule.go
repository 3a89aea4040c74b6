package ins

import (
	"fmt"
	"log/slog"
	"strings"
)

// Matricule is one INS number that was checked, under its authority. Two of them are equal (==) when they are the same number of the same kind, however they were written.
// The zero value is no matricule.
type Matricule struct {
	kind   Kind
	number string
}

// Parse reads a number under the system that the source gives, in any spelling of KindOf. The error is an *Error that names the first rule broken.
func Parse(system, number string) (Matricule, error) {
	kind, ok := KindOf(system)
	if !ok {
		return Matricule{}, broken(RuleSystem)
	}
	if err := check(kind, number); err != nil {
		return Matricule{}, err
	}
	return Matricule{kind, number}, nil
}

// ParseToken reads "system|number", as a search writes an identifier.
func ParseToken(token string) (Matricule, error) {
	system, number, ok := strings.Cut(token, "|")
	if !ok {
		return Matricule{}, broken(RuleSystem)
	}
	return Parse(system, number)
}

// ParseCX reads an HL7 v2 CX as XDS writes patient identifiers ("number^^^&OID&ISO^NH"; the type may be missing). A type other than NH or a name for the authority's namespace does not matter.
func ParseCX(cx string) (Matricule, error) {
	number, authority, ok := cutCX(cx)
	if !ok {
		return Matricule{}, broken(RuleSystem)
	}
	return Parse(authority, number)
}

func cutCX(cx string) (number, oid string, ok bool) {
	parts := strings.Split(cx, "^")
	if len(parts) < 4 || len(parts) > 10 {
		return "", "", false
	}
	hd := strings.Split(parts[3], "&")
	if len(hd) != 3 || hd[2] != "ISO" {
		return "", "", false
	}
	return parts[0], hd[1], true
}

// New makes a matricule of the first 13 characters, adding the key.
func New(kind Kind, body string) (Matricule, error) {
	key, err := Key(body)
	if err != nil {
		return Matricule{}, err
	}
	return Parse(kind.OID(), body+key)
}

// Kind is the authority's kind.
func (m Matricule) Kind() Kind { return m.kind }

// IsZero says that there is no matricule.
func (m Matricule) IsZero() bool { return m == Matricule{} }

// Number is the 15 characters.
func (m Matricule) Number() string { return m.number }

// System is the authority as FHIR writes it.
func (m Matricule) System() string { return m.kind.System() }

// Token is "system|number", the value of a search by identifier.
func (m Matricule) Token() string { return m.System() + "|" + m.number }

// CX is the form of XDS metadata.
func (m Matricule) CX() string { return m.number + "^^^&" + m.kind.OID() + "&ISO^NH" }

// Sex tells the sex at registration by its FHIR code: "male" or "female".
func (m Matricule) Sex() string {
	if m.IsZero() {
		return ""
	}
	if (m.number[0]-'0')%2 == 1 {
		return "male"
	}
	return "female"
}

// BirthYear gives the last two digits of the year ("68"): the century is not told.
func (m Matricule) BirthYear() string {
	if m.IsZero() {
		return ""
	}
	return m.number[1:3]
}

// BirthMonth gives the month (1 to 12); false where the certificate was incomplete and the digits stand for no known month. 31 to 42 are a known month in an incomplete certificate.
func (m Matricule) BirthMonth() (month int, known bool) {
	if m.IsZero() {
		return 0, false
	}
	n := two(m.number[3:5])
	switch {
	case n <= 12:
		return n, true
	case n >= 31 && n <= 42:
		return n - 30, true
	}
	return 0, false
}

// Place gives the five characters of the place of birth as registered: a commune's COG code, or 99 and the country's. The COG code of today may differ: communes merge, and departments were
// redrawn in 1968 and 1976.
func (m Matricule) Place() string {
	if m.IsZero() {
		return ""
	}
	return m.number[5:10]
}

// BornAbroad says that the place is a country.
func (m Matricule) BornAbroad() bool { return strings.HasPrefix(m.Place(), "99") }

// String gives the kind, not the number: see the package comment.
func (m Matricule) String() string { return "INS (" + m.kind.String() + ")" }

// Format writes String for every verb.
func (m Matricule) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(m.String())) }

// LogValue writes String to logs.
func (m Matricule) LogValue() slog.Value { return slog.StringValue(m.String()) }
