package validate

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

func repeat(n int, item func(i int) string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = item(i)
	}
	return strings.Join(parts, ",")
}

// TestCostGrowsWithSizeOnly holds contents that would cost the square of their size, compared pairwise, to a time that is
// generous for a busy machine and far below what the square would take.
func TestCostGrowsWithSizeOnly(t *testing.T) {
	item := func(format string) func(int) string {
		return func(i int) string { return strings.ReplaceAll(format, "%d", fmt.Sprint(i)) }
	}
	contents := map[string]string{
		"codes": `{"resourceType":"CodeSystem","status":"active","content":"complete","concept":[` +
			repeat(50_000, item(`{"code":"c%d"}`)) + `]}`,
		"items": `{"resourceType":"Questionnaire","status":"active","item":[` +
			repeat(10_000, item(`{"linkId":"c%d","type":"string"}`)) + `]}`,
		"codings": `{"resourceType":"Observation","status":"final","valueString":"x","code":{"coding":[` +
			repeat(10_000, item(`{"id":"a%d","code":"a"}`)) + `]},"component":[{"code":{"coding":[` +
			repeat(10_000, item(`{"id":"b%d","code":"a"}`)) + `]}}]}`,
		"contained": `{"resourceType":"List","status":"current","mode":"working","entry":[` +
			repeat(10_000, item(`{"item":{"reference":"#b%d"}}`)) + `],"contained":[` +
			repeat(10_000, item(`{"resourceType":"Patient","id":"b%d"}`)) + `]}`,
		"elements": `{"resourceType":"StructureDefinition","url":"http://a","name":"X","status":"active","kind":"resource","abstract":false,` +
			`"type":"Patient","differential":{"element":[` + repeat(5_000, item(`{"id":"Patient.a%d","path":"Patient.a%d"}`)) + `]}}`,
		"entries": `{"resourceType":"Bundle","type":"collection","entry":[` +
			repeat(10_000, item(`{"fullUrl":"http://a/%d","resource":{"resourceType":"Basic","code":{"text":"x"}}}`)) + `]}`,
	}
	for name, src := range contents {
		t.Run(name, func(t *testing.T) {
			r, err := element.ParseJSON(spec.R4(), []byte(src), element.Options{})
			require.NoError(t, err)
			start := time.Now()
			for _, i := range validator.Issues(context.Background(), r.Root, OnWrite) {
				assert.NotContains(t, i.Diagnostics, "could not be evaluated")
			}
			assert.Less(t, time.Since(start), 3*time.Second)
		})
	}
}
