package balp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/store"
)

// NotifierOptions configure a Notifier; zero fields take defaults.
type NotifierOptions struct {
	// BaseURL is the server's FHIR base.
	BaseURL string
	// Now is the clock; nil: the system's.
	Now func() time.Time
	// Interval is the pause between two looks at what happened; 200 ms.
	Interval time.Duration
	Logger   *slog.Logger
}

// Notifier tells people of what happens in their record, by Communications in it: the holder of the first access of each professional (T3), of further ones and of documents that come or change unless she wants to hear nothing of it (T4), of accesses in an emergency, and
// then the médecins traitants too (E10). It reads the history of AuditEvents and DocumentReferences behind the commits, from a mark that is kept, so that it goes on where it was after a restart. Each Communication has an id that follows from what it tells, so that what is looked at twice is
// told once.
type Notifier struct {
	o     NotifierOptions
	repo  *repository.Repository
	store store.Store
	wake  chan struct{}
	known map[string]bool // ids that are there: the usual case costs no read
	marks map[string]mark // by type

	mu   sync.Mutex
	stop context.CancelFunc
	done chan struct{}
}

// followed are the types that the notifier reads, with what it does about each version.
var followed = map[string]func(*Notifier, context.Context, store.View, *store.Record) error{
	"AuditEvent": (*Notifier).audited, "DocumentReference": (*Notifier).documented,
}

// NewNotifier makes a notifier; it works from Start on.
func NewNotifier(o NotifierOptions) *Notifier {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Interval <= 0 {
		o.Interval = 200 * time.Millisecond
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Notifier{o: o, wake: make(chan struct{}, 1), known: map[string]bool{}, marks: map[string]mark{}}
}

// Committed wakes the notifier; it does no work of its own.
func (n *Notifier) Committed(_ context.Context, _ store.Time, changes []repository.Change) {
	for i := range changes {
		if followed[changes[i].Type] != nil {
			select {
			case n.wake <- struct{}{}:
			default:
			}
			return
		}
	}
}

// Start begins to follow a repository and its store, where it stood.
func (n *Notifier) Start(repo *repository.Repository, s store.Store) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.repo, n.store = repo, s
	for typ := range followed {
		m, err := loadMark(context.Background(), s, settingOf(typ))
		if err != nil {
			return err
		}
		n.marks[typ] = m
	}
	ctx, stop := context.WithCancel(context.Background())
	n.stop, n.done = stop, make(chan struct{})
	go n.run(ctx, n.done)
	return nil
}

// Close ends the work; what is not told yet is told after the next Start.
func (n *Notifier) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stop != nil {
		n.stop()
		<-n.done
		n.stop = nil
	}
	return nil
}

func settingOf(typ string) string { return "balp.notify." + typ }

// retry is the pause after a failure.
const retry = 5 * time.Second

func (n *Notifier) run(ctx context.Context, done chan struct{}) {
	defer close(done)
	for {
		more, err := n.round(ctx)
		pause := n.o.Interval
		if err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrClosed) {
			n.o.Logger.ErrorContext(ctx, "people could not be told of what happened in their records; it is tried again", "error", err)
			pause, more = retry, true
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-n.wake:
		}
	}
}

// maxRound is about how many versions are looked at in one go.
const maxRound = 500

// round looks at what is there; more says that there may be further versions.
func (n *Notifier) round(ctx context.Context) (more bool, err error) {
	view, err := n.store.View(0)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	for typ, tell := range followed {
		from := n.marks[typ]
		found, upTo, err := ahead(view, typ, from, maxRound)
		if err != nil {
			return false, err
		}
		for _, rec := range found {
			err := tell(n, ctx, view, rec)
			var f *fault.Fault
			if errors.As(err, &f) && f.Status < http.StatusInternalServerError {
				// Refused for what it is: trying again would keep everybody else waiting.
				n.o.Logger.WarnContext(ctx, "a notice cannot be stored and is left out", "type", typ, "error", err)
				continue
			}
			if err != nil {
				return false, err
			}
		}
		more = more || upTo.Time < view.Time()
		n.marks[typ] = upTo
		// A mark that moved over nothing need not be kept: it is found again as cheaply.
		if len(found) > 0 {
			if err := upTo.save(ctx, n.store, settingOf(typ)); err != nil {
				return false, err
			}
		}
	}
	return more, nil
}
