package rest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/store"
)

// outcome reads an OperationOutcome and requires that it is a valid one.
func outcome(t *testing.T, w *httptest.ResponseRecorder) []struct{ Severity, Code, Diagnostics string } {
	t.Helper()
	res, err := element.ParseJSON(spec.R4(), w.Body.Bytes(), element.Options{ExpectType: "OperationOutcome"})
	require.NoError(t, err, w.Body.String())
	require.NotNil(t, res)
	var o struct {
		Issue []struct{ Severity, Code, Diagnostics string }
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &o))
	require.NotEmpty(t, o.Issue)
	return o.Issue
}

func TestGzipAnswers(t *testing.T) {
	r := newRig(t)
	r.Put(t, "Patient/big", `{"resourceType":"Patient","id":"big","name":[{"family":"`+strings.Repeat("long ", 400)+`end"}]}`)
	r.Put(t, "Patient/small", `{"resourceType":"Patient","id":"small"}`)
	for _, c := range []struct {
		path, accept string
		zipped       bool
	}{
		{"/fhir/Patient/big", "gzip", true},
		{"/fhir/Patient/big", "br, gzip;q=0.5", true},
		{"/fhir/Patient/big", "*", true},
		{"/fhir/Patient/big", "gzip;q=0", false},
		{"/fhir/Patient/big", "br", false},
		{"/fhir/Patient/big", "", false},
		{"/fhir/Patient/small", "gzip", false},
		{"/metrics", "gzip", false},
	} {
		w := r.Do(http.MethodGet, c.path, "", "Accept-Encoding:"+c.accept)
		require.Equal(t, http.StatusOK, w.Code)
		if c.path == "/metrics" {
			continue
		}
		require.Equal(t, c.zipped, w.Header().Get("Content-Encoding") == "gzip", c)
		body := w.Body.Bytes()
		if c.zipped {
			require.Empty(t, w.Header().Get("Content-Length"))
			require.Less(t, len(body), 500)
			z, err := gzip.NewReader(bytes.NewReader(body))
			require.NoError(t, err)
			body, err = io.ReadAll(z)
			require.NoError(t, err)
		}
		require.JSONEq(t, r.Do(http.MethodGet, c.path, "").Body.String(), string(body))
	}
}

func TestReadiness(t *testing.T) {
	var broken error
	r := newRig(t, func(o *rest.Options) { o.Ready = func() error { return broken } })
	require.Equal(t, http.StatusOK, r.Do(http.MethodGet, "/readyz", "").Code)
	broken = errors.New("disk full")
	require.Equal(t, http.StatusServiceUnavailable, r.Do(http.MethodGet, "/readyz", "").Code)
	broken = nil
	r.REST.Drain()
	require.Equal(t, http.StatusServiceUnavailable, r.Do(http.MethodGet, "/readyz", "").Code)
	require.Equal(t, http.StatusOK, r.Do(http.MethodGet, "/healthz", "").Code)
	require.Equal(t, http.StatusOK, r.Do(http.MethodGet, "/fhir/metadata", "").Code, "requests under way are still answered")
}

func TestCORS(t *testing.T) {
	off := newRig(t)
	require.Empty(t, off.Do(http.MethodGet, "/fhir/metadata", "", "Origin: https://app.example").Header().Get("Access-Control-Allow-Origin"))
	r := newRig(t, func(o *rest.Options) { o.CORS = []string{"https://app.example"} })
	w := r.Do(http.MethodOptions, "/fhir/Patient", "", "Origin: https://app.example", "Access-Control-Request-Method: POST")
	require.Equal(t, http.StatusNoContent, w.Code)
	require.Equal(t, "https://app.example", w.Header().Get("Access-Control-Allow-Origin"))
	require.Contains(t, w.Header().Get("Access-Control-Allow-Headers"), "If-Match")
	w = r.Do(http.MethodGet, "/fhir/metadata", "", "Origin: https://app.example")
	require.Equal(t, "https://app.example", w.Header().Get("Access-Control-Allow-Origin"))
	require.Contains(t, w.Header().Get("Vary"), "Origin")
	w = r.Do(http.MethodGet, "/fhir/metadata", "", "Origin: https://evil.example")
	require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
}

type failedStore struct{ store.Store }

func (failedStore) Failure() error { return store.ErrFailed }

func TestReadyTellsFailedStorage(t *testing.T) {
	require.Equal(t, http.StatusOK, newRig(t).Do(http.MethodGet, "/readyz", "").Code)
	r := newRig(t, func(o *rest.Options) { o.Store = failedStore{o.Store} })
	require.Equal(t, http.StatusServiceUnavailable, r.Do(http.MethodGet, "/readyz", "").Code)
}

func TestUnknownRangeUnitIsIgnored(t *testing.T) {
	r := newRig(t)
	require.Equal(t, http.StatusCreated, r.Do(http.MethodPost, "/fhir/Binary", "hello", "Content-Type: text/plain").Code)
	for _, value := range []string{"garbage", "pages=1-2"} {
		w := r.Do(http.MethodGet, "/fhir/Binary/id-1", "", "Range: "+value)
		require.Equal(t, http.StatusOK, w.Code, value)
		require.Equal(t, "hello", w.Body.String())
	}
}
