package search

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// TestCodesThatNothingHas holds hints to searches by elements of type code and by booleans, and to no others.
func TestCodesThatNothingHas(t *testing.T) {
	const gender = `the codes are female, male, other, unknown.`
	for _, c := range []struct{ typ, query, hint string }{
		{"Patient", "gender=foo", gender},
		{"Patient", "gender=male,foo", gender},
		{"Patient", "gender:not=foo", gender},
		{"Patient", "gender=http://hl7.org/fhir/administrative-gender|foo", gender},
		{"Patient", "gender=http://example.org|male", gender},
		{"Patient", "gender=MALE,http://hl7.org/fhir/administrative-gender|female,|other", ""},
		{"Patient", "gender=http://hl7.org/fhir/administrative-gender|", ""},
		{"Patient", "gender:missing=true", ""},
		{"Patient", "active=foo", "the value is true or false."},
		{"Patient", "active=true", ""},
		{"Patient", "language=xx", ""},   // a preferred binding of concepts
		{"Observation", "code=none", ""}, // any code
		{"Observation", "patient.gender=foo", gender},
		{"Observation", "performer.gender=foo", gender},
		{"Patient", "_has:Observation:patient:status=foo", "the codes are amended, cancelled, "},
		{"", "_type=Observation,Encounter&status=finished", ""}, // of an Encounter
		{"", "_type=Observation,Encounter&status=foo", "the codes are "},
		{"Patient", "_tag=foo", ""},
		{"Task", "status=foo", "the codes are "},
		{"CapabilityStatement", "resource=foo", "the codes are those of http://hl7.org/fhir/ValueSet/resource-types."},
	} {
		q, err := ParseQuery(sharedRegistry(), Scope{Type: c.typ}, parseParams(c.query), ParseOptions{Now: testNow, Lenient: true})
		require.NoError(t, err, c.query)
		_, strict := ParseQuery(sharedRegistry(), Scope{Type: c.typ}, parseParams(c.query), ParseOptions{Now: testNow, Lenient: true, Strict: true})
		if c.hint == "" {
			assert.Empty(t, q.Hints, c.query)
			assert.NoError(t, strict, c.query)
			continue
		}
		require.Len(t, q.Hints, 1, c.query)
		assert.Equal(t, fault.Warning, q.Hints[0].Severity)
		assert.Equal(t, fault.CodeInvalid, q.Hints[0].Code)
		assert.Contains(t, q.Hints[0].Diagnostics, c.hint, c.query)
		assert.NotContains(t, q.Hints[0].Diagnostics, "foo", "values are not repeated")
		var refused *fault.Fault
		require.True(t, errors.As(strict, &refused), c.query)
		assert.Equal(t, 400, refused.Status)
		assert.Equal(t, q.Hints[0].Diagnostics, refused.Issues[0].Diagnostics)
		assert.Equal(t, q.Hints[0].Expression, refused.Issues[0].Expression)
	}
}
