package storetest

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

// testManyGets reads many records by their numbers in one view while they change: each is as it was at the view's time, for readers side by side too.
func testManyGets(t *testing.T, fresh func(t testing.TB) Harness) {
	s := open(t, fresh)
	var rids []store.RID
	for i := range 40 {
		rids = append(rids, commit(t, s, put("A", name(i), "old")).Writes[0].RID)
	}
	v := viewAt(t, s, 0)
	get := func(i int) {
		rec, err := v.Get(rids[i])
		require.NoError(t, err)
		require.Equal(t, name(i), rec.ID)
		require.EqualValues(t, 1, rec.Version)
	}
	for i := range rids {
		get(len(rids) - 1 - i)
		switch i % 3 {
		case 0:
			commit(t, s, put("A", name(i), "new"))
		case 1:
			commit(t, s, remove("A", name(i)))
		}
		later := commit(t, s, put("A", "later"+name(i), "")).Writes[0].RID
		_, err := v.Get(later)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	_, err := v.Get(rids[3] + 1)
	require.ErrorIs(t, err, store.ErrNotFound, "a number that no record has")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range rids {
				rec, err := v.Get(rids[i])
				if err != nil || rec.ID != name(i) || rec.Version != 1 {
					t.Errorf("record %d: %v, %v", i, rec, err)
				}
			}
		})
	}
	all.Wait()
	now := viewAt(t, s, 0)
	for i := range rids {
		rec, err := now.Get(rids[i])
		require.NoError(t, err)
		require.EqualValues(t, []uint64{2, 2, 1}[i%3], rec.Version)
	}
}
