package author

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var rewrite = flag.Bool("rewrite", false, "write golden files anew")

// fixture is a record of a synthetic person.
type fixture struct {
	Patient      json.RawMessage   `json:"patient"`
	Practitioner json.RawMessage   `json:"practitioner"`
	Role         json.RawMessage   `json:"role"`
	Organization json.RawMessage   `json:"organization"`
	Resources    []json.RawMessage `json:"resources"`
}

func readFixture(t testing.TB) fixture {
	t.Helper()
	raw, err := os.ReadFile("testdata/summary.json")
	require.NoError(t, err)
	var f fixture
	require.NoError(t, json.Unmarshal(raw, &f))
	return f
}

var paris = time.FixedZone("CET", 3600)

// summary is a whole Summary from the fixture.
func (f fixture) summary() Summary {
	doctor := Actor{Practitioner: f.Practitioner, Role: f.Role, Organization: f.Organization}
	created := time.Date(2024, 3, 11, 10, 30, 0, 0, paris)
	return Summary{
		Header: Header{
			ID: "urn:oid:2.25.202403110000000000000000000000077.1", SetID: "urn:oid:2.25.202403110000000000000000000000077",
			Created: created, Confidentiality: "N", Patient: f.Patient,
			Authors:   []Author{{Actor: doctor, Function: Code{Code: "PCP", System: oidFunction}}},
			Custodian: f.Organization,
			Event:     Event{Start: created},
			Encounter: Encounter{Code: Code{Code: "AMB", System: oidActCode}, Start: created, FacilityType: Code{Code: "SA08", System: "1.2.250.1.71.4.2.4"}},
		},
		Resources:         f.Resources,
		Vigilance:         []string{"Surveiller la fonction rénale sous anticoagulant"},
		OccupationalRisks: []string{"Travail de nuit"},
	}
}

// header is a Header of an N1 document from the fixture.
func (f fixture) header() Header {
	h := f.summary().Header
	h.Type, h.Title = Code{Code: "11488-4", System: "http://loinc.org"}, "Compte rendu de consultation"
	h.Event.Code = Code{Code: "11488-4", System: "http://loinc.org", Display: "Consultation"}
	h.Version, h.Replaces = 2, "urn:uuid:7c3e6a52-1b0d-4a57-9f0e-2f4f6f1a0099"
	return h
}

const tinyPDF = "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n44\n%%EOF\n"

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got), "%s differs from what is written now; look at the difference and run with -rewrite", path)
}
