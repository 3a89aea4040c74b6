package mhd

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// A submission that would take longer to judge than a request may take is refused at once.
func TestSubmissionsAreBounded(t *testing.T) {
	require.NoError(t, bounded(make([]repository.BundleEntry, maxEntries)))
	err := bounded(make([]repository.BundleEntry, maxEntries+1))
	var f *fault.Fault
	require.ErrorAs(t, err, &f)
	require.Equal(t, http.StatusRequestEntityTooLarge, f.Status)

	many := `{"resourceType":"DocumentReference","status":"current","content":[{"attachment":{"title":"x"}}],"contained":[`
	for i := range maxContained + 1 {
		if i > 0 {
			many += ","
		}
		many += `{"resourceType":"Patient"}`
	}
	res, err := element.ParseJSON(spec.R4(), []byte(many+`]}`), element.Options{Lenient: true})
	require.NoError(t, err)
	require.Error(t, bounded([]repository.BundleEntry{{Resource: res}}))
}

// A parameter that $ingest-cda does not have is refused: a mistyped dry-run must not store a document.
func TestIngestKnowsItsParameters(t *testing.T) {
	for query, ok := range map[string]bool{"": true, "dry-run=true": true, "dry-run=true&_format=json": true, "dryRun=true": false, "dry-run=true&x=1": false} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/fhir/$ingest-cda?"+query, nil)
		err := knownQuery(&rest.OperationCall{Request: r}, "dry-run")
		require.Equal(t, ok, err == nil, query)
	}
}
