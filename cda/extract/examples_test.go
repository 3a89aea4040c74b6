package extract_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda/extract"
)

// examples gives the published documents, which are not in this repository.
func examples(t testing.TB) []string {
	t.Helper()
	files := published(t)
	if len(files) == 0 {
		t.Skip("the published CI-SIS documents are not beside this repository: ../shared/data/cda/examples")
	}
	return files
}

// published is examples without the skipping.
func published(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../../../shared/data/cda/examples/*.xml")
	require.NoError(t, err)
	return files
}

// TestExtractPublishedDocuments holds the share of coded entries that become valid resources, and prints it per document and what stays narrative.
func TestExtractPublishedDocuments(t *testing.T) {
	extracted, all, fates := 0, 0, map[extract.Fate]int{}
	for _, file := range examples(t) {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		e := extract.Extract(parse(t, raw), extract.Options{Subject: "Patient/p"})
		for _, r := range e.Resources {
			for _, wrong := range faults(r) {
				assert.Failf(t, "not valid", "%s %s: %s %v %s", filepath.Base(file), r.Type, wrong.Code, wrong.Expression, wrong.Diagnostics)
			}
		}
		extracted, all = extracted+e.Extracted, all+e.Extracted+e.NotExtracted
		t.Logf("%-55s %4d %4d  %v", filepath.Base(file), e.Extracted, e.NotExtracted, e.Types())
		for _, o := range e.Entries {
			fates[o.Fate]++
			if o.Fate == extract.Narrative {
				t.Logf("    %s %v: %s", o.Path, o.Templates, o.Reason)
			}
		}
	}
	share := float64(extracted) / float64(all)
	t.Logf("%d of %d: %.4f; %v", extracted, all, share, fates)
	assert.GreaterOrEqual(t, share, 0.95)
}
