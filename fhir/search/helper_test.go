package search

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search/searchtest"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// sharedRegistry is the registry of R4's parameters, for tests that do not change it.
var sharedRegistry = sync.OnceValue(func() *Registry {
	return NewRegistry(RegistryOptions{BaseURL: searchtest.BaseURL})
})

// testNow is the clock of ap in tests.
var testNow = time.Date(2021, 6, 1, 0, 0, 0, 0, time.UTC)

// resource reads JSON; the resource need not be complete.
func resource(t testing.TB, json string) *element.Element {
	t.Helper()
	r, err := element.ParseJSON(spec.R4(), []byte(json), element.Options{Lenient: true})
	require.NoError(t, err)
	require.Empty(t, unknownElements(r), json)
	return r.Root
}

// unknownElements are the warnings of a fixture that would silently test nothing.
func unknownElements(r *element.Resource) (found []fault.Issue) {
	for _, w := range r.Warnings {
		if w.Code != fault.Required && w.Code != fault.Invariant {
			found = append(found, w)
		}
	}
	return found
}

// parseParams reads "a=b&c=d" without percent decoding.
func parseParams(query string) [][2]string {
	var params [][2]string
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		params = append(params, [2]string{name, value})
	}
	return params
}

// condition parses a query over a type into its condition.
func condition(t testing.TB, reg *Registry, typ, query string) Expr {
	t.Helper()
	q, err := ParseQuery(reg, Scope{Type: typ}, parseParams(query), ParseOptions{Now: testNow})
	require.NoError(t, err, "%s?%s", typ, query)
	return q.Where[typ]
}
