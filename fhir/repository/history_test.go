package repository

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

func (s *server) history(q HistoryQuery) *HistoryPage {
	s.t.Helper()
	page, err := s.History(ctx, q)
	require.NoError(s.t, err)
	return page
}

func versions(records []*store.Record) []string {
	out := []string{}
	for _, rec := range records {
		out = append(out, fmt.Sprintf("%s/%d", rec.ID, rec.Version))
	}
	return out
}

func TestHistory(t *testing.T) {
	s := newServer(t)
	s.put(patient("a", "1"))
	s.put(patient("b", "1"))
	s.put(patient("a", "2"))
	_, err := s.Delete(ctx, "Patient", "a", Conditions{})
	require.NoError(t, err)
	s.put(`{"resourceType":"Practitioner","id":"d"}`)
	s.put(patient("a", "4"))
	page := s.history(HistoryQuery{Type: "Patient", ID: "a"})
	require.Equal(t, []string{"a/4", "a/3", "a/2", "a/1"}, versions(page.Records))
	require.EqualValues(t, 4, page.Total)
	require.Equal(t, store.Deleted, page.Records[1].Method)
	require.Empty(t, page.Records[1].Body)
	require.Equal(t, []string{"a/4", "a/3", "a/2", "b/1", "a/1"}, versions(s.history(HistoryQuery{Type: "Patient"}).Records))
	require.Equal(t, []string{"a/4", "d/1", "a/3", "a/2", "b/1", "a/1"}, versions(s.history(HistoryQuery{}).Records))
	_, err = s.History(ctx, HistoryQuery{Type: "Patient", ID: "nobody"})
	refused(t, err, 404)
	_, err = s.History(ctx, HistoryQuery{Type: "Elephant"})
	refused(t, err, 404)
}

// Pages of one give every version once, though versions are added meanwhile.
func TestHistoryPages(t *testing.T) {
	s := newServer(t)
	for i := range 7 {
		s.put(patient("a", fmt.Sprint(i)))
	}
	whole := versions(s.history(HistoryQuery{Type: "Patient"}).Records)
	q := HistoryQuery{Type: "Patient", Count: 2}
	var got []string
	for {
		page := s.history(q)
		got = append(got, versions(page.Records)...)
		if page.Next == nil {
			break
		}
		q.T, q.After = page.T, page.Next
		s.put(patient("a", fmt.Sprint("late", len(got))))
	}
	require.Equal(t, whole, got)
}

func TestHistorySinceAndAt(t *testing.T) {
	s := newServer(t)
	var times []time.Time
	put := func(id, family string) {
		times = append(times, s.put(patient(id, family)).Record.Time.Wall())
		time.Sleep(3 * time.Millisecond)
	}
	put("a", "1")
	put("b", "1")
	put("a", "2")
	put("a", "3")
	all := HistoryQuery{Type: "Patient"}
	since := all
	since.Since = times[2]
	require.Equal(t, []string{"a/3", "a/2"}, versions(s.history(since).Records), "at or after")
	since.Since = times[2].Add(time.Millisecond)
	require.Equal(t, []string{"a/3"}, versions(s.history(since).Records))
	at := all
	at.At = times[1].Add(time.Millisecond)
	require.Equal(t, []string{"b/1", "a/1"}, versions(s.history(at).Records), "current at the instant")
	at.AtEnd = times[2].Add(time.Millisecond)
	require.Equal(t, []string{"a/2", "b/1", "a/1"}, versions(s.history(at).Records), "current at some point in the period")
	at.At, at.AtEnd = times[3].Add(time.Second), time.Time{}
	require.Equal(t, []string{"a/3", "b/1"}, versions(s.history(at).Records))
	at.At = times[0].Add(-time.Hour)
	require.Empty(t, s.history(at).Records)
	at.ID, at.At = "a", times[2].Add(time.Millisecond)
	require.Equal(t, []string{"a/2"}, versions(s.history(at).Records))
}

// Observers are told of every commit once, in order, with all of its changes together.
func TestObserver(t *testing.T) {
	seen := &recording{}
	s := newServer(t, func(o *Options) { o.Observers = []Observer{seen} })
	together(8, func(i int) {
		for k := range 10 {
			s.put(patient(fmt.Sprintf("p%d", i), fmt.Sprint(k)))
		}
	})
	_, err := s.Transaction(ctx, []BundleEntry{s.entry("PUT", "Patient/x", patient("x", "x")), s.entry("DELETE", "Patient/p0", ""), s.entry("PUT", "Patient/y", patient("y", "y"))}, nil)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return seen.count() == 83 }, 5*time.Second, time.Millisecond)
	seen.mu.Lock()
	defer seen.mu.Unlock()
	next := map[string]uint64{}
	var last store.Time
	for i, c := range seen.changes {
		require.GreaterOrEqual(t, seen.times[i], last)
		last = seen.times[i]
		next[c.ID]++
		require.Equal(t, next[c.ID], c.Version)
	}
	require.Equal(t, seen.times[80], seen.times[82], "one commit")
}

type recording struct {
	mu      sync.Mutex
	changes []Change
	times   []store.Time
}

func (r *recording) Committed(_ context.Context, at store.Time, changes []Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range changes {
		r.changes = append(r.changes, c)
		r.times = append(r.times, at)
	}
}

func (r *recording) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.changes)
}
