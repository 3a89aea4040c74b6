package judge_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda/judge"
)

func TestPublishedDocumentsAreAccepted(t *testing.T) {
	files, err := filepath.Glob("../../../shared/data/cda/examples/*.xml")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("the published CI-SIS documents are not beside this repository: ../shared/data/cda/examples")
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		v := judge.Judge(raw, judge.Options{})
		assert.True(t, v.Accepted, "%s: %v", filepath.Base(file), v.Findings)
	}
}
