package extract_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/carnet-fhir/carnet/cda/extract"
)

// TestCostGrowsWithTheDocumentOnly extracts what would be slow or large if anything were quadratic: many siblings, one id on all, references to one large narrative.
func TestCostGrowsWithTheDocumentOnly(t *testing.T) {
	const many = 6000
	entry := `<entry><observation classCode="OBS" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.48"/><id root="1.2.3"/><code code="X" codeSystem="1.2.3"><originalText><reference value="#big"/></originalText></code>` +
		`<entryRelationship typeCode="REFR"><act classCode="ACT" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.36"/><id root="1.2.3"/></act></entryRelationship></observation></entry>`
	sections := `<component><section><text><paragraph ID="big">` + strings.Repeat("long texte ", 50_000) + `</paragraph></text>` + strings.Repeat(entry, many) + `</section></component>`
	d := document(t, sections)
	start := time.Now()
	e := extract.Extract(d, options)
	assert.Less(t, time.Since(start), 20*time.Second, "a second or less on an idle machine")
	size := 0
	for _, r := range e.Resources {
		size += len(r.JSON)
	}
	assert.Less(t, size, 16*len(d.Raw))
	assert.Equal(t, 2*many, e.Extracted)
}
