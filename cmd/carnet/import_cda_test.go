package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda/judge"
)

const ownDocuments = "../../cda/testdata"

// runImport runs "carnet import" in this process and gives its exit status and output.
func runImport(t *testing.T, args ...string) (int, string) {
	t.Helper()
	root := newRoot()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(append([]string{"import"}, args...))
	err := root.ExecuteContext(t.Context())
	var exit *exitError
	switch {
	case err == nil:
		return 0, out.String()
	case errors.As(err, &exit):
		return exit.code, out.String()
	default:
		return 2, out.String() + err.Error()
	}
}

func readReport(t *testing.T, file string) []judge.Report {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var all []judge.Report
	for line := range strings.Lines(string(raw)) {
		var r judge.Report
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		all = append(all, r)
	}
	return all
}

func TestDryRunReportsOneLineADocument(t *testing.T) {
	report := filepath.Join(t.TempDir(), "out.ndjson")
	status, out := runImport(t, "--dry-run", "--report", report, ownDocuments)
	require.Zero(t, status, out)
	assert.Contains(t, out, "4 documents accepted, 0 already known, 0 refused")
	all := readReport(t, report)
	require.Len(t, all, 4)
	var names []string
	for _, r := range all {
		assert.True(t, r.Accepted)
		assert.NotEmpty(t, r.UniqueID)
		names = append(names, filepath.Base(r.File))
	}
	assert.Equal(t, []string{"n1-pdf.xml", "n1-text.xml", "n3-ldl-ees.xml", "n3-vac-note.xml"}, names, "in the order of the files")
}

func TestDryRunExitStatus(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.xml")
	require.NoError(t, os.WriteFile(broken, []byte(`<ClinicalDocument xmlns="urn:hl7-org:v3"><id`), 0o600))
	status, out := runImport(t, "--dry-run", filepath.Join(ownDocuments, "n1-*.xml"), broken)
	assert.Equal(t, 1, status)
	assert.Contains(t, out, "cda-wellformed")
	assert.Contains(t, out, "2 documents accepted, 0 already known, 1 refused")
	status, out = runImport(t, "--dry-run", filepath.Join(dir, "nothing-*.xml"))
	assert.Equal(t, 2, status, out)
	status, out = runImport(t, "--dry-run", "--report", filepath.Join(dir, "no", "where"), broken)
	assert.Equal(t, 2, status, out)
	status, out = runImport(t, "--dry-run", "--identities", "production", filepath.Join(ownDocuments, "n1-pdf.xml"))
	assert.Equal(t, 1, status, out)
	assert.Contains(t, out, judge.RuleINS)
}

// TestDocumentsGoIntoTheirRecords submits documents to a real server in this process.
func TestDocumentsGoIntoTheirRecords(t *testing.T) {
	data, report := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "out.ndjson")
	args := []string{"--data", data, "--report", report, ownDocuments}
	status, out := runImport(t, args...)
	require.Equal(t, 1, status, "nobody has the INS yet: %s", out)
	for _, r := range readReport(t, report) {
		assert.Equal(t, "record-unknown", r.Findings[len(r.Findings)-1].Rule)
	}
	args = append(args, "--open-records")
	status, out = runImport(t, args...)
	raw, _ := os.ReadFile(report)
	require.Zero(t, status, "%s\n%s", out, raw)
	for _, r := range readReport(t, report) {
		assert.Equal(t, judge.Submitted, r.Outcome, r.File)
	}
	status, out = runImport(t, args...)
	require.Zero(t, status, out)
	assert.Contains(t, out, "0 documents accepted, 4 already known, 0 refused")
	changed := filepath.Join(t.TempDir(), "changed.xml")
	text, err := os.ReadFile(filepath.Join(ownDocuments, "n1-pdf.xml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(changed, append(text, '\n'), 0o600))
	status, out = runImport(t, "--data", data, changed)
	assert.Equal(t, 1, status, out)
	assert.Contains(t, out, "record-duplicate")
}

func TestPublishedDocumentsGoIntoTheirRecords(t *testing.T) {
	const published = "../../../shared/data/cda/examples"
	if _, err := os.Stat(published); err != nil {
		t.Skip("the published CI-SIS documents are not beside this repository: ../shared/data/cda/examples")
	}
	data, report := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "out.ndjson")
	args := []string{"--data", data, "--report", report, "--open-records", published}
	status, out := runImport(t, args...)
	raw, _ := os.ReadFile(report)
	require.Zero(t, status, "%s\n%s", out, raw)
	status, out = runImport(t, args...)
	require.Zero(t, status, out)
	assert.Contains(t, out, "30 already known")
}

// TestADocumentReplacesItsElder imports both at once, the newer first by name, into a server that runs.
func TestADocumentReplacesItsElder(t *testing.T) {
	dir := t.TempDir()
	newer, err := os.ReadFile(filepath.Join(ownDocuments, "n1-text.xml"))
	require.NoError(t, err)
	from, to := bytes.Index(newer, []byte("  <relatedDocument")), bytes.Index(newer, []byte("  <componentOf>"))
	const newID, oldID = "2.25.202403110000000000000000000000002.1", "2.25.202403110000000000000000000000002.9"
	elder := strings.Replace(string(newer[:from])+string(newer[to:]), `<id root="`+newID+`"/>`, `<id root="`+oldID+`"/>`, 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a-newer.xml"), newer, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b-elder.xml"), []byte(elder), 0o600))
	p := startServer(t, "--data", filepath.Join(t.TempDir(), "d"))
	report := filepath.Join(t.TempDir(), "out.ndjson")
	status, out := runImport(t, "--server", p.base, "--open-records", "--report", report, dir)
	raw, _ := os.ReadFile(report)
	require.Zero(t, status, "%s\n%s", out, raw)
	assert.NotContains(t, string(raw), "record-replaced")
	assert.Contains(t, fetchDocument(t, p.base, oldID), `"status":"superseded"`)
	assert.Contains(t, fetchDocument(t, p.base, newID), `"code":"replaces"`)
	status, out = runImport(t, "--server", p.base, dir)
	require.Zero(t, status, out)
	assert.Contains(t, out, "2 already known", "also the one that is superseded")
}

func fetchDocument(t *testing.T, base, id string) string {
	t.Helper()
	return string(fetch(t, base+"/DocumentReference?status=current,superseded&identifier=urn:ietf:rfc:3986%7Curn:oid:"+id))
}

// TestExtractedEntriesStandBesideTheirDocument submits an N3 and looks for what its entries became.
func TestExtractedEntriesStandBesideTheirDocument(t *testing.T) {
	p := startServer(t, "--data", filepath.Join(t.TempDir(), "d"))
	status, out := runImport(t, "--server", p.base, "--open-records", filepath.Join(ownDocuments, "n3-ldl-ees.xml"))
	require.Zero(t, status, out)
	const source = "?_source=urn:oid:2.25.202403110000000000000000000000003.1"
	for _, typ := range []string{"AllergyIntolerance", "Condition", "MedicationStatement"} {
		assert.Contains(t, string(fetch(t, p.base+"/"+typ+source)), `"total":1`, typ)
	}
}
