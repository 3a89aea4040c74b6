package check

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
)

func benchmarkFile(b *testing.B, file string) {
	b.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		b.Skip("the document is not at hand: ", err)
	}
	doc, err := cda.Parse(raw, cda.Limits{})
	require.NoError(b, err)
	Check(doc)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		Check(doc)
	}
}

func BenchmarkCheckN1(b *testing.B) { benchmarkFile(b, filepath.Join("..", "testdata", "n1-pdf.xml")) }

func BenchmarkCheckN3(b *testing.B) {
	benchmarkFile(b, filepath.Join("..", "testdata", "n3-ldl-ees.xml"))
}

// BenchmarkCheckN3of200KB takes the published example that is nearest in size.
func BenchmarkCheckN3of200KB(b *testing.B) {
	benchmarkFile(b, filepath.Join(shared, "examples", "BIO-CR-BIO_2024.01_Microbiologie_V1.xml"))
}

func BenchmarkCheckLargest(b *testing.B) {
	benchmarkFile(b, filepath.Join(shared, "examples", "IPS-FR_2024.01.xml"))
}

func BenchmarkGrammar(b *testing.B) {
	for b.Loop() {
		if _, err := readGrammar(schemaText); err != nil {
			b.Fatal(err)
		}
	}
}
