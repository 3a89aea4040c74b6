package dsubm

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

// answerError is an answer of an endpoint that is not a success.
type answerError struct {
	status int
	after  time.Duration // Retry-After
}

func (e *answerError) Error() string { return "dsubm: the endpoint answered " + strconv.Itoa(e.status) }

// maxAnswer is how much of an answer is read, for the connection's sake.
const maxAnswer = 64 << 10

// send posts one notification to the endpoint, and nothing else: its URL is the one that the client gave, and says nothing of anybody.
func (w *worker) send(ctx context.Context, m *message) error {
	m.base, m.id, m.topic, m.content, m.at = w.b.base, w.id, w.terms.topic, w.terms.content, time.Now()
	var body []byte
	if w.terms.payload != "" {
		var err error
		if body, err = m.encode(w.b.registry.Definitions(), w.terms.payload); err != nil {
			return err
		}
	}
	select {
	case w.b.slots <- struct{}{}:
		defer func() { <-w.b.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	timeout := w.b.o.Timeout
	if w.terms.timeout > 0 {
		timeout = w.terms.timeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.terms.endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for _, h := range w.terms.headers {
		request.Header.Add(h[0], h[1])
	}
	if w.terms.payload != "" {
		request.Header.Set("Content-Type", w.terms.payload)
	}
	request.Header.Set("User-Agent", "Carnet")
	response, err := w.b.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer)) // what it says is of no interest
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return nil
	}
	return &answerError{response.StatusCode, secondsOf(response.Header.Get("Retry-After"))}
}

// reasonOf says in a sentence why a notification did not arrive: nothing of its content, of the endpoint's URL or of its answer's text.
func reasonOf(err error) string {
	var answer *answerError
	var dns *net.DNSError
	var unknown *tls.CertificateVerificationError
	switch {
	case errors.As(err, &answer):
		return "the endpoint answered with the status " + strconv.Itoa(answer.status) + "."
	case errors.Is(err, errForbiddenAddress):
		return "the endpoint's address is not one that this server calls."
	case errors.Is(err, context.DeadlineExceeded):
		return "the endpoint did not answer in time."
	case errors.As(err, &dns):
		return "the endpoint's name could not be resolved."
	case errors.As(err, &unknown):
		return "the endpoint's certificate could not be verified."
	}
	return "the endpoint could not be reached."
}

// told judges one change: whether it is an event of the subscription that its owner may know of, and what is told of it.
func (w *worker) told(ctx context.Context, view store.View, c *change) (told, bool, error) {
	var none told
	ok, err := w.concerns(ctx, view, c)
	if !ok || err != nil {
		return none, false, err
	}
	t := told{at: c.rec.Time.Wall(), typ: c.rec.Type, id: c.rec.ID, method: c.rec.Method}
	caller := ctx
	if w.b.o.Caller != nil {
		caller = w.b.o.Caller(ctx, w.root)
	}
	now, err := w.b.repo.Read(caller, c.rec.Type, c.rec.ID)
	if f := (*fault.Fault)(nil); errors.As(err, &f) && f.Status < http.StatusInternalServerError {
		// Gone since, or not the owner's to see. A deletion is told without content.
		return t, f.Status == http.StatusGone && c.rec.Method == store.Deleted, nil
	}
	if err != nil {
		return none, false, err
	}
	if w.terms.content == contentFull && c.rec.Method != store.Deleted {
		t.body = now.Body
		if show := w.b.o.Shown[c.rec.Type]; show != nil {
			t.body = show(t.body)
		}
	}
	return t, true, nil
}

// concerns says whether a change is one of the subscription's events and matches its filters.
func (w *worker) concerns(ctx context.Context, view store.View, c *change) (bool, error) {
	rec := c.rec
	var is event
	switch rec.Method {
	case store.Created:
		is = created
	case store.Updated:
		is = updated
	case store.Deleted:
		is = deleted
	}
	if is != created && w.terms.events&(statusChanged|updated|deleted) != 0 {
		before, err := view.Version(rec.Type, rec.ID, rec.Version-1)
		if err != nil {
			return false, err
		}
		if is == deleted {
			rec = before // what was deleted is known by its last content
		} else if changed, err := w.statusDiffers(before, rec); err != nil {
			return false, err
		} else if changed {
			is |= statusChanged
		}
	}
	if w.terms.events&is == 0 || rec.Method == store.Deleted {
		return false, nil
	}
	return w.matches(ctx, view, rec)
}

func (w *worker) statusDiffers(a, b *store.Record) (bool, error) {
	before, err := w.b.repo.Tree(a)
	if err != nil {
		return false, err
	}
	after, err := w.b.repo.Tree(b)
	if err != nil {
		return false, err
	}
	return before.Root.ChildValue("status") != after.Root.ChildValue("status"), nil
}

func (w *worker) matches(ctx context.Context, view store.View, rec *store.Record) (bool, error) {
	if len(w.where) == 0 {
		return true, nil
	}
	for _, x := range w.where {
		ok, err := w.b.engine.MatchesRecord(ctx, view, rec, x, search.Budget{})
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// farewell tells an endpoint that its subscription was ended by a client.
func (b *Broker) farewell(ctx context.Context, w *worker) {
	b.done.Add(1)
	go func() {
		defer b.done.Done()
		_ = w.send(ctx, &message{status: statusOff, kind: deactivation, events: w.progress.Events}) // should be told, need not arrive
	}()
}
