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
