package search

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSortedWalkOfLongValues sorts by the parameter that the clause is on. A long value stands in two indexes, and the alternatives of a clause look for it in different ones: the walk, which
// goes through one of them, must not end where the alternatives that use this one end.
func TestSortedWalkOfLongValues(t *testing.T) {
	w := newWorld(t)
	w.engine.tuning = eager
	w.put(
		`{"resourceType":"Encounter","id":"early","status":"finished","class":{"code":"IMP"},"period":{"start":"1940-01-01","end":"1940-06-01"}}`,
		`{"resourceType":"Encounter","id":"late","status":"finished","class":{"code":"IMP"},"period":{"start":"2010-01-01","end":"2010-06-01"}}`,
		`{"resourceType":"Encounter","id":"later","status":"finished","class":{"code":"IMP"},"period":{"start":"2020-01-01","end":"2020-01-02"}}`,
		`{"resourceType":"Observation","id":"low","status":"final","code":{"text":"a"},"valueSampledData":{"origin":{"value":0},"period":1,"dimensions":1,"data":"1 2"}}`,
		`{"resourceType":"Observation","id":"high","status":"final","code":{"text":"a"},"valueSampledData":{"origin":{"value":0},"period":1,"dimensions":1,"data":"8 9"}}`,
	)
	for _, c := range []struct {
		typ, query string
		want       []string
	}{
		{"Encounter", "date=lt1950,ge2000&_sort=date", []string{"early", "late", "later"}},
		{"Encounter", "date=lt1950,ge2000&_sort=-date", []string{"later", "late", "early"}},
		{"Encounter", "date=le1940,gt2000&_sort=date", []string{"early", "late", "later"}},
		{"Encounter", "date=eb1950,sa2000&_sort=date", []string{"early", "late", "later"}},
		{"Encounter", "date=lt1950&_sort=date", []string{"early"}},
		{"Observation", "value-quantity=lt3,gt5&_sort=value-quantity", []string{"low", "high"}},
		{"Observation", "value-quantity=eb3,sa5&_sort=-value-quantity", []string{"high", "low"}},
	} {
		view := w.view(0)
		var want []string
		for _, id := range c.want {
			want = append(want, c.typ+"/"+id)
		}
		for _, size := range []int{1, 2, 1000} {
			assert.Equal(t, want, w.pages(view, w.parse(c.typ, c.query), size), "%s?%s in pages of %d", c.typ, c.query, size)
		}
		require.NoError(t, view.Close())
	}
}
