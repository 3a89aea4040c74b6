package mhd_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// post sends without the shared clock of servertest's Do, so that many may send at once.
func post(s *servertest.Server, body, contentType string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/fhir", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	s.REST.ServeHTTP(w, r)
	return w
}

// TestConcurrentSubmissionsOfOneID sends one unique id many times at once, with two contents: one of the contents wins, all who sent it are told of the same document, all others are refused.
func TestConcurrentSubmissionsOfOneID(t *testing.T) {
	for round := range 4 {
		s := recipient(t)
		pdf := fixture(t, "pdsm.json")
		text := withDocument(t, "text/plain", []byte("Autre contenu.\n"))
		const senders = 16
		answers := make([]*httptest.ResponseRecorder, senders)
		var wg sync.WaitGroup
		for i := range senders {
			wg.Go(func() {
				body := pdf
				if i%2 == 1 {
					body = text
				}
				// Each sender has a submission set of its own.
				body = strings.Replace(body, "urn:oid:1.2.250.1.999.6.1", fmt.Sprintf("urn:oid:1.2.250.1.999.6.%d%d", round+1, 100+i), 1)
				answers[i] = post(s, body, "application/fhir+json")
			})
		}
		wg.Wait()
		accepted := map[int]int{}
		documents := map[string]bool{}
		for i, w := range answers {
			if w.Code == http.StatusConflict {
				assert.Contains(t, w.Body.String(), "XDSNonIdenticalHash")
				continue
			}
			require.Equal(t, http.StatusOK, w.Code, w.Body.String())
			accepted[i%2]++
			documents[locations(t, w)[1]] = true
		}
		require.Len(t, accepted, 1, "one content is stored")
		for _, n := range accepted {
			require.Equal(t, senders/2, n, "whoever sent it is told so")
		}
		require.Len(t, documents, 1, "there is one document")
		w := s.Do(http.MethodGet, "/fhir/DocumentReference?patient=id-1&status=current", "")
		assert.Contains(t, w.Body.String(), `"total":1`)
	}
}

// TestConcurrentReplacements has many documents replace one: one of them does.
func TestConcurrentReplacements(t *testing.T) {
	s := recipient(t)
	require.Equal(t, http.StatusOK, post(s, fixture(t, "pdsm.json"), "application/fhir+json").Code)
	var older map[string]any
	require.NoError(t, json.Unmarshal([]byte(fixture(t, "pdsm.json")), &older))
	const senders = 12
	codes := make([]int, senders)
	var wg sync.WaitGroup
	for i := range senders {
		body := strings.NewReplacer("1.2.250.1.999.7.1\"", fmt.Sprintf("1.2.250.1.999.7.%d\"", 100+i), "1.2.250.1.999.6.1\"", fmt.Sprintf("1.2.250.1.999.6.%d\"", 100+i)).Replace(fixture(t, "pdsm.json"))
		body = strings.Replace(body, `"description": "Consultation de suivi"`,
			`"relatesTo": [{"code": "replaces", "target": {"identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.999.7.1"}}}]`, 1)
		wg.Go(func() { codes[i] = post(s, body, "application/fhir+json").Code })
	}
	wg.Wait()
	ok := 0
	for _, code := range codes {
		if code == http.StatusOK {
			ok++
		} else {
			require.Equal(t, http.StatusUnprocessableEntity, code)
		}
	}
	require.Equal(t, 1, ok)
}

func locations(t testing.TB, w *httptest.ResponseRecorder) (out []string) {
	t.Helper()
	var answer struct {
		Entry []struct{ Response struct{ Location string } }
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	for _, e := range answer.Entry {
		out = append(out, e.Response.Location)
	}
	return out
}

// withDocument is the submission with another document.
func withDocument(t testing.TB, media string, data []byte) string {
	t.Helper()
	var bundle map[string]any
	require.NoError(t, json.Unmarshal([]byte(fixture(t, "pdsm.json")), &bundle))
	entries := bundle["entry"].([]any)
	resource := func(i int) map[string]any { return entries[i].(map[string]any)["resource"].(map[string]any) }
	attachment := resource(1)["content"].([]any)[0].(map[string]any)["attachment"].(map[string]any)
	attachment["contentType"] = media
	bundle["meta"] = map[string]any{"profile": []string{"https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.Comprehensive.ProvideBundle"}}
	delete(attachment, "size")
	delete(attachment, "hash")
	resource(2)["contentType"], resource(2)["data"] = media, data
	out, err := json.Marshal(bundle)
	require.NoError(t, err)
	return string(out)
}

// TestXMLSubmissionsAreTheSame sends each fixture as XML and as JSON: what is stored has the same content.
func TestXMLSubmissionsAreTheSame(t *testing.T) {
	for _, name := range []string{"pdsm.json", "folder.json", "cda-n3.json"} {
		stored := map[string]string{}
		for _, format := range []string{"json", "xml"} {
			s := recipient(t)
			body := fixture(t, name)
			if format == "xml" {
				res, err := element.ParseJSON(spec.R4(), []byte(body), element.Options{})
				require.NoError(t, err)
				body = string(element.AppendXML(nil, res.Root))
			}
			w := post(s, body, "application/fhir+"+format)
			require.Equal(t, http.StatusOK, w.Code, w.Body.String())
			for _, location := range locations(t, w) {
				path, _, _ := strings.Cut(strings.TrimPrefix(location, "http://test"), "/_history/")
				w := s.Do(http.MethodGet, path, "", "Accept: application/fhir+xml")
				require.Equal(t, http.StatusOK, w.Code)
				stored[format] += w.Body.String() + "\n"
			}
		}
		assert.Equal(t, stored["json"], stored["xml"], name)
	}
}

// TestHostileSubmissionsAreRefused sends what no client means.
func TestHostileSubmissionsAreRefused(t *testing.T) {
	base := fixture(t, "pdsm.json")
	for name, body := range map[string]string{
		"subject is itself":       strings.Replace(base, `"Patient/id-1"`, `"urn:uuid:5e000000-0000-4000-8000-000000000001"`, 1),
		"subject in another type": strings.Replace(base, `"Patient/id-1"`, `"Binary/id-1"`, 1),
		"subject elsewhere":       strings.Replace(base, `"Patient/id-1"`, `"https://example.org/fhir/Patient/id-1"`, 1),
		"query injected":          strings.Replace(base, `"Patient/id-1"`, `"Patient?identifier=a|b&active=true"`, 1),
		"identifier with a query": strings.Replace(base, `"urn:oid:1.2.250.1.999.7.1"`, `"urn:oid:1&status=current,$|\\"`, 1),
		"no entries":              `{"resourceType":"Bundle","meta":{"profile":["https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.Minimal.ProvideBundle"]},"type":"transaction"}`,
	} {
		w := post(recipient(t), body, "application/fhir+json")
		if name == "identifier with a query" { // an odd id is an id
			assert.Equal(t, http.StatusOK, w.Code, "%s: %s", name, w.Body.String())
			continue
		}
		assert.Equal(t, http.StatusUnprocessableEntity, w.Code, "%s: %s", name, w.Body.String())
	}
}

func FuzzProvideDocumentBundle(f *testing.F) {
	for _, name := range []string{"pdsm.json", "folder.json", "cda-n1.json"} {
		f.Add(fixture(f, name))
	}
	s := recipient(f)
	f.Fuzz(func(t *testing.T, body string) {
		if w := post(s, body, "application/fhir+json"); w.Code >= http.StatusInternalServerError && w.Code != http.StatusNotImplemented {
			t.Fatalf("%d %s", w.Code, w.Body.String())
		}
	})
}
