package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

// committed is what a writer of the concurrent test did.
type committed struct {
	tx      *store.Tx
	receipt *store.Receipt
}

// walked is what a reader of the concurrent test saw, page by page, at one time.
type walked struct {
	at      store.Time
	index   string
	reverse bool
	rows    []row
	bodies  map[store.RID]string
	count   int64
	history []change
}

// testConcurrent lets writers and readers loose on a few records. Afterwards the commits are replayed on the model in the order of their
// Times, which must accept each, and then must have the same answer to all that a reader saw at the time it looked.
func testConcurrent(t *testing.T, fresh func(t testing.TB) Harness) {
	const writers, each, readers = 16, 60, 3
	h := fresh(t)
	s := reopen(t, h)
	var mu sync.Mutex
	var commits []committed
	var walks []walked
	var writing, reading sync.WaitGroup
	stop := make(chan struct{})
	for i := range writers {
		writing.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for range each {
				tx := someTx(r)
				receipt, err := s.Commit(context.Background(), tx)
				if errors.Is(err, store.ErrConflict) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				commits = append(commits, committed{tx, receipt})
				mu.Unlock()
			}
		})
	}
	for i := range readers {
		reading.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 2))
			for {
				select {
				case <-stop:
					return
				default:
				}
				w, err := walk(s, r)
				if err != nil {
					t.Error(err)
					return
				}
				if w.at == 0 {
					continue // nothing was committed yet; 0 would ask for the head on every page
				}
				mu.Lock()
				walks = append(walks, *w)
				mu.Unlock()
			}
		})
	}
	writing.Wait()
	close(stop)
	reading.Wait()
	if t.Failed() {
		return
	}
	slices.SortStableFunc(commits, func(a, b committed) int { return cmp.Compare(a.receipt.Time, b.receipt.Time) })
	m := newModel()
	for _, c := range commits {
		if !slices.ContainsFunc(c.receipt.Writes, func(w store.Written) bool { return w.Method != 0 }) {
			continue // took no place in the order
		}
		m.commit(t, c.tx, c.receipt)
	}
	require.Equal(t, m.head, s.Head())
	require.NotEmpty(t, walks)
	for _, w := range walks {
		want := m.scan(w.at, w.index, "", nil, w.reverse)
		require.Equal(t, want, w.rows, "%s at %d", w.index, w.at)
		for _, r := range m.records {
			if v := r.at(w.at); v != nil && w.bodies[r.rid] != "" {
				require.Equal(t, v.body, w.bodies[r.rid])
			}
		}
		require.EqualValues(t, len(m.live(w.at, "A")), w.count)
		require.Equal(t, m.history(w.at, store.HistoryRange{Type: "A"})[:len(w.history)], w.history)
	}
	require.NoError(t, s.Close())
	s = reopen(t, h)
	for _, w := range walks[:min(len(walks), 50)] {
		v, err := s.View(w.at)
		require.NoError(t, err)
		index, ok := v.Index(w.index)
		if ok {
			require.Equal(t, w.rows, rows(t, v.Scan(store.Range{Index: index, Reverse: w.reverse})), "after a restart")
		}
		require.NoError(t, v.Close())
	}
}

// someTx makes a Tx over few records, with an expectation now and then.
func someTx(r *rand.Rand) *store.Tx {
	tx := &store.Tx{}
	for _, n := range r.Perm(6)[:1+r.IntN(3)] {
		w := put("A", name(n), fmt.Sprint(r.Uint64()), "A.x", name(r.IntN(3)), "A.y", fmt.Sprint(r.IntN(50)))
		switch r.IntN(8) {
		case 0:
			w.Delete = true
		case 1:
			w.Expect.Kind = store.ExpectAbsent
		case 2:
			w.Expect = store.Expectation{Kind: store.ExpectVersion, Version: r.Uint64N(20)}
		}
		tx.Writes = append(tx.Writes, w)
	}
	if r.IntN(10) == 0 {
		tx.Guard = func(v store.View) error {
			c := v.Live("A")
			defer c.Close()
			for c.Next() {
				rec, err := v.Get(c.RID())
				if err != nil {
					return fmt.Errorf("a live record cannot be read: %w", err)
				}
				if rec.Method == store.Deleted {
					return errors.New("a live record is deleted")
				}
			}
			return c.Err()
		}
	}
	return tx
}

// walk reads an index in pages of three, each in a View of its own, as a client does that follows links.
func walk(s store.Store, r *rand.Rand) (*walked, error) {
	w := &walked{index: []string{"A.x", "A.y"}[r.IntN(2)], reverse: r.IntN(2) == 0, bodies: map[store.RID]string{}, rows: []row{}, history: []change{}}
	for {
		n, err := w.page(s)
		if err != nil || n < 3 || w.at == 0 {
			return w, err
		}
	}
}

func (w *walked) page(s store.Store) (n int, err error) {
	v, err := s.View(w.at)
	if err != nil {
		return 0, err
	}
	defer v.Close()
	first := w.at == 0
	w.at = v.Time()
	if first {
		var ok bool
		if w.count, ok = v.Count("A"); !ok {
			return 0, errors.New("the count at the head is not known")
		}
		h := v.History(store.HistoryRange{Type: "A"})
		for len(w.history) < 5 && h.Next() {
			w.history = append(w.history, change{h.Position().Time, h.RID(), h.Version()})
		}
		if err := errors.Join(h.Err(), h.Close()); err != nil {
			return 0, err
		}
	}
	index, ok := v.Index(w.index)
	if !ok {
		return 0, nil
	}
	c := v.Scan(store.Range{Index: index, Reverse: w.reverse})
	defer c.Close()
	var more bool
	if len(w.rows) == 0 {
		more = c.Next()
	} else {
		last := w.rows[len(w.rows)-1]
		more = c.Seek([]byte(last.value), last.rid) && c.Next()
	}
	for ; more && n < 3; more = c.Next() {
		rec, err := v.Get(c.RID())
		if err != nil {
			return n, err
		}
		w.rows = append(w.rows, row{string(c.Value()), c.RID()})
		w.bodies[c.RID()] = string(rec.Body)
		n++
	}
	return n, c.Err()
}
