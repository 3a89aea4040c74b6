package storetest

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/store"
)

// The random tests play in a small world, so that records, values and times meet.
var (
	types    = []string{"A", "B"}
	ids      = []string{"1", "2", "3", "4"}
	indexes  = []string{"A.x", "B.x", "tag"}
	values   = []string{"", "\x00", "\x00\x01", "\x00\xff", "\x01", "a", "a\x00", "ab", "b", "\xff", "\xff\xff"}
	settings = []string{"m1", "m2"}
)

func drawEntries(t *rapid.T) []store.Entry {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) store.Entry {
		return store.Entry{
			Index: rapid.SampledFrom(indexes).Draw(t, "index"),
			Value: []byte(rapid.SampledFrom(values).Draw(t, "value")),
		}
	}), 0, 4).Draw(t, "entries")
}

func drawTx(t *rapid.T) *store.Tx {
	tx := &store.Tx{}
	seen := map[modelKey]bool{}
	for range rapid.IntRange(1, 4).Draw(t, "writes") {
		w := store.Write{Type: rapid.SampledFrom(types).Draw(t, "type"), ID: rapid.SampledFrom(ids).Draw(t, "id")}
		if seen[modelKey{w.Type, w.ID}] {
			continue
		}
		seen[modelKey{w.Type, w.ID}] = true
		switch rapid.IntRange(0, 9).Draw(t, "expect") {
		case 0:
			w.Expect.Kind = store.ExpectAbsent
		case 1:
			w.Expect.Kind = store.ExpectLive
		case 2:
			w.Expect = store.Expectation{Kind: store.ExpectVersion, Version: rapid.Uint64Range(0, 4).Draw(t, "version")}
		}
		if rapid.IntRange(0, 4).Draw(t, "delete") == 0 {
			w.Delete = true
		} else {
			w.Body = body(rapid.SampledFrom([]string{"", "text", "\x00"}).Draw(t, "body"))
			w.Entries = drawEntries(t)
			if rapid.IntRange(0, 9).Draw(t, "blob") == 0 {
				w.Blob = &store.BlobRef{Digest: store.Digest{rapid.Byte().Draw(t, "digest")}, Size: 1 << 40}
			}
		}
		tx.Writes = append(tx.Writes, w)
	}
	if rapid.IntRange(0, 9).Draw(t, "meta") == 0 {
		var value []byte
		if rapid.Bool().Draw(t, "set") {
			value = []byte(rapid.SampledFrom(values).Draw(t, "setting"))
		}
		tx.Meta = map[string][]byte{rapid.SampledFrom(settings).Draw(t, "name"): value}
	}
	return tx
}

// drawTime picks a time at, just before or just after a commit.
func (m *model) drawTime(t *rapid.T) store.Time {
	if len(m.times) == 0 {
		return m.head
	}
	at := rapid.SampledFrom(m.times).Draw(t, "time") + store.Time(rapid.IntRange(-1, 1).Draw(t, "off"))
	return max(1, min(at, m.head))
}

// compare holds a View against the model.
func (m *model) compare(t *rapid.T, v store.View) {
	at := v.Time()
	numbers := map[store.IndexID]string{}
	for _, index := range indexes {
		if n, ok := v.Index(index); ok {
			numbers[n] = index
		}
	}
	for _, typ := range types {
		for _, id := range ids {
			m.compareRecord(t, v, modelKey{typ, id}, numbers)
		}
		live := m.live(at, typ)
		require.Equal(t, live, rows(t, v.Live(typ)), "live at %d", at)
		if n, ok := v.Count(typ); ok {
			require.EqualValues(t, len(live), n, "count at %d", at)
		}
		m.compareSeek(t, live, func() store.Cursor { return v.Live(typ) }, false, false)
	}
	for _, index := range indexes {
		if n, ok := v.Index(index); ok {
			m.compareIndex(t, v, n, index)
		}
	}
	for _, h := range []store.HistoryRange{{}, {Type: types[0]}, {Type: types[1], ID: ids[0]}} {
		if rapid.Bool().Draw(t, "window") {
			h.Since, h.Before = m.drawTime(t), m.drawTime(t)
		}
		want := m.history(at, h)
		require.Equal(t, want, changes(t, v.History(h), len(want)+1), "history at %d", at)
		if len(want) > 0 {
			p := rapid.SampledFrom(want).Draw(t, "position")
			h.After = &store.HistoryPosition{Time: p.time, RID: p.rid}
			want = m.history(at, h)
			require.Equal(t, want, changes(t, v.History(h), len(want)+1), "history at %d after %v", at, p)
		}
	}
}

func (m *model) compareRecord(t *rapid.T, v store.View, key modelKey, numbers map[store.IndexID]string) {
	rec := m.records[key]
	got, err := v.Read(key.typ, key.id)
	var want *modelVersion
	if rec != nil {
		want = rec.at(v.Time())
	}
	if isNotFound(t, err) {
		require.Nil(t, want, "%v is missing at %d", key, v.Time())
	} else {
		require.NotNil(t, want, "%v is there at %d", key, v.Time())
		rec.check(t, want, got, numbers)
	}
	if rec == nil {
		return
	}
	byRID, err := v.Get(rec.rid)
	if isNotFound(t, err) {
		require.Nil(t, want)
	} else {
		require.Equal(t, got, byRID)
	}
	for i := range rec.versions {
		version := &rec.versions[i]
		got, err := v.Version(key.typ, key.id, version.version)
		if isNotFound(t, err) {
			require.Greater(t, version.time, v.Time())
			continue
		}
		require.LessOrEqual(t, version.time, v.Time())
		rec.check(t, version, got, numbers)
	}
}

func (m *model) compareIndex(t *rapid.T, v store.View, n store.IndexID, index string) {
	r := store.Range{Index: n, Reverse: rapid.Bool().Draw(t, "reverse")}
	lo := ""
	var hi *string
	switch rapid.IntRange(0, 2).Draw(t, "range") {
	case 1:
		lo = rapid.SampledFrom(values).Draw(t, "lo")
		end := lo + "\x00"
		hi, r = &end, store.Range{Index: n, Lo: store.Exactly(n, []byte(lo)).Lo, Hi: store.Exactly(n, []byte(lo)).Hi, Reverse: r.Reverse}
	case 2:
		lo = rapid.SampledFrom(values).Draw(t, "lo")
		end := rapid.SampledFrom(values).Draw(t, "hi")
		hi, r.Lo, r.Hi = &end, []byte(lo), []byte(end)
	}
	want := m.scan(v.Time(), index, lo, hi, r.Reverse)
	require.Equal(t, want, rows(t, v.Scan(r)), "%s from %q at %d", index, lo, v.Time())
	m.compareSeek(t, want, func() store.Cursor { return v.Scan(r) }, true, r.Reverse)
}

// compareSeek mixes Seek and Next on a cursor whose rows are known.
func (m *model) compareSeek(t *rapid.T, want []row, open func() store.Cursor, valued, reverse bool) {
	c := open()
	at := -1
	order := func(a, b row) int {
		if reverse {
			return compareRows(b, a)
		}
		return compareRows(a, b)
	}
	for range rapid.IntRange(0, 4).Draw(t, "moves") {
		var ok bool
		if rapid.Bool().Draw(t, "next") {
			at++
			ok = c.Next()
		} else {
			target := row{"", store.RID(m.drawTime(t))}
			if valued {
				target.value = rapid.SampledFrom(values).Draw(t, "value")
			}
			if len(want) > 0 && rapid.Bool().Draw(t, "exact") {
				target = rapid.SampledFrom(want).Draw(t, "target")
			}
			if at >= 0 && order(target, want[at]) < 0 {
				continue // only forward
			}
			at = max(at, 0)
			for at < len(want) && order(want[at], target) < 0 {
				at++
			}
			ok = c.Seek([]byte(target.value), target.rid)
		}
		require.Equal(t, at < len(want), ok)
		if !ok {
			break
		}
		require.Equal(t, want[at], row{string(c.Value()), c.RID()})
	}
	require.NoError(t, c.Err())
	require.NoError(t, c.Close())
}

// testModel plays random operations on a store and on the model and holds views at random times against each other.
func testModel(t *testing.T, fresh func(t testing.TB) Harness) {
	rapid.Check(t, func(rt *rapid.T) { play(rt, t, fresh) })
}

// guarded commits a Tx and lets the goroutine of the test look at the view of its guard: rapid draws nowhere else.
func guarded(s store.Store, tx *store.Tx, look func(store.View)) (r *store.Receipt, err error) {
	views, looked, done := make(chan store.View), make(chan struct{}), make(chan struct{})
	tx.Guard = func(v store.View) error {
		views <- v
		<-looked
		return nil
	}
	go func() {
		defer close(done)
		r, err = s.Commit(context.Background(), tx)
	}()
	func() {
		defer close(looked)
		look(<-views)
	}()
	<-done
	return r, err
}

func play(rt *rapid.T, t0 *testing.T, fresh func(t testing.TB) Harness) {
	ctx := context.Background()
	h := fresh(t0)
	s := h.Open(t0)
	defer func() { _ = s.Close() }() // it is another store by then
	m := newModel()
	look := func(t *rapid.T, s store.Store, at store.Time) {
		v, err := s.View(at)
		require.NoError(t, err)
		m.compare(t, v)
		for _, name := range settings {
			value, err := v.Meta(name)
			want, ok := m.settings[name]
			require.Equal(t, !ok, isNotFound(t, err))
			require.Equal(t, want, string(value))
		}
		require.NoError(t, v.Close())
	}
	commit := func(t *rapid.T) {
		tx := drawTx(t)
		conflict, _ := m.verdict(tx)
		var r *store.Receipt
		var err error
		if rapid.IntRange(0, 3).Draw(t, "guard") == 0 {
			r, err = guarded(s, tx, func(v store.View) { m.compare(t, v) })
		} else {
			r, err = s.Commit(ctx, tx)
		}
		if conflict != nil {
			require.ErrorIs(t, err, store.ErrConflict)
			require.Equal(t, conflict, err)
			return
		}
		require.NoError(t, err)
		m.commit(t, tx, r)
		require.Equal(t, m.head, s.Head())
	}
	rt.Repeat(map[string]func(*rapid.T){
		"commit":  commit,
		"commit2": commit,
		"commit3": commit,
		"view":    func(t *rapid.T) { look(t, s, m.drawTime(t)) },
		"head":    func(t *rapid.T) { look(t, s, 0) },
		"reindex": func(t *rapid.T) {
			var batch []store.Reindex
			for _, r := range m.sorted() {
				batch = append(batch, store.Reindex{
					RID: r.rid, Type: r.key.typ, Version: rapid.Uint64Range(1, uint64(len(r.versions))).Draw(t, "version"), Entries: drawEntries(t),
				})
			}
			require.NoError(t, s.Reindex(ctx, batch))
			m.reindex(batch)
		},
		"drop": func(t *rapid.T) {
			if rapid.IntRange(0, 3).Draw(t, "rarely") > 0 {
				t.Skip("drop")
			}
			index := rapid.SampledFrom(indexes).Draw(t, "index")
			if err := s.DropIndex(ctx, index); !isNotFound(t, err) {
				m.dropIndex(index)
			}
		},
		"reopen": func(t *rapid.T) {
			if rapid.IntRange(0, 3).Draw(t, "rarely") > 0 {
				t.Skip("reopen")
			}
			require.NoError(t, s.Close())
			s = h.Open(t0)
			require.Equal(t, m.head, s.Head())
		},
		"transfer": func(t *rapid.T) {
			if rapid.IntRange(0, 5).Draw(t, "rarely") > 0 {
				t.Skip("transfer")
			}
			var out bytes.Buffer
			require.NoError(t, s.Export(ctx, &out))
			next := fresh(t0)
			other := next.Open(t0)
			require.NoError(t, other.Import(ctx, &out))
			require.Equal(t, m.head, other.Head())
			require.NoError(t, s.Close())
			s, h = other, next
		},
	})
	look(rt, s, 0)
	for _, at := range m.times {
		look(rt, s, at)
	}
}
