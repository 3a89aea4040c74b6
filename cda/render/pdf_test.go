package render

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
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

// FuzzPDF: a document gives a PDF or a fault, and soon.
func FuzzPDF(f *testing.F) {
	for _, narrative := range attacks {
		f.Add(narrative)
	}
	f.Add(`<table><tr>` + strings.Repeat(`<td>WWWWWWWWWWWWWWWWWWWW</td>`, 24) + `</tr></table>`)
	f.Add(`<table><tr><td>` + strings.Repeat("long ", 3000) + `</td><td>x</td></tr></table>`)
	f.Fuzz(func(t *testing.T, narrative string) {
		doc, err := cda.Parse(around("Titre", narrative, ""), cda.Limits{})
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := PDF(&out, doc); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkPDF(b *testing.B) {
	raw, err := os.ReadFile("../testdata/n3-ldl-ees.xml")
	require.NoError(b, err)
	doc := parse(b, raw)
	b.ReportAllocs()
	for b.Loop() {
		var out bytes.Buffer
		require.NoError(b, PDF(&out, doc))
	}
}
