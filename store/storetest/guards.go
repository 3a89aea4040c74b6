package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

func name(i int) string { return fmt.Sprintf("n%05d", i) }

var errTaken = errors.New("taken")

func testGuards(t *testing.T, fresh func(t testing.TB) Harness) {
	ctx := context.Background()
	t.Run("ExactlyOne", func(t *testing.T) {
		s := open(t, fresh)
		const rounds, clients = 5, 32
		for round := range rounds {
			value := name(round)
			var won, lost atomic.Int64
			var wg sync.WaitGroup
			for i := range clients {
				wg.Go(func() {
					_, err := s.Commit(ctx, &store.Tx{
						Writes: []store.Write{put("A", value+name(i), "", "A.key", value)},
						Guard:  func(v store.View) error { return absent(v, "A.key", value) },
					})
					switch {
					case err == nil:
						won.Add(1)
					case errors.Is(err, errTaken):
						lost.Add(1)
						// What refused the Tx is there to be found.
						v, err := s.View(0)
						if err != nil || !errors.Is(absent(v, "A.key", value), errTaken) {
							t.Error("the record that a guard found is not visible after the refusal")
						}
						v.Close()
					default:
						t.Error(err)
					}
				})
			}
			wg.Wait()
			require.EqualValues(t, 1, won.Load())
			require.EqualValues(t, clients-1, lost.Load())
		}
	})
	t.Run("JustBefore", func(t *testing.T) {
		// Counters that are read in a guard and written by the same Tx lose no step.
		s := open(t, fresh)
		const clients, steps = 8, 20
		commit(t, s, put("A", "counter", ""))
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() {
				for range steps {
					w := &counted{}
					_, err := s.Commit(ctx, &store.Tx{
						Writes: []store.Write{{Type: "A", ID: "counter", Body: w}, put("A", "other", "")},
						Guard: func(v store.View) error {
							rec, err := v.Read("A", "counter")
							if err == nil {
								w.seen = rec.Version
							}
							return err
						},
					})
					if err != nil {
						t.Error(err)
					}
					if w.stamp.Version != w.seen+1 {
						t.Errorf("the guard saw version %d, the commit made %d", w.seen, w.stamp.Version)
					}
				}
			})
		}
		wg.Wait()
		rec, err := viewAt(t, s, 0).Read("A", "counter")
		require.NoError(t, err)
		require.EqualValues(t, 1+clients*steps, rec.Version)
	})
	t.Run("Refusal", func(t *testing.T) {
		s := open(t, fresh)
		r := commit(t, s, put("A", "1", ""))
		mine := errors.New("mine")
		_, err := s.Commit(ctx, &store.Tx{Writes: []store.Write{put("A", "2", "")}, Meta: map[string][]byte{"m": []byte("1")}, Guard: func(store.View) error { return mine }})
		require.Equal(t, mine, err, "as it is")
		require.Equal(t, r.Time, s.Head())
		_, err = viewAt(t, s, 0).Meta("m")
		require.ErrorIs(t, err, store.ErrNotFound)
	})
	t.Run("ReadAt", func(t *testing.T) {
		s := open(t, fresh)
		commit(t, s, put("A", "1", ""))
		read := s.Head()
		calls := 0
		guard := func(store.View) error { calls++; return nil }
		_, err := s.Commit(ctx, &store.Tx{Writes: []store.Write{put("A", "2", "")}, ReadAt: read, Guard: guard})
		require.NoError(t, err)
		require.Zero(t, calls, "nothing was committed since")
		_, err = s.Commit(ctx, &store.Tx{Writes: []store.Write{put("A", "3", "")}, ReadAt: read, Guard: guard})
		require.NoError(t, err)
		require.Equal(t, 1, calls)
		_, err = s.Commit(ctx, &store.Tx{Writes: []store.Write{put("A", "4", "")}, Guard: guard})
		require.NoError(t, err)
		require.Equal(t, 2, calls, "who read nothing is always guarded")
	})
	t.Run("Panic", func(t *testing.T) {
		s := open(t, fresh)
		_, err := s.Commit(ctx, &store.Tx{Writes: []store.Write{put("A", "1", "")}, Guard: func(store.View) error { panic("guard") }})
		require.Error(t, err)
		_, err = s.Commit(ctx, &store.Tx{Writes: []store.Write{put("A", "1", ""), {Type: "A", ID: "2", Body: broken{}}}})
		require.Error(t, err)
		commit(t, s, expecting(put("A", "1", ""), store.ExpectVersion, 0))
	})
}

// absent refuses when a record stands in an index at a value.
func absent(v store.View, index, value string) error {
	number, ok := v.Index(index)
	if !ok {
		return nil
	}
	c := v.Scan(store.Exactly(number, []byte(value)))
	defer c.Close()
	if c.Next() {
		return errTaken
	}
	return c.Err()
}

// counted remembers the Stamp that it was rendered with.
type counted struct {
	seen  uint64
	stamp store.Stamp
}

// Append implements store.Body.
func (c *counted) Append(dst []byte, s store.Stamp) []byte {
	c.stamp = s
	return append(dst, "{}"...)
}

type broken struct{}

// Append implements store.Body.
func (broken) Append([]byte, store.Stamp) []byte { panic("body") }
