package mhd

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
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
