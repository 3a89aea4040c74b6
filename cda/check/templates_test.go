package check

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda/vocabulary"
)

func TestTemplates(t *testing.T) {
	known, err := readTemplates(modelsText, sectionsText, entriesText)
	require.NoError(t, err)
	assert.Len(t, known.models, 45)
	assert.Len(t, known.sections, 125)
	assert.Len(t, known.entries, 227)
	for root, m := range known.models {
		_, formatted := vocabulary.Load().FormatOfTemplates([]string{root})
		assert.True(t, formatted, "model %s has a format", m.name)
		for _, code := range m.codes {
			assert.True(t, vocabulary.Load().HasCode(vocabulary.DocumentType, code), "%s %s", m.name, code)
		}
		for _, s := range m.sections {
			assert.Contains(t, known.sections, s.root, m.name)
		}
	}
	for _, e := range known.entries {
		for _, companion := range e.companions {
			assert.Contains(t, known.entries, companion, e.name)
		}
	}
}

func TestUnreadableTemplates(t *testing.T) {
	for _, c := range []struct{ models, sections, entries string }{
		{models: "model 1.2 X"}, {models: "section 1.2"}, {models: "model 1.2 X 1\n moon"}, {sections: "1.2 c x label"}, {entries: "1.2 act:x name"}, {entries: "+ 1.2 id"},
	} {
		_, err := readTemplates(c.models, c.sections, c.entries)
		assert.Error(t, err, c)
	}
}

func TestGrammar(t *testing.T) {
	g, err := readGrammar(schemaText)
	require.NoError(t, err)
	assert.Equal(t, "POCD_MT000040.ClinicalDocument", g.root.name)
	assert.Greater(t, len(g.types), 480)
	for _, broken := range []string{
		"attribute", "type A\n @x", "type A base=B\nroot a=A", "type A\n b=B\nroot a=A", "type A\n ( b=A\nroot a=A", "type A\n b=A{x,}\nroot a=A", "simple a", "root a=A",
		"type A\n b=A? b=A\nroot a=A\ntype B\n ( b=A c=A | b=A d=A )", "type A\n @x moon", "type A\n q:b=A\nroot a=A",
	} {
		_, err := readGrammar(broken)
		assert.Error(t, err, broken)
	}
}
