package check

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
)

func parse(t testing.TB, raw []byte) *cda.Document {
	t.Helper()
	doc, err := cda.Parse(raw, cda.Limits{})
	require.NoError(t, err)
	return doc
}

// TestOwnDocuments holds the rules to documents of ours that have every element of the header: nothing is said of them.
func TestOwnDocuments(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "*.xml"))
	require.NoError(t, err)
	ours, err := filepath.Glob(filepath.Join("testdata", "full*.xml"))
	require.NoError(t, err)
	require.Len(t, ours, 2)
	for _, file := range append(files, ours...) {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Empty(t, Check(parse(t, raw)), file)
	}
}
