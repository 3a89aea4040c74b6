package storetest

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

func testIndexes(t *testing.T, fresh func(t testing.TB) Harness) {
	ctx := context.Background()
	number := func(t *testing.T, s store.Store, name string) store.IndexID {
		n, ok := viewAt(t, s, 0).Index(name)
		require.True(t, ok)
		return n
	}
	t.Run("Order", func(t *testing.T) {
		s := open(t, fresh)
		values := []string{"", "\x00", "\x00\x00", "\x00\x01", "\x00\xff", "\x01", "a", "a\x00", "a\x00\xff", "a\x01", "aa", "b", "\xff", "\xff\x00", "\xff\xff"}
		var all []row
		for i, value := range values {
			rid := commit(t, s, put("T", name(i), "", "x", value, "before", value, "z", value)).Writes[0].RID
			all = append(all, row{value, rid})
		}
		v := viewAt(t, s, 0)
		x := number(t, s, "x")
		require.Equal(t, all, rows(t, v.Scan(store.Range{Index: x})))
		for i, lo := range values {
			require.Equal(t, []row{all[i]}, rows(t, v.Scan(store.Exactly(x, []byte(lo)))))
			for j, hi := range values {
				want := []row{}
				if i < j {
					want = all[i:j]
				}
				require.Equal(t, want, rows(t, v.Scan(store.Range{Index: x, Lo: []byte(lo), Hi: []byte(hi)})), "%q to %q", lo, hi)
			}
		}
		_, ok := v.Index("none")
		require.False(t, ok)
		require.Empty(t, rows(t, v.Scan(store.Range{Index: 1 << 30})))
	})
	t.Run("Entries", func(t *testing.T) {
		s := open(t, fresh)
		r1 := commit(t, s, put("T", "1", "", "y", "2", "x", "b", "x", "a", "x", "b", "x", ""))
		v := viewAt(t, s, 0)
		rec, err := v.Read("T", "1")
		require.NoError(t, err)
		x, y := number(t, s, "x"), number(t, s, "y")
		entries := []store.IndexEntry{{Index: x, Value: []byte{}}, {Index: x, Value: []byte("a")}, {Index: x, Value: []byte("b")}}
		last := store.IndexEntry{Index: y, Value: []byte("2")}
		if y < x {
			entries = append([]store.IndexEntry{last}, entries...)
		} else {
			entries = append(entries, last)
		}
		require.Equal(t, entries, rec.Index, "sorted, without duplicates")
		commit(t, s, put("T", "1", "", "x", "c"))
		old, err := viewAt(t, s, r1.Time).Read("T", "1")
		require.NoError(t, err)
		require.Equal(t, entries, old.Index, "old versions keep their entries")
	})
	t.Run("Reindex", func(t *testing.T) {
		s := open(t, fresh)
		r1 := commit(t, s, put("T", "1", "", "x", "a"), put("T", "2", "", "x", "a"), put("T", "3", "", "x", "a"))
		r2 := commit(t, s, put("T", "2", "", "x", "a"))
		commit(t, s, remove("T", "3"))
		rid := func(i int) store.RID { return r1.Writes[i].RID }
		added := []store.Entry{{Index: "new", Value: []byte("n")}, {Index: "x", Value: []byte("a")}}
		require.NoError(t, s.Reindex(ctx, []store.Reindex{
			{RID: rid(0), Type: "T", Version: 1, Entries: added},
			{RID: rid(1), Type: "T", Version: 1, Entries: added}, // not current
			{RID: rid(2), Type: "T", Version: 2, Entries: added}, // a deletion
			{RID: 1, Type: "T", Version: 1, Entries: added},      // never existed
		}))
		index := number(t, s, "new")
		require.Equal(t, []row{{"n", rid(0)}}, rows(t, viewAt(t, s, r1.Time).Scan(store.Range{Index: index})))
		require.NoError(t, s.Reindex(ctx, []store.Reindex{{RID: rid(1), Type: "T", Version: 2, Entries: added}}))
		require.Equal(t, []row{{"n", rid(0)}}, rows(t, viewAt(t, s, r1.Time).Scan(store.Range{Index: index})), "not before version 2")
		require.Equal(t, []row{{"n", rid(1)}, {"n", rid(0)}}, rows(t, viewAt(t, s, r2.Time).Scan(store.Range{Index: index})))
		rec, err := viewAt(t, s, 0).Get(rid(1))
		require.NoError(t, err)
		require.Len(t, rec.Index, 2)
		require.EqualValues(t, 2, rec.Version)
		require.Equal(t, rendered("", 2, r2.Time), string(rec.Body))
		commit(t, s, put("T", "1", "", "x", "a"))
		require.Equal(t, []row{{"n", rid(1)}}, rows(t, viewAt(t, s, 0).Scan(store.Range{Index: index})), "a version without it ends it")
	})
	t.Run("Drop", func(t *testing.T) {
		h := fresh(t)
		s := reopen(t, h)
		r := commit(t, s, put("T", "1", "", "x", "a", "y", "b"), put("T", "2", "", "x", "a"))
		require.ErrorIs(t, s.DropIndex(ctx, "none"), store.ErrNotFound)
		require.NoError(t, s.DropIndex(ctx, "x"))
		check := func(v store.View) {
			_, ok := v.Index("x")
			require.False(t, ok)
			rec, err := v.Read("T", "1")
			require.NoError(t, err)
			require.Len(t, rec.Index, 1, "its entries are gone")
			require.NoError(t, v.Close())
		}
		v, err := s.View(0)
		require.NoError(t, err)
		check(v)
		require.NoError(t, s.Close())
		s = reopen(t, h)
		v, err = s.View(0)
		require.NoError(t, err)
		check(v)
		// A new index of the name starts empty, and what is left of the old one is not in it.
		r2 := commit(t, s, put("T", "2", "", "x", "c"))
		require.Equal(t, []row{{"c", r.Writes[1].RID}}, rows(t, viewAt(t, s, 0).Scan(store.Range{Index: number(t, s, "x")})))
		require.Empty(t, rows(t, viewAt(t, s, r2.Time-1).Scan(store.Range{Index: number(t, s, "x")})))
	})
}

func testLimits(t *testing.T, fresh func(t testing.TB) Harness) {
	ctx := context.Background()
	s := open(t, fresh)
	commitOne := func(w store.Write) error {
		_, err := s.Commit(ctx, &store.Tx{Writes: []store.Write{w}})
		return err
	}
	longest := strings.Repeat("\x00", store.MaxValue)
	require.NoError(t, commitOne(put("T", "1", "", "x", longest)))
	v := viewAt(t, s, 0)
	index, _ := v.Index("x")
	require.Len(t, rows(t, v.Scan(store.Exactly(index, []byte(longest)))), 1)
	head := s.Head()
	require.Error(t, commitOne(put("T", "2", "", "x", longest+"x")))
	require.Error(t, commitOne(put("", "2", "")))
	require.Error(t, commitOne(put("T", "", "")))
	require.Error(t, commitOne(put("T", strings.Repeat("x", 1<<20), "")))
	require.Error(t, commitOne(put("T", "2", "", "", "value")))
	require.Error(t, commitOne(store.Write{Type: "T", ID: "2"}))
	require.ErrorIs(t, commitOne(put("T", "2", strings.Repeat("x", 65<<20))), store.ErrTooLarge)
	require.Equal(t, head, s.Head())
	require.NoError(t, commitOne(put("T", "2", strings.Repeat("x", 8<<20))))
	rec, err := viewAt(t, s, 0).Read("T", "2")
	require.NoError(t, err)
	require.Greater(t, len(rec.Body), 8<<20)
}
