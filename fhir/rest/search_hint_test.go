package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSearchesThatNothingSatisfies: a code outside of the value set that its element is bound to finds nothing and is told of, once; handling=strict refuses it.
func TestSearchesThatNothingSatisfies(t *testing.T) {
	r := newRig(t)
	for _, id := range []string{"a", "b", "c"} {
		r.Put(t, "Patient/"+id, `{"resourceType":"Patient","id":"`+id+`","gender":"female"}`)
	}
	const hint = `"mode":"outcome"`
	w := r.Do(http.MethodGet, "/fhir/Patient?gender=feminine", "")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), `"total":0`)
	require.Contains(t, w.Body.String(), hint)
	require.Contains(t, w.Body.String(), `{"severity":"warning","code":"code-invalid","diagnostics":"Parameter \"gender\": no resource has such a code; the codes are female, male, other, unknown.","expression":["http.gender"]}`)
	require.NotContains(t, r.Do(http.MethodGet, "/fhir/Patient?gender=female", "").Body.String(), hint)

	w = r.Do(http.MethodGet, "/fhir/Patient?gender=feminine", "", "Prefer: handling=strict")
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Equal(t, "code-invalid", outcome(t, w)[0].Code)
	w = r.Do(http.MethodGet, "/fhir/Patient?gender=female", "", "Prefer: handling=strict")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "handling=strict", w.Header().Get("Preference-Applied"))

	w = r.Do(http.MethodGet, "/fhir/Patient?gender=feminine,female&_count=2", "")
	require.Contains(t, w.Body.String(), hint)
	w = r.Do(http.MethodGet, nextOf(t, w), "", "Prefer: handling=strict")
	require.Equal(t, http.StatusOK, w.Code, "a page was asked for before")
	require.NotContains(t, w.Body.String(), hint, "it is said on the first page")
}
