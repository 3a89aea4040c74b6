package rest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// populate stores a few resources of several types.
func populate(t testing.TB, r *servertest.Server) {
	r.Put(t, "Organization/o", `{"resourceType":"Organization","id":"o","name":"Clinique"}`)
	for _, id := range strings.Fields("a b c d e f g") {
		r.Put(t, "Patient/"+id, `{"resourceType":"Patient","id":"`+id+`","active":true,"name":[{"family":"Léger `+id+`"}],"managingOrganization":{"reference":"Organization/o"}}`)
		r.Put(t, "Observation/o"+id, `{"resourceType":"Observation","id":"o`+id+`","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/`+id+`"},"valueQuantity":{"value":1.50}}`)
	}
}

// questions are reads of every kind; the equalities below hold for all of them.
var questions = []string{
	"/fhir/Patient/a", "/fhir/Patient/a/_history/1", "/fhir/Patient/none", "/fhir/Nothing/1", "/fhir/metadata",
	"/fhir/Patient/a/_history", "/fhir/Patient/_history", "/fhir/_history",
	"/fhir/Patient?name=leger", "/fhir/Patient?name=leger&_summary=true", "/fhir/Patient?active=true&_include=Patient:organization",
	"/fhir/Patient?wrong=1", "/fhir/Patient/a/Observation", "/fhir/Patient/a/*", "/fhir?_type=Patient,Organization",
	"/fhir/Patient/a/$everything", "/fhir/Patient/a/$meta", "/fhir/Patient/a?_elements=name", "/fhir/Patient/a?_summary=data",
}

// TestHeadEqualsGet asks over a real connection, where a body of a HEAD would break the next request.
func TestHeadEqualsGet(t *testing.T) {
	r := newRig(t)
	populate(t, r)
	server := httptest.NewServer(r.REST)
	defer server.Close()
	ask := func(method, path, encoding string) (*http.Response, []byte) {
		req, err := http.NewRequest(method, server.URL+path, nil)
		require.NoError(t, err)
		req.Header.Set("Accept-Encoding", encoding)
		res, err := server.Client().Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res, body
	}
	for _, q := range questions {
		for _, encoding := range []string{"identity", "gzip"} {
			get, body := ask(http.MethodGet, q, encoding)
			head, none := ask(http.MethodHead, q, encoding)
			require.Empty(t, none)
			require.NotEmpty(t, body)
			require.Equal(t, get.StatusCode, head.StatusCode, q)
			for _, h := range []http.Header{get.Header, head.Header} {
				h.Del("X-Request-Id")
				h.Del("Date")
			}
			if get.Header.Get("Content-Encoding") != "" || get.Uncompressed {
				// net/http counts a body that is all there when the handler ends, and has none to count for HEAD
				get.Header.Del("Content-Length")
				head.Header.Del("Content-Length")
			}
			require.Equal(t, get.Header, head.Header, q+" "+encoding)
		}
	}
}

// TestXMLEqualsJSON reads each answer in both formats into one form.
func TestXMLEqualsJSON(t *testing.T) {
	r := newRig(t)
	populate(t, r)
	for _, q := range questions {
		asJSON := r.Do(http.MethodGet, q, "", "Accept: application/fhir+json")
		asXML := r.Do(http.MethodGet, q, "", "Accept: application/fhir+xml")
		require.Equal(t, asJSON.Code, asXML.Code, q)
		require.Contains(t, asXML.Header().Get("Content-Type"), "application/fhir+xml", q)
		a, err := element.ParseJSON(spec.R4(), asJSON.Body.Bytes(), element.Options{})
		require.NoError(t, err, q)
		b, err := element.ParseXML(spec.R4(), asXML.Body.Bytes(), element.Options{})
		require.NoError(t, err, q)
		require.JSONEq(t, string(element.AppendJSON(nil, a.Root)), string(element.AppendJSON(nil, b.Root)), q)
	}
}

// TestPrettyEqualsPlain: layout changes nothing.
func TestPrettyEqualsPlain(t *testing.T) {
	r := newRig(t)
	populate(t, r)
	for _, q := range questions {
		if strings.Contains(q, "?") || strings.Contains(q, "metadata") {
			continue
		}
		plain := r.Do(http.MethodGet, q, "")
		pretty := r.Do(http.MethodGet, q+"?_pretty=true", "")
		var compact bytes.Buffer
		require.NoError(t, json.Compact(&compact, pretty.Body.Bytes()), q)
		got := strings.ReplaceAll(compact.String(), "?_pretty=true", "")
		require.Equal(t, plain.Body.String(), got, q)
	}
}

// TestGetEqualsPost: a search by POST answers as by GET, wherever its parameters stand.
func TestGetEqualsPost(t *testing.T) {
	r := newRig(t)
	populate(t, r)
	for _, q := range []string{
		"/fhir/Patient?name=leger", "/fhir/Patient?name=l%C3%A9ger&_count=2", "/fhir/Patient?wrong=1", "/fhir?_type=Patient&_count=3",
		"/fhir/Patient/a/Observation?status=final", "/fhir/Patient?_elements=name&_sort=-_lastUpdated", "/fhir/Patient?a=%zz", "/fhir/Patient?_format=xml&name=leger",
		"/fhir/Patient?_summary=count", "/fhir/Patient?_id=a,b",
	} {
		path, query, _ := strings.Cut(q, "?")
		get := r.Do(http.MethodGet, q, "")
		form := "Content-Type: application/x-www-form-urlencoded"
		inBody := r.Do(http.MethodPost, path+"/_search", query, form)
		inURL := r.Do(http.MethodPost, path+"/_search?"+query, "")
		want := sealed(get.Body.String())
		require.Equal(t, get.Code, inBody.Code, q)
		require.Equal(t, want, sealed(inBody.Body.String()), q)
		require.Equal(t, want, sealed(inURL.Body.String()), q)
		if first, rest, ok := strings.Cut(query, "&"); ok {
			both := r.Do(http.MethodPost, path+"/_search?"+first, rest, form)
			require.Equal(t, want, sealed(both.Body.String()), q)
		}
		viaGet := r.Do(http.MethodGet, path+"/_search?"+query, "")
		require.Equal(t, want, sealed(viaGet.Body.String()), q)
	}
}

var pageToken = regexp.MustCompile(`_page=[A-Za-z0-9_-]+`)

func sealed(body string) string { return pageToken.ReplaceAllString(body, "_page=<sealed>") }

// TestBatchEqualsRequests: a batch of reads holds what the requests answer one by one.
func TestBatchEqualsRequests(t *testing.T) {
	r := newRig(t)
	populate(t, r)
	var entries []string
	for _, q := range questions {
		quoted, err := json.Marshal(strings.TrimPrefix(strings.TrimPrefix(q, "/fhir"), "/"))
		require.NoError(t, err)
		entries = append(entries, `{"request":{"method":"GET","url":`+string(quoted)+`}}`)
	}
	w := r.Do(http.MethodPost, "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[`+strings.Join(entries, ",")+`]}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	var answer struct {
		Entry []struct {
			Resource json.RawMessage
			Response struct {
				Status  string
				Etag    string
				Outcome json.RawMessage
			}
		}
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	require.Len(t, answer.Entry, len(questions))
	for i, q := range questions {
		alone := r.Do(http.MethodGet, q, "")
		got := answer.Entry[i]
		require.Equal(t, strconv.Itoa(alone.Code), got.Response.Status[:3], q)
		if alone.Code == http.StatusOK {
			require.Equal(t, sealed(alone.Body.String()), sealed(string(got.Resource)), q)
		} else {
			require.NotEmpty(t, got.Response.Outcome, q)
		}
		if strings.HasPrefix(q, "/fhir/Patient/a?") || q == "/fhir/Patient/a" {
			require.Equal(t, alone.Header().Get("Etag"), got.Response.Etag, q)
		}
	}
}

// TestPagesAreSnapshots follows next while others write, on a server that restarts in between: each match comes once, none that came later.
func TestPagesAreSnapshots(t *testing.T) {
	r := newRig(t)
	populate(t, r)
	for _, first := range []string{"/fhir/Patient?active=true&_count=2", "/fhir/Patient?_count=3&_sort=-family", "/fhir?_type=Patient&_count=1", "/fhir/Patient/_history?_count=2"} {
		var seen []string
		next := first
		for page := 0; next != "" && page < 40; page++ {
			w := r.Do(http.MethodGet, next, "")
			require.Equal(t, http.StatusOK, w.Code, w.Body.String())
			var b struct {
				Entry []struct{ FullURL string }
			}
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &b))
			for _, e := range b.Entry {
				seen = append(seen, strings.TrimPrefix(e.FullURL, servertest.Base+"/Patient/"))
			}
			next = nextOf(t, w)
			require.NotContains(t, next, "active")
			switch page {
			case 0:
				r.Put(t, "Patient/z"+strconv.Itoa(len(seen)), `{"resourceType":"Patient","id":"z`+strconv.Itoa(len(seen))+`","active":true,"name":[{"family":"Zola"}]}`)
				r.Do(http.MethodDelete, "/fhir/Patient/z"+strconv.Itoa(len(seen)), "")
			case 1:
				at := r.Now()
				r.Close()
				r = rigOn(t, servertest.Options{FS: r.FS})
				r.Advance(at.Sub(r.Now()))
			}
		}
		if strings.Contains(first, "_history") {
			require.Subset(t, seen, strings.Fields("a b c d e f g"))
			continue
		}
		require.ElementsMatch(t, strings.Fields("a b c d e f g"), seen, first)
	}
}

// TestTokensAreBoundToTheirPlace: the page link of one search is none of another's.
func TestTokensAreBoundToTheirPlace(t *testing.T) {
	r := newRig(t)
	populate(t, r)
	u, err := url.Parse(nextOf(t, r.Do(http.MethodGet, "/fhir/Patient?active=true&_count=1", "")))
	require.NoError(t, err)
	token := u.Query().Get("_page")
	require.NotEmpty(t, token)
	for _, path := range []string{"/fhir/Observation", "/fhir", "/fhir/Patient/a/Observation", "/fhir/Patient/_history", "/fhir/Patient/a/$everything"} {
		w := r.Do(http.MethodGet, path+"?_page="+token, "")
		require.Equal(t, http.StatusBadRequest, w.Code, path)
	}
	changed := []byte(token)
	for i := range changed {
		c := changed[i]
		changed[i] = 'A'
		if c == 'A' {
			changed[i] = 'B'
		}
		w := r.Do(http.MethodGet, "/fhir/Patient?_page="+string(changed), "")
		require.Equal(t, http.StatusBadRequest, w.Code, "a changed token at %d", i)
		changed[i] = c
	}
}
