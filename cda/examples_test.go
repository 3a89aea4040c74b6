package cda_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
)

// examples gives the published documents, which are not in this repository.
func examples(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../../shared/data/cda/examples/*.xml")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("the published CI-SIS documents are not beside this repository: ../shared/data/cda/examples")
	}
	return files
}

func TestParseReadsThePublishedDocuments(t *testing.T) {
	for _, file := range examples(t) {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		d, err := cda.Parse(raw, cda.Limits{})
		require.NoError(t, err, file)
		h := &d.Header
		assert.NotEmpty(t, d.Body.Level(), file)
		assert.NotEmpty(t, h.ID.Root, file)
		assert.NotEmpty(t, h.Code.Code, file)
		assert.NotEmpty(t, h.Title.Value, file)
		assert.Len(t, h.RecordTargets, 1, file)
		assert.NotEmpty(t, h.Authors, file)
		assert.NotNil(t, h.MainAct(), file)
		assert.NotNil(t, h.ComponentOf.Facility, file)
		assert.Positive(t, d.Line(h.ComponentOf.Element), file)
	}
}
