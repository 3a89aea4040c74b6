package bench

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

func TestSharedRecordsAreValidAndDistinct(t *testing.T) {
	r := newSharedRecord(5)
	require.Equal(t, 5, r.patients)
	require.Len(t, r.ins, 5)
	seen := map[string]bool{}
	for i := range 50 {
		binary, reference := r.document(i)
		for _, text := range []string{binary, reference} {
			res, err := element.ParseJSON(spec.R4(), []byte(text), element.Options{})
			require.NoError(t, err)
			assert.False(t, seen[res.Type()+res.ID()])
			seen[res.Type()+res.ID()] = true
		}
	}
}
