package validate

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/internal/worktest"
)

func repeat(n int, item func(i int) string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = item(i)
	}
	return strings.Join(parts, ",")
}

// TestCostGrowsWithSizeOnly judges contents that would cost the square of their size if they were compared pairwise: in steps, which no rule has enough of then, and in memory.
func TestCostGrowsWithSizeOnly(t *testing.T) {
	item := func(format string) func(int) string {
		return func(i int) string { return strings.ReplaceAll(format, "%d", fmt.Sprint(i)) }
	}
	contents := map[string]struct {
		size int
		of   func(size int) string
	}{
		"codes": {25_000, func(n int) string {
			return `{"resourceType":"CodeSystem","status":"active","content":"complete","concept":[` + repeat(n, item(`{"code":"c%d"}`)) + `]}`
		}},
		"items": {5_000, func(n int) string {
			return `{"resourceType":"Questionnaire","status":"active","item":[` + repeat(n, item(`{"linkId":"c%d","type":"string"}`)) + `]}`
		}},
		"codings": {5_000, func(n int) string {
			return `{"resourceType":"Observation","status":"final","valueString":"x","code":{"coding":[` + repeat(n, item(`{"id":"a%d","code":"a"}`)) +
				`]},"component":[{"code":{"coding":[` + repeat(n, item(`{"id":"b%d","code":"a"}`)) + `]}}]}`
		}},
		"contained": {5_000, func(n int) string {
			return `{"resourceType":"List","status":"current","mode":"working","entry":[` + repeat(n, item(`{"item":{"reference":"#b%d"}}`)) +
				`],"contained":[` + repeat(n, item(`{"resourceType":"Patient","id":"b%d"}`)) + `]}`
		}},
		"elements": {2_500, func(n int) string {
			return `{"resourceType":"StructureDefinition","url":"http://a","name":"X","status":"active","kind":"resource","abstract":false,` +
				`"type":"Patient","differential":{"element":[` + repeat(n, item(`{"id":"Patient.a%d","path":"Patient.a%d"}`)) + `]}}`
		}},
		"entries": {5_000, func(n int) string {
			return `{"resourceType":"Bundle","type":"collection","entry":[` + repeat(n, item(`{"fullUrl":"http://a/%d","resource":{"resourceType":"Basic","code":{"text":"x"}}}`)) + `]}`
		}},
	}
	for name, content := range contents {
		t.Run(name, func(t *testing.T) {
			trees := map[int]*element.Resource{}
			for _, size := range []int{content.size, 2 * content.size} {
				var err error
				trees[size], err = element.ParseJSON(spec.R4(), []byte(content.of(size)), element.Options{})
				require.NoError(t, err)
			}
			worktest.Linear(t, content.size, func(size int) {
				for _, i := range validator.Issues(context.Background(), trees[size].Root, OnWrite) {
					assert.NotContains(t, i.Diagnostics, "could not be evaluated")
				}
			})
		})
	}
}
