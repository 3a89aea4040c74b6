package author

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/check"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// FuzzVSM: whatever a resource holds, the summary is a document that passes the checks, or a fault.
func FuzzVSM(f *testing.F) {
	fixture := readFixture(f)
	for _, r := range fixture.Resources {
		f.Add([]byte(r))
	}
	f.Add([]byte(`{"resourceType":"Observation","status":"final","code":{"text":"\u0000\ufffe<&"},"valueQuantity":{"value":1e999999999}}`))
	f.Add([]byte(`{"resourceType":"MedicationStatement","status":"active","medicationCodeableConcept":{"text":"x"},"dosage":[{"timing":{"repeat":{"frequency":7,"period":1e-9999,"periodUnit":"d"}}}]}`))
	base := fixture.summary()
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return
		}
		s := base
		s.Resources = []json.RawMessage{raw}
		got, err := VSM(s)
		if err != nil {
			if e := (&fault.Fault{}); !errors.As(err, &e) {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		doc, err := cda.Parse(got, cda.Limits{})
		if err != nil {
			t.Fatalf("%v\n%s", err, got)
		}
		if found := check.Check(doc); cda.Refuses(found) {
			t.Fatalf("%v\n%s", found, got)
		}
	})
}

func BenchmarkVSM(b *testing.B) {
	s := readFixture(b).summary()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := VSM(s); err != nil {
			b.Fatal(err)
		}
	}
}
