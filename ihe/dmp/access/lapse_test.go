package access_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheLabelThatHidesFromThePatientLapses winds the clock to both sides of the midnight of Paris that ends the month after the deposit, 1 May: for the document, its content, what was extracted from it and the Provenance
// that says so. Nothing sweeps here, so the label stands all the time.
func TestTheLabelThatHidesFromThePatientLapses(t *testing.T) {
	w := newWorld(t)
	w.usual()
	w.people()
	w.document("announced", "p1", "11502-2", otherID, "INVISIBLE_PATIENT")
	w.observation("bio", "p1", "11502-2", "INVISIBLE_PATIENT")
	w.Put(t, "Condition/c", `{"resourceType":"Condition","id":"c","meta":{"security":[{"system":"`+systemOf("INVISIBLE_PATIENT")+`","code":"INVISIBLE_PATIENT"}],
		"tag":[{"system":"https://carnet-fhir.github.io/CodeSystem/document-type","code":"11502-2"}]},"code":{"text":"x"},"subject":{"reference":"Patient/p1"}}`)
	w.Put(t, "Provenance/v", `{"resourceType":"Provenance","id":"v","target":[{"reference":"Observation/bio"},{"reference":"Condition/c"}],"recorded":"2024-05-01T08:00:00Z",
		"agent":[{"who":{"display":"Carnet"}}],"entity":[{"role":"source","what":{"reference":"DocumentReference/announced"}}]}`)
	all := []string{"DocumentReference/announced", "Binary/b-announced", "Observation/bio", "Condition/c", "Provenance/v"}
	see := func(exist bool) {
		t.Helper()
		status, ids := http.StatusNotFound, []string{"p1"}
		if exist {
			status, ids = http.StatusOK, []string{"p1", "announced", "bio", "c"}
		}
		for _, path := range all {
			assert.Equal(t, status, w.status("holder1", "/fhir/"+path), path)
		}
		assert.ElementsMatch(t, ids, w.ids("holder1", "/fhir/Patient/p1/$everything?_type=Patient,DocumentReference,Observation,Condition"))
		assert.Len(t, w.ids("holder1", "/fhir/Observation?patient=Patient/p1"), len(ids)/4)
	}
	until := func(at string) {
		t.Helper()
		moment, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		w.Advance(moment.Sub(w.Now()))
	}
	see(false)
	until("2024-06-01T21:59:40Z") // twenty seconds before midnight in Paris
	see(false)
	until("2024-06-01T22:00:11Z") // what is known of a record is kept ten seconds
	see(true)
	w.Put(t, "Patient/p1", `{"resourceType":"Patient","id":"p1","active":true,"identifier":[{"system":"`+insNIR+`","value":"`+numbers[0]+`"}],"name":[{"family":"TEST"}],"birthDate":"2007-05-10"}`)
	see(true)

	changed := w.as("", "PUT", "/fhir/Observation/bio", `{"resourceType":"Observation","id":"bio","meta":{"security":[{"system":"`+systemOf("INVISIBLE_PATIENT")+`","code":"INVISIBLE_PATIENT"}],
		"tag":[{"system":"https://carnet-fhir.github.io/CodeSystem/document-type","code":"11502-2"}]},"status":"final","code":{"text":"y"},"subject":{"reference":"Patient/p1"}}`)
	require.Equal(t, http.StatusOK, changed.Code, changed.Body)
	assert.Equal(t, http.StatusNotFound, w.status("holder1", "/fhir/Observation/bio"), "what was changed since waits for the server to take its label away with the document's")
}
