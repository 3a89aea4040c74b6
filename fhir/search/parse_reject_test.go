package search

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/internal/worktest"
)

// rejected are queries that make a 400, with the code of their issue and a part of what it says.
var rejected = []struct {
	typ, query string
	code       fault.Code
	says       string
	ignorable  bool
}{
	{"Patient", "nom=x", fault.NotSupported, `"nom": Patient has no search parameter`, true},
	{"Patient", "Name=x", fault.NotSupported, "no search parameter", true},
	{"Patient", "name:=x", fault.NotSupported, "modifier", true},
	{"Patient", "name:fuzzy=x", fault.NotSupported, `":fuzzy"`, true},
	{"Patient", "name:not=x", fault.NotSupported, `":not" does not apply to a string`, true},
	{"Patient", "name:text=x", fault.NotSupported, "does not apply", true},
	{"Patient", "gender:exact=x", fault.NotSupported, "does not apply", true},
	{"Patient", "gender:of-type=a|b|c", fault.NotSupported, "does not apply", true},
	{"Patient", "gender:below=male", fault.NotSupported, "does not apply", true},
	{"Condition", "code:below=http://snomed.info/sct|1", fault.NotSupported, "does not apply", true},
	{"Condition", "code:above=1", fault.NotSupported, "does not apply", true},
	{"Condition", "onset-date:text=1995", fault.NotSupported, "does not apply", true},
	{"Condition", "onset-date=23 May 2009", fault.Value, "a date is written", false},
	{"Patient", "name:missing=maybe", fault.Value, "true or false", false},
	{"Patient", "name:missing=true,false", fault.Value, "true or false", false},
	{"Patient", `name=a\b`, fault.Value, `'\'`, false},
	{"Patient", `name=a\`, fault.Value, `'\'`, false},
	{"Patient", "name=a,,b", fault.Value, "empty", false},
	{"Patient", "name=,", fault.Value, "empty", false},
	{"Patient", "name= ", fault.Value, "blank", false},
	{"Patient", "identifier=|", fault.Value, "system or a code", false},
	{"Patient", "identifier=a|b|c", fault.Value, "one '|'", false},
	{"Patient", "identifier:of-type=a|b", fault.Value, "of-type takes", false},
	{"Patient", "identifier:of-type=a||c", fault.Value, "of-type takes", false},
	{"Patient", "active=x|true", fault.Value, "without '|'", false},
	{"Patient", "telecom=phone|555", fault.Value, "without '|'", false},
	{"Patient", "birthdate=xx2000", fault.Value, "prefix", false},
	{"Patient", "birthdate=GT2000", fault.Value, "a date", false},
	{"Patient", "birthdate=2000-13", fault.Value, "a date", false},
	{"Patient", "birthdate=gt", fault.Value, "a date", false},
	{"Patient", "birthdate=2000-01-01T10", fault.Value, "a date", false},
	{"Patient", "birthdate:exact=2000", fault.NotSupported, "does not apply", true},
	{"RiskAssessment", "probability=a", fault.Value, "a number", false},
	{"RiskAssessment", "probability=1.", fault.Value, "a number", false},
	{"RiskAssessment", "probability=.5", fault.Value, "a number", false},
	{"RiskAssessment", "probability=1e99999", fault.Value, "a number", false},
	{"RiskAssessment", "probability=NaN", fault.Value, "a number", false},
	{"RiskAssessment", "probability=0x1", fault.Value, "a number", false},
	{"Observation", "value-quantity=5.4|mg", fault.Value, "a quantity", false},
	{"Observation", "value-quantity=mg", fault.Value, "prefix", false},
	{"Observation", "subject:Practitioner=1", fault.NotSupported, "cannot point to Practitioner", true},
	{"Observation", "subject:Patient=Group/1", fault.Value, "a reference of that type", false},
	{"Observation", "subject:above=1", fault.NotSupported, "does not apply", true},
	{"Observation", "subject=#p", fault.Value, "contained", false},
	{"Observation", "subject=Foo/1", fault.Value, "a reference is", false},
	{"Observation", "subject=Patient?identifier=1", fault.Value, "a reference is", false},
	{"QuestionnaireResponse", "questionnaire:identifier=1", fault.NotSupported, "does not apply", true},
	{"QuestionnaireResponse", "questionnaire=|1", fault.Value, "canonical", false},
	{"ValueSet", "url:below=urn:oid:1.2", fault.Value, "URNs", false},
	{"Observation", "code-value-quantity=a", fault.Value, "one part for each component", false},
	{"Observation", "code-value-quantity=a$b$c", fault.Value, "one part for each component", false},
	{"Observation", "code-value-quantity=a$", fault.Value, "empty", false},
	{"Observation", "code-value-quantity=a$x", fault.Value, "", false},
	{"Observation", "code-value-quantity:missing=true", fault.NotSupported, "does not apply", true},
	{"Location", "near=1", fault.Value, "a position", false},
	{"Location", "near=91|0", fault.Value, "degrees", false},
	{"Location", "near=1|1|x", fault.Value, "distance", false},
	{"Location", "near=1|1|1|parsec", fault.Value, "unit", false},
	{"Location", "near=1|1|-1", fault.Value, "distance", false},
	{"Condition", "code:in=http://unknown", fault.Value, "cannot expand", false},
	{"Observation", "patient.foo=1", fault.NotSupported, "Patient has no search parameter", true},
	{"Observation", "code.name=1", fault.NotSupported, "only reference parameters", true},
	{"Observation", "subject:Foo.name=1", fault.NotSupported, "name of a resource type", true},
	{"Observation", "patient:Practitioner.name=1", fault.NotSupported, "cannot point to", true},
	{"Observation", "patient.name:missing=true", fault.NotSupported, "end of a chain", true},
	{"Observation", "patient.birthdate=x", fault.Value, "", false},
	{"Observation", "patient.=1", fault.NotSupported, "", true},
	{"Observation", ".name=1", fault.NotSupported, "", true},
	{"Observation", strings.Repeat("derived-from:Observation.", 20) + "code=1", fault.TooCostly, "too many links", false},
	{"Patient", "_has:Observation:patient=1", fault.NotSupported, "_has is written", true},
	{"Patient", "_has:Observation:patient:=1", fault.NotSupported, "_has is written", true},
	{"Patient", "_has:Foo:patient:code=1", fault.NotSupported, "resource type", true},
	{"Patient", "_has:Observation:code:code=1", fault.NotSupported, "of type token", true},
	{"Patient", "_has:Observation:encounter:code=1", fault.NotSupported, "cannot point to Patient", true},
	{"Patient", "_id:exact=1", fault.NotSupported, "_id takes", true},
	{"Patient", "_list=$current-problems", fault.NotSupported, "functional", true},
	{"Patient", "_list:not=1", fault.NotSupported, "no modifier", true},
	{"Patient", "_query=x", fault.NotSupported, "named queries", true},
	{"Patient", "_text=(a", fault.Value, "not closed", false},
	{"Patient", "_text=a)", fault.Value, "closed that was not opened", false},
	{"Patient", "_text=or", fault.Value, "a word is missing", false},
	{"Patient", "_text=a not", fault.Value, "behind NOT", false},
	{"Patient", "_text=" + strings.Repeat("(", 30) + "a", fault.TooCostly, "nest", false},
	{"Patient", "_type=Patient", fault.NotSupported, "_type belongs", false},
	{"Patient", "_count=-1", fault.Value, "whole number", false},
	{"Patient", "_count=x", fault.Value, "whole number", false},
	{"Patient", "_count=1&_count=2", fault.Value, "more than once", false},
	{"Patient", "_total=exact", fault.CodeInvalid, "none, estimate, accurate", false},
	{"Patient", "_summary=yes", fault.CodeInvalid, "one of", false},
	{"Patient", "_elements=nom", fault.NotSupported, "names of elements", true},
	{"Patient", "_elements=name&_summary=true", fault.Invalid, "exclude", false},
	{"Patient", "_summary=text&_include=Patient:organization", fault.Invalid, "includes", false},
	{"Patient", "_sort=foo", fault.NotSupported, "no search parameter", true},
	{"Patient", "_sort:asc=name", fault.NotSupported, "no modifier", true},
	{"Patient", "_sort=_score", fault.NotSupported, "no search parameter", true},
	{"Location", "_sort=near", fault.NotSupported, "no order", true},
	{"Patient", "_sort=" + strings.Repeat("name,", 9) + "name", fault.TooLong, "keys", false},
	{"Patient", "_include=organization", fault.NotSupported, "Type:parameter", true},
	{"Patient", "_include=Foo:bar", fault.NotSupported, "resource type", true},
	{"Patient", "_include=Patient:name", fault.NotSupported, "reference parameters", true},
	{"Patient", "_include=Patient:foo", fault.NotSupported, "no search parameter", true},
	{"Patient", "_include=Patient:organization:Foo", fault.NotSupported, "resource type", true},
	{"Patient", "_include=Patient:organization:Patient", fault.NotSupported, "cannot point to", true},
	{"Patient", "_include:deep=Patient:organization", fault.NotSupported, ":iterate", true},
	{"Patient", "_contained=true", fault.NotSupported, "no contained", true},
	{"Patient", "_containedType=x", fault.CodeInvalid, "one of", false},
	{"Patient", "__explain=1", fault.Value, "true or false", false},
	{"Patient", "name=" + strings.Repeat("a,", 600) + "a", fault.TooLong, "alternatives", false},
	{"Patient", "name=" + strings.Repeat("a", 70_000), fault.TooLong, "bytes", false},
	{"Patient", strings.Repeat("name=a&", 101) + "name=a", fault.TooLong, "parameters", false},
	{"Foo", "name=a", fault.NotSupported, "not a resource type", false},
}

func TestParseQueryRejects(t *testing.T) {
	for _, c := range rejected {
		name := c.typ + "?" + c.query
		t.Run(name[:min(len(name), 60)], func(t *testing.T) {
			_, err := ParseQuery(sharedRegistry(), Scope{Type: c.typ}, parseParams(c.query), parseOptions())
			require.Error(t, err)
			f := fault.From(err)
			assert.Equal(t, http.StatusBadRequest, f.Status)
			require.Len(t, f.Issues, 1, "%v", f)
			assert.Equal(t, c.code, f.Issues[0].Code, "%v", f)
			assert.Contains(t, f.Issues[0].Diagnostics, c.says)

			o := parseOptions()
			o.Lenient = true
			q, err := ParseQuery(sharedRegistry(), Scope{Type: c.typ}, parseParams(c.query), o)
			if c.ignorable {
				require.NoError(t, err)
				assert.Len(t, q.Ignored, 1)
				assert.Empty(t, q.Used)
			} else {
				require.Error(t, err, "lenient handling does not pass over what cannot be read")
			}
		})
	}
}

func TestParseQueryReportsAll(t *testing.T) {
	_, err := ParseQuery(sharedRegistry(), Scope{Type: "Patient"}, parseParams("foo=1&birthdate=x&name=ok&name:bar=1&_count=x"), parseOptions())
	require.Error(t, err)
	f := fault.From(err)
	require.Len(t, f.Issues, 4)
	for i, name := range []string{`"foo"`, `"birthdate"`, `"name:bar"`, `"_count"`} {
		assert.Contains(t, f.Issues[i].Diagnostics, name)
	}
}

// What a client sent as a value, or hid in a name, is not told back.
func TestParseQueryKeepsValuesToItself(t *testing.T) {
	for _, query := range []string{"birthdate=Dupont", "name Dupont=1", "identifier=a|Dupont|c", "_filter=name xx Dupont", "_sort=Dupont", "_include=Dupont", "value-quantity=Dupont", "_elements=Dupont", "gender:Dupont<script>=1"} {
		_, err := ParseQuery(sharedRegistry(), Scope{Type: "Patient"}, parseParams(query), parseOptions())
		require.Error(t, err)
		if !strings.Contains(query, ":Dupont") { // modifiers are names of the standard, or none
			assert.NotContains(t, err.Error(), "Dupont", query)
		}
		assert.NotContains(t, err.Error(), "<", query)
	}
}

// An untyped chain over references to anything multiplies; it must be refused before it costs.
func TestParseChainsAreBounded(t *testing.T) {
	for typ, query := range map[string]string{"Provenance": "target.target.target.target.target.target._id=1", "List": "item.subject.subject.subject.subject.subject.subject._id=1"} {
		used := worktest.Allocated(func() {
			_, err := ParseQuery(sharedRegistry(), Scope{Type: typ}, parseParams(query), parseOptions())
			require.Error(t, err, query)
			assert.Equal(t, http.StatusBadRequest, fault.From(err).Status)
		})
		assert.Less(t, used, uint64(8<<20), "bytes allocated for %s", query)
	}
}
