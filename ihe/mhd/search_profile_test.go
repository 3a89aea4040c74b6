package mhd_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/mhd"
)

func TestSearchProfileIsUsable(t *testing.T) {
	registry := search.NewRegistry(search.RegistryOptions{Definitions: spec.R4()})
	require.NoError(t, registry.Use(mhd.SearchProfile()))
	for _, p := range mhd.SearchProfile().Parameters {
		for _, base := range p.Base {
			found, ok := registry.Param(base, p.Code)
			require.True(t, ok, p.Code)
			assert.Equal(t, p.URL, found.URL)
			assert.False(t, found.Custom, "nobody can delete it")
		}
	}
	for name, targets := range mhd.SearchProfile().Aliases {
		assert.NotEmpty(t, targets, name)
	}
	assert.NotEqual(t, search.NewRegistry(search.RegistryOptions{Definitions: spec.R4()}).IndexFormat(), registry.IndexFormat(),
		"a store without the rows of the profile must be indexed anew")
}
