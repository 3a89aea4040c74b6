package metadata_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/metadata"
	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/fhir/validate"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

func parsed(t testing.TB, file string) *cda.Document {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	d, err := cda.Parse(raw, cda.Limits{})
	require.NoError(t, err)
	return d
}

var options = metadata.ReferenceOptions{
	URL: "urn:uuid:00000000-0000-4000-8000-000000000001", Subject: "Patient/louise", Date: time.Date(2024, 3, 12, 9, 0, 0, 0, time.UTC),
}

func TestDocumentReferences(t *testing.T) {
	for _, name := range []string{"n1-pdf", "n1-text", "n3-ldl-ees", "n3-vac-note"} {
		d := parsed(t, "../testdata/"+name+".xml")
		e, findings := metadata.Derive(d)
		require.Empty(t, findings)
		reference, err := e.DocumentReference(options)
		require.NoError(t, err)
		golden(t, name+".DocumentReference.json", reference)
		valid(t, reference)
		person, err := metadata.InsPatient(&d.Header)
		require.NoError(t, err)
		golden(t, "Patient.json", person)
		valid(t, person)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, json.Indent(&b, got, "", "  "))
	b.WriteByte('\n')
	file := filepath.Join("testdata", name)
	if *rewrite {
		require.NoError(t, os.WriteFile(file, b.Bytes(), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), b.String())
}

func TestPublishedDocumentsGetValidReferences(t *testing.T) {
	files, err := filepath.Glob(shared + "examples/*.xml")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("the published CI-SIS documents are not beside this repository: ../shared/data/cda")
	}
	for _, file := range files {
		d := parsed(t, file)
		e, _ := metadata.Derive(d)
		reference, err := e.DocumentReference(options)
		require.NoError(t, err)
		t.Run(filepath.Base(file), func(t *testing.T) { valid(t, reference) })
		person, err := metadata.InsPatient(&d.Header)
		require.NoError(t, err)
		valid(t, person)
	}
}

func valid(t *testing.T, resource []byte) {
	t.Helper()
	defs := spec.R4()
	r, err := element.ParseJSON(defs, resource, element.Options{})
	require.NoError(t, err)
	for _, issue := range validate.New(defs).Issues(t.Context(), r.Root, validate.Full) {
		if issue.Severity == fault.Error || issue.Severity == fault.Fatal {
			t.Errorf("%s: %s", issue.Expression, issue.Diagnostics)
		}
	}
}
