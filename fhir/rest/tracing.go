package rest

import (
	"net/http"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// tracing makes a span of each request. It is not otelecho, whose spans carry the path (and with it ids) and the caller's address.
type tracing struct {
	tracer      trace.Tracer
	propagators propagation.TextMapPropagator
}

func newTracing() *tracing {
	return &tracing{
		tracer:      otel.GetTracerProvider().Tracer("github.com/carnet-fhir/carnet/fhir/rest"),
		propagators: otel.GetTextMapPropagator(),
	}
}

// begin starts the span of a request and gives the function that ends it.
func (t *tracing) begin(x *exchange, pattern string) func() {
	ctx := t.propagators.Extract(x.r.Context(), propagation.HeaderCarrier(x.r.Header))
	ctx, span := t.tracer.Start(ctx, method(x.r.Method)+" "+pattern, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.request.method", method(x.r.Method)),
		attribute.String("http.route", pattern),
		attribute.String("carnet.request_id", x.id),
	))
	x.r = x.r.WithContext(ctx)
	x.c.SetRequest(x.r)
	return func() {
		span.SetAttributes(
			attribute.String("fhir.interaction", string(x.interaction)),
			attribute.String("fhir.type", x.typ),
			attribute.Int("http.response.status_code", x.status),
		)
		if x.status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}
