package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
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

// triple makes a Tx of three new records and of one more version of a record that all share, so that half a Tx shows.
func triple(writer, n int) *store.Tx {
	token := fmt.Sprintf("%d-%d", writer, n)
	tx := &store.Tx{}
	for _, typ := range []string{"A", "B", "C"} {
		tx.Writes = append(tx.Writes, store.Write{Type: typ, ID: token, Body: content(token), Entries: []store.Entry{
			{Index: "token", Value: []byte(token)}, {Index: typ + ".w", Value: []byte{byte(writer)}},
		}})
	}
	tx.Writes = append(tx.Writes, store.Write{Type: "A", ID: "shared", Body: content(token), Entries: []store.Entry{{Index: "last", Value: []byte(token)}}})
	return tx
}

type content string

// Append implements store.Body.
func (c content) Append(dst []byte, _ store.Stamp) []byte { return append(dst, c...) }

// verify holds a store against what was acknowledged: every acknowledged Tx is there whole, every other whole or not at all, and all rows
// fit each other. It returns how many are there.
func verify(t testing.TB, s *embedded.Store, acked map[string]store.Time, tried []string) int {
	var problems []string
	require.NoError(t, s.Check(context.Background(), func(p string) { problems = append(problems, p) }))
	require.Empty(t, problems)
	v, err := s.View(0)
	require.NoError(t, err)
	defer v.Close()
	index, _ := v.Index("token")
	there := 0
	for _, token := range tried {
		found := 0
		for _, typ := range []string{"A", "B", "C"} {
			rec, err := v.Read(typ, token)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			require.NoError(t, err)
			require.Equal(t, token, string(rec.Body))
			if at, ok := acked[token]; ok {
				require.Equal(t, at, rec.Time)
			}
			found++
		}
		rows := 0
		c := v.Scan(store.Exactly(index, []byte(token)))
		for c.Next() {
			rows++
		}
		require.NoError(t, c.Err())
		require.NoError(t, c.Close())
		require.Equal(t, found, rows)
		if _, ok := acked[token]; ok {
			require.Equal(t, 3, found, "an acknowledged transaction is gone")
		} else {
			require.Contains(t, []int{0, 3}, found, "half a transaction")
		}
		there += found / 3
	}
	shared, err := v.Read("A", "shared")
	if there > 0 {
		require.NoError(t, err)
		require.EqualValues(t, there, shared.Version, "one version for each transaction")
	}
	return there
}

// writers commit until told to stop or until an error, which must be ErrFailed or ErrClosed.
type writers struct {
	mu    sync.Mutex
	acked map[string]store.Time
	tried []string
	stop  atomic.Bool
	pause sync.RWMutex // held for writing to make the writers wait
	wg    sync.WaitGroup
}

func (w *writers) start(t testing.TB, s *embedded.Store, n, limit int) {
	w.acked = map[string]store.Time{}
	for i := range n {
		w.wg.Go(func() {
			for j := 0; j < limit && !w.stop.Load(); j++ {
				token := fmt.Sprintf("%d-%d", i, j)
				w.pause.RLock()
				w.pause.RUnlock() //nolint:staticcheck // only to wait
				w.mu.Lock()
				w.tried = append(w.tried, token)
				w.mu.Unlock()
				r, err := s.Commit(context.Background(), triple(i, j))
				if err != nil {
					if !errors.Is(err, store.ErrFailed) && !errors.Is(err, store.ErrClosed) {
						t.Error(err)
					}
					return
				}
				w.mu.Lock()
				w.acked[token] = r.Time
				w.mu.Unlock()
			}
		})
	}
}

// known copies what is acknowledged and tried by now.
func (w *writers) known() (acked map[string]store.Time, tried []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	acked = map[string]store.Time{}
	for k, v := range w.acked {
		acked[k] = v
	}
	return acked, append([]string{}, w.tried...)
}

// TestCrashClone takes the power away at random moments: of what was not synced, a random part is lost.
func TestCrashClone(t *testing.T) {
	t.Run("Log", func(t *testing.T) { crashClones(t, 0) })
	t.Run("Tables", func(t *testing.T) { crashClones(t, 64<<10) }) // flushes and compactions all the time
}

func crashClones(t *testing.T, memTable uint64) {
	fs := vfs.NewCrashableMem()
	s, err := embedded.Open("/var/data", embedded.Options{FS: fs, Logger: quiet(), MemTableSize: memTable})
	require.NoError(t, err)
	w := &writers{}
	w.start(t, s, 8, 1<<30)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed) // the moments are chance all the same
	r := rand.New(rand.NewPCG(1, seed))
	there := 0
	for round := range 12 {
		time.Sleep(time.Duration(r.IntN(10)) * time.Millisecond)
		acked, _ := w.known()
		crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 30, 70, 100}[round%4], RNG: r})
		w.pause.Lock()
		_, tried := w.known()
		again, err := embedded.Open("/var/data", embedded.Options{FS: crashed, Logger: quiet()})
		require.NoError(t, err)
		there = verify(t, again, acked, tried)
		_, err = again.Commit(context.Background(), triple(99, round))
		require.NoError(t, err, "it can be written again")
		require.NoError(t, again.Close())
		w.pause.Unlock()
	}
	w.stop.Store(true)
	w.wg.Wait()
	require.NoError(t, s.Close())
	require.NotZero(t, there)
}

// TestCrashCreation takes the power away while a store is made.
func TestCrashCreation(t *testing.T) {
	for seed := range uint64(8) {
		crashCreation(t, rand.New(rand.NewPCG(2, seed)))
	}
}

func crashCreation(t *testing.T, r *rand.Rand) {
	for n := 1; ; n++ {
		fs := vfs.NewCrashableMem()
		var ops atomic.Int64
		var crashed *vfs.MemFS
		var once sync.Mutex
		inj := errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && ops.Add(1) == int64(n) {
				once.Lock()
				defer once.Unlock()
				crashed = fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: r})
			}
			return nil
		})
		s, err := embedded.Open("/var/data", embedded.Options{FS: errorfs.Wrap(fs, inj), Logger: quiet()})
		require.NoError(t, err)
		require.NoError(t, s.Close())
		once.Lock()
		if crashed == nil {
			once.Unlock()
			require.Greater(t, n, 30)
			break
		}
		again, err := embedded.Open("/var/data", embedded.Options{FS: crashed, Logger: quiet()})
		once.Unlock()
		require.NoError(t, err, "after %d operations", n)
		_, err = again.Commit(context.Background(), triple(0, 0))
		require.NoError(t, err)
		require.NoError(t, again.Close())
	}
}

// TestDiskErrors lets one kind of operation fail from some moment on. The store may refuse, but never acknowledge what is lost, and
// never let a writer wait for ever.
func TestDiskErrors(t *testing.T) {
	suffix := func(end string, kinds ...errorfs.OpKind) func(op errorfs.Op) bool {
		return func(op errorfs.Op) bool {
			name := op.Path[strings.LastIndexByte(op.Path, '/')+1:]
			return slices.Contains(kinds, op.Kind) && (strings.HasSuffix(name, end) || strings.HasPrefix(name, end))
		}
	}
	syncs := []errorfs.OpKind{errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo}
	for _, c := range []struct {
		name string
		hits func(op errorfs.Op) bool
	}{
		{"LogSync", suffix(".log", syncs...)},
		{"LogWrite", suffix(".log", errorfs.OpFileWrite)},
		{"LogCreate", suffix(".log", errorfs.OpCreate, errorfs.OpReuseForWrite)},
		{"TableWrite", suffix(".sst", errorfs.OpFileWrite)},
		{"TableSync", suffix(".sst", syncs...)},
		{"TableCreate", suffix(".sst", errorfs.OpCreate)},
		{"ManifestWrite", suffix("MANIFEST", errorfs.OpFileWrite)},
		{"ManifestSync", suffix("MANIFEST", syncs...)},
		{"AllWrites", func(op errorfs.Op) bool { return op.Kind.ReadOrWrite() == errorfs.OpIsWrite }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for round := range 2 {
				diskErrors(t, c.hits, round)
			}
		})
	}
}

func diskErrors(t *testing.T, hits func(op errorfs.Op) bool, round int) {
	fs := vfs.NewCrashableMem()
	var broken atomic.Bool
	inj := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if broken.Load() && hits(op) {
			return errorfs.ErrInjected
		}
		return nil
	})
	s, err := embedded.Open("/var/data", embedded.Options{FS: errorfs.Wrap(fs, inj), Logger: quiet(), MemTableSize: 128 << 10, StuckAfter: 100 * time.Millisecond})
	require.NoError(t, err)
	w := &writers{}
	w.start(t, s, 8, 1<<30)
	require.Eventually(t, func() bool { acked, _ := w.known(); return len(acked) > 20*(1+round) }, time.Minute, time.Millisecond)
	broken.Store(true)
	w.wg.Wait()
	_, err = s.Commit(context.Background(), triple(99, 0))
	require.ErrorIs(t, err, store.ErrFailed)
	v, err := s.View(0)
	require.NoError(t, err, "reading goes on")
	_, err = v.Read("A", "shared")
	require.NoError(t, err)
	require.NoError(t, v.Close())
	require.ErrorIs(t, s.Close(), store.ErrFailed)

	acked, tried := w.known()
	crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rand.New(rand.NewPCG(3, uint64(round)))})
	again, err := embedded.Open("/var/data", embedded.Options{FS: crashed, Logger: quiet()})
	require.NoError(t, err)
	require.NotZero(t, verify(t, again, acked, append(tried, "99-0")))
	require.NoError(t, again.Close())
}

func TestFormat(t *testing.T) {
	write := func(fs vfs.FS, text string) {
		f, err := fs.Create("/var/data/FORMAT", vfs.WriteCategoryUnspecified)
		require.NoError(t, err)
		_, err = f.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	fs := vfs.NewMem()
	s, err := embedded.Open("/var/data", embedded.Options{FS: fs, Logger: quiet()})
	require.NoError(t, err)
	require.Equal(t, embedded.Format, s.Stats().Format)
	_, err = embedded.Open("/var/data", embedded.Options{FS: fs, Logger: quiet()})
	require.ErrorIs(t, err, embedded.ErrLocked)
	require.Contains(t, err.Error(), "data")
	require.NoError(t, s.Close())

	write(fs, fmt.Sprintf("carnet embedded store, format %d\n", embedded.Format+1))
	_, err = embedded.Open("/var/data", embedded.Options{FS: fs, Logger: quiet()})
	require.ErrorIs(t, err, store.ErrFormat)
	require.Contains(t, err.Error(), fmt.Sprintf("format %d", embedded.Format+1))
	require.Contains(t, err.Error(), fmt.Sprintf("up to format %d", embedded.Format))
	for _, text := range []string{"", "something else", "carnet embedded store, format 0", "carnet embedded store, format x"} {
		write(fs, text)
		_, err = embedded.Open("/var/data", embedded.Options{FS: fs, Logger: quiet()})
		require.ErrorIs(t, err, store.ErrFormat)
	}
	require.NoError(t, fs.Remove("/var/data/FORMAT"))
	_, err = embedded.Open("/var/data", embedded.Options{FS: fs, Logger: quiet()})
	require.ErrorIs(t, err, store.ErrFormat, "records without a format")
	write(fs, fmt.Sprintf("carnet embedded store, format %d\n", embedded.Format))
	s, err = embedded.Open("/var/data", embedded.Options{FS: fs, Logger: quiet()})
	require.NoError(t, err)
	require.NoError(t, s.Close())
}
