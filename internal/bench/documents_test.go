package bench

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda/judge"
)

func TestMeasuredDocumentsAreValid(t *testing.T) {
	for name, c := range map[string]struct {
		raw  []byte
		size int
	}{"N1": {DocumentN1(100 << 10), 100 << 10}, "N3": {DocumentN3(200 << 10), 200 << 10}} {
		v := judge.Judge(c.raw, judge.Options{})
		require.True(t, v.Accepted, "%s: %v", name, v.Findings)
		assert.Equal(t, name, string(v.Entry.Level))
		assert.InEpsilon(t, c.size, len(c.raw), 0.05)
	}
}

func BenchmarkJudge(b *testing.B) {
	for name, raw := range map[string][]byte{"N1": DocumentN1(100 << 10), "N3": DocumentN3(200 << 10)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				judge.Judge(raw, judge.Options{})
			}
		})
	}
}
