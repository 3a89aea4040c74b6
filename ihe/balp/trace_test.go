package balp_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/servertest"
)

func document(id, patient, label string) string {
	labels := ""
	if label != "" {
		labels = `"securityLabel":[{"coding":[{"system":"https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument","code":"` + label + `"}]}],`
	}
	return `{"resourceType":"DocumentReference","id":"` + id + `","status":"current",` + labels + `"subject":{"reference":"Patient/` + patient + `"},"content":[{"attachment":{"contentType":"text/plain","url":"Binary/b-` + id + `"}}]}`
}

// seed stores two patients with resources of theirs.
func seed(t testing.TB, s *traced) {
	t.Helper()
	s.Put(t, "Patient/pa", patient("pa"))
	s.Put(t, "Patient/pb", patient("pb"))
	s.Put(t, "Practitioner/dr", `{"resourceType":"Practitioner","id":"dr","identifier":[{"system":"https://rpps.esante.gouv.fr","value":"10000000001"}],"name":[{"family":"MARTIN"}]}`)
	s.Put(t, "Observation/oa", observation("oa", "pa"))
	s.Put(t, "Observation/ob", observation("ob", "pb"))
	s.Put(t, "DocumentReference/da", document("da", "pa", ""))
	s.Put(t, "DocumentReference/dr", document("dr", "pa", "INVISIBLE_REPRESENTANTS_LEGAUX"))
	w := s.Do("PUT", "/fhir/Binary/b-da", "bonjour", "Content-Type: text/plain", "X-Security-Context: DocumentReference/da")
	require.Less(t, w.Code, 300, w.Body.String())
}

// interaction is one request and what its trace must say.
type interaction struct {
	name, method, path, body string
	headers                  []string
	status                   int
	action                   string
	subtypes                 []string
	patients                 []string // one event each, in any order; none: one event without
	data                     []string // what the event names
}

func interactions() []interaction {
	jsonPatch := []string{"Content-Type: application/json-patch+json"}
	return []interaction{
		{"read", "GET", "Observation/oa", "", nil, 200, "R", []string{"read"}, []string{"Patient/pa"}, []string{"Observation/oa"}},
		{"vread", "GET", "Observation/oa/_history/1", "", nil, 200, "R", []string{"vread"}, []string{"Patient/pa"}, []string{"Observation/oa/_history/1"}},
		{"read of a patient", "GET", "Patient/pa", "", nil, 200, "R", []string{"read"}, []string{"Patient/pa"}, []string{"Patient/pa"}},
		{"read of a professional", "GET", "Practitioner/dr", "", nil, 200, "R", []string{"read"}, nil, []string{"Practitioner/dr"}},
		{"not modified", "GET", "Observation/oa", "", []string{`If-None-Match: W/"1"`}, 304, "R", []string{"read"}, []string{"Patient/pa"}, []string{"Observation/oa"}},
		{"ITI-68", "GET", "Binary/b-da", "", []string{"Accept: text/plain"}, 200, "R", []string{"read", "ITI-68"}, []string{"Patient/pa"}, []string{"Binary/b-da", "DocumentReference/da"}},
		{"search of one", "GET", "Observation?patient=pa", "", nil, 200, "E", []string{"search-type"}, []string{"Patient/pa"}, nil},
		{"search that finds nothing", "GET", "Observation?patient=pa&code=none", "", nil, 200, "E", []string{"search-type"}, []string{"Patient/pa"}, nil},
		{"search of several", "GET", "Observation?status=final", "", nil, 200, "E", []string{"search-type"}, []string{"Patient/pa", "Patient/pb"}, nil},
		{"search of a compartment", "GET", "Patient/pa/Observation", "", nil, 200, "E", []string{"search-type"}, []string{"Patient/pa"}, nil},
		{"search by POST", "POST", "Observation/_search", "subject=Patient/pa", []string{"Content-Type: application/x-www-form-urlencoded"}, 200, "E", []string{"search-type"}, []string{"Patient/pa"}, nil},
		{"search of professionals", "GET", "Practitioner?name=martin", "", nil, 200, "E", []string{"search-type"}, nil, nil},
		{"ITI-67", "GET", "DocumentReference?patient=pa&status=current", "", nil, 200, "E", []string{"search-type", "ITI-67"}, []string{"Patient/pa"}, nil},
		{"ITI-66", "GET", "List?patient=pa&code=submissionset&status=current", "", nil, 200, "E", []string{"search-type", "ITI-66"}, []string{"Patient/pa"}, nil},
		{"everything", "GET", "Patient/pb/$everything", "", nil, 200, "E", []string{"operation"}, []string{"Patient/pb"}, nil},
		{"history", "GET", "Observation/oa/_history", "", nil, 200, "E", []string{"history-instance"}, []string{"Patient/pa"}, nil},
		{"create", "POST", "Observation", observation("x", "pb"), nil, 201, "C", []string{"create"}, []string{"Patient/pb"}, []string{"Observation/id-*/_history/1"}},
		{"update", "PUT", "Observation/ob", strings.Replace(observation("ob", "pb"), "71", "72", 1), nil, 200, "U", []string{"update"}, []string{"Patient/pb"}, []string{"Observation/ob/_history/2"}},
		{"patch", "PATCH", "DocumentReference/da", `[{"op":"replace","path":"/status","value":"superseded"}]`, jsonPatch, 200, "U", []string{"patch"}, []string{"Patient/pa"}, []string{"DocumentReference/da/_history/2"}},
		{"delete", "DELETE", "Observation/oa", "", nil, 204, "D", []string{"delete"}, []string{"Patient/pa"}, []string{"Observation/oa/_history/2"}},
	}
}

// TestEveryInteractionIsTraced holds the trace of each interaction, by each sort of caller, to the facts of the profiles.
func TestEveryInteractionIsTraced(t *testing.T) {
	for _, session := range []string{"", "doctor", "holder", "service"} {
		t.Run("by "+session, func(t *testing.T) {
			s := newTraced(t, servertest.Options{})
			seed(t, s)
			for _, x := range interactions() {
				events := s.since(t, func() {
					status, answer := s.as(t, session, x.method, x.path, x.body, append(x.headers, "X-Request-Id: req-1")...)
					require.Equal(t, x.status, status, "%s: %s", x.name, answer)
				})
				requireTrace(t, x, events)
				for _, e := range events {
					requireCaller(t, session, e)
				}
			}
		})
	}
}

func requireTrace(t *testing.T, x interaction, events []object) {
	t.Helper()
	require.Len(t, events, max(1, len(x.patients)), x.name)
	var patients []string
	for _, e := range events {
		raw, err := json.Marshal(e)
		require.NoError(t, err)
		requireValid(t, e, raw)
		assert.Equal(t, x.action, e["action"], x.name)
		assert.Equal(t, "0", e["outcome"], x.name)
		var subtypes []string
		for _, c := range listOf(e["subtype"]) {
			subtypes = append(subtypes, at(c, "code").(string))
		}
		assert.Equal(t, x.subtypes, subtypes, x.name)
		var data []string
		for _, entity := range listOf(e["entity"]) {
			switch at(entity, "role.code") {
			case "1":
				patients = append(patients, at(entity, "what.reference").(string))
			case "3", "4", "20":
				ref := at(entity, "what.reference").(string)
				if strings.Contains(ref, "/id-") {
					ref = "Observation/id-*/_history/1"
				}
				data = append(data, ref)
			}
		}
		assert.Equal(t, x.data, data, x.name)
		assert.Equal(t, "req-1", at(entitiesOfType(e, "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType|XrequestId")[0], "what.identifier.value"))
		for _, not := range []string{"EXEMPLE", "LOUISE", "MARTIN", "72"} {
			assert.NotContains(t, strings.ReplaceAll(string(raw), `"recorded"`, ""), `"`+not+`"`, "no name and no value: %s", x.name)
		}
	}
	assert.ElementsMatch(t, x.patients, patients, x.name)
}

func requireCaller(t *testing.T, session string, e object) {
	t.Helper()
	if session == "" {
		assert.Len(t, listOf(e["agent"]), 2)
		return
	}
	users := agentsOfType(e, "https://profiles.ihe.net/ITI/BALP/CodeSystem/UserAgentTypes|UserOauthAgent")
	require.Len(t, users, 1)
	assert.Equal(t, "urn:ietf:params:oauth:jti:"+sessions[session].ID, at(users[0], "policy.0"))
	if session == "doctor" {
		assert.Equal(t, "10000000001", at(users[0], "who.identifier.value"))
		assert.Equal(t, "Practitioner/dr", at(users[0], "who.reference"))
		assert.Contains(t, fmt.Sprint(users[0]), "TRE_G15-ProfessionSante")
		assert.Contains(t, fmt.Sprint(at(users[0], "purposeOfUse")), "normal")
		org := agentsOfType(e, "http://terminology.hl7.org/CodeSystem/v3-RoleClass|PROV")
		require.Len(t, org, 1)
		assert.Equal(t, "750000001", at(org[0], "who.identifier.value"))
	}
}

func TestRefusalsAreTraced(t *testing.T) {
	s := newTraced(t, servertest.Options{})
	seed(t, s)
	for _, x := range []struct {
		name, session, method, path, body string
		status                            int
		outcome, text                     string
	}{
		{"nothing there", "doctor", "GET", "Observation/none", "", 404, "4", "404 not-found"},
		{"wrong query", "doctor", "GET", "Observation?nonsense=1&patient=pa", "", 400, "4", "400"},
		{"wrong resource", "doctor", "POST", "Observation", `{"resourceType":"Observation"}`, 422, "4", "422"},
		{"wrong token", "stolen", "GET", "Patient/pa", "", 401, "8", "401 login"},
		{"append-only", "doctor", "DELETE", "AuditEvent/id-1", "", 405, "4", "405 not-supported"},
	} {
		events := s.since(t, func() {
			status, answer := s.as(t, x.session, x.method, x.path, x.body)
			require.Equal(t, x.status, status, "%s: %s", x.name, answer)
		})
		require.Len(t, events, 1, x.name)
		raw, err := json.Marshal(events[0])
		require.NoError(t, err)
		requireValid(t, events[0], raw)
		assert.Equal(t, x.outcome, events[0]["outcome"], x.name)
		assert.Contains(t, events[0]["outcomeDesc"], x.text, x.name)
	}
}

func TestTheQueryIsKeptAsItCame(t *testing.T) {
	s := newTraced(t, servertest.Options{})
	seed(t, s)
	events := s.since(t, func() {
		s.as(t, "doctor", "POST", "Patient/_search", "family=EXEMPLE&_count=5", "Content-Type: application/x-www-form-urlencoded")
	})
	require.Len(t, events, 2, "one for each patient found")
	query := entitiesOfType(events[0], "http://terminology.hl7.org/CodeSystem/audit-entity-type|2")[0]
	raw, err := base64.StdEncoding.DecodeString(at(query, "query").(string))
	require.NoError(t, err)
	assert.Equal(t, "POST /fhir/Patient/_search HTTP/1.1\nHost: example.com\nContent-Type: application/x-www-form-urlencoded\n\nfamily=EXEMPLE&_count=5", string(raw))
	assert.Equal(t, "POST Patient/_search?_count=5&family", at(query, "description"), "cleaned of what a person is searched by")
	events = s.since(t, func() { s.as(t, "doctor", "GET", "Observation?patient=pa&access_token=s3cret", "") })
	raw, err = base64.StdEncoding.DecodeString(at(entitiesOfType(events[0], "http://terminology.hl7.org/CodeSystem/audit-entity-type|2")[0], "query").(string))
	require.NoError(t, err)
	assert.NotContains(t, string(raw), "s3cret")
}

func TestAPatientSearchedByINSIsNamed(t *testing.T) {
	s := newTraced(t, servertest.Options{})
	seed(t, s)
	events := s.since(t, func() {
		s.as(t, "doctor", "GET", "DocumentReference?patient.identifier=urn:oid:1.2.250.1.213.1.4.10|000&status=current", "")
	})
	require.Len(t, events, 1)
	p := entitiesOfType(events[0], "http://terminology.hl7.org/CodeSystem/audit-entity-type|1")
	require.Len(t, p, 1)
	assert.Equal(t, "000", at(p[0], "what.identifier.value"))
	assert.Nil(t, at(p[0], "what.reference"), "whether there is such a patient is not told by the trace")
}

func TestBundlesAreTracedByPatient(t *testing.T) {
	s := newTraced(t, servertest.Options{})
	seed(t, s)
	entries := []string{
		`{"request":{"method":"GET","url":"Observation?patient=pb"}}`,
		`{"request":{"method":"GET","url":"Patient/pa"}}`,
		`{"request":{"method":"DELETE","url":"Observation/ob"}}`,
		`{"request":{"method":"GET","url":"Observation/none"}}`,
		`{"request":{"method":"GET","url":"Observation/none2"}}`,
	}
	for i := range 3 {
		entries = append(entries, `{"resource":`+observation("x", "pa")+`,"request":{"method":"POST","url":"Observation"}}`)
		_ = i
	}
	events := s.since(t, func() {
		status, answer := s.as(t, "doctor", "POST", "", `{"resourceType":"Bundle","type":"batch","entry":[`+strings.Join(entries, ",")+`]}`)
		require.Equal(t, http.StatusOK, status, answer)
	})
	var got []string
	for _, e := range events {
		raw, err := json.Marshal(e)
		require.NoError(t, err)
		requireValid(t, e, raw)
		patient := ""
		if p := entitiesOfType(e, "http://terminology.hl7.org/CodeSystem/audit-entity-type|1"); len(p) > 0 {
			patient = at(p[0], "what.reference").(string)
		}
		data := 0
		for _, x := range entitiesOfType(e, "http://terminology.hl7.org/CodeSystem/audit-entity-type|2") {
			if at(x, "role.code") != "24" {
				data++
			}
		}
		assert.Equal(t, "batch", at(e, "subtype.1.code"))
		got = append(got, fmt.Sprintf("%v %v %s %s %d", e["action"], e["outcome"], at(e, "subtype.0.code"), patient, data))
	}
	assert.ElementsMatch(t, []string{
		"E 0 search-type Patient/pb 0", "R 0 read Patient/pa 1", "D 0 delete Patient/pb 1", "R 4 read  0", "C 0 create Patient/pa 3",
	}, got)
}

func TestLabelsHideTheTrace(t *testing.T) {
	s := newTraced(t, servertest.Options{})
	seed(t, s)
	labels := func(session, path string) any {
		events := s.since(t, func() {
			status, answer := s.as(t, session, "GET", path, "")
			require.Equal(t, 200, status, answer)
		})
		require.Len(t, events, 1)
		return at(events[0], "meta.security")
	}
	assert.Nil(t, labels("doctor", "DocumentReference/da"))
	assert.Contains(t, fmt.Sprint(labels("doctor", "DocumentReference/dr")), "INVISIBLE_REPRESENTANTS_LEGAUX", "a document that representatives do not see")
	assert.Contains(t, fmt.Sprint(labels("secret", "DocumentReference/da")), "INVISIBLE_REPRESENTANTS_LEGAUX", "a secret connection")
	assert.Contains(t, fmt.Sprint(labels("secret", "Observation?patient=pa")), "INVISIBLE_REPRESENTANTS_LEGAUX")
	assert.Nil(t, labels("doctor", "Observation?patient=pa"))
}
