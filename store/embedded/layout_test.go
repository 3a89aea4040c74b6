package embedded

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"log/slog"

	"github.com/carnet-fhir/carnet/store"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

type text string

// Append implements store.Body.
func (b text) Append(dst []byte, _ store.Stamp) []byte { return append(dst, b...) }

// golden holds a dump against a file of testdata.
func golden(t *testing.T, name string, s *Store) {
	var out bytes.Buffer
	require.NoError(t, s.Dump(&out))
	path := filepath.Join("testdata", name+".txt")
	if *rewrite {
		require.NoError(t, os.WriteFile(path, out.Bytes(), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), out.String())
}

// TestLayout writes the worked example of docs/design/storage.md, and then each other kind of row.
func TestLayout(t *testing.T) {
	now := int64(1000)
	s, err := Open("data", Options{FS: vfs.NewMem(), Clock: func() time.Time { return time.UnixMicro(now) }, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer s.Close()
	commit := func(at int64, tx *store.Tx) {
		now = at
		_, err := s.Commit(context.Background(), tx)
		require.NoError(t, err)
	}
	patient := func(family string) store.Write {
		return store.Write{Type: "Patient", ID: "p1", Body: text("{…}"), Entries: []store.Entry{
			{Index: "Patient.birthdate", Value: []byte("1980-05-01")}, {Index: "Patient.family", Value: []byte(family)},
		}}
	}
	commit(1000, &store.Tx{Writes: []store.Write{patient("leger")}})
	golden(t, "created", s)
	commit(2000, &store.Tx{Writes: []store.Write{patient("roy")}})
	golden(t, "renamed", s)

	commit(3000, &store.Tx{Writes: []store.Write{{Type: "Patient", ID: "p1", Delete: true}}})
	commit(4000, &store.Tx{
		Writes: []store.Write{
			patient("roy"),
			{Type: "Binary", ID: "b1", Body: text("{}"), Blob: &store.BlobRef{Digest: store.Digest{0xab, 0xcd}, Size: 10}},
			{Type: "Binary", ID: "b2", Body: text("{}"), Entries: []store.Entry{{Index: "Binary.x", Value: []byte("a\x00b")}}},
		},
		Meta: map[string][]byte{"setting": []byte("value")},
	})
	require.NoError(t, s.DropIndex(context.Background(), "Patient.family"))
	golden(t, "all", s)
}

func TestValues(t *testing.T) {
	// Values in the order of their bytes must be in the order of their encodings, and none the prefix of another.
	values := []string{"", "\x00", "\x00\x00", "\x00\x01", "\x00\xff", "\x01", "a", "a\x00", "a\x00\x01", "a\x01", "aa", "\xff", "\xff\xff"}
	for i, a := range values {
		enc := appendValue(nil, []byte(a))
		dec, ok := decodeValue(nil, enc)
		require.True(t, ok)
		require.Equal(t, a, string(dec))
		for j, b := range values {
			other := appendValue(nil, []byte(b))
			require.Equal(t, i < j, bytes.Compare(enc, other) < 0, "%q and %q", a, b)
			require.Equal(t, i == j, bytes.HasPrefix(other, enc))
		}
	}
	for _, bad := range []string{"", "a", "a\x00", "\x00\x02", "a\x00b\x00\x01", "\x00\x00\x01"} {
		_, ok := decodeValue(nil, []byte(bad))
		require.False(t, ok, "%q", bad)
	}
}

func FuzzValue(f *testing.F) {
	f.Add([]byte("a"), []byte("a\x00"))
	f.Add([]byte("\x00\xff"), []byte("\x00"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		ea, eb := appendValue(nil, a), appendValue(nil, b)
		require.Equal(t, bytes.Compare(a, b), bytes.Compare(ea, eb))
		dec, ok := decodeValue(nil, ea)
		require.True(t, ok)
		require.True(t, bytes.Equal(a, dec))
		if dec, ok := decodeValue(nil, a); ok {
			require.True(t, bytes.Equal(a, appendValue(nil, dec)))
		}
	})
}

func FuzzVersion(f *testing.F) {
	row := appendHeader(nil, &header{method: store.Created, version: 3, time: 1000, typ: 1, hasBlob: true, blob: store.BlobRef{Size: 5}}, "id")
	row = appendBlock(row, appendEntry(nil, 7, []byte("v")))
	f.Add(append(row, "body"...))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, row []byte) {
		var h header
		entries, body, err := decodeVersion(row, &h)
		if err != nil {
			require.ErrorIs(t, err, store.ErrCorrupt)
			return
		}
		_, _ = decodeEntries(entries, nil)
		again := append(appendBlock(appendHeader(nil, &h, string(h.id)), entries), body...)
		var h2 header
		entries2, body2, err := decodeVersion(again, &h2)
		require.NoError(t, err)
		require.Equal(t, h.version, h2.version)
		require.True(t, bytes.Equal(entries, entries2))
		require.True(t, bytes.Equal(body, body2))
	})
}

func TestLives(t *testing.T) {
	type event struct {
		t    store.Time
		open bool
	}
	for _, c := range []struct {
		name   string
		events []event
		open   []store.Time
		closed []store.Time
	}{
		{"FromCreation", nil, []store.Time{0, 10, 99}, nil},
		{"Ended", []event{{20, false}}, []store.Time{0, 19}, []store.Time{20, 99}},
		{"Begun", []event{{20, true}}, []store.Time{20, 99}, []store.Time{0, 19}},
		{"Again", []event{{20, false}, {30, true}, {40, false}}, []store.Time{19, 30, 39}, []store.Time{20, 29, 40}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var life []byte
			for _, e := range c.events {
				if e.open {
					life = appendOpening(life, e.t)
				} else {
					life = appendClosing(life, e.t)
				}
			}
			for _, at := range c.open {
				open, err := livesAt(life, at)
				require.NoError(t, err)
				require.True(t, open, "at %d", at)
			}
			for _, at := range c.closed {
				open, err := livesAt(life, at)
				require.NoError(t, err)
				require.False(t, open, "at %d", at)
			}
		})
	}
	_, err := livesAt([]byte{0x80}, 1)
	require.ErrorIs(t, err, store.ErrCorrupt)
}
