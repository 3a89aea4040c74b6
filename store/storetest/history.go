package storetest

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

func testHistory(t *testing.T, fresh func(t testing.TB) Harness) {
	s := open(t, fresh)
	var all, patients, p1 []change // oldest first
	note := func(writes ...store.Write) {
		r := commit(t, s, writes...)
		at := []change{}
		for i, w := range r.Writes {
			c := change{r.Time, w.RID, w.Version}
			at = append(at, c)
			if writes[i].Type == "Patient" {
				patients = append(patients, c)
				if writes[i].ID == "p1" {
					p1 = append(p1, c)
				}
			}
		}
		all = append(all, at...)
	}
	note(put("Patient", "p1", "1"), put("Patient", "p2", "1"), put("Observation", "o1", "1"))
	note(put("Patient", "p1", "2"))
	for range 20 {
		note(put("Observation", "o1", "n"))
	}
	note(remove("Patient", "p1"))
	note(put("Patient", "p1", "4"), put("Observation", "o2", "1"))
	newest := func(list []change) []change {
		got := []change{}
		for i := len(list) - 1; i >= 0; i-- {
			got = append(got, list[i])
		}
		return got
	}
	v := viewAt(t, s, 0)
	for _, c := range []struct {
		name  string
		scope store.HistoryRange
		list  []change
	}{
		{"System", store.HistoryRange{}, newest(all)},
		{"Type", store.HistoryRange{Type: "Patient"}, newest(patients)},
		{"Instance", store.HistoryRange{Type: "Patient", ID: "p1"}, newest(p1)},
		{"NoType", store.HistoryRange{Type: "None"}, []change{}},
		{"NoInstance", store.HistoryRange{Type: "Patient", ID: "none"}, []change{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.list, changes(t, v.History(c.scope), math.MaxInt))
			for _, size := range []int{1, 3} {
				got, h := []change{}, c.scope
				for {
					page := changes(t, v.History(h), size)
					if len(page) == 0 {
						break
					}
					got = append(got, page...)
					last := page[len(page)-1]
					h.After = &store.HistoryPosition{Time: last.time, RID: last.rid}
				}
				require.Equal(t, c.list, got, "pages of %d", size)
			}
			for _, since := range c.list {
				for _, before := range c.list {
					h, want := c.scope, []change{}
					h.Since, h.Before = since.time, before.time
					for _, x := range c.list {
						if x.time > since.time && x.time < before.time {
							want = append(want, x)
						}
					}
					require.Equal(t, want, changes(t, v.History(h), math.MaxInt))
				}
			}
		})
	}
}

func testSettings(t *testing.T, fresh func(t testing.TB) Harness) {
	ctx := context.Background()
	h := fresh(t)
	s := reopen(t, h)
	set := func(meta map[string][]byte) {
		_, err := s.Commit(ctx, &store.Tx{Meta: meta})
		require.NoError(t, err)
	}
	old := viewAt(t, s, 0)
	set(map[string][]byte{"a": []byte("1"), "b": {}, "c": []byte("3")})
	set(map[string][]byte{"c": nil, "none": nil})
	check := func(v store.View) {
		a, err := v.Meta("a")
		require.NoError(t, err)
		require.Equal(t, []byte("1"), a)
		b, err := v.Meta("b")
		require.NoError(t, err)
		require.Empty(t, b)
		_, err = v.Meta("c")
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	check(viewAt(t, s, 0))
	check(old)
	require.NoError(t, old.Close())
	v := viewAt(t, s, 0)
	a, _ := v.Meta("a")
	a[0] = 'x'
	check(v)
	require.NoError(t, v.Close())
	require.NoError(t, s.Close())
	s = reopen(t, h)
	v, err := s.View(0)
	require.NoError(t, err)
	check(v)
	require.NoError(t, v.Close())
}

func testClosing(t *testing.T, fresh func(t testing.TB) Harness) {
	ctx := context.Background()
	t.Run("Cancelled", func(t *testing.T) {
		s := open(t, fresh)
		gone, cancel := context.WithCancel(ctx)
		cancel()
		_, err := s.Commit(gone, &store.Tx{Writes: []store.Write{put("A", "1", "")}})
		require.ErrorIs(t, err, context.Canceled)

		// While a guard holds the commit point, others wait; one that gives up was not taken up.
		inside, leave := make(chan struct{}), make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := s.Commit(ctx, &store.Tx{Writes: []store.Write{put("A", "2", "")}, Guard: func(store.View) error {
				close(inside)
				<-leave
				return nil
			}})
			if err != nil {
				t.Error(err)
			}
		})
		<-inside
		waiting, giveUp := context.WithCancel(ctx)
		wg.Go(func() {
			_, err := s.Commit(waiting, &store.Tx{Writes: []store.Write{put("A", "3", "")}})
			if err == nil {
				t.Error("a commit that was given up before it was taken up succeeded")
			}
		})
		giveUp()
		close(leave)
		wg.Wait()
	})
	t.Run("Closed", func(t *testing.T) {
		h := fresh(t)
		s := reopen(t, h)
		var wg sync.WaitGroup
		acked := make([]bool, 64)
		started := make(chan struct{}, len(acked))
		for i := range acked {
			wg.Go(func() {
				started <- struct{}{}
				_, err := s.Commit(ctx, &store.Tx{Writes: []store.Write{put("A", name(i), "")}})
				acked[i] = err == nil
				if err != nil && !errors.Is(err, store.ErrClosed) {
					t.Error(err)
				}
			})
		}
		for range 32 {
			<-started
		}
		require.NoError(t, s.Close())
		wg.Wait()
		require.ErrorIs(t, s.Close(), store.ErrClosed)
		_, err := s.Commit(ctx, &store.Tx{Writes: []store.Write{put("A", "late", "")}})
		require.ErrorIs(t, err, store.ErrClosed)
		s = reopen(t, h)
		v, err := s.View(0)
		require.NoError(t, err)
		defer v.Close()
		for i := range acked {
			_, err := v.Read("A", name(i))
			if acked[i] {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, store.ErrNotFound)
			}
		}
	})
}
