package extract_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/extract"
	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/fhir/validate"
)

var validator = sync.OnceValue(func() *validate.Validator { return validate.New(spec.R4()) })

// faults gives what the server's $validate finds wrong with a resource: what the parser refuses, and the issues of severity error of the full check.
func faults(r extract.Resource) []fault.Issue {
	parsed, err := element.ParseJSON(spec.R4(), r.JSON, element.Options{})
	if err != nil {
		return fault.From(err).Issues
	}
	var wrong []fault.Issue
	for _, i := range validator().Issues(context.Background(), parsed.Root, validate.Full) {
		if i.Severity == fault.Error || i.Severity == fault.Fatal {
			wrong = append(wrong, i)
		}
	}
	return wrong
}

func parse(t testing.TB, raw []byte) *cda.Document {
	t.Helper()
	d, err := cda.Parse(raw, cda.Limits{})
	require.NoError(t, err)
	return d
}
