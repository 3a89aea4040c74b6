package repository

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/carnet-fhir/carnet/store"
)

// watcher tells observers of commits in their order. Commits return to many goroutines in any order, so it does not listen to them but reads the store's history
// behind them, woken by a signal: nothing is told twice, out of order, or left out.
type watcher struct {
	store     store.Store
	observers []Observer
	wake      chan struct{}
	stop      context.CancelFunc
	done      sync.WaitGroup
}

func watchCommits(s store.Store, observers []Observer) *watcher {
	ctx, stop := context.WithCancel(context.Background())
	w := &watcher{store: s, observers: observers, wake: make(chan struct{}, 1), stop: stop}
	w.done.Add(1)
	go w.run(ctx, s.Head())
	return w
}

// signal says that something was committed.
func (w *watcher) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watcher) close() {
	w.stop()
	w.done.Wait()
}

func (w *watcher) run(ctx context.Context, told store.Time) {
	defer w.done.Done()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		}
		if !gather(ctx) {
			return
		}
		head, err := w.tell(ctx, told)
		if err != nil && !errors.Is(err, store.ErrClosed) {
			slog.ErrorContext(ctx, "observers were not told of commits", "error", err)
			continue
		}
		told = head
	}
}

// gathering is how long commits are gathered before they are told: one look at the history for all that came in it, instead of one for each commit beside its writer.
const gathering = 5 * time.Millisecond

// gather waits for further commits; false when the watch ends.
func gather(ctx context.Context) bool {
	t := time.NewTimer(gathering)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// tell reads what was committed since the time, newest first, and tells it in the order of commits.
func (w *watcher) tell(ctx context.Context, told store.Time) (head store.Time, err error) {
	view, err := w.store.View(0)
	if err != nil {
		return told, err
	}
	defer closing(view, &err)
	cursor := view.History(store.HistoryRange{Since: told})
	defer closing(cursor, &err)
	var changes []Change
	var times []store.Time
	for cursor.Next() {
		rec, err := cursor.Record()
		if err != nil {
			return told, err
		}
		changes = append(changes, Change{Type: rec.Type, ID: rec.ID, RID: rec.RID, Version: rec.Version, Method: rec.Method})
		times = append(times, rec.Time)
	}
	if err := cursor.Err(); err != nil {
		return told, err
	}
	slices.Reverse(changes)
	slices.Reverse(times)
	for from := 0; from < len(changes); {
		to := from + 1
		for to < len(changes) && times[to] == times[from] {
			to++
		}
		for _, o := range w.observers {
			o.Committed(ctx, times[from], changes[from:to:to])
		}
		from = to
	}
	return view.Time(), nil
}
