package metadata_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/metadata"
)

// TestWhatIsMissingIsFoundAndNotGuessed breaks one fact of a document at a time.
func TestWhatIsMissingIsFoundAndNotGuessed(t *testing.T) {
	raw, err := os.ReadFile("../testdata/n1-pdf.xml")
	require.NoError(t, err)
	whole := string(raw)
	for name, c := range map[string]struct {
		old, new, rule, path string
		empty                func(*metadata.Entry) bool
	}{
		"no id":              {`<id root="2.25.202403110000000000000000000000001.1"/>`, "", metadata.RuleRequired, "/ClinicalDocument/id/@root", func(e *metadata.Entry) bool { return e.UniqueID() == "" }},
		"no type":            {`<code code="11488-4" displayName="CR ou fiche de consultation ou de visite" codeSystem="2.16.840.1.113883.6.1"/>` + "\n  <title>", "<title>", metadata.RuleRequired, "/ClinicalDocument/code", func(e *metadata.Entry) bool { return e.ClassCode.IsZero() }},
		"type without class": {`<code code="11488-4" displayName="CR ou fiche de consultation ou de visite" codeSystem="2.16.840.1.113883.6.1"/>` + "\n  <title>", `<code code="101881-1" codeSystem="2.16.840.1.113883.6.1"/><title>`, metadata.RuleClass, "/ClinicalDocument/code/@code", func(e *metadata.Entry) bool { return e.ClassCode.IsZero() }},
		"no title":           {"<title>Compte rendu de consultation</title>", "", metadata.RuleRequired, "/ClinicalDocument/title", func(e *metadata.Entry) bool { return e.Title == "" }},
		"no creation":        {`<effectiveTime value="20240311101500+0100"/>`, "", metadata.RuleRequired, "/ClinicalDocument/effectiveTime/@value", func(e *metadata.Entry) bool { return e.CreationTime.Value == "" }},
		"creation is none":   {`<effectiveTime value="20240311101500+0100"/>`, `<effectiveTime value="11/03/2024"/>`, metadata.RuleTime, "/ClinicalDocument/effectiveTime/@value", nil},
		"no language":        {`<languageCode code="fr-FR"/>`, "", metadata.RuleRequired, "/ClinicalDocument/languageCode", func(e *metadata.Entry) bool { return e.Language == "" }},
		"no confidentiality": {`<confidentialityCode code="N" displayName="Normal" codeSystem="2.16.840.1.113883.5.25"/>`, `<confidentialityCode nullFlavor="UNK"/>`, metadata.RuleRequired, "/ClinicalDocument/confidentialityCode", func(e *metadata.Entry) bool { return e.Confidentiality.IsZero() }},
		"confidentiality L":  {`<confidentialityCode code="N"`, `<confidentialityCode code="L"`, metadata.RuleConfidentiality, "/ClinicalDocument/confidentialityCode/@code", nil},
		"no practice setting": {`<standardIndustryClassCode code="AMBULATOIRE" displayName="Ambulatoire" codeSystem="1.2.250.1.213.1.1.4.9"/>`, "", metadata.RuleRequired,
			"/ClinicalDocument/documentationOf/serviceEvent/performer/assignedEntity/representedOrganization/standardIndustryClassCode", func(e *metadata.Entry) bool { return e.PracticeSetting.IsZero() }},
		"no facility":         {`<code code="SA07"`, `<code nullFlavor="UNK"`, metadata.RuleRequired, "/ClinicalDocument/componentOf/encompassingEncounter/location/healthCareFacility/code", func(e *metadata.Entry) bool { return e.FacilityType.IsZero() }},
		"no beginning":        {`<low value="20240311093000+0100"/>`, "", metadata.RuleRequired, "/ClinicalDocument/documentationOf/serviceEvent/effectiveTime/low/@value", func(e *metadata.Entry) bool { return e.ServiceStart.Value == "" }},
		"ends before it does": {`<high value="20240311095500+0100"/>`, `<high value="20240311092500+0100"/>`, metadata.RuleTime, "/ClinicalDocument/documentationOf/serviceEvent/effectiveTime/high/@value", nil},
		"body of Word":        {`mediaType="application/pdf"`, `mediaType="application/msword"`, metadata.RuleFormat, "/ClinicalDocument/component/nonXMLBody/text/@mediaType", func(e *metadata.Entry) bool { return e.FormatCode.IsZero() }},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, 1, strings.Count(whole, c.old), "the fact is there once")
			d, err := cda.Parse([]byte(strings.Replace(whole, c.old, c.new, 1)), cda.Limits{})
			require.NoError(t, err)
			e, findings := metadata.Derive(d)
			require.Len(t, findings, 1)
			assert.Equal(t, c.rule, findings[0].Rule)
			assert.Equal(t, c.path, findings[0].Path)
			assert.Positive(t, findings[0].Line)
			if c.empty != nil {
				assert.True(t, c.empty(e))
			}
		})
	}
}

// TestFactsAreFoundWhereTheyAre covers the traps of the mapping.
func TestFactsAreFoundWhereTheyAre(t *testing.T) {
	raw, err := os.ReadFile("../testdata/n1-pdf.xml")
	require.NoError(t, err)
	whole := string(raw)
	derive := func(old, replacement string) *metadata.Entry {
		require.Contains(t, whole, old)
		d, err := cda.Parse([]byte(strings.Replace(whole, old, replacement, 1)), cda.Limits{})
		require.NoError(t, err)
		e, _ := metadata.Derive(d)
		return e
	}
	e := derive("<documentationOf>", `<documentationOf><serviceEvent><code code="Z00" codeSystem="2.16.840.1.113883.6.3"/><effectiveTime><low value="2019"/></effectiveTime></serviceEvent></documentationOf><documentationOf>`)
	assert.Equal(t, "20240311093000+0100", e.ServiceStart.Value, "the main act is the one with a performer, not the first")
	assert.Len(t, e.EventCodes, 2)
	e = derive(`<id root="1.2.250.1.213.1.4.10" extension="285073155504246"/>`, `<id root="1.2.250.1.213.1.4.13" extension="285073155504246"/>`)
	assert.Empty(t, e.PatientID(), "the NIR as a social security number is no INS")
	assert.Equal(t, "IPP-000042^^^&1.2.250.1.999.1.1&ISO^PI", e.SourcePatientID())
	e = derive(`<id root="1.2.250.1.999.1.1" extension="IPP-000042"/>`, "")
	assert.Equal(t, e.PatientID(), e.SourcePatientID(), "without a local identifier it is the INS")
	e = derive(`<id root="2.25.202403110000000000000000000000001.1"/>`, `<id root="6E2C6D8A-0E5B-4C1B-9E55-2F6D1B0A7C11"/>`)
	system, value := e.MasterIdentifier()
	assert.Equal(t, "urn:ietf:rfc:3986 urn:uuid:6e2c6d8a-0e5b-4c1b-9e55-2f6d1b0a7c11", system+" "+value)
	assert.Equal(t, "6E2C6D8A-0E5B-4C1B-9E55-2F6D1B0A7C11", e.UniqueID())
	e = derive(`<id root="2.25.202403110000000000000000000000001.1"/>`, `<id root="1.2.3" extension="A^B"/>`)
	system, value = e.MasterIdentifier()
	assert.Equal(t, "urn:oid:1.2.3 A^B", system+" "+value)
	assert.Equal(t, "1.2.3^A^B", e.UniqueID())
	e = derive("<name>CENTRE D'ESSAI DE TOULOUSE</name>", "<name>A &amp; B^C</name>")
	assert.True(t, strings.HasPrefix(e.Authors[0].Institution(), `A \T\ B\S\C^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^`), "delimiters of HL7 v2 are escaped")
}

// TestPatientsAndSystemsAsAuthors covers the authors that no published document has.
func TestPatientsAndSystemsAsAuthors(t *testing.T) {
	raw, err := os.ReadFile("../testdata/n1-pdf.xml")
	require.NoError(t, err)
	from, to := strings.Index(string(raw), "<assignedAuthor>"), strings.Index(string(raw), "</assignedAuthor>")
	derive := func(assigned string) *metadata.Entry {
		d, err := cda.Parse([]byte(string(raw[:from])+"<assignedAuthor>"+assigned+string(raw[to:])), cda.Limits{})
		require.NoError(t, err)
		e, findings := metadata.Derive(d)
		require.Empty(t, findings)
		reference, err := e.DocumentReference(options)
		require.NoError(t, err)
		valid(t, reference)
		return e
	}
	e := derive(`<id root="1.2.250.1.213.1.4.10" extension="285073155504246"/><code code="EXP_PATIENT" codeSystem="1.2.250.1.213.1.1.4.6"/><assignedPerson><name><family>EXEMPLE</family><given>LOUISE</given></name></assignedPerson>`)
	assert.Equal(t, metadata.ByPatient, e.Authors[0].Kind)
	assert.Equal(t, "285073155504246^EXEMPLE^LOUISE^^^^^^&1.2.250.1.213.1.4.10&ISO^D^^^NH", e.Authors[0].Person())
	assert.Empty(t, e.Authors[0].Institution())
	assert.Equal(t, e.PatientID(), e.SourcePatientID(), "a patient's own document comes from no establishment")
	e = derive(`<id root="1.2.250.1.71.4.2.1" extension="531999901700012/12"/><assignedAuthoringDevice><manufacturerModelName>Analyseur</manufacturerModelName><softwareName>Logiciel</softwareName></assignedAuthoringDevice>`)
	assert.Equal(t, metadata.BySystem, e.Authors[0].Kind)
	assert.Equal(t, "531999901700012/12^Logiciel^Analyseur^^^^^^&1.2.250.1.71.4.2.1&ISO^U^^^RI", e.Authors[0].Person())
	e = derive(`<id nullFlavor="UNK"/>`)
	assert.Equal(t, metadata.ByProfessional, e.Authors[0].Kind)
	assert.Equal(t, "^^^^^^^^^D^^^", e.Authors[0].Person(), "an unknown author has no authority")
}

func TestSourcePatientInfo(t *testing.T) {
	e, _ := metadata.Derive(parsed(t, "../testdata/n1-pdf.xml"))
	assert.Equal(t, []string{
		"PID-3|285073155504246^^^&1.2.250.1.213.1.4.10&ISO^NH", "PID-3|IPP-000042^^^&1.2.250.1.999.1.1&ISO^PI",
		"PID-5|EXEMPLE^LOUISE^^^^^L", "PID-5|EXEMPLE-DUPONT^LOUISE^^^^^D", "PID-7|19850714", "PID-8|F",
		"PID-11|12 RUE DU MODELE^^^^^", "PID-13|tel:+33600000042", "PID-13|mailto:285073155504246@patient.mssante.fr",
	}, e.PatientInfo())
	assert.Equal(t, "810997000129^ESSAI-MARTIN^CAMILLE^^DR^MME^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS", e.LegalAuthenticator.Person())
	assert.Equal(t, "G15_10/SM26^Médecin - Qualifié en Médecine Générale (SM)^1.2.250.1.213.1.1.4.5", e.Authors[0].SpecialtyTriple())
}
