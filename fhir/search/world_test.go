package search

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/store"
	"github.com/carnet-fhir/carnet/store/embedded"
)

// world is a store in memory, filled through the engine's entries, with a copy of the content for the matcher.
type world struct {
	t       testing.TB
	store   store.Store
	engine  *Engine
	content content
	unread  int
	budget  Budget
}

// content is the current resources by "Type/id", as the store gives them. It is the matcher's source.
type content map[string]*element.Element

func (c content) Resource(typ, id string) (*element.Element, error) { return c[typ+"/"+id], nil }

func (c content) Resources(typ string) iter.Seq2[*element.Element, error] {
	return func(yield func(*element.Element, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(c)) {
			if strings.HasPrefix(key, typ+"/") && !yield(c[key], nil) {
				return
			}
		}
	}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := openWorld(t)
	t.Cleanup(func() { require.NoError(t, w.store.Close()) })
	return w
}

func openWorld(t testing.TB) *world {
	t.Helper()
	// The clock moves a millisecond each time it is looked at: how many records share an instant decides what a sort by _lastUpdated reads, and must not depend on the machine.
	var looks atomic.Int64
	start := time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC)
	clock := func() time.Time { return start.Add(time.Duration(looks.Add(1)) * time.Millisecond) }
	s, err := embedded.Open("world", embedded.Options{FS: vfs.NewMem(), NoSync: true, Clock: clock, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	require.NoError(t, err)
	return &world{t: t, store: s, engine: NewEngine(sharedRegistry(), EngineOptions{}), content: content{}}
}

// stamped renders a resource with its version and time.
type stamped struct{ template element.Template }

func (b stamped) Append(dst []byte, s store.Stamp) []byte {
	return b.template.Append(dst, s.Version, s.Time.Wall())
}

func (w *world) write(json string) store.Write {
	w.t.Helper()
	res, err := element.ParseJSON(spec.R4(), []byte(json), element.Options{Lenient: true})
	require.NoError(w.t, err)
	require.Empty(w.t, unknownElements(res), json)
	entries, err := w.engine.Entries(res.Root)
	require.NoError(w.t, err)
	return store.Write{Type: res.Type(), ID: res.ID(), Body: stamped{res.Stamped(res.ID())}, Entries: entries}
}

// put writes resources, each in a commit of its own.
func (w *world) put(all ...string) {
	w.t.Helper()
	for _, json := range all {
		w.commit(w.write(json))
	}
}

// putAll writes resources in large commits.
func (w *world) putAll(all []string) {
	w.t.Helper()
	for batch := range slices.Chunk(all, 500) {
		writes := make([]store.Write, len(batch))
		for i, json := range batch {
			writes[i] = w.write(json)
		}
		w.commit(writes...)
	}
}

func (w *world) delete(typ, id string) {
	w.t.Helper()
	w.commit(store.Write{Type: typ, ID: id, Delete: true})
}

func (w *world) commit(writes ...store.Write) {
	w.t.Helper()
	_, err := w.store.Commit(context.Background(), &store.Tx{Writes: writes})
	require.NoError(w.t, err)
	view := w.view(0)
	for _, one := range writes {
		rec, err := view.Read(one.Type, one.ID)
		require.NoError(w.t, err)
		if rec.Method == store.Deleted {
			delete(w.content, one.Type+"/"+one.ID)
			continue
		}
		res, err := element.ParseJSON(spec.R4(), rec.Body, element.Options{Trusted: true})
		require.NoError(w.t, err)
		w.content[one.Type+"/"+one.ID] = res.Root
	}
	require.NoError(w.t, view.Close())
}

// view opens a view that the caller closes.
func (w *world) view(at store.Time) store.View {
	w.t.Helper()
	v, err := w.store.View(at)
	require.NoError(w.t, err)
	return v
}

// parse reads a search.
func (w *world) parse(typ, query string) *Query {
	w.t.Helper()
	q, err := ParseQuery(sharedRegistry(), Scope{Type: typ}, parseParams(query), ParseOptions{Now: testNow})
	require.NoError(w.t, err, "%s?%s", typ, query)
	return q
}

// search gives one page.
func (w *world) search(typ, query string) *Result {
	w.t.Helper()
	view := w.view(0)
	defer view.Close()
	q := w.parse(typ, query)
	count := q.Count
	if count < 0 {
		count = 20
	}
	result, err := w.engine.Search(context.Background(), view, q, Page{Count: count}, w.budget)
	require.NoError(w.t, err, "%s?%s", typ, query)
	return result
}

// ids are the references to records, in their order.
func ids(records []*store.Record) []string {
	all := make([]string, len(records))
	for i, rec := range records {
		all[i] = rec.Type + "/" + rec.ID
	}
	return all
}

// pages follows a search to its end.
func (w *world) pages(view store.View, q *Query, size int) []string {
	w.t.Helper()
	var all []string
	page := Page{Count: size}
	for range 100_000 {
		result, err := w.engine.Search(context.Background(), view, q, page, w.budget)
		require.NoError(w.t, err)
		require.LessOrEqual(w.t, len(result.Matches), size)
		all = append(all, ids(result.Matches)...)
		if page.Resume = result.Next; page.Resume == nil {
			return all
		}
		require.Len(w.t, result.Matches, size, "only the last page is short")
	}
	w.t.Fatal("the pages do not end")
	return nil
}
