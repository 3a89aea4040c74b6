package balp

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/store"
)

// Basis is on what an access to a patient's record rests.
type Basis struct {
	// Consent names the Consent ("Consent/[id]").
	Consent string
	// CollectorSystem and CollectorValue identify the professional who collected it, when that is another one than who reads (CSP R1111-46).
	CollectorSystem, CollectorValue string
}

// Options configure a Trace. BaseURL is needed.
type Options struct {
	// BaseURL is the server's FHIR base, by which AuditEvents name it.
	BaseURL string
	// Now is the clock; nil: the system's.
	Now func() time.Time
	// Basis tells on what the caller's access to a patient's record rests; nil: it is not traced. Its errors are those of the access: what it does not know is left out.
	Basis func(ctx context.Context, patient string) []Basis
	// Timeout is how long the trace of one access may wait for the disk; 10 s.
	Timeout time.Duration
	Logger  *slog.Logger
}

// Trace writes AuditEvents. It is safe for concurrent use once it is bound.
type Trace struct {
	o        Options
	observer who
	subjects map[string]*leaves
	defs     *spec.Definitions
	repo     *repository.Repository
	store    store.Store
	refusals refusals
}

// New makes the trace of a server. It is bound to the repository when that is made.
func New(o Options) *Trace {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	defs := spec.R4()
	return &Trace{o: o, observer: who{typ: "Device", system: systemURI, value: o.BaseURL}, subjects: subjectPaths(defs), defs: defs}
}

// Bind gives the repository and its store.
func (t *Trace) Bind(repo *repository.Repository, s store.Store) { t.repo, t.store = repo, s }

// SetBasis gives Options.Basis, when what knows it is made later. It is called before the first request.
func (t *Trace) SetBasis(basis func(ctx context.Context, patient string) []Basis) { t.o.Basis = basis }

// Extension is what the trace adds to HTTP: it watches every answer, and judges searches of the trace.
func (t *Trace) Extension() rest.Extension {
	return rest.Extension{
		Watchers: []rest.Watcher{t}, Searches: map[string]rest.SearchRule{"AuditEvent": bounded},
		ImplementationGuides: []string{"https://profiles.ihe.net/ITI/BALP/ImplementationGuide/ihe.iti.balp"},
		Instantiates:         []string{"https://profiles.ihe.net/ITI/BALP/CapabilityStatement/IHE.BALP.ATNA.AuditRecordRepository"},
		Profiles:             map[string][]string{"AuditEvent": declared()},
		// Who asks for a record does not ask who asked for it: the trace grows with each look, and is searched by itself.
		Everything: map[string]search.Expr{"AuditEvent": search.Or{}},
	}
}

// Answering traces an answer: once it returns without an error, the AuditEvents are durable.
func (t *Trace) Answering(ctx context.Context, a *rest.Answer) error {
	events := t.eventsOf(ctx, a)
	if len(events) == 0 {
		return nil
	}
	return t.write(ctx, events)
}

// write makes events durable. That the client has gone, or its time is up, is no reason to leave an access without its trace: what it did is done.
func (t *Trace) write(ctx context.Context, events []event) error {
	resources := make([]*element.Resource, len(events))
	buffer := make([]byte, 0, 4096)
	for i := range events {
		buffer = events[i].appendJSON(buffer[:0])
		res, err := element.ParseJSON(t.defs, buffer, element.Options{ExpectType: "AuditEvent", Trusted: true})
		if err != nil {
			return t.untraced(ctx, err)
		}
		resources[i] = res
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.o.Timeout)
	defer cancel()
	if _, err := t.repo.Append(ctx, resources...); err != nil {
		return t.untraced(ctx, err)
	}
	return nil
}

// untraced is the answer in place of one that could not be traced.
func (t *Trace) untraced(ctx context.Context, err error) error {
	t.o.Logger.ErrorContext(ctx, "an access could not be traced and was refused", "error", err)
	return fault.Wrap(err, http.StatusServiceUnavailable, fault.NoStore, "The access cannot be traced, so nothing is given. Whether a write took effect is seen once the server traces again.")
}
