package element

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/spec"
)

func benchmarkParse(b *testing.B, name string, opts Options) {
	src := parse(b, samples(b, "valid/*.json")[name]).Compact()
	defs := spec.R4()
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseJSON(defs, src, opts); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseJSON(b *testing.B) {
	b.Run("Observation", func(b *testing.B) { benchmarkParse(b, "observation", Options{}) })
	b.Run("Patient", func(b *testing.B) { benchmarkParse(b, "patient", Options{}) })
	b.Run("PatientTrusted", func(b *testing.B) { benchmarkParse(b, "patient", Options{Trusted: true}) })
}

func BenchmarkStamp(b *testing.B) {
	r := parse(b, samples(b, "valid/*.json")["patient"])
	buf := make([]byte, 0, 8192)
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		buf = r.Stamped("patient-dupont").Append(buf[:0], 1, now)
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	r := parse(b, samples(b, "valid/*.json")["patient"])
	buf := make([]byte, 0, 8192)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendJSON(buf[:0], r.Root)
	}
}

func TestSizesOfBenchmarks(t *testing.T) {
	all := samples(t, "valid/*.json")
	require.InDelta(t, 1300, len(parse(t, all["observation"]).Compact()), 200)
	require.InDelta(t, 3000, len(parse(t, all["patient"]).Compact()), 500)
}
