package dsubm

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

// worker serves one Subscription.
type worker struct {
	b       *Broker
	id      string
	version atomic.Uint64 // of the Subscription, as far as the worker knows
	grant   string        // the authorization under which it was made
	doubted atomic.Bool   // that it holds is to be looked at
	terms   *terms
	root    *element.Element
	where   []search.Expr
	status  string
	cancel  context.CancelFunc
	ended   chan struct{}
	wake    chan struct{}

	progress progress
	unsaved  int       // changes passed over since progress was saved
	spoke    time.Time // of the last notification
}

// maxUnsaved is how many changes may be looked at again after a restart because none of them was to be told.
const maxUnsaved = 500

// run shakes hands where that is due, then notifies until the context ends or there is a reason to stop.
func (w *worker) run(ctx context.Context) {
	defer w.b.done.Done()
	defer close(w.ended)
	defer w.save(context.WithoutCancel(ctx))
	if w.over(ctx) {
		return
	}
	if w.status == statusRequested {
		if !w.shake(ctx) {
			return
		}
	}
	w.spoke = time.Now()
	for ctx.Err() == nil {
		if w.doubted.Load() && w.over(ctx) {
			return
		}
		if w.expired() {
			w.expire(ctx)
			return
		}
		more, err := w.round(ctx)
		if err == nil && !more {
			err = w.wait(ctx)
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		if w.recover(ctx, err) != nil {
			return
		}
	}
}

// recover waits for the next attempt; errStopped when there is none.
func (w *worker) recover(ctx context.Context, err error) error {
	var failure *deliveryError
	if !errors.As(err, &failure) {
		w.b.o.Logger.ErrorContext(ctx, "a subscription cannot read its events", "subscription", w.id, "error", err)
		w.pause(ctx, w.b.o.LongestDelay)
		return nil
	}
	if err := w.failed(ctx, failure.cause); err != nil {
		return err
	}
	d := w.retryAfter(failure.cause)
	if !w.terms.end.IsZero() {
		d = min(d, max(0, time.Until(w.terms.end)))
	}
	w.pause(ctx, d)
	return nil
}

// deliveryError is a notification that the endpoint did not take.
type deliveryError struct{ cause error }

func (e *deliveryError) Error() string { return "dsubm: not delivered: " + e.cause.Error() }

func (e *deliveryError) Unwrap() error { return e.cause }

// errStopped says that the subscription has ended; its status says why.
var errStopped = errors.New("dsubm: stopped")

// shake asks the endpoint whether it is there, and makes the subscription active; otherwise its status becomes error.
func (w *worker) shake(ctx context.Context) bool {
	var err error
	for n := 1; n <= w.b.o.Handshakes; n++ {
		if err = w.send(ctx, &message{status: statusRequested, kind: handshake, events: w.progress.Events}); err == nil {
			break
		}
		if ctx.Err() != nil {
			return false
		}
		if n < w.b.o.Handshakes {
			w.pause(ctx, w.b.delay(n))
		}
	}
	if err != nil {
		w.settle(ctx, statusError, "The handshake failed: "+reasonOf(err))
		return false
	}
	w.status = statusActive
	return w.settle(ctx, statusActive, "")
}

// settle sets the Subscription's status; false when it changed under the worker's hands, which is about to be replaced then.
func (w *worker) settle(ctx context.Context, status, reason string) bool {
	if err := w.b.settle(ctx, w.id, w.version.Load(), status, reason); err != nil {
		if f := fault.From(err); f.Status != http.StatusPreconditionFailed && f.Status != http.StatusConflict && ctx.Err() == nil {
			w.b.o.Logger.ErrorContext(ctx, "a subscription's status could not be stored", "subscription", w.id, "error", err)
		}
		return false
	}
	return true
}

func (w *worker) expired() bool { return !w.terms.end.IsZero() && !time.Now().Before(w.terms.end) }

// expire ends a subscription at its own end.
func (w *worker) expire(ctx context.Context) {
	_ = w.send(ctx, &message{status: statusOff, kind: deactivation, events: w.progress.Events}) // should be told, need not arrive
	w.settle(ctx, statusOff, "The end that the Subscription names was reached.")
}

// over ends a subscription whose authorization no longer holds, without a word to its endpoint: it may be in hands that are not to hear anything.
func (w *worker) over(ctx context.Context) bool {
	w.doubted.Store(false)
	if w.b.o.Ended == nil {
		return false
	}
	reason, err := w.b.o.Ended(ctx, w.root)
	if err != nil {
		w.doubted.Store(true)
		if ctx.Err() == nil {
			w.b.o.Logger.ErrorContext(ctx, "whether a subscription still holds is not known", "subscription", w.id, "error", err)
		}
		return false
	}
	if reason != "" {
		w.settle(ctx, statusOff, reason)
	}
	return reason != ""
}

// wait sleeps until there may be events, a heartbeat is due or the subscription ends.
func (w *worker) wait(ctx context.Context) error {
	timer := time.NewTimer(w.patience())
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-w.wake:
	case <-timer.C:
		w.doubted.Store(true)
		if w.terms.heartbeat > 0 && time.Since(w.spoke) >= w.terms.heartbeat {
			return w.beat(ctx)
		}
	}
	return nil
}

func (w *worker) patience() time.Duration {
	d := time.Hour
	if w.terms.heartbeat > 0 {
		d = min(d, time.Until(w.spoke.Add(w.terms.heartbeat)))
	}
	if !w.terms.end.IsZero() {
		d = min(d, time.Until(w.terms.end))
	}
	return max(d, time.Millisecond)
}

// beat sends a heartbeat.
func (w *worker) beat(ctx context.Context) error {
	w.spoke = time.Now()
	if err := w.send(ctx, &message{status: statusActive, kind: heartbeat, events: w.progress.Events}); err != nil {
		return &deliveryError{err}
	}
	w.succeeded()
	return nil
}

// Bounds of the events that are held in memory at once.
const (
	maxHeld      = 100
	maxHeldBytes = 8 << 20
)

// round tells events that are there, one notification after the other; more says that there may be further ones. The store is not held while the endpoint is waited for.
func (w *worker) round(ctx context.Context) (more bool, err error) {
	held, places, seen, more, err := w.collect(ctx)
	if err != nil {
		return false, err
	}
	for len(held) > 0 {
		n := min(len(held), w.terms.maxCount)
		if err := w.deliver(ctx, held[:n], places[n-1]); err != nil {
			return false, err
		}
		held, places = held[n:], places[n:]
	}
	w.progress.After = seen
	if w.unsaved >= maxUnsaved {
		w.save(ctx)
	}
	return more, nil
}

// collect reads what is to be told next, with the places of the events; seen is the place up to which there is nothing else.
func (w *worker) collect(ctx context.Context) (held []told, places []place, seen place, more bool, err error) {
	view, err := w.b.store.View(0)
	if err != nil {
		return nil, nil, seen, false, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	found, seen, err := changes(view, w.terms.resource, w.progress.After)
	if err != nil {
		return nil, nil, seen, false, err
	}
	size := 0
	for i := range found {
		c := &found[i]
		t, ok, err := w.told(ctx, view, c)
		if err != nil {
			return nil, nil, seen, false, err
		}
		w.unsaved++
		if !ok {
			continue
		}
		t.number = w.progress.Events + uint64(len(held)) + 1
		held, places, size = append(held, t), append(places, c.place), size+len(t.body)
		if len(held) == maxHeld || size > maxHeldBytes {
			return held, places, c.place, true, nil
		}
	}
	return held, places, seen, seen.Time < view.Time(), nil
}

// deliver sends one notification, then keeps the new place durably. A crash between the two sends it once more.
func (w *worker) deliver(ctx context.Context, batch []told, at place) error {
	events := w.progress.Events + uint64(len(batch))
	if w.over(ctx) {
		return &deliveryError{errStopped}
	}
	if err := w.send(ctx, &message{status: statusActive, kind: eventful, events: events, told: batch}); err != nil {
		return &deliveryError{err}
	}
	w.progress.After, w.progress.Events = at, events
	w.succeeded()
	w.spoke = time.Now()
	return w.persist(context.WithoutCancel(ctx))
}

func (w *worker) succeeded() { w.progress.Failures, w.progress.Since = 0, time.Time{} }

// failed counts an attempt in vain; errStopped when it was the last.
func (w *worker) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, errStopped) {
		return errors.Join(ctx.Err(), errStopped)
	}
	p := &w.progress
	if p.Failures == 0 {
		p.Since = time.Now()
	}
	p.Failures++
	if p.Failures == 1 {
		w.save(ctx) // so that a restart does not begin to count anew
	}
	var answer *answerError
	gone := errors.As(err, &answer) && answer.status == http.StatusGone
	if !gone && time.Since(p.Since) < w.b.o.GiveUp {
		return nil
	}
	reason := "Notifications failed since " + p.Since.UTC().Format(time.RFC3339) + ": " + reasonOf(err)
	if gone {
		w.settle(ctx, statusOff, reason)
	} else {
		w.settle(ctx, statusError, reason+" Store the Subscription as requested to resume.")
	}
	return errStopped
}

// retryAfter is the pause before the next attempt: what the endpoint asked for, where it did, and otherwise the back-off.
func (w *worker) retryAfter(err error) time.Duration {
	var answer *answerError
	if errors.As(err, &answer) && answer.after > 0 {
		return min(answer.after, w.b.o.LongestDelay)
	}
	return w.b.delay(w.progress.Failures)
}

// delay is the back-off after n attempts in vain: doubled each time, and cut by up to half at random, so that many subscriptions do not come back at once.
func (b *Broker) delay(n int) time.Duration {
	d := b.o.LongestDelay
	if n < 30 {
		d = min(d, b.o.FirstDelay<<max(0, n-1))
	}
	if d <= 0 {
		d = b.o.LongestDelay
	}
	return d/2 + rand.N(d/2+1)
}

func (w *worker) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// save keeps the progress, where that can wait: what is lost is looked at again.
func (w *worker) save(ctx context.Context) {
	if err := w.persist(ctx); err != nil && !errors.Is(err, store.ErrClosed) {
		w.b.o.Logger.ErrorContext(ctx, "a subscription's progress could not be stored", "subscription", w.id, "error", err)
	}
}

func (w *worker) persist(ctx context.Context) error {
	w.unsaved = 0
	return saveProgress(ctx, w.b.store, w.id, &w.progress)
}

func secondsOf(text string) time.Duration {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 86400 {
		return 0
	}
	return time.Duration(n) * time.Second
}
