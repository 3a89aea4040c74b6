package search

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

// What a condition needs stands among the entries of every resource that satisfies it.
func TestNeeds(t *testing.T) {
	reg := sharedRegistry()
	e := NewEngine(reg, EngineOptions{})
	res := resource(t, `{"resourceType":"Patient","active":true,"gender":"female","identifier":[{"system":"urn:s","value":"A-1"}],"name":[{"family":"Martin"}]}`)
	held, err := e.Entries(res)
	require.NoError(t, err)
	holds := func(need store.Entry) bool {
		return slices.ContainsFunc(held, func(has store.Entry) bool { return has.Index == need.Index && string(has.Value) == string(need.Value) })
	}
	for query, want := range map[string]struct{ ok, holds bool }{
		"identifier=urn:s|A-1":                     {true, true},
		"identifier=urn:s|a-1":                     {true, true}, // identifiers are compared without regard to case
		"identifier=urn:s|other":                   {true, false},
		"identifier=urn:s|other,urn:s|A-1":         {true, true},
		"family=Martin&identifier=urn:s|A-1":       {true, true},
		"identifier=A-1":                           {},
		"identifier=urn:s|":                        {},
		"identifier=urn:s|A-1,A-2":                 {},
		"identifier:not=urn:s|A-1":                 {},
		"family=Martin":                            {},
		"_id=a":                                    {},
		"identifier=urn:s|A-1&organization.name=x": {},
		"identifier=urn:s|A-1&_has:Observation:subject:status=final": {},
		"": {},
	} {
		needs, ok := e.Needs(condition(t, reg, "Patient", query))
		require.Equal(t, want.ok, ok, query)
		if ok {
			require.Equal(t, want.holds, slices.ContainsFunc(needs, holds), query)
		}
	}
}
