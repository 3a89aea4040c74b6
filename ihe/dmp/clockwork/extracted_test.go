package clockwork_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhatWasExtractedIsShownWithItsDocument: a document that was changed since its deposit is shown by the sweeper, and what was extracted from it in the same commit.
func TestWhatWasExtractedIsShownWithItsDocument(t *testing.T) {
	s := newClocked(t, nil)
	id := s.publish(t, 1, "N", "INVISIBLE_PATIENT")
	s.Put(t, "Observation/o", fmt.Sprintf(`{"resourceType":"Observation","id":"o","meta":{"security":[{"code":"N"},{"code":"INVISIBLE_PATIENT"}]},"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/%s"}}`, s.patient))
	s.Put(t, "Provenance/v", fmt.Sprintf(`{"resourceType":"Provenance","id":"v","target":[{"reference":"Observation/o"}],"recorded":"2024-05-01T08:00:00Z","agent":[{"who":{"display":"Carnet"}}],
		"entity":[{"role":"source","what":{"reference":"DocumentReference/%s"}}]}`, id))
	s.patch(t, id, `[{"op":"add","path":"/extension/-","value":{"url":"https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived","valueBoolean":true}}]`)
	body := func() string { return s.Do("GET", "/fhir/Observation/o", "").Body.String() }
	require.Contains(t, body(), `"archived"`, "it follows its document")

	s.Advance(31*24*time.Hour + 13*time.Hour) // 1 June, 23 h in Paris
	assert.Zero(t, s.sweep(t).Shown)
	require.Contains(t, body(), "INVISIBLE_PATIENT")
	s.Advance(2 * time.Hour)
	before := s.Store.Head()
	assert.Equal(t, 1, s.sweep(t).Shown)
	assert.NotContains(t, body(), "INVISIBLE_PATIENT")
	assert.Contains(t, body(), `"archived"`, "other marks stay")
	document, err := s.Repository.Read(t.Context(), "DocumentReference", id)
	require.NoError(t, err)
	extracted, err := s.Repository.Read(t.Context(), "Observation", "o")
	require.NoError(t, err)
	assert.Equal(t, document.Time, extracted.Time, "one commit")
	assert.Greater(t, document.Time, before)
}

// TestADeletedDocumentIsLeftAlone: what is deleted has no labels to change, and is nobody's failure.
func TestADeletedDocumentIsLeftAlone(t *testing.T) {
	s := newClocked(t, nil)
	id := s.publish(t, 1, "N", "INVISIBLE_PATIENT")
	s.patch(t, id, `[{"op":"replace","path":"/status","value":"entered-in-error"}]`)
	s.Advance(20 * 24 * time.Hour)
	assert.Zero(t, s.sweep(t))
	s.Advance(20 * 24 * time.Hour)
	assert.Zero(t, s.sweep(t))
}

func (s *clocked) patch(t testing.TB, id, body string) {
	t.Helper()
	w := s.Do("PATCH", "/fhir/DocumentReference/"+id, body, "Content-Type: application/json-patch+json")
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
}
