package search

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNearestFirst holds pages of a search by near to what sorting all by distance gives, whatever the page size, with further conditions, and as of an earlier time.
func TestNearestFirst(t *testing.T) {
	w := newWorld(t)
	r := rand.New(rand.NewPCG(1, 2))
	type spot struct {
		id        string
		lat, long float64
		active    bool
	}
	var spots []spot
	for i := range 200 {
		s := spot{fmt.Sprintf("l%03d", i), 48.85 + r.NormFloat64()*0.3, 2.35 + r.NormFloat64()*0.5, i%3 > 0}
		if i%20 == 0 && i > 0 {
			s.lat, s.long = spots[0].lat, spots[0].long // as far as another
		}
		spots = append(spots, s)
		w.put(fmt.Sprintf(`{"resourceType":"Location","id":%q,"status":%q,"position":{"latitude":%.6f,"longitude":%.6f}}`,
			s.id, map[bool]string{true: "active", false: "inactive"}[s.active], s.lat, s.long))
	}
	w.put(`{"resourceType":"Location","id":"nowhere","status":"active"}`)
	at := w.store.Head()
	want := func(reach float64, active bool) (ids []string) {
		in := slices.DeleteFunc(slices.Clone(spots), func(s spot) bool { return active && !s.active || distance(s.lat, s.long, 48.85, 2.35) > reach })
		slices.SortStableFunc(in, func(a, b spot) int {
			if d := distance(a.lat, a.long, 48.85, 2.35) - distance(b.lat, b.long, 48.85, 2.35); d < -0.2 || d > 0.2 {
				return map[bool]int{true: -1, false: 1}[d < 0]
			}
			return -slices.Compare([]byte(a.id), []byte(b.id)) // newest first
		})
		for _, s := range in {
			ids = append(ids, "Location/"+s.id)
		}
		return ids
	}
	all := func(query string, count int) (found []string, far []float64) {
		q := w.parse("Location", query)
		view := w.view(at)
		defer view.Close()
		page := Page{Count: count}
		for {
			result, err := w.engine.Search(context.Background(), view, q, page, Budget{})
			require.NoError(t, err)
			found, far = append(found, ids(result.Matches)...), append(far, result.Distances...)
			if result.Next == nil {
				return found, far
			}
			page.Resume = result.Next
		}
	}
	for round := range 2 {
		for _, count := range []int{1, 7, 1000} {
			found, far := all("near=48.85|2.35|30|km", count)
			require.Equal(t, want(30_000, false), found)
			require.True(t, slices.IsSorted(far))
			require.Len(t, far, len(found))
			found, _ = all("near=48.85|2.35|25000|m&status=active", count)
			require.Equal(t, want(25_000, true), found)
		}
		found, far := all("near=48.85|2.35|30|km&_sort=_id", 10)
		require.True(t, slices.IsSorted(found), "the client's own order wins")
		require.Len(t, far, len(found), "and the distances are told all the same")
		require.False(t, slices.IsSorted(far))
		if round == 0 { // later changes do not disturb an earlier time
			w.put(`{"resourceType":"Location","id":"l000","status":"active","position":{"latitude":10,"longitude":10}}`,
				`{"resourceType":"Location","id":"late","status":"active","position":{"latitude":48.85,"longitude":2.35}}`)
			w.delete("Location", "l001")
		}
	}
	found := w.search("Location", "near=48.85|2.35|5|km").Matches
	require.Equal(t, "late", found[0].ID)
}
