package mhd_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEverythingLeavesDeletedDocumentsOut: a whole record has current and superseded documents, each with its status; what was deleted is no part of it, and comes back for who searches it by its status.
func TestEverythingLeavesDeletedDocumentsOut(t *testing.T) {
	s := sharing(t)
	statuses := func(path string) map[string]string {
		w := s.Do(http.MethodGet, path, "")
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		var bundle struct {
			Entry []struct {
				Resource struct{ ID, ResourceType, Status string }
			}
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &bundle))
		out := map[string]string{}
		for _, e := range bundle.Entry {
			if e.Resource.ResourceType == "DocumentReference" {
				out[e.Resource.ID] = e.Resource.Status
			}
		}
		return out
	}
	want := map[string]string{"d1": "current", "d2": "current", "d3": "current", "d4": "current", "d5": "superseded", "d6": "current"}
	assert.Equal(t, want, statuses("/fhir/Patient/pa/$everything"))
	assert.Equal(t, want, statuses("/fhir/Patient/pa/$everything?_type=DocumentReference,Observation&_count=1000"))
	assert.Equal(t, map[string]string{"d7": "entered-in-error"}, statuses("/fhir/DocumentReference?patient=pa&status=entered-in-error"))

	patchDocument(t, s, `[{"op":"replace","path":"/status","value":"entered-in-error"}]`) // d1
	delete(want, "d1")
	assert.Equal(t, want, statuses("/fhir/Patient/pa/$everything"))
}
