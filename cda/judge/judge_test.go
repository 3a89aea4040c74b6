package judge_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/judge"
	"github.com/carnet-fhir/carnet/internal/ins"
)

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("../testdata/" + name + ".xml")
	require.NoError(t, err)
	return raw
}

func TestOwnDocumentsAreAccepted(t *testing.T) {
	for name, level := range map[string]string{"n1-pdf": "N1", "n1-text": "N1", "n3-ldl-ees": "N3", "n3-vac-note": "N3"} {
		v := judge.Judge(testdata(t, name), judge.Options{})
		require.True(t, v.Accepted, "%s: %v", name, v.Findings)
		r := v.Report(name)
		assert.Equal(t, level, r.Level)
		assert.Equal(t, "285073155504246", r.Patient)
		line, err := json.Marshal(r)
		require.NoError(t, err)
		assert.Contains(t, string(line), `"findings":[`)
	}
}

func TestWithoutINSADocumentCannotEnterARecord(t *testing.T) {
	whole := string(testdata(t, "n1-pdf"))
	const id = `<id root="1.2.250.1.213.1.4.10" extension="285073155504246"/>`
	for name, c := range map[string]struct {
		replacement string
		modes       []ins.Mode
	}{
		"no INS":               {"", nil},
		"wrong key":            {strings.Replace(id, "246", "247", 1), nil},
		"test in production":   {id, []ins.Mode{ins.Production}},
		"production in a test": {strings.Replace(id, ".4.10", ".4.8", 1), []ins.Mode{ins.Sandbox}},
	} {
		v := judge.Judge([]byte(strings.Replace(whole, id, c.replacement, 1)), judge.Options{Modes: c.modes})
		require.False(t, v.Accepted, name)
		rules := map[string]bool{}
		for _, f := range v.Findings {
			if f.Severity == cda.Error {
				rules[f.Rule] = true
			}
			assert.NotContains(t, f.Message, "2850731", "an INS is no diagnostics")
		}
		assert.Contains(t, rules, judge.RuleINS, name)
		assert.True(t, v.Patient.IsZero(), name)
	}
}

// TestOneDefectIsSaidOnce breaks one thing that several rooms see.
func TestOneDefectIsSaidOnce(t *testing.T) {
	whole := string(testdata(t, "n1-pdf"))
	const (
		typed = `<code code="11488-4" displayName="CR ou fiche de consultation ou de visite" codeSystem="2.16.840.1.113883.6.1"/>` + "\n  <title>"
		id    = `<id root="1.2.250.1.213.1.4.10" extension="285073155504246"/>`
	)
	for name, c := range map[string]struct{ old, new, rule string }{
		"no id":                  {`<id root="2.25.202403110000000000000000000000001.1"/>`, "", ""},
		"no type":                {typed, "<title>", ""},
		"a type without a class": {typed, `<code code="101881-1" displayName="x" codeSystem="2.16.840.1.113883.6.1"/><title>`, "metadata-class"},
		"an unknown type":        {typed, `<code code="99999-1" displayName="x" codeSystem="2.16.840.1.113883.6.1"/><title>`, ""},
		"no title":               {"<title>Compte rendu de consultation</title>", "", ""},
		"no creation time":       {`<effectiveTime value="20240311101500+0100"/>`, "", ""},
		"no language":            {`<languageCode code="fr-FR"/>`, "", ""},
		"confidentiality L":      {`<confidentialityCode code="N"`, `<confidentialityCode code="L"`, "metadata-confidentiality"},
		"confidentiality Z":      {`<confidentialityCode code="N"`, `<confidentialityCode code="Z"`, ""},
		"no practice setting":    {`<standardIndustryClassCode code="AMBULATOIRE" displayName="Ambulatoire" codeSystem="1.2.250.1.213.1.1.4.9"/>`, "", ""},
		"no beginning":           {`<low value="20240311093000+0100"/>`, "", ""},
		"ends before it begins":  {`<high value="20240311095500+0100"/>`, `<high value="20240311092500+0100"/>`, "metadata-time"},
		"a Word body":            {`mediaType="application/pdf"`, `mediaType="application/msword"`, ""},
		"no INS":                 {id, "", judge.RuleINS},
		"a wrong INS":            {id, strings.Replace(id, "246", "247", 1), judge.RuleINS},
		"an INS without number":  {id, `<id root="1.2.250.1.213.1.4.10"/>`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, whole, c.old)
			v := judge.Judge([]byte(strings.Replace(whole, c.old, c.new, 1)), judge.Options{})
			assert.False(t, v.Accepted)
			require.Len(t, v.Findings, 1, "%v", v.Findings)
			if c.rule != "" {
				assert.Equal(t, c.rule, v.Findings[0].Rule)
			}
		})
	}
}

func TestWhatIsNoDocumentHasAVerdictToo(t *testing.T) {
	v := judge.Judge([]byte("<html/>"), judge.Options{})
	assert.False(t, v.Accepted)
	assert.Nil(t, v.Document)
	line, err := json.Marshal(v.Report("x.xml"))
	require.NoError(t, err)
	assert.JSONEq(t, `{"file":"x.xml","accepted":false,"findings":[{"rule":"cda-root","severity":"error","message":"the root is neither ClinicalDocument of urn:hl7-org:v3, nor a style sheet or a signature around one"}],"extracted":0,"notExtracted":0,"resources":{}}`, string(line))
}

func FuzzJudge(f *testing.F) {
	for _, name := range []string{"n1-pdf", "n1-text", "n3-ldl-ees", "n3-vac-note"} {
		f.Add(testdata(f, name))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v := judge.Judge(raw, judge.Options{Limits: cda.Limits{Bytes: 1 << 20}})
		if !v.Accepted && !cda.Refuses(v.Findings) {
			t.Fatal("refused without a reason")
		}
		if _, err := json.Marshal(v.Report("x")); err != nil {
			t.Fatal(err)
		}
	})
}
