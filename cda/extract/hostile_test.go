package extract_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/extract"
	"github.com/carnet-fhir/carnet/internal/worktest"
)

// TestCostGrowsWithTheDocumentOnly extracts what would be large if anything were quadratic: many siblings, one id on all, references to one large narrative.
func TestCostGrowsWithTheDocumentOnly(t *testing.T) {
	const many = 3000
	entry := `<entry><observation classCode="OBS" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.48"/><id root="1.2.3"/><code code="X" codeSystem="1.2.3"><originalText><reference value="#big"/></originalText></code>` +
		`<entryRelationship typeCode="REFR"><act classCode="ACT" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.36"/><id root="1.2.3"/></act></entryRelationship></observation></entry>`
	documents := map[int]*cda.Document{}
	for _, n := range []int{many, 2 * many} {
		documents[n] = document(t, `<component><section><text><paragraph ID="big">`+strings.Repeat("long texte ", 50_000)+`</paragraph></text>`+strings.Repeat(entry, n)+`</section></component>`)
	}
	worktest.Linear(t, many, func(n int) {
		e := extract.Extract(documents[n], options)
		size := 0
		for _, r := range e.Resources {
			size += len(r.JSON)
		}
		assert.Less(t, size, 16*len(documents[n].Raw))
		assert.Equal(t, 2*n, e.Extracted)
	})
}
