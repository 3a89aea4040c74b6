package vocabulary

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTables(t *testing.T) {
	tables, err := read(setsTSV, associationsTSV, systemsTSV)
	require.NoError(t, err)
	sets := tables.Sets()
	require.Len(t, sets, 28)
	for _, s := range sets {
		assert.NotEmpty(t, s.OID, s.Set)
		assert.Len(t, s.Version, len("2024-12-13"), s.Set)
		require.NotEmpty(t, tables.Concepts(s.Set), s.Set)
		for _, c := range tables.Concepts(s.Set) {
			assert.NotEmpty(t, c.System, "%s %s", s.Set, c.Code)
			if s.Set != DocumentFormat {
				assert.NotEmpty(t, c.Label, "%s %s", s.Set, c.Code)
			}
			_, known := tables.CodeSystem(c.System)
			assert.True(t, known, "the code system %s of %s has a URI", c.System, s.Set)
		}
	}
	assert.Len(t, tables.Concepts(AuthorSpecialty), 396)
	assert.Len(t, tables.classes, 129)
	assert.Len(t, tables.templateFormats, 81)
	assert.Len(t, tables.mediaFormats, 5)
	assert.Same(t, Load(), Load())
}

func TestMembership(t *testing.T) {
	tables := Load()
	for _, c := range []struct {
		set          Set
		code, system string
		want         bool
		label        string
	}{
		{AuthorSpecialty, "G15_10/SM26", "1.2.250.1.213.1.1.4.5", true, "Médecin - Qualifié en Médecine Générale (SM)"},
		{AuthorSpecialty, "G15_10/SCH10", "1.2.250.1.213.1.1.4.5", false, ""},
		{Gender, "UN", "2.16.840.1.113883.5.1", true, "Inconnu"},
		{Gender, "U", "2.16.840.1.113883.5.1", false, ""},
		{Gender, "F", "2.16.840.1.113883.5.2", false, ""},
		{DocumentType, "11502-2", SystemLOINC, true, "CR d'examens biologiques"},
		{"J999", "F", "2.16.840.1.113883.5.1", false, ""},
	} {
		assert.Equal(t, c.want, tables.Contains(c.set, c.code, c.system), "%s %s", c.set, c.code)
		assert.Equal(t, c.label, tables.Label(c.set, c.code, c.system), "%s %s", c.set, c.code)
	}
	assert.True(t, tables.HasCode(Participation, "REFB"))
	assert.False(t, tables.HasCode(Participation, "LOC"))
	closed, ok := tables.Info(NonHealthProfession)
	require.True(t, ok)
	assert.Equal(t, "2024-12-13", closed.Until)
}

func TestClassOf(t *testing.T) {
	tables := Load()
	for _, c := range []struct{ code, system, class, label string }{
		{"18748-4", SystemLOINC, "31", "Imagerie médicale"},
		{"11490-0", SystemLOINC, "10", "Compte rendu"},
		{"18761-7", SystemLOINC, "11", "Synthèse"},
		{"SYNTH", SystemTypes, "11", "Synthèse"},
		{"SYNTH", "", "11", "Synthèse"},
		{"CERT_DECL", SystemTypes, "52", "Certificat, déclaration"},
		{"E1762", "ASTM", "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "Digital Signature"},
	} {
		got, ok := tables.ClassOf(c.code, c.system)
		require.True(t, ok, c.code)
		assert.Equal(t, c.class, got.Code, c.code)
		assert.Equal(t, c.label, got.Label, c.code)
	}
	for _, unknown := range []struct{ code, system string }{{"101881-1", SystemLOINC}, {"SYNTH", SystemLOINC}, {"", ""}} {
		_, ok := tables.ClassOf(unknown.code, unknown.system)
		assert.False(t, ok, unknown.code)
	}
}

func TestFormats(t *testing.T) {
	tables := Load()
	format, ok := tables.FormatOfTemplates([]string{TemplateFrance, TemplateCISIS, "1.3.6.1.4.1.19376.1.3.3", "1.2.250.1.213.1.1.1.55"})
	require.True(t, ok)
	assert.Equal(t, "urn:ihe:lab:xd-lab:2008", format.Code)
	assert.Equal(t, "https://mos.esante.gouv.fr/NOS/TRE_A11-IheFormatCode/FHIR/TRE-A11-IheFormatCode", tables.SystemURI(format.System))
	_, ok = tables.FormatOfTemplates([]string{TemplateFrance, TemplateCISIS})
	assert.False(t, ok)
	format, ok = tables.FormatOfMediaType("application/pdf")
	require.True(t, ok)
	assert.Equal(t, "urn:ihe:iti:xds-sd:pdf:2008", format.Code)
	_, ok = tables.FormatOfMediaType("application/msword")
	assert.False(t, ok)
	assert.Equal(t, "urn:asipSante:modelesHorsProfils:2011", tables.FormatOutsideProfiles().Code)
}

func TestCodeSystems(t *testing.T) {
	tables := Load()
	for _, c := range []struct{ oid, uri string }{
		{"2.16.840.1.113883.6.1", "http://loinc.org"},
		{"2.16.840.1.113883.5.25", "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"},
		{"1.2.3.4", "urn:oid:1.2.3.4"},
		{"1.2.250.1.213.2.3.3", "https://smt.esante.gouv.fr/terminologie-cip_ucd"},
		{"", ""},
	} {
		assert.Equal(t, c.uri, tables.SystemURI(c.oid))
	}
	for _, c := range []struct{ uri, oid string }{
		{"http://loinc.org", "2.16.840.1.113883.6.1"},
		{"urn:oid:2.16.840.1.113883.6.1", "2.16.840.1.113883.6.1"},
		{"https://mos.esante.gouv.fr/NOS/TRE_R308-TAASIP/FHIR/TRE-R308-TAASIP", "1.2.250.1.213.1.1.4.322"},
		{"https://mos.esante.gouv.fr/NOS/TRE_A07-StatusVisibiliteDocument/FHIR/TRE-A07-StatusVisibiliteDocument", "1.2.250.1.213.1.1.4.13"},
		{"urn:oid:1.2.3", "1.2.3"},
	} {
		got, ok := tables.SystemOID(c.uri)
		assert.True(t, ok, c.uri)
		assert.Equal(t, c.oid, got, c.uri)
	}
	for _, unknown := range []string{"http://example.org/codes", "", "urn:oid:"} {
		_, ok := tables.SystemOID(unknown)
		assert.False(t, ok, unknown)
	}
}

func TestUnreadableTables(t *testing.T) {
	for _, c := range []struct{ sets, associations, systems, want string }{
		{sets: "a\tb", want: "outside a set"},
		{associations: "=\tA11\n1.2\tx", want: "0 code systems"},
		{systems: "1.2\tn", want: "no URI"},
		{systems: "1.2\tn\tu\n1.3\tm\tu", want: "URI of n and of m"},
	} {
		_, err := read(c.sets, c.associations, c.systems)
		assert.ErrorContains(t, err, c.want)
	}
}

// TestPublished holds the tables to the published value sets, where they are at hand.
func TestPublished(t *testing.T) {
	file := filepath.Join("..", "..", "..", "shared", "data", "cda", "jdv", "ALL_JDV.tsv")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Skip("the published value sets are not at hand: ", err)
	}
	tables := Load()
	n := 0
	for line := range strings.Lines(string(raw)) {
		row := strings.Split(strings.TrimSpace(line), "\t")
		if n++; n == 1 {
			continue
		}
		require.Len(t, row, 6)
		var set Set
		for _, info := range tables.Sets() {
			if info.OID == row[1] {
				set = info.Set
			}
		}
		got, ok := tables.Find(set, row[3], row[4])
		if assert.True(t, ok, "%s %s", row[0], row[3]) {
			assert.Equal(t, strings.Join(strings.Fields(row[5]), " "), got.Label)
		}
	}
	assert.Greater(t, n, 900)
}

func BenchmarkContains(b *testing.B) {
	tables := Load()
	for b.Loop() {
		if !tables.Contains(AuthorSpecialty, "G15_10/SM26", "1.2.250.1.213.1.1.4.5") {
			b.Fatal("not found")
		}
	}
}
