package search

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Identifiers of queries get the spelling of resources, wherever a query may write one; other tokens are left alone.
func TestCanonicalToken(t *testing.T) {
	reg := NewRegistry(RegistryOptions{CanonicalToken: func(system, code string) (string, string) {
		if number, authority, ok := strings.Cut(code, "^^^"); ok && system == "" {
			return "urn:oid:" + authority, number
		}
		if strings.HasPrefix(system, "1.2.") {
			return "urn:oid:" + system, code
		}
		return system, code
	}})
	for typ, queries := range map[string][][2]string{
		"Patient": {
			{"identifier=1.2.3|x", "identifier=urn:oid:1.2.3|x"},
			{"identifier=x^^^1.2.3", "identifier=urn:oid:1.2.3|x"},
			{"identifier:not=1.2.3|x", "identifier:not=urn:oid:1.2.3|x"},
			{"identifier=a,1.2.3|x", "identifier=a,urn:oid:1.2.3|x"},
			{"identifier=1.2.3|", "identifier=urn:oid:1.2.3|"},
			{"_filter=identifier eq 1.2.3|x", "_filter=identifier eq urn:oid:1.2.3|x"},
			{"_has:Observation:subject:identifier=1.2.3|x", "_has:Observation:subject:identifier=urn:oid:1.2.3|x"},
		},
		"DocumentReference": {
			{"patient.identifier=1.2.3|x", "patient.identifier=urn:oid:1.2.3|x"},
			{"subject:Patient.identifier=1.2.3|x", "subject:Patient.identifier=urn:oid:1.2.3|x"},
			{"patient:identifier=1.2.3|x", "patient:identifier=urn:oid:1.2.3|x"},
		},
	} {
		for _, q := range queries {
			require.Equal(t, spelled(condition(t, reg, typ, q[1])), spelled(condition(t, reg, typ, q[0])), q[0])
		}
	}
	for _, q := range []string{"identifier=|1.2.3", "identifier=x", "identifier:of-type=1.2.3|MR|x", "language=1.2.3|x"} {
		require.NotContains(t, spelled(condition(t, reg, "Patient", q)), "urn:oid:", q)
	}
}

// spelled gives the systems and codes of a condition in order.
func spelled(x Expr) string {
	var b strings.Builder
	var walk func(x Expr)
	walk = func(x Expr) {
		switch x := x.(type) {
		case And:
			for _, part := range x {
				walk(part)
			}
		case Or:
			for _, part := range x {
				walk(part)
			}
		case Not:
			b.WriteString("not ")
			walk(x.Expr)
		case *Chain:
			walk(x.Inner)
		case *Has:
			walk(x.Inner)
		case *Clause:
			for _, o := range x.Operands {
				b.WriteString(x.Param.Code + "=" + o.System + "|" + o.Code + " ")
			}
		}
	}
	walk(x)
	return b.String()
}
