package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

func TestRequestIDs(t *testing.T) {
	r := newRig(t)
	for sent, want := range map[string]string{"abc-123": "abc-123", "x y": "", "é": "", strings.Repeat("x", 65): "", "<script>": ""} {
		w := r.Do(http.MethodGet, "/fhir/Patient/1", "", "X-Request-Id: "+sent)
		got := w.Header().Get("X-Request-Id")
		if want == "" {
			require.Regexp(t, "^[0-9a-f]{16}$", got)
			continue
		}
		require.Equal(t, want, got)
	}
}

// TestNothingOfThePatientIsLogged plays requests full of identities and looks for them in the log and the metrics.
func TestNothingOfThePatientIsLogged(t *testing.T) {
	r := newRig(t)
	secrets := []string{"255081405602384", "Leger", "secret-id", "1980-05-01"}
	r.Do(http.MethodPut, "/fhir/Patient/secret-id", `{"resourceType":"Patient","id":"secret-id","identifier":[{"value":"255081405602384"}],"birthDate":"1980-05-01","name":[{"family":"Leger"}]}`)
	for _, path := range []string{
		"/fhir/Patient/secret-id", "/fhir/Patient?identifier=255081405602384", "/fhir/Patient/secret-id/Leger", "/fhir/secret-id", "/fhir/Leger/255081405602384",
		"/Leger", "/fhir/Patient?Leger=1980-05-01", "/fhir/Patient/$Leger", "/fhir/Patient/secret-id/_history/255081405602384",
	} {
		r.Do(http.MethodGet, path, "")
	}
	r.Do("LEGER", "/fhir/Patient/secret-id", "")
	r.Do("Leger", "/fhir/Patient/secret-id", "")
	r.Do(http.MethodPost, "/fhir/Patient", `{"resourceType":"Patient","Leger":"255081405602384","birthDate":"1980-05-01x"}`)
	metrics := r.Do(http.MethodGet, "/metrics", "").Body.String()
	require.NoError(t, r.REST.Close())
	log := r.Logs()
	require.Contains(t, log, `"route":"/fhir/:type/:id"`)
	require.Contains(t, log, `"interaction":"search-type"`)
	require.Contains(t, metrics, `carnet_request_duration_seconds_count{interaction="read",status="2xx",type="Patient"} 1`)
	require.Contains(t, metrics, `carnet_store_records{type="Patient"} 1`)
	for _, s := range secrets {
		require.NotContains(t, log, s)
		require.NotContains(t, metrics, s)
	}
}

func TestAccessLogSamples(t *testing.T) {
	r := newRig(t, func(o *rest.Options) { o.AccessLog = rest.AccessLog{Sample: 1 << 30} })
	for range 50 {
		r.Do(http.MethodGet, "/fhir/Patient/1", "")
	}
	require.NoError(t, r.REST.Close())
	require.LessOrEqual(t, strings.Count(r.Logs(), `"msg":"request"`), 1)
}

func TestPanicTellsNothing(t *testing.T) {
	r := newRig(t, func(o *rest.Options) {
		o.Extensions = []rest.Extension{{Operations: []rest.Operation{{
			Code: "break", Definition: "urn:x", Levels: rest.SystemLevel, ReadOnly: true,
			Handle: func(context.Context, *rest.OperationCall) (*rest.OperationAnswer, error) { panic("Léger 1980") },
		}}}}
	})
	w := r.Do(http.MethodGet, "/fhir/$break", "")
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.Equal(t, "exception", outcome(t, w)[0].Code)
	require.NotContains(t, w.Body.String(), "Léger")
	require.Equal(t, http.StatusOK, r.Do(http.MethodGet, "/fhir/metadata", "").Code, "the server goes on")
	require.NoError(t, r.REST.Close())
	require.Contains(t, r.Logs(), "a handler panicked")
	require.NotContains(t, r.Logs(), "Léger")
}

// TestAccessLogWriter: the lines that are written many at a time say what slog's say.
func TestAccessLogWriter(t *testing.T) {
	direct := &bytes.Buffer{} // its one writer has ended with Close
	ask := func(change ...func(*rest.Options)) *servertest.Server {
		r := newRig(t, change...)
		for _, q := range append([]string{"/fhir/$none", "/other"}, questions...) {
			r.Do(http.MethodGet, q, "", "X-Request-Id: id-1")
		}
		require.NoError(t, r.REST.Close())
		return r
	}
	ask(func(o *rest.Options) { o.AccessLog.Writer = direct })
	through := ask().Logs()
	lines := func(text string) (out []map[string]any) {
		for l := range strings.Lines(text) {
			var m map[string]any
			require.NoError(t, json.Unmarshal([]byte(l), &m), l)
			delete(m, "time")
			delete(m, "ms")
			delete(m, "bytes")
			out = append(out, m)
		}
		return out
	}
	require.Len(t, lines(direct.String()), len(questions)+2)
	require.Equal(t, lines(through), lines(direct.String()))
}
