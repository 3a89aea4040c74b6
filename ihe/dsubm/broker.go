package dsubm

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

// Options configure a Broker; zero fields take defaults.
type Options struct {
	// Sandbox lets subscriptions call this machine, also without TLS.
	Sandbox bool
	// Networks may be called although they are private: receivers in the operator's own network. See also Allow.
	Networks []netip.Prefix
	// Timeout is how long an endpoint may take to answer; 10 s.
	Timeout time.Duration
	// FirstDelay is the pause after the first attempt in vain, 1 s; it doubles up to LongestDelay, 10 min, each cut by up to half at random.
	FirstDelay, LongestDelay time.Duration
	// GiveUp is how long attempts go on in vain before the subscription's status becomes error; 24 h.
	GiveUp time.Duration
	// Handshakes is how often a handshake is tried; 3.
	Handshakes int
	// Concurrent bounds the notifications under way; 16.
	Concurrent int
	// Caller gives the context in which the subscription's owner reads: what the owner may not see is not told. Nil: the server's own.
	Caller func(ctx context.Context, subscription *element.Element) context.Context
	// Grant names the authorization under which a Subscription was made, "" for none; Ended says why a Subscription is no longer delivered to, "" when it is. Nil: none ends but by itself.
	Grant func(subscription *element.Element) string
	Ended func(ctx context.Context, subscription *element.Element) (reason string, err error)
	// Shown gives a resource's JSON as clients see it, by type.
	Shown  map[string]func(body []byte) []byte
	Logger *slog.Logger
}

func (o *Options) complete() {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&o.Timeout, 10 * time.Second}, {&o.FirstDelay, time.Second}, {&o.LongestDelay, 10 * time.Minute}, {&o.GiveUp, 24 * time.Hour}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if o.Handshakes <= 0 {
		o.Handshakes = 3
	}
	if o.Concurrent <= 0 {
		o.Concurrent = 16
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// Broker keeps the subscriptions and notifies. It is an Interceptor that checks Subscriptions before they are stored, and an Observer that is woken by commits; it begins to notify when it is started.
type Broker struct {
	o        Options
	registry *search.Registry
	repo     *repository.Repository
	store    store.Store
	engine   *search.Engine
	base     string
	guard    *guard
	client   *http.Client
	slots    chan struct{}

	mu      sync.Mutex
	workers map[string]*worker // by the Subscription's id
	ctx     context.Context    // nil: not started, or closed
	stop    context.CancelFunc
	done    sync.WaitGroup
	changed chan struct{}
	pending map[string]bool // ids of Subscriptions that changed
}

// NewBroker makes a broker for the search parameters of a registry.
func NewBroker(registry *search.Registry, o Options) *Broker {
	o.complete()
	g := &guard{loopback: o.Sandbox, allowed: o.Networks}
	return &Broker{o: o, registry: registry, guard: g, client: g.client(), slots: make(chan struct{}, o.Concurrent), workers: map[string]*worker{},
		changed: make(chan struct{}, 1), pending: map[string]bool{}}
}

// Allow adds networks that may be called although they are private. It is called before Start.
func (b *Broker) Allow(networks []netip.Prefix) {
	b.guard.allowed = append(b.guard.allowed, networks...)
}

// own marks the broker's own writes in their context.
type own struct{}

// BeforeWrite checks a Subscription: what it asks for must be something that the broker does, and only the broker makes it active.
func (b *Broker) BeforeWrite(ctx context.Context, _ repository.Interaction, after *element.Resource) error {
	if after.Type() != "Subscription" || ctx.Value(own{}) != nil {
		return nil
	}
	switch after.Root.ChildValue("status") {
	case statusRequested, statusOff:
	default:
		return fault.At(http.StatusUnprocessableEntity, fault.BusinessRule, "Subscription.status",
			"A client stores a Subscription as requested, to begin or to resume it, or as off, to end it; active and error are the server's to set.")
	}
	if after.Root.ChildValue("status") == statusOff {
		return nil
	}
	_, err := b.terms(after.Root)
	return err
}

func (b *Broker) terms(root *element.Element) (*terms, error) {
	r := reader{root: root, registry: b.registry, insecure: b.o.Sandbox, guard: b.guard}
	return r.read()
}

// Committed wakes whom a commit concerns. It does no work of its own: writers are not to wait.
func (b *Broker) Committed(_ context.Context, _ store.Time, changes []repository.Change) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx == nil {
		return
	}
	documents, lists := false, false
	for i := range changes {
		switch changes[i].Type {
		case "Subscription":
			b.pending[changes[i].ID] = true
		case "DocumentReference":
			documents = true
		case "List":
			lists = true
		}
	}
	if len(b.pending) > 0 {
		signal(b.changed)
	}
	for _, w := range b.workers {
		if documents && w.terms.resource == "DocumentReference" || lists && w.terms.resource == "List" {
			signal(w.wake)
		}
	}
}

// Withdrawn tells that an authorization was taken back: the Subscriptions that were made under it end.
func (b *Broker) Withdrawn(grant string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.workers {
		if grant != "" && w.grant == grant {
			w.doubted.Store(true)
			signal(w.wake)
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Start has the broker follow the Subscriptions of a repository and its store, and notify their endpoints until Close.
func (b *Broker) Start(repo *repository.Repository, s store.Store, baseURL string) error {
	b.mu.Lock()
	b.repo, b.store, b.base = repo, s, strings.TrimRight(baseURL, "/")
	b.engine = search.NewEngine(b.registry, search.EngineOptions{})
	b.ctx, b.stop = context.WithCancel(context.Background())
	ctx := b.ctx
	b.mu.Unlock()
	err := s.Walk(ctx, "Subscription", 0, func(rec *store.Record) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.pending[rec.ID] = true
		return nil
	})
	if err != nil {
		b.stop()
		return err
	}
	b.done.Add(1)
	go b.run(ctx)
	signal(b.changed)
	return nil
}

// Close ends all notifications; those under way are cut, and sent again by the next Start.
func (b *Broker) Close() error {
	b.mu.Lock()
	if b.ctx == nil {
		b.mu.Unlock()
		return nil
	}
	b.stop()
	b.ctx = nil
	b.mu.Unlock()
	b.done.Wait()
	b.client.CloseIdleConnections()
	return nil
}

// run follows the Subscriptions.
func (b *Broker) run(ctx context.Context) {
	defer b.done.Done()
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.changed:
		}
		for _, id := range b.takePending() {
			if err := b.follow(ctx, id); err != nil && ctx.Err() == nil {
				b.o.Logger.ErrorContext(ctx, "a subscription could not be followed", "subscription", id, "error", err)
			}
		}
	}
}

func (b *Broker) takePending() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	ids := make([]string, 0, len(b.pending))
	for id := range b.pending {
		ids = append(ids, id)
	}
	clear(b.pending)
	return ids
}

// follow brings the worker of a Subscription in line with what is stored.
func (b *Broker) follow(ctx context.Context, id string) error {
	rec, res, err := b.stored(id)
	if err != nil {
		return err
	}
	b.mu.Lock()
	w := b.workers[id]
	b.mu.Unlock()
	if rec == nil {
		b.end(w)
		return saveProgress(ctx, b.store, id, nil)
	}
	status := res.Root.ChildValue("status")
	if w != nil && rec.Version <= w.version.Load() {
		return nil // its own doing
	}
	if status == statusOff || status == statusError {
		b.end(w)
		if status == statusOff && w != nil {
			b.farewell(ctx, w)
		}
		return nil
	}
	t, err := b.terms(res.Root)
	if err != nil {
		// Stored by an earlier server that took it, or before the broker was there.
		b.end(w)
		return b.settle(ctx, id, rec.Version, statusError, "The server does not support what the Subscription asks for: "+firstIssue(err))
	}
	if w != nil && status == statusActive && w.terms.equal(t) {
		w.version.Store(rec.Version)
		return nil
	}
	b.end(w)
	return b.begin(ctx, rec, res.Root, t, status)
}

func firstIssue(err error) string {
	f := fault.From(err)
	if len(f.Issues) == 0 {
		return ""
	}
	return f.Issues[0].Diagnostics
}

// stored reads a Subscription; nil when it is gone.
func (b *Broker) stored(id string) (*store.Record, *element.Resource, error) {
	view, err := b.store.View(0)
	if err != nil {
		return nil, nil, err
	}
	defer view.Close()
	rec, err := view.Read("Subscription", id)
	if errors.Is(err, store.ErrNotFound) || err == nil && rec.Method == store.Deleted {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	res, err := b.repo.Tree(rec)
	return rec, res, err
}

// begin starts a worker. A subscription that was there before resumes at its place; a new one begins behind its own commit.
func (b *Broker) begin(ctx context.Context, rec *store.Record, root *element.Element, t *terms, status string) error {
	p, known, err := loadProgress(b.store, rec.ID)
	if err != nil {
		return err
	}
	if !known {
		p = progress{After: place{Time: rec.Time, RID: 1<<64 - 1}}
		if err := saveProgress(ctx, b.store, rec.ID, &p); err != nil {
			return err
		}
	}
	if status == statusRequested {
		p.Failures, p.Since = 0, time.Time{}
	}
	w := &worker{b: b, id: rec.ID, terms: t, root: root, progress: p, wake: make(chan struct{}, 1), ended: make(chan struct{}), status: status}
	w.version.Store(rec.Version)
	w.doubted.Store(true)
	if b.o.Grant != nil {
		w.grant = b.o.Grant(root)
	}
	for _, query := range t.filters {
		x, err := condition(b.registry, t.resource, query)
		if err != nil {
			return err
		}
		w.where = append(w.where, x)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx == nil {
		return nil
	}
	inner, cancel := context.WithCancel(b.ctx)
	w.cancel = cancel
	b.workers[rec.ID] = w
	b.done.Add(1)
	go w.run(inner)
	return nil
}

// end stops a worker and waits for it.
func (b *Broker) end(w *worker) {
	if w == nil {
		return
	}
	w.cancel()
	<-w.ended
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.workers[w.id] == w {
		delete(b.workers, w.id)
	}
}

// settle sets the status of a Subscription, and why, when it is still the version that the worker knows of.
func (b *Broker) settle(ctx context.Context, id string, version uint64, status, reason string) error {
	_, res, err := b.stored(id)
	if err != nil || res == nil {
		return err
	}
	if _, err := res.Root.SetChild("status", status); err != nil {
		return err
	}
	if e := res.Root.Child("error"); e != nil {
		if err := res.Root.Remove(e); err != nil {
			return err
		}
	}
	if reason != "" {
		if _, err := res.Root.SetChild("error", reason); err != nil {
			return err
		}
	}
	res.Changed()
	written, err := b.repo.Update(context.WithValue(ctx, own{}, true), "Subscription", id, res, repository.Conditions{IfMatch: &version})
	if err != nil {
		return err
	}
	b.mu.Lock()
	if w := b.workers[id]; w != nil {
		w.version.Store(written.Record.Version)
	}
	b.mu.Unlock()
	return nil
}
