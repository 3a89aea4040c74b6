package rest

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// FuzzIfMatch: what is read as entity tags is one, and says the same when written again.
func FuzzIfMatch(f *testing.F) {
	for _, s := range []string{`W/"1"`, `"1"`, `W/"1", "2",W/"x"`, `*`, `1`, `W/1`, `""`, `W/"`, `"a`, `"é"`, `W/"1" W/"2"`, `,`, `"1",`, `w/"1"`, `W/"99999999999999999999"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, ok := parseETags(s)
		if !ok {
			return
		}
		if l.star {
			if strings.Trim(s, " \t") != "*" || !l.has(7) {
				t.Fatal("* is *")
			}
			return
		}
		if len(l.tags) == 0 || len(l.tags) > maxETags {
			t.Fatal(len(l.tags))
		}
		var quoted []string
		for _, tag := range l.tags {
			quoted = append(quoted, `W/"`+tag+`"`)
		}
		again, ok := parseETags(strings.Join(quoted, ", "))
		if !ok || strings.Join(again.tags, "\x00") != strings.Join(l.tags, "\x00") {
			t.Fatalf("%q is read as %q, then as %q", s, l.tags, again.tags)
		}
		if n := l.one(); n != noVersion && !l.has(n) {
			t.Fatalf("%q is the version %d and is not", s, n)
		}
	})
}

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
		r.server.ServeHTTP(w, req)
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

// FuzzPageToken: no text but a sealed one opens, and what is inside a sealed one is judged before it is used.
func FuzzPageToken(f *testing.F) {
	s, err := newTokenSealer(testKey)
	if err != nil {
		f.Fatal(err)
	}
	good := s.seal(&pageToken{t: 1, total: 2, resume: []byte("r"), query: "a=b"}, "search Patient")
	f.Add(good, []byte("plain"))
	f.Add("", []byte{1, 2, 3})
	f.Add("AAAA", []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, text string, plain []byte) {
		if p, err := s.open(text, "search Patient"); err == nil {
			// The fuzzer does not know the key: only what was sealed above (by this or another of its processes) can open.
			if p.t != 1 || p.total != 2 || string(p.resume) != "r" || p.query != "a=b" {
				t.Fatalf("%q opens", text)
			}
		}
		// Whoever had the key could seal anything; the reader must stand that too.
		sealed := base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, plain, []byte("search Patient")))
		p, err := s.open(sealed, "search Patient")
		if err != nil {
			return
		}
		again, err := s.open(s.seal(p, "history Patient"), "history Patient")
		if err != nil || again.t != p.t || again.total != p.total || string(again.resume) != string(p.resume) || again.query != p.query {
			t.Fatalf("%v is not %v", again, p)
		}
	})
}
