package smart

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/store"
	"github.com/carnet-fhir/carnet/store/embedded"
)

func openStore(t testing.TB, fs vfs.FS) *embedded.Store {
	t.Helper()
	s, err := embedded.Open("store", embedded.Options{FS: fs, NoSync: true, CacheSize: 4 << 20, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return s
}

// TestLedgerIsAMap holds the ledger to a plain map, through restarts and the passing of time.
func TestLedgerIsAMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fs := vfs.NewMem()
		now := time.Unix(1_700_000_000, 0)
		clock := func() time.Time { return now }
		s := openStore(t, fs)
		l, err := openLedger(s, 1000, clock)
		require.NoError(t, err)
		model := map[grantID]live{}
		var ids []grantID
		pick := func() grantID {
			if len(ids) == 0 || rapid.IntRange(0, 9).Draw(rt, "unknown") == 0 {
				return grantID{0xff, 1}
			}
			return rapid.SampledFrom(ids).Draw(rt, "id")
		}
		alive := func(id grantID) bool { return model[id].expires > now.Unix() }
		rt.Repeat(map[string]func(*rapid.T){
			"open": func(rt *rapid.T) {
				id := grantID{byte(rapid.IntRange(0, 2).Draw(rt, "shard")), 2, byte(len(ids)), byte(len(ids) >> 8)}
				row := live{current: [16]byte{1}, owner: ownerOf(rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "subject"), "c"), expires: now.Unix() + int64(rapid.IntRange(1, 100).Draw(rt, "life"))}
				evicted, err := l.open(context.Background(), id, row)
				require.NoError(rt, err)
				require.Empty(rt, evicted)
				model[id] = row
				ids = append(ids, id)
			},
			"rotate": func(rt *rapid.T) {
				id, from, to := pick(), [16]byte{rapid.Byte().Draw(rt, "from") % 3}, [16]byte{rapid.Byte().Draw(rt, "to") % 3}
				err := l.rotate(context.Background(), id, from, to)
				switch row := model[id]; {
				case !alive(id):
					require.ErrorIs(rt, err, errGone)
				case row.current != from:
					require.ErrorIs(rt, err, errOther)
				default:
					require.NoError(rt, err)
					row.current = to
					model[id] = row
				}
			},
			"close": func(rt *rapid.T) {
				id := pick()
				require.NoError(rt, l.close(context.Background(), id))
				delete(model, id)
			},
			"wait": func(rt *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(1, 60).Draw(rt, "seconds")) * time.Second)
			},
			"restart": func(rt *rapid.T) {
				require.NoError(rt, s.Close())
				s = openStore(t, fs)
				l, err = openLedger(s, 1000, clock)
				require.NoError(rt, err)
			},
			"": func(rt *rapid.T) {
				count := 0
				for _, id := range ids {
					require.Equal(rt, alive(id), l.alive(id))
					if alive(id) {
						count++
					}
				}
				found := 0
				for _, id := range l.of("", "c") {
					if alive(id) {
						found++
					}
				}
				require.Equal(rt, count, found, "owners")
			},
		})
		require.NoError(t, s.Close())
	})
}

func TestLedgerIsBounded(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	s := openStore(t, vfs.NewMem())
	defer s.Close()
	l, err := openLedger(s, 300, func() time.Time { return now })
	require.NoError(t, err)
	ctx := context.Background()
	open := func(subject string) error {
		_, err := l.open(ctx, newGrantID(), live{owner: ownerOf(subject, "client"), expires: now.Add(time.Hour).Unix()})
		return err
	}
	first := newGrantID()
	_, err = l.open(ctx, first, live{owner: ownerOf("one", "client"), expires: now.Add(time.Hour).Unix()})
	require.NoError(t, err)
	for range perOwner {
		require.NoError(t, open("one"))
	}
	assert.False(t, l.alive(first), "the oldest of one person and client gives way")
	assert.Len(t, l.of("one", "client"), perOwner)
	for n := range 300 - perOwner {
		require.NoError(t, open(fmt.Sprint(n)))
	}
	require.ErrorIs(t, open("more"), errFull)
	now = now.Add(2 * time.Hour)
	require.NoError(t, open("more"), "what expired makes room")
	assert.EqualValues(t, 1, l.count.Load())
	view, err := s.View(0)
	require.NoError(t, err)
	defer view.Close()
	settings := 0
	for n := range shards {
		if _, err := view.Meta(shardName(n)); err == nil {
			settings++
		}
	}
	assert.Equal(t, 1, settings, "an empty shard is no setting")
}

func TestOneOfManyRefreshesWins(t *testing.T) {
	s := openStore(t, vfs.NewMem())
	defer s.Close()
	l, err := openLedger(s, 10, time.Now)
	require.NoError(t, err)
	id := newGrantID()
	_, err = l.open(context.Background(), id, live{expires: time.Now().Add(time.Hour).Unix()})
	require.NoError(t, err)
	var wins, losses int
	var mu sync.Mutex
	var all sync.WaitGroup
	for n := range 16 {
		all.Go(func() {
			err := l.rotate(context.Background(), id, [16]byte{}, [16]byte{byte(n + 1)})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				wins++
			case errors.Is(err, errOther):
				losses++
			}
		})
	}
	all.Wait()
	assert.Equal(t, 1, wins)
	assert.Equal(t, 15, losses)
}

func TestLedgerRefusesWhatItCannotRead(t *testing.T) {
	for name, text := range map[string][]byte{"format": {9}, "length": append([]byte{ledgerFormat}, make([]byte, 55)...), "another shard": append([]byte{ledgerFormat, 0x80}, make([]byte, 55)...)} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, vfs.NewMem())
			defer s.Close()
			_, err := s.Commit(context.Background(), &store.Tx{Meta: map[string][]byte{shardName(0): text}})
			require.NoError(t, err)
			_, err = openLedger(s, 10, time.Now)
			require.Error(t, err)
		})
	}
}

func BenchmarkRotate(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := openStore(b, vfs.NewMem())
			defer s.Close()
			l, err := openLedger(s, 1<<30, time.Now)
			require.NoError(b, err)
			expires := time.Now().Add(time.Hour).Unix()
			for i := range n {
				id := newGrantID()
				sh := &l.shard[shardOf(id)]
				if sh.rows == nil {
					sh.rows = map[grantID]live{}
				}
				sh.rows[id] = live{owner: ownerOf(fmt.Sprint(i), "c"), expires: expires}
			}
			tx := &store.Tx{Meta: map[string][]byte{}}
			for i := range shards {
				tx.Meta[shardName(i)] = writeRows(l.shard[i].rows)
			}
			_, err = s.Commit(context.Background(), tx)
			require.NoError(b, err)
			var ids []grantID
			for i := range shards {
				for id := range l.shard[i].rows {
					ids = append(ids, id)
					break
				}
			}
			b.ResetTimer()
			for i := 0; b.Loop(); i++ {
				id := ids[i%len(ids)]
				if err := l.rotate(context.Background(), id, l.shard[shardOf(id)].rows[id].current, [16]byte{byte(i)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
