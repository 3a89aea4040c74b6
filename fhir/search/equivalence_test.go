package search

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/search/searchtest"
	"github.com/carnet-fhir/carnet/store"
)

// wanted is what the matcher finds.
func wanted(t testing.TB, from content, q *Query) []string {
	t.Helper()
	m := Matcher{Registry: sharedRegistry(), Source: from}
	var found []string
	for _, typ := range q.Types {
		for root := range from.Resources(typ) {
			ok, err := m.Match(q.Where[typ], root)
			require.NoError(t, err)
			if ok {
				found = append(found, typ+"/"+root.ChildValue("id"))
			}
		}
	}
	return found
}

// seeds gives how many worlds a test makes; CARNET_SEEDS asks for more than usual.
func seeds(t *testing.T, usual uint64) uint64 {
	t.Helper()
	text := os.Getenv("CARNET_SEEDS")
	if text == "" {
		return usual
	}
	n, err := strconv.ParseUint(text, 10, 32)
	require.NoError(t, err)
	return n
}

// eager changes plans at the first occasion, so that small data meets every way to answer.
var eager = tuning{race: 1, alone: 1, few: 0, sort: 1, patience: 1, group: 2, window: 2}

// moment is a past state of the world.
type moment struct {
	at      store.Time
	content content
}

// TestEngineFindsWhatTheMatcherFinds holds the executor to the matcher over random resources and random queries: at the head and at earlier times, in pages of one, of three
// and in one page, with and without a sort, and in its totals.
func TestEngineFindsWhatTheMatcherFinds(t *testing.T) {
	for seed := range seeds(t, 12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 42))
			w := newWorld(t)
			if seed%2 == 1 {
				w.engine.tuning = eager
				w.budget = Budget{Inner: 1}
			}
			moments := w.live(r)
			matched := 0
			for range 250 {
				random := searchtest.RandomQuery(r)
				m := moments[r.IntN(len(moments))]
				matched += w.compare(t, r, random, m)
			}
			require.Less(t, w.unread, 10)
			require.Greater(t, matched, 30, "the queries match something")
		})
	}
}

// live makes resources, changes and deletes some, and gives the states on the way.
func (w *world) live(r *rand.Rand) []moment {
	var moments []moment
	for _, res := range searchtest.Resources(r, 20+r.IntN(100)) {
		w.put(string(res.JSON))
	}
	for range 3 {
		moments = append(moments, moment{w.store.Head(), maps.Clone(w.content)})
		for _, key := range slices.Sorted(maps.Keys(w.content)) {
			root := w.content[key]
			typ, id := root.Type.Name, root.ChildValue("id")
			switch r.IntN(8) {
			case 0:
				w.delete(typ, id)
			case 1, 2:
				w.put(string(searchtest.Make(r, typ, id).JSON))
			}
		}
	}
	return append(moments, moment{w.store.Head(), maps.Clone(w.content)})
}

func (w *world) compare(t *testing.T, r *rand.Rand, random searchtest.Query, m moment) int {
	t.Helper()
	q, err := ParseQuery(sharedRegistry(), Scope{Type: random.Type}, random.Params, ParseOptions{Now: testNow})
	if err != nil {
		w.unread++ // the generator makes a few searches that R4 does not have
		return 0
	}
	view := w.view(m.at)
	defer view.Close()
	want := wanted(t, m.content, q)
	for _, size := range []int{1, 3, 1000} {
		got := w.pages(view, q, size)
		require.ElementsMatch(t, want, got, "%s in pages of %d", random, size)
	}
	q.Total = "accurate"
	counted, err := w.engine.Search(context.Background(), view, q, Page{}, w.budget)
	require.NoError(t, err)
	require.EqualValues(t, len(want), counted.Total, "total of %s", random)
	counted, err = w.engine.Search(context.Background(), view, q, Page{Count: 1 + r.IntN(4)}, w.budget)
	require.NoError(t, err)
	require.EqualValues(t, len(want), counted.Total, "total of %s behind a page", random)
	w.compareSorted(t, r, random, m, view, want)
	return len(want)
}

// compareSorted asks the same with a sort: the same matches, none before another that sorts before it, in the same order whatever the page size.
func (w *world) compareSorted(t *testing.T, r *rand.Rand, random searchtest.Query, m moment, view store.View, want []string) {
	t.Helper()
	by := searchtest.RandomSort(r, random.Type)
	q, err := ParseQuery(sharedRegistry(), Scope{Type: random.Type}, append(slices.Clone(random.Params), [2]string{"_sort", by}), ParseOptions{Now: testNow})
	require.NoError(t, err, by)
	whole := w.pages(view, q, 1000)
	require.ElementsMatch(t, want, whole, "%s by %s", random, by)
	for i := 1; i < len(whole); i++ {
		order := sharedRegistry().Snapshot().CompareSort(q.Sort, m.content[whole[i-1]], m.content[whole[i]])
		require.LessOrEqual(t, order, 0, "%s by %s: %s before %s", random, by, whole[i-1], whole[i])
	}
	require.Equal(t, whole, w.pages(view, q, 1+r.IntN(3)), "%s by %s in small pages", random, by)
}
