package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

// body is a Body that shows its Stamp, so that a test sees whether it was rendered with the right one.
type body string

// Append implements store.Body.
func (b body) Append(dst []byte, s store.Stamp) []byte {
	return fmt.Appendf(dst, "%d@%d %s", s.Version, s.Time, string(b))
}

func rendered(text string, version uint64, t store.Time) string {
	return string(body(text).Append(nil, store.Stamp{Version: version, Time: t}))
}

// put makes a Write; pairs are index names and values.
func put(typ, id, text string, pairs ...string) store.Write {
	w := store.Write{Type: typ, ID: id, Body: body(text)}
	for i := 0; i+1 < len(pairs); i += 2 {
		w.Entries = append(w.Entries, store.Entry{Index: pairs[i], Value: []byte(pairs[i+1])})
	}
	return w
}

func remove(typ, id string) store.Write { return store.Write{Type: typ, ID: id, Delete: true} }

func expecting(w store.Write, kind store.ExpectKind, version uint64) store.Write {
	w.Expect = store.Expectation{Kind: kind, Version: version}
	return w
}

// commit commits writes that must succeed.
func commit(t testing.TB, s store.Store, writes ...store.Write) *store.Receipt {
	t.Helper()
	r, err := s.Commit(context.Background(), &store.Tx{Writes: writes})
	require.NoError(t, err)
	require.Len(t, r.Writes, len(writes))
	return r
}

// row is what a cursor shows.
type row struct {
	value string
	rid   store.RID
}

// rows reads a cursor to its end and closes it.
func rows(t require.TestingT, c store.Cursor) []row {
	all := []row{}
	for c.Next() {
		all = append(all, row{string(c.Value()), c.RID()})
	}
	require.NoError(t, c.Err())
	require.GreaterOrEqual(t, c.Steps(), len(all))
	require.False(t, c.Next())
	require.NoError(t, c.Close())
	return all
}

// change is what a history cursor shows.
type change struct {
	time    store.Time
	rid     store.RID
	version uint64
}

// changes reads at most limit versions and closes the cursor; with each, Record is held against what the cursor says.
func changes(t require.TestingT, c store.HistoryCursor, limit int) []change {
	all := []change{}
	for len(all) < limit && c.Next() {
		p := c.Position()
		require.Equal(t, p.RID, c.RID())
		rec, err := c.Record()
		require.NoError(t, err)
		require.Equal(t, change{rec.Time, rec.RID, rec.Version}, change{p.Time, p.RID, c.Version()})
		all = append(all, change{p.Time, p.RID, c.Version()})
	}
	require.NoError(t, c.Err())
	require.NoError(t, c.Close())
	return all
}
