package check

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
)

var shared = filepath.Join("..", "..", "..", "shared", "data", "cda")

// TestExamples holds the rules to the published examples: none is refused.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared, "examples", "*.xml"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("the published examples are not at hand")
	}
	require.Len(t, files, 30)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			doc, err := cda.Parse(raw, cda.Limits{})
			require.NoError(t, err)
			for _, f := range Check(doc) {
				t.Logf("%s %s %s:%d %s", f.Severity, f.Rule, f.Path, f.Line, f.Message)
			}
			assert.Empty(t, Errors(Check(doc)))
		})
	}
}
