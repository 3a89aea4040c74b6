package search

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/search/searchtest"
)

// What searchtest makes must be fit for comparing: resources that are valid, queries that parse, and that match some resources and not others.
func TestGeneratedQueriesAreMeaningful(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	source := shelf{}
	for _, made := range searchtest.Resources(r, 1000) {
		source[made.Type+"/"+made.ID] = resource(t, string(made.JSON))
	}
	m := &Matcher{Registry: sharedRegistry(), Source: source}
	const queries = 1500
	some, sorted := 0, 0
	for range queries {
		q := searchtest.RandomQuery(r)
		parsed, err := ParseQuery(sharedRegistry(), Scope{Type: q.Type}, q.Params, ParseOptions{Now: testNow})
		require.NoError(t, err, "%s", q)
		matches, total := 0, 0
		for root, err := range source.Resources(q.Type) {
			require.NoError(t, err)
			ok, err := m.Match(parsed.Where[q.Type], root)
			require.NoError(t, err)
			total++
			if ok {
				matches++
			}
		}
		if matches > 0 && matches < total {
			some++
		}
		if _, err := ParseQuery(sharedRegistry(), Scope{Type: q.Type}, [][2]string{{"_sort", searchtest.RandomSort(r, q.Type)}}, ParseOptions{}); err == nil {
			sorted++
		}
	}
	assert.Greater(t, some, queries/3, "queries that match some and not all")
	assert.Equal(t, queries, sorted, "orders that parse")
	t.Logf("%d of %d queries divide the resources", some, queries)
}

func TestGeneratorIsDeterministic(t *testing.T) {
	make := func() (all []string) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, made := range searchtest.Resources(r, 50) {
			all = append(all, string(made.JSON))
		}
		for range 50 {
			all = append(all, searchtest.RandomQuery(r).String())
		}
		return all
	}
	assert.Equal(t, make(), make())
}
