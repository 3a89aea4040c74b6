package embedded_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
	"github.com/carnet-fhir/carnet/store/embedded"
)

func openOn(t testing.TB, fs vfs.FS, packSize int64) *embedded.Store {
	s, err := embedded.Open("/var/data", embedded.Options{FS: fs, Logger: quiet(), PackSize: packSize})
	require.NoError(t, err)
	return s
}

func putBlob(s *embedded.Store, content string) (store.BlobRef, error) {
	w, err := s.Blobs().Create(context.Background())
	if err != nil {
		return store.BlobRef{}, err
	}
	if _, err := io.WriteString(w, content); err != nil {
		return store.BlobRef{}, err
	}
	return w.Commit()
}

func getBlob(t testing.TB, s *embedded.Store, content string) string {
	r, err := s.Blobs().Open(context.Background(), sha256.Sum256([]byte(content)))
	require.NoError(t, err)
	defer r.Close()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	require.EqualValues(t, len(b), r.Size())
	return string(b)
}

// document gives content of its own for a number: every size up to 3,000 bytes.
func document(n int) string {
	return strings.Repeat(fmt.Sprintf("%06d.", n), 1+n%430)
}

func packsOn(t testing.TB, fs vfs.FS) int {
	names, err := fs.List("/var/data/blobs/packs")
	require.NoError(t, err)
	return len(names)
}

// TestOldBlobs opens a directory of format 1, in which each blob is a file.
func TestOldBlobs(t *testing.T) {
	fs := vfs.NewMem()
	require.NoError(t, openOn(t, fs, 0).Close())
	write := func(path, text string) {
		require.NoError(t, fs.MkdirAll(fs.PathDir(path), 0o755))
		f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
		require.NoError(t, err)
		_, err = f.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	const old = "a document of a year ago"
	sum := sha256.Sum256([]byte(old))
	name := hex.EncodeToString(sum[:])
	path := "/var/data/blobs/" + name[:2] + "/" + name[2:]
	write(path, old)
	write("/var/data/FORMAT", "carnet embedded store, format 1\n")

	s := openOn(t, fs, 0)
	require.Equal(t, old, getBlob(t, s, old))
	ref, err := putBlob(s, old)
	require.NoError(t, err)
	require.Equal(t, store.BlobRef{Digest: sum, Size: int64(len(old))}, ref)
	require.Zero(t, packsOn(t, fs), "equal bytes are kept once")
	_, err = putBlob(s, "a document of today")
	require.NoError(t, err)
	require.Equal(t, 1, packsOn(t, fs))
	n, err := s.Blobs().Sweep(context.Background(), -time.Hour)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	_, err = fs.Stat(path)
	require.Error(t, err)
	require.NoError(t, s.Close())
	f, err := fs.Open("/var/data/FORMAT")
	require.NoError(t, err)
	text, err := io.ReadAll(f)
	require.NoError(t, err)
	require.Equal(t, "carnet embedded store, format 2\n", string(text), "older programs would not find what is packed")
	require.NoError(t, f.Close())
}

// TestPacksAreCompacted sweeps most of many documents away while others read and write.
func TestPacksAreCompacted(t *testing.T) {
	fs := vfs.NewMem()
	s := openOn(t, fs, 20_000)
	ctx := context.Background()
	const n = 300
	kept := map[string]bool{}
	for i := range n {
		ref, err := putBlob(s, document(i))
		require.NoError(t, err)
		if i%5 == 0 {
			kept[document(i)] = true
			_, err = s.Commit(ctx, &store.Tx{Writes: []store.Write{{Type: "Binary", ID: fmt.Sprint(i), Body: content("{}"), Blob: &ref}}})
			require.NoError(t, err)
		}
	}
	before := packsOn(t, fs)
	require.Greater(t, before, 10)
	open, err := s.Blobs().Open(ctx, sha256.Sum256([]byte(document(5))))
	require.NoError(t, err)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for k := range 100 {
				text := document(5 * ((i + k) % (n / 5)))
				if r, err := s.Blobs().Open(ctx, sha256.Sum256([]byte(text))); err != nil {
					t.Error(err)
				} else if got, err := io.ReadAll(r); err != nil || string(got) != text {
					t.Error("a document changed while packs were compacted", err)
				}
				if _, err := putBlob(s, document(1000+100*i+k)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	_, err = s.Blobs().Sweep(ctx, time.Hour)
	require.NoError(t, err)
	wg.Wait()
	removed, err := s.Blobs().Sweep(ctx, -time.Hour)
	require.NoError(t, err)
	require.Equal(t, n-len(kept)+400, removed)
	require.Less(t, packsOn(t, fs), before/2)
	got, err := io.ReadAll(open)
	require.NoError(t, err, "who has a document open reads on")
	require.Equal(t, document(5), string(got))
	require.NoError(t, open.Close())
	for range 2 {
		for text := range kept {
			require.Equal(t, text, getBlob(t, s, text))
		}
		_, err = s.Blobs().Open(ctx, sha256.Sum256([]byte(document(1))))
		require.ErrorIs(t, err, store.ErrNotFound)
		require.NoError(t, s.Close())
		s = openOn(t, fs, 20_000)
	}
	require.NoError(t, s.Close())
}

// TestPacksAfterPowerCuts takes the power away at random moments: each blob that was committed is there, whether a Tx points to it or not.
func TestPacksAfterPowerCuts(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openOn(t, fs, 100_000)
	var mu sync.Mutex
	var acked []string
	var stop atomic.Bool
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for k := 0; k < 200 && !stop.Load(); k++ {
				time.Sleep(time.Millisecond)
				text := document(10_000*i + k)
				ref, err := putBlob(s, text)
				if err == nil && k%2 == 0 {
					_, err = s.Commit(context.Background(), &store.Tx{Writes: []store.Write{{Type: "Binary", ID: fmt.Sprintf("%d-%d", i, k), Body: content("{}"), Blob: &ref}}})
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				acked = append(acked, text)
				mu.Unlock()
			}
		})
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed) // the moments are chance all the same
	r := rand.New(rand.NewPCG(1, seed))
	for round := range 12 {
		time.Sleep(time.Duration(r.IntN(20)) * time.Millisecond)
		mu.Lock()
		known := append([]string{}, acked...)
		mu.Unlock()
		crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 30, 70, 100}[round%4], RNG: r})
		for range 2 { // what is found again is found by the next start too
			again := openOn(t, crashed, 100_000)
			for _, text := range known {
				require.Equal(t, text, getBlob(t, again, text))
			}
			_, err := putBlob(again, document(90_000+round))
			require.NoError(t, err)
			known = append(known, document(90_000+round))
			require.NoError(t, again.Close())
		}
	}
	stop.Store(true)
	wg.Wait()
	require.NoError(t, s.Close())
	require.Greater(t, len(acked), 20)
}

// TestPackErrors lets writing to packs fail for a while: who was refused can try again, and nothing that was acknowledged is lost.
func TestPackErrors(t *testing.T) {
	for _, kinds := range [][]errorfs.OpKind{{errorfs.OpFileWrite}, {errorfs.OpFileSync, errorfs.OpFileSyncData}, {errorfs.OpCreate}} {
		fs := vfs.NewCrashableMem()
		var broken atomic.Bool
		s := openOn(t, errorfs.Wrap(fs, errorfs.InjectorFunc(func(op errorfs.Op) error {
			for _, kind := range kinds {
				if broken.Load() && op.Kind == kind && strings.HasSuffix(op.Path, ".pack") {
					return errorfs.ErrInjected
				}
			}
			return nil
		})), 5_000)
		var acked []string
		refused := 0
		for i := range 60 {
			broken.Store(i%10 > 5)
			if _, err := putBlob(s, document(i+100)); err != nil {
				require.ErrorIs(t, err, errorfs.ErrInjected)
				refused++
				continue
			}
			acked = append(acked, document(i+100))
		}
		require.Greater(t, refused, 5)
		again := openOn(t, fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rand.New(rand.NewPCG(1, 2))}), 5_000)
		for _, text := range acked {
			require.Equal(t, text, getBlob(t, s, text))
			require.Equal(t, text, getBlob(t, again, text))
		}
		require.NoError(t, again.Close())
		broken.Store(false)
		require.NoError(t, s.Close())
		_, err := putBlob(s, "too late")
		require.Error(t, err)
	}
}
