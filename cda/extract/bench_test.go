package extract_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda/extract"
)

// BenchmarkExtract measures the extraction alone: of the published documents (their bytes as the rate's base) and of all snippets.
func BenchmarkExtract(b *testing.B) {
	for _, file := range published(b) {
		raw, err := os.ReadFile(file)
		require.NoError(b, err)
		d := parse(b, raw)
		b.Run(filepath.Base(file), func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				extract.Extract(d, options)
			}
		})
	}
	all := ""
	for _, sections := range snippets(b) {
		all += sections
	}
	d := document(b, all)
	b.Run("snippets", func(b *testing.B) {
		b.SetBytes(int64(len(d.Raw)))
		b.ReportAllocs()
		for b.Loop() {
			extract.Extract(d, options)
		}
	})
}
