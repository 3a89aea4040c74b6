package extract_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/extract"
	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// documents gives the snippets as documents and, when they are there, the published ones.
func documents(t *testing.T) map[string]*cda.Document {
	t.Helper()
	all := map[string]*cda.Document{}
	for name, sections := range snippets(t) {
		all[name] = document(t, sections)
	}
	for _, file := range published(t) {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		all[file] = parse(t, raw)
	}
	return all
}

// TestEveryExtractionHolds checks what is true of every extraction, whatever the document.
func TestEveryExtractionHolds(t *testing.T) {
	for name, d := range documents(t) {
		e := extract.Extract(d, options)
		holds(t, name, e)
		assert.Equal(t, e, extract.Extract(d, options), "%s: extracting again gives the same", name)
	}
}

// personElements are the elements that say whose a resource is.
var personElements = []string{"subject", "patient", "beneficiary"}

func holds(t *testing.T, name string, e *extract.Extraction) {
	t.Helper()
	urls := map[string]bool{}
	for _, r := range e.Resources {
		assert.False(t, urls[r.FullURL], "%s: two resources have one URL", name)
		urls[r.FullURL] = true
	}
	for i, r := range e.Resources {
		require.True(t, json.Valid(r.JSON), "%s", name)
		parsed, err := element.ParseJSON(spec.R4(), r.JSON, element.Options{ExpectType: r.Type})
		require.NoError(t, err, "%s %s", name, r.JSON)
		root := parsed.Root
		assert.Empty(t, faults(r), "%s %s", name, r.JSON)
		for ref := range element.References(root) {
			inside := urls[ref.Value] || ref.Value == options.Subject || ref.Value == options.Document || strings.HasPrefix(ref.Value, "#")
			assert.True(t, inside, "%s %s: %s leads nowhere", name, r.Type, ref.Value)
		}
		if r.Type != "Provenance" {
			person := slices.ContainsFunc(personElements, func(p string) bool {
				return root.Child(p) != nil && root.Child(p).ChildValue("reference") == options.Subject
			})
			assert.True(t, person, "%s: whose is this %s?", name, r.Type)
		} else {
			assert.Equal(t, len(e.Resources)-1, i, "the Provenance is the last")
		}
		inOrder(t, name, root)
	}
	counted := map[extract.Fate]int{}
	for _, o := range e.Entries {
		counted[o.Fate]++
		assert.Equal(t, o.Fate == extract.AsResource, len(o.Resources) > 0, "%s %s", name, o.Path)
		assert.Equal(t, o.Fate == extract.Narrative, o.Reason != "", "%s %s", name, o.Path)
		for _, url := range o.Resources {
			assert.True(t, urls[url], "%s %s", name, o.Path)
		}
	}
	assert.Equal(t, e.Extracted, counted[extract.AsResource]+counted[extract.AsPart])
	assert.Equal(t, e.NotExtracted, counted[extract.Narrative])
}

// inOrder checks that elements come in the order of their definition.
func inOrder(t *testing.T, name string, e *element.Element) {
	t.Helper()
	last := -1
	for c := range e.Children() {
		at := slices.Index(e.Type.Elements, c.Def)
		assert.GreaterOrEqual(t, at, last, "%s: %s is out of order", name, element.Path(c))
		last = at
		inOrder(t, name, c)
	}
}

// TestPathsAreThoseOfTheDocument compares the paths of outcomes with Document.Path.
func TestPathsAreThoseOfTheDocument(t *testing.T) {
	d := document(t, snippets(t)["problems"])
	found := map[string]bool{}
	for _, s := range d.Body.Structured.Sections {
		for _, entry := range s.Entries {
			found[d.Path(entry.Statement)] = true
		}
	}
	for _, o := range extract.Extract(d, options).Entries {
		delete(found, o.Path)
	}
	assert.Empty(t, found)
}

// TestLimitOfResources holds the bound, and that what is beyond it is said.
func TestLimitOfResources(t *testing.T) {
	d := document(t, snippets(t)["observations"])
	o := options
	o.MaxResources = 5
	e := extract.Extract(d, o)
	assert.Len(t, e.Resources, 6, "five and their Provenance")
	holds(t, "limited", e)
	assert.Contains(t, e.Entries[len(e.Entries)-3].Reason, "more entries than are taken up")
}

// TestReferencesOfTheDocumentAreDerived checks the references that stand for what is not given.
func TestReferencesOfTheDocumentAreDerived(t *testing.T) {
	e := extract.Extract(document(t, snippets(t)["problems"]), extract.Options{})
	assert.Contains(t, string(e.Resources[1].JSON), `"subject":{"reference":"urn:uuid:`)
	given := options
	given.Encounter = "Encounter/e"
	made := extract.Extract(document(t, snippets(t)["acts"]), given)
	assert.Zero(t, made.Types()["Encounter"]-1, "only the one of the entries")
	assert.Contains(t, string(made.Resources[0].JSON), `"encounter":{"reference":"Encounter/e"}`)
}

// TestDocumentsWithoutEntries gives nothing.
func TestDocumentsWithoutEntries(t *testing.T) {
	bare := parse(t, []byte(`<ClinicalDocument xmlns="urn:hl7-org:v3"><component><nonXMLBody/></component></ClinicalDocument>`))
	e := extract.Extract(bare, options)
	assert.Empty(t, e.Resources)
	assert.Empty(t, e.Entries)
}
