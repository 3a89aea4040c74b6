package rest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// FuzzSearchURL sends any path and query to the whole server: no 5xx but those that say so, and always a FHIR resource that can be parsed.
func FuzzSearchURL(f *testing.F) {
	for _, s := range []string{
		"Patient?name=leger", "Patient?name:exact=L%C3%A9ger&_count=1", "Patient?_has:Observation:subject:status=final", "Observation?subject:Patient.name=x&_include=*",
		"Patient?_filter=name co \"x\" and birthdate ge 1980", "?_type=Patient,Observation", "Patient/a/*?_sort=-_lastUpdated", "Patient/a/_history?_since=2020&_at=2021",
		"Patient?_page=AAAA", "Patient/a/$everything?_count=1", "Observation?value-quantity=ap1.5||mg&date=ge2020-01-01&code=http://loinc.org|", "Patient?_summary=count&_elements=x",
		"Patient/a?_format=xml&_pretty=true", "Patient?near=1|2|3|km", "Patient?_id=a,b\\,c&_total=accurate&__explain=true", "metadata?mode=terminology", "Patient/%2e%2e/x", "$meta",
		"Observation?code-value-quantity=http://x|y$lt5", "Patient?identifier:of-type=http://a|b|c&_lastUpdated=lt2020",
	} {
		f.Add(s, false)
		f.Add(s, true)
	}
	r := newRig(f)
	populate(f, r)
	f.Fuzz(func(t *testing.T, s string, xml bool) {
		u, err := url.Parse("/fhir/" + s)
		if err != nil || u.Host != "" || !strings.HasPrefix(u.Path, "/fhir") {
			return
		}
		req := &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}, Host: "test", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody}
		req = req.WithContext(t.Context())
		if xml {
			req.Header.Set("Accept", "application/fhir+xml")
		}
		w := httptest.NewRecorder()
		r.REST.ServeHTTP(w, req)
		if w.Code >= 500 {
			t.Fatalf("%d: %s", w.Code, w.Body.String())
		}
		if w.Body.Len() == 0 {
			return
		}
		parse := element.ParseJSON
		if strings.Contains(w.Header().Get("Content-Type"), "xml") {
			parse = element.ParseXML
		}
		if _, err := parse(spec.R4(), w.Body.Bytes(), element.Options{}); err != nil && w.Code != http.StatusNotModified {
			t.Fatalf("%d %s: %v\n%s", w.Code, s, err, w.Body.String())
		}
	})
}
