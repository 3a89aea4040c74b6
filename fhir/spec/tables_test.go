package spec

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSearchParametersResolve(t *testing.T) {
	d := R4()
	urls := map[string]bool{}
	for _, p := range d.SearchParameters {
		urls[p.URL] = true
	}
	for _, p := range d.SearchParameters {
		require.NotEmpty(t, p.Base, p.URL)
		for _, name := range append(slices.Clone(p.Base), p.Target...) {
			require.NotNil(t, d.Types[name], "%s names %s", p.URL, name)
			assert.Equal(t, Resource, d.Types[name].Kind, "%s names %s", p.URL, name)
		}
		if p.Type == "composite" {
			assert.NotEmpty(t, p.Components, p.URL)
		}
		for _, c := range p.Components {
			assert.True(t, urls[c.Definition], "%s is made of %s", p.URL, c.Definition)
		}
	}
}

// TestSearchExpressionsNameElements walks the plain part of each path of each expression through the types.
func TestSearchExpressionsNameElements(t *testing.T) {
	d := R4()
	path := regexp.MustCompile(`(?:^|[(| ])([A-Z]\w+)((?:\.[a-z]\w*)+)(\()?`)
	walked := 0
	for _, p := range d.SearchParameters {
		for _, m := range path.FindAllStringSubmatch(p.Expression, -1) {
			steps := strings.Split(m[2][1:], ".")
			if m[3] != "" {
				steps = steps[:len(steps)-1] // a function's name
			}
			typ := d.Types[m[1]]
			require.NotNil(t, typ, "%s: %s", p.URL, p.Expression)
			for _, step := range steps {
				i := slices.IndexFunc(typ.Elements, func(e *Element) bool { return e.Name == step })
				if !assert.GreaterOrEqual(t, i, 0, "%s: %s has no %s", p.URL, typ.Name, step) {
					break
				}
				if typ.Elements[i].Choice {
					break
				}
				typ = typ.Elements[i].Types[0].Type
				walked++
			}
		}
	}
	assert.Greater(t, walked, 1500)
}

func TestCompartments(t *testing.T) {
	d := R4()
	patient := d.Compartments["Patient"]
	require.NotNil(t, patient)
	assert.Equal(t, []string{"subject", "performer"}, patient.Params["Observation"])
	assert.Equal(t, []string{"patient"}, patient.Params["Encounter"])
	assert.Equal(t, []string{"link"}, patient.Params["Patient"])
	assert.Equal(t, []string{"subject", "author"}, patient.Params["DocumentReference"])
	assert.NotContains(t, patient.Params, "Medication")
	assert.Equal(t, []string{"{def}"}, d.Compartments["Encounter"].Params["Encounter"])
	codes := map[string]bool{}
	for _, p := range d.SearchParameters {
		for _, b := range p.Base {
			codes[b+"."+p.Code] = true
		}
	}
	for _, c := range d.Compartments {
		for resource, params := range c.Params {
			for _, p := range params {
				assert.True(t, p == "{def}" || codes[resource+"."+p], "%s compartment: %s has no parameter %s", c.Code, resource, p)
			}
		}
	}
}

func TestCodeSets(t *testing.T) {
	d := R4()
	set := d.CodeSets["http://hl7.org/fhir/ValueSet/observation-status"]
	require.NotNil(t, set)
	assert.True(t, set.Complete)
	assert.Len(t, set.Codes, 8)
	assert.Equal(t, []string{"http://hl7.org/fhir/observation-status"}, set.Codes["final"])
	tests := []struct {
		url      string
		complete bool
		has      string
		hasNot   string
	}{
		{"administrative-gender", true, "female", "F"},
		{"resource-types", true, "Patient", "patient"},
		{"defined-types", true, "Quantity", "Nonsense"},
		{"all-types", true, "Any", "Nonsense"},
		{"mimetypes", false, "", ""},
		{"currencies", false, "", ""},
		{"units-of-time", true, "wk", "week"},
		{"days-of-week", true, "mon", "Mon"},
		{"identifier-use", true, "official", "primary"},
		{"patient-contactrelationship", true, "C", "O"},
		{"bundle-type", true, "transaction", "Transaction"},
		{"condition-clinical", true, "remission", "gone"},
	}
	for _, tc := range tests {
		s := d.CodeSets["http://hl7.org/fhir/ValueSet/"+tc.url]
		require.NotNil(t, s, tc.url)
		assert.Equal(t, tc.complete, s.Complete, tc.url)
		if tc.has != "" {
			assert.Contains(t, s.Codes, tc.has, tc.url)
		}
		assert.NotContains(t, s.Codes, tc.hasNot, tc.url)
	}
	for url, s := range d.CodeSets {
		assert.True(t, len(s.Codes) > 0 || !s.Complete, "%s is complete and empty", url)
	}
}

// TestRequiredBindingsHaveCodes lists the value sets of required bindings that the definitions do not hold.
func TestRequiredBindingsHaveCodes(t *testing.T) {
	d := R4()
	missing := map[string]bool{}
	for _, typ := range d.Types {
		for _, e := range typ.Elements {
			if e.Binding != nil && e.Binding.Strength == "required" && d.CodeSets[e.Binding.ValueSet] == nil {
				missing[e.Binding.ValueSet] = true
			}
		}
	}
	assert.Equal(t, map[string]bool{
		"http://loinc.org/vs/LL379-9": true, // an answer list of LOINC (MolecularSequence.structureVariant.variantType)
	}, missing)
}

// TestTablesAreGenerated makes the tables anew and compares; CARNET_DEFINITIONS is the directory of the R4 bundles.
func TestTablesAreGenerated(t *testing.T) {
	definitions := os.Getenv("CARNET_DEFINITIONS")
	if definitions == "" {
		t.Skip("CARNET_DEFINITIONS is not set: the tables are not compared with the official definitions")
	}
	dir := t.TempDir()
	out, err := exec.Command("go", "run", "./gen", "-package", definitions, "-out", dir).CombinedOutput()
	require.NoError(t, err, string(out))
	files, err := filepath.Glob("tables/*.txt")
	require.NoError(t, err)
	require.Len(t, files, 5)
	for _, file := range files {
		want, err := os.ReadFile(filepath.Join(dir, filepath.Base(file)))
		require.NoError(t, err)
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.True(t, string(want) == string(got), "%s is not what the generator makes", file)
	}
}
