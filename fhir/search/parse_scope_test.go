package search

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

func TestParseResultParameters(t *testing.T) {
	q, err := ParseQuery(sharedRegistry(), Scope{Type: "Patient"}, parseParams("_sort=-birthdate,family,_id,-_lastUpdated&_count=20&_total=accurate&_elements=name,deceased&_elements=birthDate"+
		"&_include=Patient:organization&_include:iterate=Organization:partof:Organization&_revinclude=Observation:patient&_include:recurse=Patient:*&_include=*&_contained=false&_containedType=container&__explain=true&gender=male"), parseOptions())
	require.NoError(t, err)
	assert.Equal(t, 20, q.Count)
	assert.Equal(t, "accurate", q.Total)
	assert.Equal(t, []string{"name", "deceased", "birthDate"}, q.Elements)
	assert.True(t, q.Explain)
	assert.Equal(t, "false", q.Contained)
	require.Len(t, q.Sort, 4)
	assert.True(t, q.Sort[0].Descending)
	assert.Equal(t, Date, q.Sort[0].Params["Patient"].Type)
	assert.Equal(t, SortKey{Code: "_id"}, q.Sort[2])
	assert.Equal(t, SortKey{Code: "_lastUpdated", Descending: true}, q.Sort[3])
	require.Len(t, q.Includes, 5)
	assert.Equal(t, Include{Source: "Patient", Code: "organization", Param: q.Includes[0].Param}, q.Includes[0])
	assert.Equal(t, "Organization", q.Includes[1].Target)
	assert.True(t, q.Includes[1].Iterate)
	assert.True(t, q.Includes[2].Reverse)
	assert.Equal(t, "Observation", q.Includes[2].Param.Resource)
	assert.Equal(t, Include{Iterate: true, Source: "Patient", Code: "*"}, q.Includes[3])
	assert.Equal(t, Include{Source: "*", Code: "*"}, q.Includes[4])
	assert.Len(t, q.Used, 14)
	assert.Equal(t, [2]string{"gender", "male"}, q.Used[13])

	q, err = ParseQuery(sharedRegistry(), Scope{Type: "Patient"}, nil, parseOptions())
	require.NoError(t, err)
	assert.Equal(t, -1, q.Count)
}

func TestParseSystemSearch(t *testing.T) {
	q, err := ParseQuery(sharedRegistry(), Scope{}, parseParams("_type=Patient,Observation,Patient&_tag=a&identifier=1"), parseOptions())
	require.NoError(t, err)
	assert.Equal(t, []string{"Observation", "Patient"}, q.Types)
	assert.Equal(t, "and(_tag=a; identifier=1)", showExpr(q.Where["Observation"]))
	assert.Equal(t, "Observation", q.Where["Observation"].(And)[0].(*Clause).Param.Resource)

	q, err = ParseQuery(sharedRegistry(), Scope{}, parseParams("_lastUpdated=gt2020&_sort=-_lastUpdated"), parseOptions())
	require.NoError(t, err)
	assert.Len(t, q.Types, len(q.Where))
	assert.Greater(t, len(q.Types), 140)

	for _, query := range []string{"identifier=1", "_type=Patient,Observation&birthdate=2000", "_type=Patient,Foo", "_type=Patient,Observation&_sort=birthdate"} {
		_, err := ParseQuery(sharedRegistry(), Scope{}, parseParams(query), parseOptions())
		require.Error(t, err, query)
		assert.Len(t, fault.From(err).Issues, 1)
	}
	o := parseOptions()
	o.Lenient = true
	q, err = ParseQuery(sharedRegistry(), Scope{}, parseParams("_type=Patient,Observation&birthdate=2000&_tag=a"), o)
	require.NoError(t, err)
	assert.Equal(t, []string{`"birthdate"`}, q.Ignored)
	assert.Equal(t, "and(_tag=a)", showExpr(q.Where["Patient"]))
}

func TestParseCompartmentSearch(t *testing.T) {
	in := &InCompartment{Type: "Patient", ID: "23"}
	q, err := ParseQuery(sharedRegistry(), Scope{Type: "Observation", Compartment: in}, parseParams("code=a"), parseOptions())
	require.NoError(t, err)
	assert.Equal(t, "and(in Patient/23; code=a)", showExpr(q.Where["Observation"]))
	q, err = ParseQuery(sharedRegistry(), Scope{Compartment: in}, nil, parseOptions())
	require.NoError(t, err)
	assert.Contains(t, q.Types, "Patient")
	assert.Contains(t, q.Types, "Observation")
	assert.NotContains(t, q.Types, "Medication")
	_, err = ParseQuery(sharedRegistry(), Scope{Type: "Medication", Compartment: in}, nil, parseOptions())
	require.Error(t, err)
	_, err = ParseQuery(sharedRegistry(), Scope{Compartment: &InCompartment{Type: "Organization", ID: "1"}}, nil, parseOptions())
	require.Error(t, err)
}

func TestParseCondition(t *testing.T) {
	x, err := ParseCondition(sharedRegistry(), "Patient", parseParams("identifier=a|1"), ParseOptions{Lenient: true})
	require.NoError(t, err)
	assert.Equal(t, "and(identifier=a|1)", showExpr(x))
	for _, query := range []string{"identifier=1&_count=1", "identifier=1&_sort=name", "foo=1"} {
		_, err = ParseCondition(sharedRegistry(), "Patient", parseParams(query), ParseOptions{Lenient: true})
		require.Error(t, err, "%s: a condition is never lenient", query)
	}
}

func TestSplitQuery(t *testing.T) {
	params, err := SplitQuery("a=1&b=%C3%A8+x&a=2&&c&d=e=f")
	require.NoError(t, err)
	assert.Equal(t, [][2]string{{"a", "1"}, {"b", "è x"}, {"a", "2"}, {"c", ""}, {"d", "e=f"}}, params)
	_, err = SplitQuery("a=%zz")
	require.Error(t, err)
}
