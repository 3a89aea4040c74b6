package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
	"github.com/carnet-fhir/carnet/fhir/smart/scope"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
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

// TestSubscriptionsEndWithTheirAuthorization: what was revoked or withdrawn tells nobody anything any more, and says why; what the person agrees to later does not bring it back.
func TestSubscriptionsEndWithTheirAuthorization(t *testing.T) {
	h := newHostile(t)
	h.people("ada")
	require.NoError(t, h.in.layers.start(h.in, nil))
	var told struct { // of events, once at least each
		sync.Mutex
		bodies string
	}
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil && bytes.Contains(body, []byte("event-notification")) {
			told.Lock()
			defer told.Unlock()
			told.bodies += string(body)
		}
	}))
	defer hook.Close()
	subscribe := func(token string) string {
		status, body, err := (&habilitation.Client{Base: h.base, HTTP: h.http, Token: token}).Do(t.Context(), http.MethodPost, "Subscription", []byte(subscriptionTo(hook.URL, "ada")))
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, status, string(body))
		var made struct{ ID string }
		require.NoError(t, json.Unmarshal(body, &made))
		return made.ID
	}
	state := func(id string) (status, reason string) {
		_, body, err := h.operator.Do(t.Context(), http.MethodGet, "Subscription/"+id, nil)
		require.NoError(t, err)
		var s struct{ Status, Error string }
		require.NoError(t, json.Unmarshal(body, &s))
		return s.Status, s.Error
	}
	becomes := func(id, want string) string {
		var reason string
		require.Eventually(t, func() bool {
			var status string
			status, reason = state(id)
			return status == want
		}, 10*time.Second, 20*time.Millisecond, "%s", want)
		return reason
	}
	// Revoked.
	got := h.agreed(h.numbers["ada"], "ada", url.Values{"scope": {"offline_access", "patient/*.rs"}})
	id := subscribe(h.subscribing(t, "ada", got).Token)
	becomes(id, "active")
	status, _ := h.post("/auth/revoke", url.Values{"token": {got.Refresh}, "client_id": {"phr"}})
	require.Equal(t, http.StatusOK, status)
	assert.Contains(t, becomes(id, "off"), "was revoked")

	// Withdrawn, and agreed to again: the next event finds the break.
	got = h.agreed(h.numbers["ada"], "ada", nil)
	id = subscribe(h.subscribing(t, "ada", got).Token)
	becomes(id, "active")
	h.withdraws("ada")
	h.wait(10 * time.Second)
	again := h.agreed(h.numbers["ada"], "ada", nil)
	next := subscribe(h.subscribing(t, "ada", again).Token)
	becomes(next, "active")
	h.put([]byte(`{"resourceType":"DocumentReference","id":"dr1","status":"current","subject":{"reference":"Patient/ada"},"date":"2026-01-02T10:00:00Z","content":[{"attachment":{"contentType":"text/plain","data":"YQ=="}}],
"masterIdentifier":{"system":"urn:ietf:rfc:3986","value":"urn:oid:1.2.250.1.213.1.4.10.77"},"type":{"coding":[{"system":"http://loinc.org","code":"11488-4"}]},"category":[{"coding":[{"system":"https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument-CISIS/FHIR/TRE-A03-ClasseDocument-CISIS","code":"10"}]}]}`))
	assert.Contains(t, becomes(id, "off"), "no longer holds")
	toldOf := func(subscription string) bool {
		told.Lock()
		defer told.Unlock()
		return strings.Contains(told.bodies, "Subscription/"+subscription)
	}
	require.Eventually(t, func() bool { return toldOf(next) }, 10*time.Second, 20*time.Millisecond, "the new one is told")
	assert.False(t, toldOf(id), "and it alone")
	status2, reason := state(next)
	assert.Equal(t, "active", status2, reason)
}

// subscribing is the person's token with the scope to subscribe, under the same authorization.
func (h *hostile) subscribing(t *testing.T, patient string, from tokens) *habilitation.Client {
	session, err := h.Verifier.Token(t.Context(), from.Access)
	require.NoError(t, err)
	scopes, err := scope.Parse("user/*.cruds patient/*.rs")
	require.NoError(t, err)
	extra := map[string]any{}
	for name, value := range session.Claims {
		if name != "auth_time" {
			extra[name] = value
		}
	}
	made, _, err := h.Minter.Access(t.Context(), token.Access{Grant: session.Grant, Client: session.Client, Subject: session.Subject, FHIRUser: session.FHIRUser, Patient: patient, Scopes: scopes, Extra: extra})
	require.NoError(t, err)
	return &habilitation.Client{Base: h.base, HTTP: h.http, Token: made}
}

func subscriptionTo(endpoint, patient string) string {
	const topic = "https://profiles.ihe.net/ITI/DSUBm/SubscriptionTopic/DSUBm-SubscriptionTopic-DocumentReference-PatientDependent"
	return `{"resourceType":"Subscription","status":"requested","reason":"Nouveautés","criteria":"` + topic + `","_criteria":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria","valueString":"DocumentReference?patient=Patient/` + patient + `"}]},
"channel":{"type":"rest-hook","endpoint":"` + endpoint + `","payload":"application/fhir+json","_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"id-only"}]}}}`
}
