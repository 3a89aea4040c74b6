package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

// noise gives bytes that do not compress; the same seed gives the same.
func noise(seed uint64, n int) []byte {
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	b := make([]byte, n)
	_, _ = r.Read(b)
	return b
}

func keep(t testing.TB, s store.Store, content []byte) store.BlobRef {
	w, err := s.Blobs().Create(context.Background())
	require.NoError(t, err)
	for part := range bytes.SplitAfterSeq(content, []byte{'x'}) {
		_, err := w.Write(part)
		require.NoError(t, err)
	}
	ref, err := w.Commit()
	require.NoError(t, err)
	require.NoError(t, w.Abort(), "after Commit it does nothing")
	return ref
}

func load(t testing.TB, s store.Store, d store.Digest) []byte {
	r, err := s.Blobs().Open(context.Background(), d)
	require.NoError(t, err)
	content, err := io.ReadAll(r)
	require.NoError(t, err)
	require.EqualValues(t, len(content), r.Size())
	require.NoError(t, r.Close())
	return content
}

func testBlobs(t *testing.T, fresh func(t testing.TB) Harness) {
	ctx := context.Background()
	h := fresh(t)
	s := reopen(t, h)
	content := noise(1, 300_000)
	ref := keep(t, s, content)
	require.Equal(t, store.Digest(sha256.Sum256(content)), ref.Digest)
	require.EqualValues(t, len(content), ref.Size)
	require.Equal(t, ref, keep(t, s, content), "equal bytes are one blob")
	empty := keep(t, s, nil)
	require.Empty(t, load(t, s, empty.Digest))
	require.Equal(t, content, load(t, s, ref.Digest))

	r, err := s.Blobs().Open(ctx, ref.Digest)
	require.NoError(t, err)
	_, err = r.Seek(-1000, io.SeekEnd)
	require.NoError(t, err)
	tail, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, content[len(content)-1000:], tail)
	require.NoError(t, r.Close())

	_, err = s.Blobs().Open(ctx, store.Digest{1})
	require.ErrorIs(t, err, store.ErrNotFound)
	aborted, err := s.Blobs().Create(ctx)
	require.NoError(t, err)
	_, err = aborted.Write([]byte("aborted"))
	require.NoError(t, err)
	require.NoError(t, aborted.Abort())
	_, err = aborted.Commit()
	require.Error(t, err)
	_, err = s.Blobs().Open(ctx, store.Digest(sha256.Sum256([]byte("aborted"))))
	require.ErrorIs(t, err, store.ErrNotFound)

	w := put("Binary", "b1", "meta")
	w.Blob = &ref
	commit(t, s, w)
	rec, err := viewAt(t, s, 0).Read("Binary", "b1")
	require.NoError(t, err)
	require.Equal(t, &ref, rec.Blob)
	commit(t, s, remove("Binary", "b1"))

	t.Run("Sweep", func(t *testing.T) {
		n, err := s.Blobs().Sweep(ctx, time.Hour)
		require.NoError(t, err)
		require.Zero(t, n, "young blobs may be waiting for their Tx")
		n, err = s.Blobs().Sweep(ctx, -time.Hour)
		require.NoError(t, err)
		require.Equal(t, 1, n, "the empty blob; the other belongs to a version, though its record is deleted")
		_, err = s.Blobs().Open(ctx, empty.Digest)
		require.ErrorIs(t, err, store.ErrNotFound)
		require.Equal(t, content, load(t, s, ref.Digest))
	})
	old, err := viewAt(t, s, 0).Version("Binary", "b1", 1)
	require.NoError(t, err)
	require.Equal(t, &ref, old.Blob)
}
