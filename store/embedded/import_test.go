package embedded

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

// FuzzImport gives versions that no store wrote: an import must fail and leave the store empty, or leave one whose rows fit each other.
func FuzzImport(f *testing.F) {
	const first = `{"type":"A","id":"1","rid":10,"version":1,"time":10,"method":"created","index":[{"name":"x","value":"dg=="}],"bytes":2}` + "\n{}\n"
	f.Add([]byte(first), int64(1))
	f.Add([]byte(first+`{"type":"A","id":"1","rid":10,"version":2,"time":20,"method":"deleted","bytes":0}`+"\n\n"), int64(2))
	f.Add([]byte(first+`{"type":"B","id":"1","rid":10,"version":2,"time":20,"method":"updated","blob":{"digest":"00","size":1},"bytes":0}`+"\n\n"), int64(2))
	f.Fuzz(func(t *testing.T, versions []byte, n int64) {
		ctx := context.Background()
		s, err := Open("/data", Options{FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler), MemTableSize: 64 << 10, CacheSize: 1 << 20})
		require.NoError(t, err)
		defer s.Close()
		if err := s.Import(ctx, archiveOf(t, versions, n)); err != nil {
			require.Zero(t, s.Head())
			require.Empty(t, s.Stats().Records)
			_, err := s.Commit(ctx, &store.Tx{Writes: []store.Write{{Type: "A", ID: "1", Body: text("{}"), Expect: store.Expectation{Kind: store.ExpectVersion}}}})
			require.NoError(t, err, "it is fit for use")
		}
		require.NoError(t, s.Check(ctx, func(p string) { t.Error(p) }))
	})
}

// archiveOf puts one part of versions into an archive that is well-formed else.
func archiveOf(t testing.TB, versions []byte, n int64) io.Reader {
	var out bytes.Buffer
	x := &exporter{tar: tar.NewWriter(&out), end: endEntry{Versions: n}}
	require.NoError(t, x.json(manifestName, manifestEntry{Export: exportName, Version: exportVersion, Head: 1000}))
	require.NoError(t, x.file(versionsFolder+"00000001", versions))
	require.NoError(t, x.writeEnd(t.Context()))
	require.NoError(t, x.tar.Close())
	return &out
}
