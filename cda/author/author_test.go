package author

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/check"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

func TestVSMGolden(t *testing.T) {
	got, err := VSM(readFixture(t).summary())
	require.NoError(t, err)
	golden(t, "vsm.xml", got)
}

func TestN1Golden(t *testing.T) {
	got, err := N1(readFixture(t).header(), Payload{MediaType: "application/pdf", Data: []byte(tinyPDF)})
	require.NoError(t, err)
	golden(t, "n1-pdf.xml", got)
	doc, err := cda.Parse(got, cda.Limits{})
	require.NoError(t, err)
	assert.Equal(t, cda.N1, doc.Body.Level())
	data, err := doc.Body.NonXML.Content.Bytes()
	require.NoError(t, err)
	assert.Equal(t, tinyPDF, string(data))
}

// TestOrderDoesNotMatter: the same record in any order gives the same bytes.
func TestOrderDoesNotMatter(t *testing.T) {
	s := readFixture(t).summary()
	want, err := VSM(s)
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		random.Shuffle(len(s.Resources), func(i, j int) { s.Resources[i], s.Resources[j] = s.Resources[j], s.Resources[i] })
		got, err := VSM(s)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}

func TestVSMWithoutResourcesSaysSo(t *testing.T) {
	s := readFixture(t).summary()
	s.Resources, s.Vigilance, s.OccupationalRisks = nil, nil, nil
	got, err := VSM(s)
	require.NoError(t, err)
	doc, err := cda.Parse(got, cda.Limits{})
	require.NoError(t, err)
	codes := []string{}
	doc.Body.Structured.Walk(func(x *cda.Section) {
		codes = append(codes, x.Code.Code)
		assert.Equal(t, nothing, cda.Text(x.Narrative))
	})
	assert.Equal(t, []string{"46612-8", "30954-2", "18776-5"}, codes, "the three sections that the volet requires, and no other")
	validate(t, got)
}

// TestReferencesLead: every reference of an entry leads to an ID of the narrative, and no ID is there twice.
func TestReferencesLead(t *testing.T) {
	got, err := VSM(readFixture(t).summary())
	require.NoError(t, err)
	doc, err := cda.Parse(got, cda.Limits{})
	require.NoError(t, err)
	ids, refs := map[string]int{}, 0
	for _, el := range doc.Root.FindElements(".//*[@ID]") {
		ids[cda.Attr(el, "ID")]++
	}
	for id, n := range ids {
		assert.Equal(t, 1, n, id)
	}
	for _, el := range doc.Root.FindElements(".//reference") {
		refs++
		assert.Contains(t, ids, strings.TrimPrefix(cda.Attr(el, "value"), "#"))
	}
	assert.Greater(t, refs, 30)
}

// TestMissingIsListed: all that is missing comes as one fault, and nothing of the patient's in it.
func TestMissingIsListed(t *testing.T) {
	_, err := VSM(Summary{Resources: []json.RawMessage{json.RawMessage(`{"resourceType":"Condition","id":"x"}`), json.RawMessage(`{}`)}})
	f := &fault.Fault{}
	require.True(t, errors.As(err, &f))
	got := map[string]bool{}
	for _, i := range f.Issues {
		got[i.Expression] = true
		assert.NotEmpty(t, i.Diagnostics)
	}
	for _, want := range []string{"id", "created", "confidentiality", "Patient", "authors", "custodian", "encounter.facilityType", "event.start",
		"treatingPhysician", "Condition/x.code", "resources[1]"} {
		assert.True(t, got[want], want)
	}
}

// TestEachTraitIsNeeded removes one fact after the other from a whole input.
func TestEachTraitIsNeeded(t *testing.T) {
	cut := func(s *Summary, old, replacement string) {
		changed := strings.Replace(string(s.Patient), old, replacement, 1)
		if changed == string(s.Patient) {
			panic("nothing replaced: " + old)
		}
		s.Patient = json.RawMessage(changed)
	}
	for name, c := range map[string]struct {
		change func(*Summary)
		at     string
	}{
		"ins":        {func(s *Summary) { cut(s, "1.2.250.1.213.1.4.10", "1.2.250.1.999.1.2") }, "Patient.identifier"},
		"ins key":    {func(s *Summary) { cut(s, "285073155504246", "285073155504247") }, "Patient.identifier[0].value"},
		"names":      {func(s *Summary) { cut(s, `"official", "family"`, `"old", "family"`) }, "Patient.name.where(use='official')"},
		"all given":  {func(s *Summary) { cut(s, "LOUISE ANNE", "") }, "Patient.name.where(use='official').extension"},
		"birth date": {func(s *Summary) { cut(s, "1985-07-14", "1985-07") }, "Patient.birthDate"},
		"sex":        {func(s *Summary) { cut(s, `"female"`, `"other"`) }, "Patient.gender"},
		"place":      {func(s *Summary) { cut(s, `"code": "31555"`, `"code": ""`) }, "Patient.extension('" + birthPlaceURL + "')"},
		"author":     {func(s *Summary) { s.Authors[0].Practitioner = nil }, "authors[0].practitioner"},
		"id":         {func(s *Summary) { s.ID = "Composition/1" }, "id"},
		"facility":   {func(s *Summary) { s.Encounter.FacilityType.Code = "SA999" }, "encounter.facilityType"},
		"secrecy":    {func(s *Summary) { s.Confidentiality = "U" }, "confidentiality"},
		"physician":  {func(s *Summary) { s.Authors[0].Function = Code{} }, "treatingPhysician"},
		"medicine":   {func(s *Summary) { s.Resources = s.Resources[6:7] }, "MedicationRequest/m2.medication"},
	} {
		t.Run(name, func(t *testing.T) {
			s := readFixture(t).summary()
			c.change(&s)
			_, err := VSM(s)
			f := &fault.Fault{}
			require.True(t, errors.As(err, &f), "%v", err)
			require.NotEmpty(t, f.Issues)
			assert.Equal(t, c.at, f.Issues[0].Expression)
			assert.NotContains(t, f.Error(), "EXEMPLE")
			assert.NotContains(t, f.Error(), "2850731555042")
		})
	}
}

func TestN1Payloads(t *testing.T) {
	h := readFixture(t).header()
	for name, c := range map[string]struct {
		payload Payload
		at      string
	}{
		"text":         {Payload{"text/plain", []byte("Compte rendu à lire")}, ""},
		"jpeg":         {Payload{"image/jpeg", []byte("\xff\xd8\xff\xe0")}, ""},
		"empty":        {Payload{"application/pdf", nil}, "payload.data"},
		"cut PDF":      {Payload{"application/pdf", []byte(tinyPDF[:40])}, "/ClinicalDocument/component/nonXMLBody/text"},
		"not a PDF":    {Payload{"application/pdf", []byte("\xff\xd8\xff")}, "payload.data"},
		"word":         {Payload{"application/msword", []byte("x")}, "payload.mediaType"},
		"latin text":   {Payload{"text/plain", []byte("\xe9t\xe9")}, "payload.data"},
		"svg as image": {Payload{"image/svg+xml", []byte("<svg/>")}, "payload.mediaType"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := N1(h, c.payload)
			if c.at == "" {
				require.NoError(t, err)
				validate(t, got)
				return
			}
			f := &fault.Fault{}
			require.True(t, errors.As(err, &f))
			assert.Equal(t, c.at, f.Issues[0].Expression)
		})
	}
}

// validate holds a document to our own checks, and to the schema of the CI-SIS with xmllint, where both are there.
func validate(t *testing.T, raw []byte) {
	t.Helper()
	doc, err := cda.Parse(raw, cda.Limits{})
	require.NoError(t, err)
	findings := check.Check(doc)
	require.False(t, cda.Refuses(findings), "%v", findings)
	schema, err := filepath.Abs("../../../shared/data/cda/schemas/CDA_extended.xsd")
	require.NoError(t, err)
	if _, err := os.Stat(schema); err != nil {
		t.Skip("SKIPPED: the schemas of the CI-SIS are not in ../shared, nothing was validated")
	}
	tool, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("SKIPPED: xmllint (libxml2-utils) is not installed, nothing was validated")
	}
	path := filepath.Join(t.TempDir(), "document.xml")
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	out, err := exec.Command(tool, "--noout", "--nonet", "--schema", schema, path).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func TestSchema(t *testing.T) {
	f := readFixture(t)
	vsm, err := VSM(f.summary())
	require.NoError(t, err)
	doc, err := cda.Parse(vsm, cda.Limits{})
	require.NoError(t, err)
	assert.Empty(t, check.Check(doc))
	validate(t, vsm)
	n1, err := N1(f.header(), Payload{MediaType: "application/pdf", Data: []byte(tinyPDF)})
	require.NoError(t, err)
	validate(t, n1)
}
