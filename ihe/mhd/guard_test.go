package mhd_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDocumentsFollowAMerge: what submissions brought does not change by plain writes, but goes with its patient.
func TestDocumentsFollowAMerge(t *testing.T) {
	t.Parallel()
	s := recipient(t)
	s.Put(t, "Patient/local", `{"resourceType":"Patient","id":"local","identifier":[{"system":"urn:oid:1.2.250.1.999.1","value":"IPP-9"}],"name":[{"family":"Exemple"}]}`)
	raw, err := os.ReadFile("testdata/submission/pdsm.json")
	require.NoError(t, err)
	w := s.Do(http.MethodPost, "/fhir", strings.ReplaceAll(string(raw), "Patient/id-1", "Patient/local"))
	require.Equal(t, http.StatusOK, w.Code, w.Body)

	count := func(patient string) string {
		return s.Do(http.MethodGet, "/fhir/DocumentReference?status=current&_summary=count&patient="+patient, "").Body.String()
	}
	assert.Contains(t, count("local"), `"total":1`)
	w = s.Do(http.MethodPut, "/fhir/Patient/local", `{"resourceType":"Patient","id":"local","identifier":[{"system":"urn:oid:1.2.250.1.999.1","value":"IPP-9"}],"name":[{"family":"Exemple"}],
		"active":false,"link":[{"other":{"reference":"Patient/id-1"},"type":"replaced-by"}]}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	assert.Contains(t, count("local"), `"total":0`)
	assert.Contains(t, count("id-1"), `"total":1`)
}
