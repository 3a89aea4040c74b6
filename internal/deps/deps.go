// Package deps pins modules while packages are being written.
package deps

import (
	_ "github.com/beevik/etree"
	_ "github.com/cockroachdb/apd/v3"
	_ "github.com/cockroachdb/pebble/v2"
	_ "github.com/evanphx/json-patch/v5"
	_ "github.com/go-json-experiment/json/jsontext"
	_ "github.com/labstack/echo/v4"
	_ "github.com/labstack/echo/v4/middleware"
	_ "github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/samply/golang-fhir-models/fhir-models/fhir"
	_ "github.com/spf13/cobra"
	_ "github.com/stretchr/testify/assert"
	_ "github.com/stretchr/testify/require"
	_ "go.opentelemetry.io/contrib/instrumentation/github.com/labstack/echo/otelecho"
	_ "go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	_ "go.opentelemetry.io/otel/sdk/trace"
	_ "golang.org/x/text/unicode/norm"
	_ "pgregory.net/rapid"
)
