package render

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPDF lays out the documents of our own, twice to the same bytes.
func TestPDF(t *testing.T) {
	paths, err := filepath.Glob("../testdata/n[13]*.xml")
	require.NoError(t, err)
	for _, path := range append(paths, "testdata/markup.xml") {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		var first, second bytes.Buffer
		require.NoError(t, PDF(&first, parse(t, raw)), path)
		require.NoError(t, PDF(&second, parse(t, raw)), path)
		assert.True(t, bytes.HasPrefix(first.Bytes(), []byte("%PDF-")))
		assert.True(t, bytes.Equal(first.Bytes(), second.Bytes()), "%s: the same document must give the same bytes", path)
	}
}

func TestPDFOfExamples(t *testing.T) {
	for _, path := range examples(t) {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		var out bytes.Buffer
		require.NoError(t, PDF(&out, parse(t, raw)), path)
		assert.Greater(t, out.Len(), 5000)
	}
}

func TestPDFOfAttacks(t *testing.T) {
	for name, narrative := range attacks {
		var out bytes.Buffer
		assert.NoError(t, PDF(&out, parse(t, around("Titre \U0001f600 \u0645\u0631", narrative, attackMedia))), name)
	}
}
