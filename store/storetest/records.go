package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

func testRecords(t *testing.T, fresh func(t testing.TB) Harness) {
	s := open(t, fresh)
	empty := viewAt(t, s, 0)
	_, err := empty.Read("Patient", "p1")
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = empty.Get(1)
	require.ErrorIs(t, err, store.ErrNotFound)

	r1 := commit(t, s, put("Patient", "p1", "one"))
	require.Equal(t, store.Written{RID: r1.Writes[0].RID, Version: 1, Method: store.Created}, r1.Writes[0])
	r2 := commit(t, s, put("Patient", "p1", "two"))
	require.Equal(t, store.Written{RID: r1.Writes[0].RID, Version: 2, Method: store.Updated}, r2.Writes[0])
	r3 := commit(t, s, remove("Patient", "p1"))
	require.Equal(t, store.Written{RID: r1.Writes[0].RID, Version: 3, Method: store.Deleted}, r3.Writes[0])
	again := commit(t, s, remove("Patient", "p1"), remove("Patient", "never"))
	require.Equal(t, store.Method(0), again.Writes[0].Method, "deleting what is deleted writes nothing")
	require.Equal(t, store.Method(0), again.Writes[1].Method, "deleting what never was writes nothing")
	r4 := commit(t, s, put("Patient", "p1", "four"))
	require.Equal(t, store.Written{RID: r1.Writes[0].RID, Version: 4, Method: store.Created}, r4.Writes[0])

	t.Run("AsOf", func(t *testing.T) {
		for i, at := range []store.Time{r1.Time, r2.Time, r3.Time, r4.Time} {
			v := viewAt(t, s, at)
			require.Equal(t, at, v.Time())
			rec, err := v.Read("Patient", "p1")
			require.NoError(t, err)
			require.EqualValues(t, i+1, rec.Version)
			require.Equal(t, at, rec.Time)
			byRID, err := v.Get(rec.RID)
			require.NoError(t, err)
			require.Equal(t, rec, byRID)
			for version := uint64(1); version <= 4; version++ {
				old, err := v.Version("Patient", "p1", version)
				if version > rec.Version {
					require.ErrorIs(t, err, store.ErrNotFound)
					continue
				}
				require.NoError(t, err)
				require.Equal(t, version, old.Version)
			}
			for _, none := range []uint64{0, 5, 1 << 63} {
				_, err := v.Version("Patient", "p1", none)
				require.ErrorIs(t, err, store.ErrNotFound)
			}
		}
		before := viewAt(t, s, r1.Time-1)
		_, err := before.Read("Patient", "p1")
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = s.View(s.Head() + 1)
		require.ErrorIs(t, err, store.ErrFuture)
	})
	t.Run("Content", func(t *testing.T) {
		v := viewAt(t, s, 0)
		rec, err := v.Read("Patient", "p1")
		require.NoError(t, err)
		require.Equal(t, rendered("four", 4, r4.Time), string(rec.Body))
		require.Equal(t, "Patient", rec.Type)
		require.Equal(t, "p1", rec.ID)
		gone, err := v.Version("Patient", "p1", 3)
		require.NoError(t, err)
		require.Equal(t, store.Deleted, gone.Method)
		require.Nil(t, gone.Body)
		require.Nil(t, gone.Index)
	})
	t.Run("OwnMemory", func(t *testing.T) {
		v := viewAt(t, s, 0)
		rec, err := v.Read("Patient", "p1")
		require.NoError(t, err)
		_ = append(rec.Body, "overwritten"...)
		clear(rec.Body)
		rec, err = v.Read("Patient", "p1")
		require.NoError(t, err)
		require.Equal(t, rendered("four", 4, r4.Time), string(rec.Body))
	})
	t.Run("TypesApart", func(t *testing.T) {
		commit(t, s, put("Observation", "p1", "other"))
		v := viewAt(t, s, 0)
		rec, err := v.Read("Observation", "p1")
		require.NoError(t, err)
		require.EqualValues(t, 1, rec.Version)
		n, ok := v.Count("Observation")
		require.True(t, ok)
		require.EqualValues(t, 1, n)
		require.Equal(t, map[string]int64{"Patient": 1, "Observation": 1}, s.Stats().Records)
	})
}

func testExpectations(t *testing.T, fresh func(t testing.TB) Harness) {
	s := open(t, fresh)
	never := func(string) {}
	live := func(id string) { commit(t, s, put("T", id, "")); commit(t, s, put("T", id, "")) }
	dead := func(id string) { commit(t, s, put("T", id, "")); commit(t, s, remove("T", id)) }
	for i, c := range []struct {
		name     string
		before   func(id string) // live and dead leave version 2
		kind     store.ExpectKind
		version  uint64
		met      bool
		conflict store.ConflictError
	}{
		{"AnyNever", never, store.ExpectAny, 0, true, store.ConflictError{}},
		{"AnyLive", live, store.ExpectAny, 0, true, store.ConflictError{}},
		{"AnyDead", dead, store.ExpectAny, 0, true, store.ConflictError{}},
		{"AbsentNever", never, store.ExpectAbsent, 0, true, store.ConflictError{}},
		{"AbsentLive", live, store.ExpectAbsent, 0, false, store.ConflictError{Found: 2}},
		{"AbsentDead", dead, store.ExpectAbsent, 0, true, store.ConflictError{}},
		{"NoneNever", never, store.ExpectVersion, 0, true, store.ConflictError{}},
		{"NoneLive", live, store.ExpectVersion, 0, false, store.ConflictError{Found: 2}},
		{"NoneDead", dead, store.ExpectVersion, 0, false, store.ConflictError{Found: 2, Deleted: true}},
		{"VersionNever", never, store.ExpectVersion, 1, false, store.ConflictError{}},
		{"VersionLive", live, store.ExpectVersion, 2, true, store.ConflictError{}},
		{"VersionOld", live, store.ExpectVersion, 1, false, store.ConflictError{Found: 2}},
		{"VersionDead", dead, store.ExpectVersion, 2, true, store.ConflictError{}},
		{"VersionBeforeDeath", dead, store.ExpectVersion, 1, false, store.ConflictError{Found: 2, Deleted: true}},
		{"LiveNever", never, store.ExpectLive, 0, false, store.ConflictError{}},
		{"LiveLive", live, store.ExpectLive, 0, true, store.ConflictError{}},
		{"LiveDead", dead, store.ExpectLive, 0, false, store.ConflictError{Found: 2, Deleted: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := name(i)
			c.before(id)
			head := s.Head()
			_, err := s.Commit(context.Background(), &store.Tx{
				Writes: []store.Write{put("Other", id, ""), expecting(put("T", id, ""), c.kind, c.version)},
				Meta:   map[string][]byte{id: []byte("1")},
			})
			v := viewAt(t, s, 0)
			_, other := v.Read("Other", id)
			_, setting := v.Meta(id)
			if c.met {
				require.NoError(t, err)
				require.NoError(t, other)
				require.NoError(t, setting)
				return
			}
			require.ErrorIs(t, err, store.ErrConflict)
			var conflict *store.ConflictError
			require.ErrorAs(t, err, &conflict)
			c.conflict.Write = 1
			require.Equal(t, c.conflict, *conflict)
			require.NotContains(t, err.Error(), id)
			require.Equal(t, head, s.Head(), "nothing was written")
			require.ErrorIs(t, other, store.ErrNotFound)
			require.ErrorIs(t, setting, store.ErrNotFound)
		})
	}
}

func testTransactions(t *testing.T, fresh func(t testing.TB) Harness) {
	ctx := context.Background()
	t.Run("OneTime", func(t *testing.T) {
		s := open(t, fresh)
		r := commit(t, s, put("A", "1", "x"), put("B", "1", "y"), put("A", "2", "z"))
		v := viewAt(t, s, 0)
		last := store.RID(0)
		for i, w := range []struct{ typ, id string }{{"A", "1"}, {"B", "1"}, {"A", "2"}} {
			rec, err := v.Read(w.typ, w.id)
			require.NoError(t, err)
			require.Equal(t, r.Time, rec.Time)
			require.Equal(t, r.Writes[i].RID, rec.RID)
			require.Greater(t, rec.RID, last, "rids follow the order of creation")
			last = rec.RID
		}
		// Times between the ticks of the rids show nothing of the Tx.
		for at := store.Time(r.Writes[0].RID) - 1; at < r.Time; at++ {
			if at <= 0 {
				continue
			}
			v := viewAt(t, s, at)
			require.Empty(t, rows(t, v.Live("A")))
			_, err := v.Read("A", "1")
			require.ErrorIs(t, err, store.ErrNotFound)
			n, ok := v.Count("A")
			require.True(t, !ok || n == 0)
		}
	})
	t.Run("Empty", func(t *testing.T) {
		s := open(t, fresh)
		r1 := commit(t, s, put("A", "1", ""))
		r, err := s.Commit(ctx, &store.Tx{})
		require.NoError(t, err)
		require.Equal(t, r1.Time, r.Time)
		require.Equal(t, r1.Time, s.Head())
	})
	t.Run("Twice", func(t *testing.T) {
		s := open(t, fresh)
		_, err := s.Commit(ctx, &store.Tx{Writes: []store.Write{put("A", "1", ""), put("B", "1", ""), put("A", "1", "")}})
		require.Error(t, err)
		require.Zero(t, s.Head())
	})
	t.Run("Huge", func(t *testing.T) {
		s := open(t, fresh)
		const n = 10000
		writes := make([]store.Write, n)
		for i := range writes {
			writes[i] = put("A", name(i), "some text that is not very long", "A.x", name(i), "A.all", "1")
		}
		r := commit(t, s, writes...)
		require.Equal(t, r.Time, s.Head())
		v := viewAt(t, s, 0)
		index, ok := v.Index("A.all")
		require.True(t, ok)
		require.Len(t, rows(t, v.Scan(store.Exactly(index, []byte("1")))), n)
		count, ok := v.Count("A")
		require.True(t, ok)
		require.EqualValues(t, n, count)
		for i := range writes {
			writes[i] = expecting(remove("A", name(i)), store.ExpectVersion, 1)
		}
		commit(t, s, writes...)
		after := viewAt(t, s, 0)
		require.Empty(t, rows(t, after.Scan(store.Exactly(index, []byte("1")))))
		require.Len(t, rows(t, v.Scan(store.Exactly(index, []byte("1")))), n, "the older view still sees them")
	})
}

func testTimes(t *testing.T, fresh func(t testing.TB) Harness) {
	h := fresh(t)
	s := reopen(t, h)
	before := time.Now()
	var last store.Time
	for i := range 20 {
		r := commit(t, s, put("A", name(i), ""), put("A", name(i)+"b", ""))
		require.Greater(t, r.Time, last)
		for _, w := range r.Writes {
			require.Greater(t, w.RID, store.RID(last))
			require.LessOrEqual(t, w.RID, store.RID(r.Time))
		}
		require.GreaterOrEqual(t, int64(r.Time), before.UnixMicro())
		require.GreaterOrEqual(t, s.Head(), r.Time)
		last = r.Time
	}
	require.NoError(t, s.Close())
	s = reopen(t, h)
	require.Equal(t, last, s.Head(), "the head is kept")
	require.Greater(t, commit(t, s, put("A", "z", "")).Time, last)
}

func testWalk(t *testing.T, fresh func(t testing.TB) Harness) {
	s := open(t, fresh)
	var rids []store.RID
	for i := range 30 {
		rids = append(rids, commit(t, s, put([]string{"B", "A"}[i%2], name(i), "")).Writes[0].RID)
	}
	commit(t, s, put("A", name(1), "changed"), remove("A", name(3)), remove("B", name(0)))
	commit(t, s, put("B", name(0), "back"))
	walk := func(typ string, after store.RID) []store.RID {
		var got []store.RID
		require.NoError(t, s.Walk(context.Background(), typ, after, func(r *store.Record) error {
			require.NotEqual(t, store.Deleted, r.Method)
			got = append(got, r.RID)
			return nil
		}))
		return got
	}
	var as, bs []store.RID
	for i, rid := range rids {
		switch {
		case i == 3:
		case i%2 == 1:
			as = append(as, rid)
		default:
			bs = append(bs, rid)
		}
	}
	require.Equal(t, as, walk("A", 0))
	require.Equal(t, bs, walk("B", 0))
	require.Equal(t, as[5:], walk("A", as[4]))
	require.Equal(t, append(append([]store.RID{}, as...), bs...), walk("", 0))
	require.Empty(t, walk("None", 0))
	stop := context.Canceled
	require.ErrorIs(t, s.Walk(context.Background(), "", 0, func(*store.Record) error { return stop }), stop)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, s.Walk(ctx, "A", 0, func(*store.Record) error { return nil }), context.Canceled)
}
