package embedded

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

// TestCheck damages one row at a time: Check must see each, or the crash tests prove nothing.
func TestCheck(t *testing.T) {
	rid := store.RID(1000)
	for _, c := range []struct {
		name   string
		damage func(db *pebble.DB) error
	}{
		{"NoID", func(db *pebble.DB) error { return db.Delete(appendIDKey(nil, 1, "p1"), nil) }},
		{"OtherID", func(db *pebble.DB) error { return db.Set(appendIDKey(nil, 1, "p1"), make([]byte, 8), nil) }},
		{"NoCurrent", func(db *pebble.DB) error { return db.Delete(appendCurrentKey(nil, rid), nil) }},
		{"BadCurrent", func(db *pebble.DB) error { return db.Set(appendCurrentKey(nil, rid), []byte{1, 2}, nil) }},
		{"NoOld", func(db *pebble.DB) error { return db.Delete(appendOldKey(nil, rid, 1), nil) }},
		{"NoLive", func(db *pebble.DB) error { return db.Delete(appendLiveKey(nil, 1, rid), nil) }},
		{"ClosedLive", func(db *pebble.DB) error {
			return db.Merge(appendLiveKey(nil, 1, rid), appendClosing(nil, 2000), nil)
		}},
		{"NoIndexRow", func(db *pebble.DB) error { return db.Delete(appendIndexKey(nil, 1, []byte("b"), rid), nil) }},
		{"LostClose", func(db *pebble.DB) error { return db.Set(appendIndexKey(nil, 1, []byte("a"), rid), nil, nil) }},
		{"ForeignIndexRow", func(db *pebble.DB) error { return db.Set(appendIndexKey(nil, 1, []byte("c"), rid), nil, nil) }},
		{"NoChange", func(db *pebble.DB) error { return db.Delete(appendChangeKey(nil, 1000, rid), nil) }},
		{"NoTypeChange", func(db *pebble.DB) error { return db.Delete(appendTypeChangeKey(nil, 1, 2000, rid), nil) }},
		{"ForeignChange", func(db *pebble.DB) error { return db.Set(appendChangeKey(nil, 1500, rid), []byte{0, 1, 2, 1}, nil) }},
		{"Count", func(db *pebble.DB) error { return db.Set(appendTypePrefix(nil, rowCount, 1), []byte{2}, nil) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := int64(1000)
			s, err := Open("/data", Options{FS: vfs.NewMem(), Clock: func() time.Time { return time.UnixMicro(now) }, Logger: slog.New(slog.DiscardHandler)})
			require.NoError(t, err)
			defer s.Close()
			for _, value := range []string{"a", "b"} {
				_, err := s.Commit(context.Background(), &store.Tx{Writes: []store.Write{{
					Type: "Patient", ID: "p1", Body: text("{}"), Entries: []store.Entry{{Index: "x", Value: []byte(value)}},
				}}})
				require.NoError(t, err)
				now += 1000
			}
			check := func() (problems []string) {
				require.NoError(t, s.Check(context.Background(), func(p string) { problems = append(problems, p) }))
				return problems
			}
			require.Empty(t, check())
			require.NoError(t, c.damage(s.db))
			require.NotEmpty(t, check())
		})
	}
}
