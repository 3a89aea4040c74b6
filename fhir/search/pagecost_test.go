package search

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPagesCostTheSame reads far into long results: what a page reads does not grow with the pages before it.
func TestPagesCostTheSame(t *testing.T) {
	w := newWorld(t)
	populate(w, 3000)
	view := w.view(0)
	defer view.Close()
	for _, query := range []string{"", "gender=female", "gender=female&active=true", "gender:not=male", "family=family", "birthdate=gt1940", "birthdate=gt1940&gender=female", "birthdate=gt1940&birthdate=lt1990",
		"_sort=birthdate", "_sort=-birthdate,family", "_sort=gender", "_sort=-_lastUpdated", "_sort=_lastUpdated", "gender=female&_sort=family", "_lastUpdated=gt2000", "general-practitioner.name=doctor",
		"_has:Observation:patient:code=8480-6"} {
		q := w.parse("Patient", query)
		q.Explain = true
		page, first, worst, pages := Page{Count: 20}, 0, 0, 0
		for {
			result, err := w.engine.Search(context.Background(), view, q, page, Budget{})
			require.NoError(t, err)
			cost := result.Plan.Rows + rowsOfRecord*result.Plan.Records
			if pages++; pages == 1 {
				first = cost
			}
			if page.Resume = result.Next; page.Resume == nil {
				break // the last page may look for more in vain
			}
			worst = max(worst, cost)
		}
		assert.Greater(t, pages, 20, query)
		assert.LessOrEqual(t, worst, 2*first+100, "%s: the first page costs %d, the worst of %d %d", query, first, pages, worst)
	}
}
