package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/ins"
)

// TestWhoHelpsAuthorizesNoApplication: an aidant acts within what the holder lets it do; an application gets a consent of its own, which only the holder or who represents her in law gives (A7).
func TestWhoHelpsAuthorizesNoApplication(t *testing.T) {
	h := newHostile(t)
	h.people("ada", "ben")
	h.relative("helper", "ada", h.numbers["ben"], "")
	got := h.agreed(h.numbers["ben"], "ada", nil)
	assert.Empty(t, got.Access, "who helps gave an application somebody else's record")
	assert.Equal(t, "no code", got.Error)
	status, body, err := h.operator.Do(t.Context(), http.MethodGet, "Consent?patient=ada", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	assert.NotContains(t, string(body), `"application"`, "nor is a consent kept")

	h.relative("guardian", "ada", h.numbers["ben"], "GUARD")
	assert.NotEmpty(t, h.agreed(h.numbers["ben"], "ada", nil).Access, "a guardian may")
}

// consentOf gives the application's Consent of a record.
func (h *hostile) consentOf(patient string) (id string, body map[string]any) {
	h.t.Helper()
	_, answer, err := h.operator.Do(h.t.Context(), http.MethodGet, "Consent?status=active,inactive&patient="+patient, nil)
	require.NoError(h.t, err)
	var bundle struct {
		Entry []struct{ Resource map[string]any }
	}
	require.NoError(h.t, json.Unmarshal(answer, &bundle))
	require.Len(h.t, bundle.Entry, 1, string(answer))
	body = bundle.Entry[0].Resource
	return body["id"].(string), body
}

// withdraws ends the application's Consent as the holder does.
func (h *hostile) withdraws(patient string) {
	h.t.Helper()
	id, body := h.consentOf(patient)
	body["status"] = "inactive"
	text, err := json.Marshal(body)
	require.NoError(h.t, err)
	status, answer, err := h.operator.Do(h.t.Context(), http.MethodPut, "Consent/"+id, text)
	require.NoError(h.t, err)
	require.Equal(h.t, http.StatusOK, status, string(answer))
}

// TestAWithdrawnConsentEndsItsAuthorizations: what was withdrawn stays withdrawn, whatever the person agrees to later. A phone that was stolen does not get in again because its owner signed in on the next one.
func TestAWithdrawnConsentEndsItsAuthorizations(t *testing.T) {
	h := newHostile(t)
	h.people("ada")
	stolen := h.agreed(h.numbers["ada"], "ada", nil)
	require.NotEmpty(t, stolen.Refresh)
	assert.Equal(t, http.StatusOK, h.status("Patient/ada", stolen.Access))
	h.withdraws("ada")
	assert.NotEqual(t, http.StatusOK, h.status("Patient/ada", stolen.Access), "a withdrawn consent holds for the next request")
	h.wait(10 * time.Second)
	next := h.agreed(h.numbers["ada"], "ada", nil)
	require.NotEmpty(t, next.Access)
	again := h.refresh("phr", stolen)
	assert.Empty(t, again.Access, "an authorization came back to life")
	assert.Equal(t, "invalid_grant", again.Error)
	assert.NotEmpty(t, h.refresh("phr", next).Access, "the new one lives")
}

// TestAuthorizationsLiveAsLongAsTheirPersonSaid holds the three durations of the consent screen to the refresh tokens that come of them, on both sides.
func TestAuthorizationsLiveAsLongAsTheirPersonSaid(t *testing.T) {
	h := newHostile(t)
	h.people("ada")
	for answer, length := range map[string]time.Duration{"jour": 24 * time.Hour, "mois": 30 * 24 * time.Hour, "an": 365 * 24 * time.Hour} {
		got := h.agreed(h.numbers["ada"], "ada", url.Values{"q-duree": {answer}})
		require.NotEmpty(t, got.Refresh, answer)
		h.wait(length - time.Minute)
		got = h.refresh("phr", got)
		require.NotEmpty(t, got.Access, "%s: %s", answer, got.Reason)
		assert.Equal(t, http.StatusOK, h.status("Patient/ada", got.Access), answer)
		assert.LessOrEqual(t, got.Expires, 61, "%s: an access token outlives what was agreed", answer)
		h.wait(2 * time.Minute)
		assert.NotEqual(t, http.StatusOK, h.status("Patient/ada", got.Access), answer)
		assert.Equal(t, "invalid_grant", h.refresh("phr", got).Error, answer)
	}
}

// TestAnEmergencyEndsAfterItsHour: a refresh in the last minute does not begin another hour.
func TestAnEmergencyEndsAfterItsHour(t *testing.T) {
	h := newHostile(t)
	h.people("ada")
	rpps := h.doctor("d0", 0)
	got, _ := h.working(rpps, "launch/patient openid fhirUser offline_access patient/*.rs", url.Values{"typed": {h.numbers["ada"]}, "q-mode": {"bris_de_glace"}, "q-justification": {"Patient inconscient, choc anaphylactique"}}, nil)
	require.NotEmpty(t, got.Refresh, got.Reason)
	assert.Equal(t, http.StatusOK, h.status("Patient/ada", got.Access))
	h.wait(55 * time.Minute)
	got = h.refresh("lps", got)
	require.NotEmpty(t, got.Access, got.Reason)
	assert.LessOrEqual(t, got.Expires, 301)
	h.wait(10 * time.Minute)
	assert.Equal(t, http.StatusUnauthorized, h.status("Patient/ada", got.Access), "the emergency goes on after its hour")
	assert.Equal(t, "invalid_grant", h.refresh("lps", got).Error)
}

// TestWhoLeavesTheDirectoryIsOut: a professional whose entry is no longer active does not refresh.
func TestWhoLeavesTheDirectoryIsOut(t *testing.T) {
	h := newHostile(t)
	rpps := h.doctor("d0", 0)
	got, _ := h.working(rpps, lpsScope, nil, nil)
	require.NotEmpty(t, got.Refresh, got.Reason)
	got = h.refresh("lps", got)
	require.NotEmpty(t, got.Access)
	h.put([]byte(`{"resourceType":"Practitioner","id":"d0","active":false,"identifier":[{"system":"https://rpps.esante.gouv.fr","value":"` + rpps + `"}],"name":[{"family":"ESSAI"}]}`))
	assert.Equal(t, "invalid_grant", h.refresh("lps", got).Error)
}

// TestWhoNoLongerRepresentsIsOut: the end of a representation ends the authorizations that came of it, and the consents that were given in it.
func TestWhoNoLongerRepresentsIsOut(t *testing.T) {
	h := newHostile(t)
	h.people("ada", "ben")
	h.relative("guardian", "ada", h.numbers["ben"], "GUARD")
	got := h.agreed(h.numbers["ben"], "ada", nil)
	require.NotEmpty(t, got.Refresh, got.Reason)
	h.put(fmt.Appendf(nil, `{"resourceType":"RelatedPerson","id":"guardian","active":false,"patient":{"reference":"Patient/ada"},"identifier":[{"system":%q,"value":%q}]}`, ins.Test.System(), h.numbers["ben"]))
	assert.Equal(t, "invalid_grant", h.refresh("phr", got).Error)
}
