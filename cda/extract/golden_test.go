package extract_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/extract"
	"github.com/carnet-fhir/carnet/fhir/element"
)

var rewrite = flag.Bool("rewrite", false, "write the expected extractions anew")

// document puts sections (testdata/*.xml) into the body of a document (testdata/header.xml).
func document(t testing.TB, sections string) *cda.Document {
	t.Helper()
	header, err := os.ReadFile("testdata/header.xml")
	require.NoError(t, err)
	return parse(t, []byte(strings.Replace(string(header), "<!-- sections -->", sections, 1)))
}

// snippets gives the sections of testdata by file name.
func snippets(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.xml")
	require.NoError(t, err)
	out := map[string]string{}
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".xml"); name != "header" {
			raw, err := os.ReadFile(f)
			require.NoError(t, err)
			out[name] = string(raw)
		}
	}
	require.NotEmpty(t, out)
	return out
}

var options = extract.Options{Subject: "Patient/p", Document: "DocumentReference/d", Security: []extract.Coding{{System: "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", Code: "N"}}}

// TestGoldenExtractions compares what becomes of each snippet with testdata/NAME.golden: the fate of every statement, then the resources.
func TestGoldenExtractions(t *testing.T) {
	for name, sections := range snippets(t) {
		t.Run(name, func(t *testing.T) {
			e := extract.Extract(document(t, sections), options)
			for _, r := range e.Resources {
				for _, wrong := range faults(r) {
					assert.Failf(t, "not valid", "%s: %s %s\n%s", r.Type, wrong.Expression, wrong.Diagnostics, r.JSON)
				}
			}
			file := "testdata/" + name + ".golden"
			if *rewrite {
				require.NoError(t, os.WriteFile(file, written(e), 0o600))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(written(e)))
		})
	}
}

// written gives an extraction as a person reads it: what all resources share is left out, and so are UUIDs, named by the order in which they are met.
func written(e *extract.Extraction) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "extracted %d, not extracted %d\n\n", e.Extracted, e.NotExtracted)
	for _, o := range e.Entries {
		path := strings.TrimPrefix(o.Path, "/ClinicalDocument/component/structuredBody/")
		fmt.Fprintln(&b, strings.TrimSpace(fmt.Sprintf("%-9s %s %s", o.Fate, path, o.Reason)))
	}
	var pairs []string
	for i, r := range e.Resources {
		pairs = append(pairs, r.FullURL, fmt.Sprintf("urn:uuid:%d", i+1))
	}
	names := strings.NewReplacer(pairs...)
	for i, r := range e.Resources {
		text := names.Replace(string(element.Indent(nil, r.JSON)))
		if i > 0 {
			text = withoutMeta(text)
		}
		fmt.Fprintf(&b, "\n--- %d\n%s\n", i+1, text)
	}
	return b.Bytes()
}

// withoutMeta takes out the lines of meta, which is that of the first resource.
func withoutMeta(text string) string {
	from := strings.Index(text, "  \"meta\": {\n")
	to := strings.Index(text, "\n  },\n") + len("\n  },\n")
	if from < 0 || to < from {
		return text
	}
	return text[:from] + text[to:]
}
