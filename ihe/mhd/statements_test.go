package mhd_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/ihe/mhd"
)

func TestStatementsSayWhatTheServerDoes(t *testing.T) {
	s := whole(t)
	require.NoError(t, mhd.StoreStatements(t.Context(), s.Repository, s.Registry))
	head := s.Store.Head()
	require.NoError(t, mhd.StoreStatements(t.Context(), s.Repository, s.Registry))
	assert.Equal(t, head, s.Store.Head(), "what is there is not written again")

	type capability struct {
		Instantiates, ImplementationGuide []string
		Rest                              []struct {
			Interaction []struct{ Code string }
			Resource    []struct {
				Type             string
				SupportedProfile []string
				Interaction      []struct{ Code string }
				SearchParam      []struct{ Name, Type, Definition string }
				Operation        []struct{ Name, Definition string }
			}
		}
	}
	var metadata capability
	w := s.Do(http.MethodGet, "/fhir/metadata", "")
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &metadata))
	all, err := mhd.Statements(s.Registry)
	require.NoError(t, err)
	assert.Len(t, all, 9)
	for id, text := range all {
		require.Equal(t, http.StatusOK, s.Do(http.MethodGet, "/fhir/CapabilityStatement/"+id, "").Code)
		var statement capability
		require.NoError(t, json.Unmarshal(text, &statement))
		require.Len(t, statement.Rest, 1)
		if id == "pdsm-producteur" || id == "pdsm-consommateur" {
			assert.NotContains(t, metadata.Instantiates, statement.Instantiates[0], "the server is no client")
			continue
		}
		assert.Contains(t, metadata.Instantiates, statement.Instantiates[0], id)
		for _, want := range statement.Rest[0].Interaction {
			assert.Contains(t, metadata.Rest[0].Interaction, want)
		}
		for _, want := range statement.Rest[0].Resource {
			for _, got := range metadata.Rest[0].Resource {
				if got.Type != want.Type {
					continue
				}
				assert.Subset(t, got.SupportedProfile, want.SupportedProfile, id)
				assert.Subset(t, got.Interaction, want.Interaction, id)
				assert.Subset(t, got.Operation, want.Operation, id)
				for _, p := range want.SearchParam {
					if p.Name[0] != '_' { // those of all types are declared for the system
						assert.Contains(t, got.SearchParam, p, id)
					}
				}
			}
		}
	}
	found := s.Do(http.MethodGet, "/fhir/CapabilityStatement?url=https://carnet-fhir.github.io/CapabilityStatement/mhd-document-responder&_summary=count", "")
	assert.Contains(t, found.Body.String(), `"total":1`)
}
