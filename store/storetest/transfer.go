package storetest

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

// fill gives a store something of everything.
func fill(t testing.TB, s store.Store) (ref store.BlobRef, times []store.Time) {
	ref = keep(t, s, noise(7, 100_000))
	for i := range 40 {
		w := put("Patient", name(i%25), name(i), "Patient.name", name(i%7), "tag", "t\x00")
		if i%10 == 0 {
			w.Blob = &ref
		}
		times = append(times, commit(t, s, w, put("Observation", name(i), "\x00\n{}", "tag", "t")).Time)
	}
	times = append(times, commit(t, s, remove("Patient", name(3)), remove("Patient", name(4))).Time)
	times = append(times, commit(t, s, put("Patient", name(4), "again", "tag", "u")).Time)
	require.NoError(t, s.Reindex(context.Background(), []store.Reindex{{
		RID: 0, Type: "Patient", Version: 1, Entries: []store.Entry{{Index: "unused", Value: nil}},
	}}))
	_, err := s.Commit(context.Background(), &store.Tx{Meta: map[string][]byte{"key": []byte("value")}})
	require.NoError(t, err)
	return ref, append(times, s.Head())
}

// same holds two stores against each other at a time.
func same(t testing.TB, a, b store.Store, at store.Time) {
	va, err := a.View(at)
	require.NoError(t, err)
	defer va.Close()
	vb, err := b.View(at)
	require.NoError(t, err)
	defer vb.Close()
	for _, typ := range []string{"", "Patient", "Observation"} {
		h := store.HistoryRange{Type: typ}
		list := changes(t, va.History(h), math.MaxInt)
		require.Equal(t, list, changes(t, vb.History(h), math.MaxInt))
		require.Equal(t, rows(t, va.Live(typ)), rows(t, vb.Live(typ)))
		for _, c := range list {
			ra, err := va.Get(c.rid)
			require.NoError(t, err)
			rb, err := vb.Get(c.rid)
			require.NoError(t, err)
			require.Equal(t, ra, rb)
			ra, err = va.Version(ra.Type, ra.ID, c.version)
			require.NoError(t, err)
			rb, err = vb.Version(rb.Type, rb.ID, c.version)
			require.NoError(t, err)
			require.Equal(t, ra, rb)
		}
		ca, oka := va.Count(typ)
		cb, okb := vb.Count(typ)
		require.Equal(t, oka, okb)
		require.Equal(t, ca, cb)
	}
	for _, index := range []string{"Patient.name", "tag"} {
		ia, ok := va.Index(index)
		require.True(t, ok)
		ib, ok := vb.Index(index)
		require.True(t, ok)
		require.Equal(t, rows(t, va.Scan(store.Range{Index: ia})), rows(t, vb.Scan(store.Range{Index: ib})))
	}
	ma, err := va.Meta("key")
	require.NoError(t, err)
	mb, err := vb.Meta("key")
	require.NoError(t, err)
	require.Equal(t, ma, mb)
}

func testTransfer(t *testing.T, fresh func(t testing.TB) Harness) {
	ctx := context.Background()
	s := open(t, fresh)
	ref, times := fill(t, s)
	var archive bytes.Buffer
	require.NoError(t, s.Export(ctx, &archive))

	t.Run("Equal", func(t *testing.T) {
		h := fresh(t)
		other := reopen(t, h)
		require.NoError(t, other.Import(ctx, bytes.NewReader(archive.Bytes())))
		check := func() {
			require.Equal(t, s.Head(), other.Head())
			require.Equal(t, s.Stats().Records, other.Stats().Records)
			for _, at := range times {
				same(t, s, other, at)
			}
			require.Equal(t, noise(7, 100_000), load(t, other, ref.Digest))
		}
		check()
		require.NoError(t, other.Close())
		other = reopen(t, h)
		check()
		var again bytes.Buffer
		require.NoError(t, other.Export(ctx, &again))
		require.Equal(t, archive.Bytes(), again.Bytes(), "an export of an import is the same export")
		require.ErrorIs(t, other.Import(ctx, bytes.NewReader(archive.Bytes())), store.ErrNotEmpty)
		require.Greater(t, commit(t, other, put("Patient", "new", "")).Time, s.Head())
	})
	t.Run("WhileWriting", func(t *testing.T) {
		s := open(t, fresh)
		fill(t, s)
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
						if _, err := s.Commit(ctx, &store.Tx{Writes: []store.Write{
							put("Patient", name(i%25), name(i), "tag", name(i)), put("Observation", name(i%25), name(i)),
						}}); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		var archive bytes.Buffer
		require.NoError(t, s.Export(ctx, &archive))
		close(stop)
		wg.Wait()
		other := open(t, fresh)
		require.NoError(t, other.Import(ctx, &archive))
		same(t, s, other, other.Head())
	})
	t.Run("AllOrNothing", func(t *testing.T) {
		h := fresh(t)
		other := reopen(t, h)
		whole := archive.Bytes()
		empty := func() {
			require.Zero(t, other.Head())
			require.Empty(t, other.Stats().Records)
			_, err := other.Blobs().Open(ctx, ref.Digest)
			require.ErrorIs(t, err, store.ErrNotFound)
			v, err := other.View(0)
			require.NoError(t, err)
			require.Empty(t, changes(t, v.History(store.HistoryRange{}), 1))
			_, err = v.Meta("key")
			require.ErrorIs(t, err, store.ErrNotFound)
			require.NoError(t, v.Close())
		}
		for _, n := range []int{0, 100, 512, 2000, len(whole) / 2, len(whole) - 3000} {
			require.Error(t, other.Import(ctx, bytes.NewReader(whole[:n])), "cut to %d bytes", n)
			empty()
		}
		for _, files := range damaged(t, whole) {
			require.Error(t, other.Import(ctx, bytes.NewReader(files)))
			empty()
		}
		cancelled, cancel := context.WithCancel(ctx)
		require.Error(t, other.Import(cancelled, io.MultiReader(bytes.NewReader(whole[:len(whole)/3]), cancelAt{cancel}, bytes.NewReader(whole[len(whole)/3:]))))
		empty()
		require.NoError(t, other.Close())
		other = reopen(t, h)
		empty()
		require.NoError(t, other.Import(ctx, bytes.NewReader(whole)), "a store stays fit after failed imports")
		same(t, s, other, s.Head())
	})
}

// cancelAt cancels a context in the middle of a stream.
type cancelAt struct{ cancel func() }

// Read implements io.Reader.
func (c cancelAt) Read([]byte) (int, error) {
	c.cancel()
	return 0, io.EOF
}

// damaged gives archives that are well-formed tars, each wrong in one way.
func damaged(t testing.TB, archive []byte) [][]byte {
	type file struct {
		header  tar.Header
		content []byte
	}
	var files []file
	in := tar.NewReader(bytes.NewReader(archive))
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		content, err := io.ReadAll(in)
		require.NoError(t, err)
		files = append(files, file{*h, content})
	}
	var all [][]byte
	for i := range files {
		for _, damage := range []func(b []byte) []byte{
			nil, // leave the file out
			func(b []byte) []byte { return b[:len(b)-3] },
			func(b []byte) []byte { return bytes.Replace(b, []byte(`:1,`), []byte(`:7,`), 1) },
			func(b []byte) []byte { return append([]byte{b[0] ^ 1}, b[1:]...) },
		} {
			var out bytes.Buffer
			w := tar.NewWriter(&out)
			changed := false
			for j, f := range files {
				if i == j {
					if damage == nil {
						changed = f.header.Name != "settings.json" // settings may be absent
						continue
					}
					content := damage(bytes.Clone(f.content))
					changed = !bytes.Equal(content, f.content)
					f.content = content
					f.header.Size = int64(len(content))
				}
				require.NoError(t, w.WriteHeader(&f.header))
				_, err := w.Write(f.content)
				require.NoError(t, err)
			}
			require.NoError(t, w.Close())
			if changed {
				all = append(all, out.Bytes())
			}
		}
	}
	return all
}
