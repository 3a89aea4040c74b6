package balp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/servertest"
)

// brought is an AuditEvent as another system sends it (ITI-20).
const brought = `{"resourceType":"AuditEvent","type":{"system":"http://terminology.hl7.org/CodeSystem/audit-event-type","code":"rest"},"action":"R","period":{"start":"2024-05-01T08:00:00Z"},"recorded":"2024-05-01T08:00:00Z","outcome":"0",` +
	`"agent":[{"who":{"identifier":{"value":"10000000009"}},"requestor":true}],"source":{"observer":{"identifier":{"value":"%s"}}}}`

func TestNobodyChangesTheTrace(t *testing.T) {
	s := newTraced(t, servertest.Options{})
	seed(t, s)
	id := s.events(t)[0]["id"].(string)
	w := s.Do("GET", "/fhir/AuditEvent/"+id, "")
	require.Equal(t, http.StatusOK, w.Code)
	own := w.Body.String()
	changed := strings.Replace(own, `"outcome":"0"`, `"outcome":"8"`, 1)
	require.NotEqual(t, own, changed)
	bundle := func(kind, entry string) string {
		return `{"resourceType":"Bundle","type":"` + kind + `","entry":[` + entry + `]}`
	}
	remove := `{"request":{"method":"DELETE","url":"AuditEvent/` + id + `"}}`
	replace := `{"resource":` + changed + `,"request":{"method":"PUT","url":"AuditEvent/` + id + `"}}`
	for _, session := range []string{"", "doctor", "holder", "service"} {
		for _, x := range [][]string{
			{"PUT", "AuditEvent/" + id, changed},
			{"PUT", "AuditEvent/new", strings.Replace(fmt.Sprintf(brought, "x"), `"AuditEvent",`, `"AuditEvent","id":"new",`, 1)},
			{"PUT", "AuditEvent?date=ge2000", fmt.Sprintf(brought, "x")},
			{"PATCH", "AuditEvent/" + id, `[{"op":"replace","path":"/outcome","value":"8"}]`, "Content-Type: application/json-patch+json"},
			{"DELETE", "AuditEvent/" + id, ""},
			{"DELETE", "AuditEvent?_id=" + id, ""},
			{"POST", "AuditEvent/" + id + "/$meta-add", `{"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[{"code":"x"}]}}]}`},
			{"POST", "", bundle("transaction", remove)},
			{"POST", "", bundle("transaction", replace)},
			{"POST", "", bundle("batch", remove)},
			{"POST", "", bundle("batch", replace)},
			{"POST", "AuditEvent", fmt.Sprintf(brought, servertest.Base)}, // nobody speaks for this server
		} {
			w := s.Do(x[0], "/fhir/"+x[1], x[2], append(x[3:], "Test-Session: "+session)...)
			refused := w.Code == http.StatusMethodNotAllowed || w.Code == http.StatusUnprocessableEntity
			if w.Code == http.StatusOK { // a batch tells by entry
				refused = strings.Contains(w.Body.String(), `"status":"405`)
			}
			assert.True(t, refused, "%v by %q: %d %s", x[:2], session, w.Code, w.Body)
		}
	}
	w = s.Do("GET", "/fhir/AuditEvent/"+id, "")
	require.Equal(t, own, w.Body.String())
	w = s.Do("GET", "/fhir/AuditEvent/"+id+"/_history", "")
	require.Contains(t, w.Body.String(), `"total":1`)
}

func TestOthersBringTheirTrace(t *testing.T) {
	s := newTraced(t, servertest.Options{})
	w := s.Do("POST", "/fhir/AuditEvent", fmt.Sprintf(brought, "https://other.example"), "Test-Session: service")
	require.Equal(t, http.StatusCreated, w.Code, w.Body.String())
	w = s.Do("POST", "/fhir/AuditEvent", strings.Replace(fmt.Sprintf(brought, "https://other.example"), `"period":{"start":"2024-05-01T08:00:00Z"},`, "", 1))
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Contains(t, w.Body.String(), "AuditEvent.period.start")
}

// TestTheTraceIsSearched asks for the trace as a holder, a professional's software and an auditor do; and reading it is traced.
func TestTheTraceIsSearched(t *testing.T) {
	s := newTraced(t, servertest.Options{})
	seed(t, s)
	s.as(t, "doctor", "GET", "Observation/oa", "")
	s.as(t, "nurse", "GET", "DocumentReference?patient=pa&status=current", "")
	s.as(t, "doctor", "GET", "Observation/ob", "")
	s.as(t, "stolen", "GET", "Observation/ob", "")
	found := func(query string) []string {
		t.Helper()
		status, answer := s.as(t, "holder", "GET", "AuditEvent?"+query, "")
		require.Equal(t, http.StatusOK, status, answer)
		var b struct {
			Entry []struct{ Resource object }
		}
		require.NoError(t, json.Unmarshal([]byte(answer), &b))
		var out []string
		for _, e := range b.Entry {
			out = append(out, fmt.Sprint(e.Resource["action"], " ", e.Resource["outcome"], " ", at(e.Resource, "agent.2.who.identifier.value")))
		}
		return out
	}
	reads := "&action=R,E&outcome=0&agent:missing=false&_count=50"
	assert.Equal(t, []string{"E 0 10000000002", "R 0 10000000001"}, found("patient=pa&policy=urn:ietf:params:oauth:jti:jti-doctor,urn:ietf:params:oauth:jti:jti-nurse"+reads), "newest first")
	assert.Equal(t, []string{"R 0 10000000001", "R 0 10000000001"}, found("agent=Practitioner/dr"))
	assert.Equal(t, []string{"E 0 10000000002"}, found("agent:identifier=https://rpps.esante.gouv.fr|10000000002"))
	assert.Equal(t, []string{"R 0 10000000001"}, found("entity=Observation/oa&subtype=read"))
	assert.Equal(t, []string{"E 0 10000000002"}, found("date=ge2024-05-01&subtype=urn:ihe:event-type-code|ITI-67"))
	assert.Equal(t, []string{"R 8 <nil>"}, found("period-start=ge2024-05-01&outcome=8"))
	assert.Equal(t, []string{"E 0 10000000002"}, found("patient=pa&agent-role=60"))
	assert.Len(t, found("patient=pa&agent-role=holder&subtype=search-type&_count=50"), 8, "how the holder looked at it is traced as well")
	for query, status := range map[string]int{"type=rest": 400, "": 400, "date=ge2024-01-01": 200, "_id=none": 200, "patient=pa": 200, "patient:missing=true": 400} {
		got, answer := s.as(t, "holder", "GET", "AuditEvent?"+query, "")
		require.Equal(t, status, got, "%s: %s", query, answer)
	}
	status, compartment := s.as(t, "holder", "GET", "Patient/pa/AuditEvent", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, compartment, `"resourceType":"AuditEvent"`)
	status, everything := s.as(t, "holder", "GET", "Patient/pa/$everything?_count=200", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, everything, `"resourceType":"Observation"`)
	require.NotContains(t, everything, `"resourceType":"AuditEvent"`, "the record is not the trace of it")
	status, answer := s.as(t, "holder", "GET", "AuditEvent?patient=pa&agent-role=10&_include=AuditEvent:agent", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, answer, `"family":"MARTIN"`, "who it was is told by the directory")
}
