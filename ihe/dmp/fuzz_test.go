package dmp

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// Spelling a token canonically twice is spelling it once.
func FuzzCanonicalToken(f *testing.F) {
	for _, t := range [][2]string{
		{"1.2.250.1.213.1.4.10", "1"}, {"", "1^^^&1.2.250.1.213.1.4.8&ISO^NH"}, {"URN:OID:1.2.250.1.213.1.4.9", ""}, {"", "^^^"}, {"urn:x", "1^^^&1.2.250.1.213.1.4.8&ISO"}, {"&1.2.250.1.213.1.4.8&ISO", "1"},
	} {
		f.Add(t[0], t[1])
	}
	f.Fuzz(func(t *testing.T, system, code string) {
		s1, c1 := CanonicalToken(system, code)
		s2, c2 := CanonicalToken(s1, c1)
		require.Equal(t, [2]string{s1, c1}, [2]string{s2, c2})
	})
}

// Whatever Patient can be read is judged without a panic, and what passes is stored and found.
func FuzzPatient(f *testing.F) {
	text, err := os.ReadFile("testdata/patient.json")
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{"resourceType":"Patient","link":[{"other":{"identifier":{"system":"a","value":"b|,$\\%&"}},"type":"replaced-by"}]}`))
	f.Add([]byte(`{"resourceType":"Patient","identifier":[{"system":"1.2.250.1.213.1.4.10"}]}`))
	s, _ := newServer(f, ins.Sandbox)
	f.Fuzz(func(t *testing.T, text []byte) {
		res, err := element.ParseJSON(spec.R4(), text, element.Options{ExpectType: "Patient"})
		if err != nil {
			return
		}
		held := currentINS(ins.Sandbox, res.Root)
		if _, err = s.Repository.Create(ctx, "Patient", res, repository.Conditions{}); err == nil && !held.IsZero() {
			require.NoError(t, ins.Sandbox.Judge(held))
		}
	})
}
