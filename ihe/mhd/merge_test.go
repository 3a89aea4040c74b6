package mhd_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/pixm"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/internal/servertest"
	"github.com/carnet-fhir/carnet/store"
)

// merging is a server on which identities are merged, spoken to over a network.
type merging struct {
	*servertest.Server
	base string
}

func newMerging(t *testing.T) *merging {
	t.Helper()
	m := &merging{}
	people := dmp.NewPeople(ins.Sandbox)
	m.Server = recipientOn(t, servertest.Options{
		Made: func(s *servertest.Server) {
			people.Bind(s.Repository)
			m.Server = s
		},
		REST: func(ro *rest.Options) {
			domains, err := pixm.NewDomains(m.Store)
			require.NoError(t, err)
			ro.Extensions = append(ro.Extensions, pixm.NewManager(domains, people, ins.Sandbox).Extension())
		},
	})
	server := httptest.NewServer(m.REST)
	t.Cleanup(server.Close)
	m.base = server.URL + "/fhir"
	return m
}

// call sends a request and gives its status and body.
func (m *merging) call(t *testing.T, method, path, contentType, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, m.base+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", contentType)
	w, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	return w.StatusCode, string(text)
}

func (m *merging) must(t *testing.T, method, path, contentType, body string) {
	t.Helper()
	status, text := m.call(t, method, path, contentType, body)
	require.Less(t, status, http.StatusMultipleChoices, text)
}

// all gives every resource that the store holds, by type and id, without what a version changes of itself (meta).
func (m *merging) all(t *testing.T) map[string]*element.Element {
	t.Helper()
	out := map[string]*element.Element{}
	for _, typ := range spec.R4().Resources {
		require.NoError(t, m.Store.Walk(t.Context(), typ, 0, func(rec *store.Record) error {
			if rec.Method == store.Deleted {
				return nil
			}
			res, err := m.Repository.Tree(rec)
			if err == nil {
				out[typ+"/"+rec.ID] = res.Root
			}
			return err
		}))
	}
	return out
}

func withoutMeta(root *element.Element) string {
	root = element.Clone(root)
	if meta := root.Child("meta"); meta != nil {
		for c := meta.First; c != nil; {
			following := c.Next
			if c.Name == "versionId" || c.Name == "lastUpdated" {
				_ = meta.Remove(c) // it is a child
			}
			c = following
		}
		if meta.First == nil {
			_ = root.Remove(meta) // likewise
		}
	}
	return string(element.AppendJSON(nil, root))
}

// naming lists the resources that refer to a patient anywhere.
func naming(all map[string]*element.Element, patient string) map[string]bool {
	out := map[string]bool{}
	for name, root := range all {
		for e := range element.References(root) {
			if e.Value == patient || strings.HasSuffix(e.Value, "/"+patient) {
				out[name] = true
			}
		}
	}
	return out
}

// renamed writes a fixture for another document of another patient.
func renamed(t *testing.T, name, patient, uid string) string {
	return strings.NewReplacer("Patient/id-1", "Patient/"+patient, "1.2.250.1.999.7.1\"", "1.2.250.1.999.7."+uid+"\"", "1.2.250.1.999.6.1\"", "1.2.250.1.999.6."+uid+"\"",
		"1.2.250.1.999.9.1\"", "1.2.250.1.999.9."+uid+"\"").Replace(fixture(t, name))
}

const fhirJSON = "application/fhir+json"

// TestMergingPeopleWithDocuments merges a local identity, with documents, submission sets, a folder and data that were extracted from one, into a person with an INS who has the same, and undoes it. While merged, nothing names the
// subsumed identity but what tells of the past; undone, every resource is as it was.
func TestMergingPeopleWithDocuments(t *testing.T) {
	m := newMerging(t)
	m.must(t, http.MethodPut, "/Patient/local", fhirJSON, `{"resourceType":"Patient","id":"local","active":true,"identifier":[{"system":"urn:oid:1.2.250.1.999.1","value":"IPP-9"}],"name":[{"family":"Exemple"}]}`)
	m.must(t, http.MethodPost, "", fhirJSON, renamed(t, "folder.json", "local", "51"))
	replacement := strings.Replace(renamed(t, "pdsm.json", "local", "52"), `"description": "Consultation de suivi"`, `"relatesTo": [{"code": "replaces", "target": {"identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.999.7.51"}}}]`, 1)
	m.must(t, http.MethodPost, "", fhirJSON, replacement)
	document := m.find(t, "local", "current")
	const meta = `"meta":{"source":"urn:oid:1.2.250.1.999.7.52","security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}]},`
	m.must(t, http.MethodPut, "/Observation/weight", fhirJSON, `{"resourceType":"Observation","id":"weight",`+meta+`"status":"final","code":{"text":"Poids"},"subject":{"reference":"Patient/local"},"performer":[{"reference":"Patient/local"}]}`)
	m.must(t, http.MethodPut, "/Provenance/taken", fhirJSON, `{"resourceType":"Provenance","id":"taken",`+meta+`"target":[{"reference":"Observation/weight"}],"recorded":"2024-05-01T08:00:00Z","agent":[{"who":{"reference":"Patient/local"}}],"entity":[{"role":"source","what":{"reference":"`+document+`"}}]}`)
	m.must(t, http.MethodPost, "", fhirJSON, fixture(t, "cda-n3.json")) // of Patient/id-1, with its extraction
	m.must(t, http.MethodPost, "", fhirJSON, renamed(t, "folder.json", "id-1", "53"))

	before := m.all(t)
	locals, owners := naming(before, "Patient/local"), naming(before, "Patient/id-1")
	for _, typ := range []string{"DocumentReference", "List", "Observation", "Provenance"} {
		require.NotEmpty(t, ofType(locals, typ), typ)
	}
	for _, typ := range []string{"DocumentReference", "List", "Immunization", "Encounter"} {
		require.NotEmpty(t, ofType(owners, typ), typ)
	}
	require.Len(t, ofType(locals, "DocumentReference"), 2)
	require.Len(t, ofType(locals, "List"), 3)

	m.must(t, http.MethodPost, "/Patient/$merge", fhirJSON, `{"resourceType":"Parameters","parameter":[{"name":"source-patient","valueReference":{"reference":"Patient/local"}},{"name":"target-patient","valueReference":{"reference":"Patient/id-1"}}]}`)
	merged := m.all(t)
	require.Len(t, merged, len(before), "a merge makes and removes nothing")
	assert.Equal(t, map[string]bool{"Patient/id-1": true, "Provenance/taken": true}, naming(merged, "Patient/local"), "only the link and what tells of the past")
	for name := range locals {
		if !strings.HasPrefix(name, "Provenance/") {
			assert.True(t, naming(merged, "Patient/id-1")[name], "%s went with it", name)
		}
	}
	for name := range owners {
		if !strings.HasPrefix(name, "Patient/") {
			assert.Equal(t, withoutMeta(before[name]), withoutMeta(merged[name]), "%s was the survivor's and is as it was", name)
		}
	}
	for name, root := range merged { // what the documents hang together by is untouched
		if strings.HasPrefix(name, "Binary/") {
			assert.Equal(t, withoutMeta(before[name]), withoutMeta(root), name)
		}
	}
	// A document that came by the merge follows its rules: what was extracted from it goes with it. Another is submitted while the two are one.
	status, _ := m.call(t, http.MethodPost, "", fhirJSON, renamed(t, "pdsm.json", "local", "54"))
	assert.Equal(t, http.StatusUnprocessableEntity, status, "nothing more comes to the subsumed identity")
	m.must(t, http.MethodPost, "", fhirJSON, renamed(t, "pdsm.json", "id-1", "55"))
	m.must(t, http.MethodPatch, "/"+document, "application/json-patch+json", `[{"op":"replace","path":"/securityLabel","value":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]}]}]`)
	since := m.all(t)
	assert.Contains(t, withoutMeta(since["Observation/weight"]), `"code":"R"`, "the labels follow the document")

	m.must(t, http.MethodPost, "/Patient/local/$unmerge", fhirJSON, "")
	after := m.all(t)
	assert.Equal(t, locals, naming(after, "Patient/local"))
	for name, root := range before {
		got, want := withoutMeta(after[name]), withoutMeta(root)
		if name == document || name == "Observation/weight" || name == "Provenance/taken" { // labelled since
			got = strings.ReplaceAll(got, `"code":"R"`, `"code":"N"`)
		}
		assert.JSONEq(t, want, got, name)
	}
	for name, root := range after {
		if before[name] == nil {
			assert.NotContains(t, withoutMeta(root), "Patient/local", "%s came while the two were one, and stays", name)
		}
	}
}

func ofType(names map[string]bool, typ string) (out []string) {
	for name := range names {
		if strings.HasPrefix(name, typ+"/") {
			out = append(out, name)
		}
	}
	return out
}

// find gives the one document of a patient with a status.
func (m *merging) find(t *testing.T, patient, status string) string {
	t.Helper()
	code, body := m.call(t, http.MethodGet, "/DocumentReference?patient="+patient+"&status="+status, fhirJSON, "")
	require.Equal(t, http.StatusOK, code, body)
	var bundle struct {
		Entry []struct{ Resource struct{ ID string } }
	}
	require.NoError(t, json.Unmarshal([]byte(body), &bundle))
	require.Len(t, bundle.Entry, 1, body)
	return "DocumentReference/" + bundle.Entry[0].Resource.ID
}
