package embedded

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

type text string

func (b text) Append(dst []byte, _ store.Stamp) []byte { return append(dst, b...) }

func TestSmoke(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	require.NoError(t, err)
	ctx := context.Background()
	e := func(n, v string) store.Entry { return store.Entry{Index: n, Value: []byte(v)} }
	r, err := s.Commit(ctx, &store.Tx{Writes: []store.Write{{Type: "Patient", ID: "p1", Body: text("{1}"), Entries: []store.Entry{e("f", "leger"), e("b", "1980")}}}})
	require.NoError(t, err)
	t1 := r.Time
	r, err = s.Commit(ctx, &store.Tx{Writes: []store.Write{{Type: "Patient", ID: "p1", Body: text("{2}"), Entries: []store.Entry{e("f", "roy"), e("b", "1980")}}}})
	require.NoError(t, err)
	require.Equal(t, uint64(2), r.Writes[0].Version)
	v1, err := s.View(t1)
	require.NoError(t, err)
	rec, err := v1.Read("Patient", "p1")
	require.NoError(t, err)
	require.Equal(t, "{1}", string(rec.Body))
	idx, ok := v1.Index("f")
	require.True(t, ok)
	c := v1.Scan(store.Range{Index: idx})
	require.True(t, c.Next())
	require.Equal(t, "leger", string(c.Value()))
	require.False(t, c.Next())
	require.NoError(t, c.Close())
	v1.Close()
	v2, _ := s.View(0)
	h := v2.History(store.HistoryRange{Type: "Patient"})
	require.True(t, h.Next())
	require.True(t, h.Next())
	require.False(t, h.Next())
	h.Close()
	v2.Close()
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 50 {
				_, err := s.Commit(ctx, &store.Tx{Writes: []store.Write{{Type: "Patient", ID: fmt.Sprintf("g%d-%d", g, i), Body: text("{2}"), Entries: []store.Entry{e("f", "roy"), e("b", "1980")}}}})
				if err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	t.Log(s.Stats())
	require.NoError(t, s.Close())
	s, err = Open(dir, Options{})
	require.NoError(t, err)
	v2, _ = s.View(0)
	n, ok := v2.Count("Patient")
	require.True(t, ok)
	require.EqualValues(t, 3201, n)
	v2.Close()
	require.NoError(t, s.Close())
}
