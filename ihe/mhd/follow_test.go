package mhd_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/servertest"
	"github.com/carnet-fhir/carnet/store"
)

// withExtraction stores what was taken out of the document d1 beside it.
func withExtraction(t *testing.T) *servertest.Server {
	t.Helper()
	s := sharing(t)
	const meta = `"meta":{"source":"urn:oid:1.2.250.1.999.2.1","security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}],
		"tag":[{"system":"https://carnet-fhir.github.io/CodeSystem/document-type","code":"11488-4"}]},`
	s.Put(t, "Observation/o1", `{"resourceType":"Observation","id":"o1",`+meta+`"status":"final","code":{"text":"Poids"},"subject":{"reference":"Patient/pa"}}`)
	s.Put(t, "Condition/c1", `{"resourceType":"Condition","id":"c1",`+meta+`"code":{"text":"Asthme"},"subject":{"reference":"Patient/pa"}}`)
	s.Put(t, "Observation/other", `{"resourceType":"Observation","id":"other","status":"final","code":{"text":"Taille"},"subject":{"reference":"Patient/pa"}}`)
	s.Put(t, "Provenance/v1", `{"resourceType":"Provenance","id":"v1",`+meta+`"target":[{"reference":"Observation/o1"},{"reference":"Condition/c1"}],"recorded":"2024-01-10T09:00:00Z",
		"agent":[{"who":{"display":"Carnet"}}],"entity":[{"role":"source","what":{"reference":"DocumentReference/d1"}}]}`)
	return s
}

func patchDocument(t *testing.T, s *servertest.Server, body string) {
	t.Helper()
	w := s.Do(http.MethodPatch, "/fhir/DocumentReference/d1", body, "Content-Type: application/json-patch+json")
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
}

// commitsSince counts the commits behind a time.
func commitsSince(t *testing.T, s *servertest.Server, at store.Time) int {
	t.Helper()
	view, err := s.Store.View(0)
	require.NoError(t, err)
	defer view.Close()
	history := view.History(store.HistoryRange{Since: at})
	defer history.Close()
	times := map[store.Time]bool{}
	for history.Next() {
		rec, err := history.Record()
		require.NoError(t, err)
		times[rec.Time] = true
	}
	require.NoError(t, history.Err())
	return len(times)
}

func status(s *servertest.Server, path string) int {
	return s.Do(http.MethodGet, "/fhir/"+path, "").Code
}

func TestWhatWasExtractedTakesTheDocumentsLabels(t *testing.T) {
	s := withExtraction(t)
	before := s.Store.Head()
	patchDocument(t, s, `[{"op":"replace","path":"/securityLabel","value":"MASQUE_PS"}]`)
	assert.Equal(t, 1, commitsSince(t, s, before), "one commit")
	for _, path := range []string{"Observation/o1", "Condition/c1", "Provenance/v1"} {
		body := s.Do(http.MethodGet, "/fhir/"+path, "").Body.String()
		assert.Contains(t, body, `"code":"MASQUE_PS"`, path)
		assert.NotContains(t, body, `"code":"N"`, path)
		assert.Contains(t, body, `"code":"11488-4"`, "other marks stay")
	}
	assert.NotContains(t, s.Do(http.MethodGet, "/fhir/Observation/other", "").Body.String(), "MASQUE_PS")
	found := s.Do(http.MethodGet, "/fhir/Observation?_security=MASQUE_PS&_summary=count", "").Body.String()
	assert.Contains(t, found, `"total":1`, "the index follows too")

	patchDocument(t, s, `[{"op":"add","path":"/extension[url:'https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived']/valueBoolean","value":true}]`)
	assert.Contains(t, s.Do(http.MethodGet, "/fhir/Observation/o1", "").Body.String(), `"code":"archived"`)
	patchDocument(t, s, `[{"op":"replace","path":"/extension/0/valueBoolean","value":false}]`)
	assert.NotContains(t, s.Do(http.MethodGet, "/fhir/Observation/o1", "").Body.String(), `"code":"archived"`)
}

func TestWhatWasExtractedGoesWithTheDocument(t *testing.T) {
	for name, remove := range map[string]func(t *testing.T, s *servertest.Server){
		"superseded": func(t *testing.T, s *servertest.Server) {
			patchDocument(t, s, `[{"op":"replace","path":"/status","value":"superseded"}]`)
		},
		"deleted": func(t *testing.T, s *servertest.Server) {
			patchDocument(t, s, `[{"op":"replace","path":"/status","value":"entered-in-error"}]`)
		},
		"replaced in a transaction": func(t *testing.T, s *servertest.Server) {
			w := s.Do(http.MethodPost, "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[
				{"request":{"method":"PATCH","url":"DocumentReference/d1"},"resource":{"resourceType":"Parameters","parameter":[{"name":"operation","part":[
				{"name":"type","valueCode":"replace"},{"name":"path","valueString":"DocumentReference.status"},{"name":"value","valueCode":"superseded"}]}]}},
				{"request":{"method":"DELETE","url":"Condition/c1"}}]}`)
			require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		},
		"removed": func(t *testing.T, s *servertest.Server) {
			require.Equal(t, http.StatusNoContent, s.Do(http.MethodDelete, "/fhir/DocumentReference/d1", "").Code)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := withExtraction(t)
			before := s.Store.Head()
			remove(t, s)
			assert.Equal(t, 1, commitsSince(t, s, before), "one commit")
			for _, path := range []string{"Observation/o1", "Condition/c1", "Provenance/v1"} {
				assert.Equal(t, http.StatusGone, status(s, path), path)
			}
			assert.Equal(t, http.StatusOK, status(s, "Observation/other"))
			assert.Equal(t, http.StatusOK, status(s, "Observation/o1/_history/1"), "its versions stay")
		})
	}
}

func TestARefusedUpdateLeavesWhatWasExtracted(t *testing.T) {
	s := withExtraction(t)
	before := s.Store.Head()
	w := s.Do(http.MethodPatch, "/fhir/DocumentReference/d1", `[{"op":"replace","path":"/status","value":"entered-in-error"},{"op":"add","path":"/description","value":"x"}]`,
		"Content-Type: application/json-patch+json")
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	assert.Equal(t, before, s.Store.Head())
	assert.Equal(t, http.StatusOK, status(s, "Observation/o1"))
}
