package extract_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/extract"
)

// FuzzExtract puts changed sections into a document. Whatever parses is extracted without a panic into at most as many resources as allowed, each of them valid: a store that
// takes the resources of a document in one transaction would else lose all for one.
func FuzzExtract(f *testing.F) {
	header, err := os.ReadFile("testdata/header.xml")
	require.NoError(f, err)
	for _, sections := range snippets(f) {
		f.Add(sections)
		for _, entry := range strings.SplitAfter(sections, "</entry>") {
			if i := strings.Index(entry, "<entry"); i >= 0 {
				f.Add("<component><section>" + entry[i:] + "</section></component>")
			}
		}
	}
	f.Fuzz(func(t *testing.T, sections string) {
		d, err := cda.Parse([]byte(strings.Replace(string(header), "<!-- sections -->", sections, 1)), cda.Limits{Bytes: 1 << 18, Elements: 5000})
		if err != nil {
			return
		}
		o := options
		o.MaxResources = 200
		e := extract.Extract(d, o)
		require.LessOrEqual(t, len(e.Resources), 201)
		for _, r := range e.Resources {
			if wrong := faults(r); len(wrong) > 0 {
				t.Fatalf("%s: %s %s %s\n%s", r.Type, wrong[0].Code, wrong[0].Expression, wrong[0].Diagnostics, r.JSON)
			}
		}
	})
}
