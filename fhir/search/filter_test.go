package search

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

func TestFilterShape(t *testing.T) {
	for _, c := range [][3]string{
		{"Patient", `name co "pet"`, "name:contains=pet"},
		{"Patient", `given eq "peter" and birthdate ge 2014-10-10`, "and(given:filter-compare=eqpeter; birthdate=ge2014-10-10..2014-10-11)"},
		{"Observation", `code eq http://loinc.org|1234-5`, "code=http://loinc.org|1234-5"},
		{"Observation", `patient.name co "pet"`, "patient->Patient{name:contains=pet}"},
		{"Patient", "active eq true or active eq false and gender eq male", "and(or(active=true; active=false); gender=male)"},
		{"Patient", "active eq true and active eq false or gender eq male", "or(and(active=true; active=false); gender=male)"},
		{"Patient", "active eq true and (active eq false and gender eq male)", "and(active=true; and(and(active=false; gender=male)))"},
		{"Patient", "(active eq true or active eq false) or gender eq male", "or(or(active=true; active=false); gender=male)"},
		{"Patient", "not(active eq true)", "not active=true"},
		{"Patient", `name eq "a) and ]\" (b"`, "name:filter-compare=eqa and b"},
		{"Patient", `name eq a,b`, "name:filter-compare=eqa b"},
		{"Patient", "birthdate po 2000", "birthdate=ap2000-01-01..2001-01-01"},
		{"Patient", "_has:Observation:patient:_has:AuditEvent:entity:agent re Practitioner/1", "Observation.patient<-{AuditEvent.entity<-{agent=Practitioner/1}}"},
		{"Observation", `patient[gender eq male and name co "]"].organization.name sw a`, "patient->Patient{and(and(gender=male; name:contains=]); organization->Organization{name=a})}"},
		{"Patient", `identifier eq s|a\|b`, "identifier=s|a|b"},
	} {
		got := condition(t, sharedRegistry(), c[0], "_filter="+c[1]).(And)
		require.Len(t, got, 1, c[1])
		want := c[2]
		assert.Equal(t, want, showExprPrefixed(got[0]), c[1])
	}
}

// showExprPrefixed shows eq of compared strings too.
func showExprPrefixed(x Expr) string {
	switch c := x.(type) {
	case And:
		return "and(" + joinPrefixed(c) + ")"
	case Or:
		return "or(" + joinPrefixed(c) + ")"
	case *Clause:
		if c.Modifier == ModifierCompare {
			return c.Param.Code + ":" + string(c.Modifier) + "=" + string(c.Operands[0].Prefix) + c.Operands[0].Folded
		}
	}
	return showExpr(x)
}

func joinPrefixed(parts []Expr) string {
	s := ""
	for i, p := range parts {
		if i > 0 {
			s += "; "
		}
		s += showExprPrefixed(p)
	}
	return s
}

func TestFilterRejects(t *testing.T) {
	for _, filter := range []string{
		"name", "name eq", "name eq ", "name  ", "name xx a", "name eq a b", "name eq a)", "(name eq a", "name eq a and", "and name eq a", "not name eq a", "(name eq a))", `name eq "a`, `name eq "\x"`,
		"foo eq a", "gender co m", "gender gt m", "birthdate sw 20", "birthdate eq x", "name po a", "name re a", "gender ss male", "gender pr maybe", "name.given eq a", "organization:Patient.name eq a",
		"organization[name eq a] re Organization/1", "organization[name eq a.name eq b", "organization[foo eq a].name eq b", "_has:Observation:code eq 1", "_has:Observation:patient:foo eq 1", "gender:Patient eq male", "identifier eq a|b|c",
		"id gt 1", "1name eq a", "name eq a and (birthdate ge x)", "organization[].name eq a", "()", "not ()", "organization..name eq a", "name:exact eq a", `name eq \a`,
	} {
		_, err := ParseQuery(sharedRegistry(), Scope{Type: "Patient"}, [][2]string{{"_filter", filter}}, ParseOptions{MaxDepth: 8})
		require.Error(t, err, filter)
		f := fault.From(err)
		assert.Equal(t, 400, f.Status)
		assert.Len(t, f.Issues, 1, filter)
	}
	deep := ""
	for range 50 {
		deep += "("
	}
	_, err := ParseQuery(sharedRegistry(), Scope{Type: "Patient"}, [][2]string{{"_filter", deep + "name eq a"}}, ParseOptions{MaxDepth: 8})
	require.Error(t, err)
	assert.Equal(t, fault.TooCostly, fault.From(err).Issues[0].Code)
}
