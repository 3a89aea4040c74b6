package dmp

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// BenchmarkTransaction writes 100 Patients with INS a transaction, with and without the rules of identities: what they cost.
func BenchmarkTransaction(b *testing.B) {
	text, err := os.ReadFile("testdata/patient.json")
	require.NoError(b, err)
	run := func(b *testing.B, s *servertest.Server) {
		n := 0
		for b.Loop() {
			entries := make([]repository.BundleEntry, 100)
			for i := range entries {
				n++
				m, err := ins.New(ins.Test, fmt.Sprintf("268%02d75%03d%03d", 1+n%12, 1+n/12%990, 1+n/11880%999))
				require.NoError(b, err)
				res, err := element.ParseJSON(spec.R4(), []byte(strings.Replace(string(text), "268077505612330", m.Number(), 1)), element.Options{})
				require.NoError(b, err)
				entries[i] = repository.BundleEntry{Method: "POST", URL: "Patient", Resource: res}
			}
			_, err := s.Repository.Transaction(ctx, entries, nil)
			require.NoError(b, err)
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "µs/patient")
	}
	b.Run("with", func(b *testing.B) {
		s, _ := newServer(b, ins.Sandbox)
		run(b, s)
	})
	b.Run("without", func(b *testing.B) { run(b, servertest.New(b, servertest.Options{})) })
}
