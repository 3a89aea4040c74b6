package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/store"
)

// testReads holds that a Guard is asked whenever anything was written that its Reads name.
func testReads(t *testing.T, fresh func(t testing.TB) Harness) {
	asked := func(t rapid.TB, s store.Store, at store.Time, reads *store.Reads) bool {
		was := false
		refused := errors.New("asked")
		_, err := s.Commit(context.Background(), &store.Tx{Writes: []store.Write{put("A", "never", "")}, ReadAt: at, Reads: reads, Guard: func(store.View) error { was = true; return refused }})
		if was {
			require.ErrorIs(t, err, refused)
		} else {
			require.NoError(t, err)
		}
		return was
	}
	entry := func(index, value string) *store.Reads {
		return &store.Reads{Entries: []store.Entry{{Index: index, Value: []byte(value)}}}
	}
	record := func(typ, id string) *store.Reads { return &store.Reads{Records: []store.Name{{Type: typ, ID: id}}} }
	cases := map[string]struct {
		write store.Write
		reads *store.Reads
	}{
		"ANewRecordWithTheEntry":       {put("A", "new", "", "A.key", "x"), entry("A.key", "x")},
		"AnEntryThatARecordLoses":      {put("A", "there", "", "A.key", "other"), entry("A.key", "held")},
		"ARecordThatKeepsTheEntry":     {put("A", "there", "other content", "A.key", "held"), entry("A.key", "held")},
		"ADeletedRecordWithTheEntry":   {store.Write{Type: "A", ID: "there", Delete: true}, entry("A.key", "held")},
		"AnIndexThatNobodyHadSeen":     {put("A", "new", "", "A.fresh", "x"), entry("A.fresh", "x")},
		"ARecordThatWasNot":            {put("A", "new", ""), record("A", "new")},
		"ARecordThatChanges":           {put("A", "there", "other content", "A.key", "held"), record("A", "there")},
		"ARecordThatIsDeleted":         {store.Write{Type: "A", ID: "there", Delete: true}, record("A", "there")},
		"ARecordOfATypeThatWasUnknown": {put("Fresh", "1", ""), record("Fresh", "1")},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := open(t, fresh)
			commit(t, s, put("A", "there", "", "A.key", "held"))
			at := s.Head()
			commit(t, s, c.write)
			require.True(t, asked(t, s, at, c.reads))
		})
	}
	t.Run("Random", func(t *testing.T) {
		s := open(t, fresh)
		commit(t, s, put("A", "first", ""))
		rapid.Check(t, func(t *rapid.T) {
			value, id := rapid.IntRange(0, 5), rapid.IntRange(0, 5)
			draw := func() (store.Reads, store.Write) {
				v, i := name(value.Draw(t, "value")), name(id.Draw(t, "id"))
				w := put("A", i, "", "A.key", v)
				w.Delete = rapid.IntRange(0, 4).Draw(t, "deletes") == 0
				return store.Reads{Entries: []store.Entry{{Index: "A.key", Value: []byte(v)}}, Records: []store.Name{{Type: "A", ID: name(id.Draw(t, "read"))}}}, w
			}
			reads, _ := draw()
			key := string(reads.Entries[0].Value)
			holds := func(id string) bool {
				v, err := s.View(0)
				require.NoError(t, err)
				defer v.Close()
				rec, err := v.Read("A", id)
				if err != nil {
					return false
				}
				for _, e := range rec.Index {
					if string(e.Value) == key {
						return true
					}
				}
				return false
			}
			at, touched := s.Head(), false
			for range rapid.IntRange(0, 4).Draw(t, "commits") {
				_, w := draw()
				was := holds(w.ID)
				r, err := s.Commit(context.Background(), &store.Tx{Writes: []store.Write{w}})
				require.NoError(t, err)
				touched = touched || r.Writes[0].Method != 0 && (w.ID == reads.Records[0].ID || was || holds(w.ID))
			}
			if touched {
				require.True(t, asked(t, s, at, &reads), fmt.Sprint(reads))
			}
		})
	})
}
