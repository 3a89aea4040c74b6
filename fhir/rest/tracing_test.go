package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/carnet-fhir/carnet/fhir/rest"
)

// TestTracesNameRoutes: a span for each request, with its route and without its path.
func TestTracesNameRoutes(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)))
	defer otel.SetTracerProvider(before)
	r := newRig(t, func(o *rest.Options) { o.Tracing = true })
	r.Put(t, "Patient/secret-id", `{"resourceType":"Patient","id":"secret-id"}`)
	r.Do(http.MethodGet, "/fhir/Patient/secret-id?_pretty=true", "")
	r.Do(http.MethodGet, "/fhir/Patient?identifier=secret-id", "")
	spans := recorder.Ended()
	require.Len(t, spans, 3)
	require.Equal(t, "PUT /fhir/:type/:id", spans[0].Name())
	require.Equal(t, "GET /fhir/:type/:id", spans[1].Name())
	for _, s := range spans {
		names := map[string]string{}
		for _, a := range s.Attributes() {
			require.NotContains(t, a.Value.Emit(), "secret-id")
			names[string(a.Key)] = a.Value.Emit()
		}
		require.Equal(t, "Patient", names["fhir.type"])
		require.Contains(t, []string{"200", "201"}, names["http.response.status_code"])
	}
}
