package clockwork

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/balp"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/store"
)

// Options configure a Sweeper. BaseURL and Engine are needed.
type Options struct {
	// BaseURL is the server's FHIR base.
	BaseURL string
	// Engine knows the lengths and the calendar.
	Engine *habilitation.Engine
	// Trace writes AuditEvents of what was done; nil: none are written.
	Trace *balp.Trace
	// Now is the clock; nil: the system's.
	Now func() time.Time
	// Interval is the pause between two sweeps; a minute.
	Interval time.Duration
	// MaxLooks bounds the resources of each sort that one sweep looks at, 5,000, and MaxActs what it does to them, 200. The next one goes on from there.
	MaxLooks, MaxActs int
	Logger            *slog.Logger
}

// Report counts what a sweep did.
type Report struct {
	Shown    int // documents that became visible
	Reminded int // authors who were reminded
	Deleted  int // records that were deleted
	Failed   int // what is to be tried again
}

// Sweeper does what is due.
type Sweeper struct {
	o        Options
	repo     *repository.Repository
	store    store.Store
	registry *search.Registry
	// places are where the next sweep goes on, by query; nil: from the beginning.
	places map[string][]byte

	sweeping sync.Mutex
	mu       sync.Mutex
	stop     context.CancelFunc
	done     chan struct{}
}

// New makes a sweeper.
func New(o Options) *Sweeper {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Interval <= 0 {
		o.Interval = time.Minute
	}
	if o.MaxLooks <= 0 {
		o.MaxLooks = 5000
	}
	if o.MaxActs <= 0 {
		o.MaxActs = 200
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Sweeper{o: o, places: map[string][]byte{}}
}

// Bind gives what the sweeper reads and writes.
func (s *Sweeper) Bind(repo *repository.Repository, st store.Store, registry *search.Registry) {
	s.repo, s.store, s.registry = repo, st, registry
}

// Start sweeps now and then at every interval, until Close.
func (s *Sweeper) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, stop := context.WithCancel(context.Background())
	s.stop, s.done = stop, make(chan struct{})
	go s.run(ctx, s.done)
}

// Close ends the work; a sweep under way ends where it stands.
func (s *Sweeper) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil {
		s.stop()
		<-s.done
		s.stop = nil
	}
	return nil
}

func (s *Sweeper) run(ctx context.Context, done chan struct{}) {
	defer close(done)
	ticker := time.NewTicker(s.o.Interval)
	defer ticker.Stop()
	for {
		r, err := s.Sweep(ctx)
		switch {
		case ctx.Err() != nil || errors.Is(err, store.ErrClosed):
			return
		case err != nil:
			s.o.Logger.ErrorContext(ctx, "what is due with time was not done whole; it is tried again", "error", err)
		case r != Report{}:
			s.o.Logger.InfoContext(ctx, "did what was due with time", "shown", r.Shown, "reminded", r.Reminded, "deleted", r.Deleted, "failed", r.Failed)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Sweep does what is due, as far as the bounds of one sweep go. What cannot be done to one resource is counted, and does not keep others from it.
func (s *Sweeper) Sweep(ctx context.Context) (r Report, err error) {
	s.sweeping.Lock()
	defer s.sweeping.Unlock()
	err = s.each(ctx, "DocumentReference", "status=current,superseded&security-label="+balp.HiddenFromPatient, func(rec *store.Record) (acted bool) { return s.document(ctx, rec, &r) })
	if err != nil {
		return r, err
	}
	err = s.each(ctx, "Patient", "active=false", func(rec *store.Record) (acted bool) { return s.record(ctx, rec, &r) })
	return r, err
}

// page is how many resources are read at once.
const page = 200

// each looks at the resources that a query finds, from where the last sweep stopped.
func (s *Sweeper) each(ctx context.Context, typ, query string, look func(*store.Record) (acted bool)) error {
	params, err := search.SplitQuery(query)
	if err != nil {
		return err
	}
	q, err := search.ParseQuery(s.registry, search.Scope{Type: typ}, params, search.ParseOptions{})
	if err != nil {
		return err
	}
	q.Total = "none"
	looks, acts := 0, 0
	for looks < s.o.MaxLooks {
		found, err := s.repo.Search(ctx, q, 0, search.Page{Count: page, Resume: s.places[typ]})
		if err != nil {
			s.places[typ] = nil
			return err
		}
		for _, rec := range found.Matches {
			looks++
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if look(rec) {
				acts++
			}
		}
		if s.places[typ] = found.Next; found.Next == nil || acts >= s.o.MaxActs {
			return nil
		}
	}
	return nil
}

// failed notes what is tried again. Logs name no resource.
func (s *Sweeper) failed(ctx context.Context, what string, err error, r *Report) bool {
	r.Failed++
	s.o.Logger.WarnContext(ctx, "something that is due could not be done yet", "what", what, "error", err)
	return true
}
