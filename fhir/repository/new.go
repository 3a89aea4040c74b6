package repository

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/store"
)

// Defaults of Options' limits.
const (
	DefaultMaxBundleEntries = 10_000
	DefaultMaxResourceBytes = 16 << 20
	DefaultMaxDeleteMatches = 1_000
)

// Repository carries out the interactions. It is safe for concurrent use. Trees handed to it (res) become its own: it stamps ids, resolves references
// and lets interceptors edit them, so a caller must not use them afterwards.
type Repository struct {
	o     Options
	defs  *spec.Definitions
	store store.Store
	types map[string]bool
	open  bool // Access is AllowAll: nothing to ask
	base  string

	// indexing is held for reading from the moment that a write's index entries are extracted until its commit, and for writing while the set of search
	// parameters changes: so whoever walks the store after a change meets every resource that was indexed before it.
	indexing sync.RWMutex
	params   *customParams
	// reviewers, completers, followers, patchRules and concealers are the interceptors that are that too.
	reviewers  []Reviewer
	completers []Completer
	followers  []Follower
	patchRules []PatchRule
	concealers []Concealer
	watch      *watcher
}

// New checks the options, registers the custom SearchParameters that are in the store and resumes their indexing in the background.
func New(o Options) (*Repository, error) {
	if o.Definitions == nil || o.Store == nil || o.Registry == nil || o.Engine == nil || o.Validator == nil {
		return nil, errors.New("repository: Definitions, Store, Registry, Engine and Validator are needed")
	}
	if err := checkIndexFormat(context.Background(), o.Store, o.Registry); err != nil {
		return nil, err
	}
	if o.Access == nil {
		o.Access = AllowAll{}
	}
	if o.NewID == nil {
		o.NewID = newID
	}
	o.MaxBundleEntries = orDefault(o.MaxBundleEntries, DefaultMaxBundleEntries)
	o.MaxResourceBytes = orDefault(o.MaxResourceBytes, DefaultMaxResourceBytes)
	o.MaxDeleteMatches = orDefault(o.MaxDeleteMatches, DefaultMaxDeleteMatches)
	r := &Repository{o: o, defs: o.Definitions, store: o.Store, types: make(map[string]bool), base: strings.TrimSuffix(o.BaseURL, "/")}
	_, r.open = o.Access.(AllowAll)
	for _, t := range o.Definitions.Resources {
		r.types[t] = true
	}
	for _, i := range o.Interceptors {
		if reviewer, ok := i.(Reviewer); ok {
			r.reviewers = append(r.reviewers, reviewer)
		}
		if completer, ok := i.(Completer); ok {
			r.completers = append(r.completers, completer)
		}
		if follower, ok := i.(Follower); ok {
			r.followers = append(r.followers, follower)
		}
		if rule, ok := i.(PatchRule); ok {
			r.patchRules = append(r.patchRules, rule)
		}
		if concealer, ok := i.(Concealer); ok {
			r.concealers = append(r.concealers, concealer)
		}
	}
	if len(o.Observers) > 0 {
		r.watch = watchCommits(o.Store, o.Observers)
	}
	var err error
	if r.params, err = loadCustomParams(r); err != nil {
		return nil, err
	}
	return r, nil
}

// Close stops background work (indexing resumes at the next New). The store is the caller's to close.
func (r *Repository) Close() error {
	r.params.close()
	if r.watch != nil {
		r.watch.close()
	}
	return nil
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// known refuses types that R4 does not have, and asks whether the caller may do this at all.
func (r *Repository) known(ctx context.Context, what Interaction, typ string) error {
	if typ != "" && !r.types[typ] {
		return unknownType()
	}
	if r.open {
		return nil
	}
	return r.o.Access.Permit(ctx, what, typ)
}

// view opens a view at a time (0: now).
func (r *Repository) view(at store.Time) (store.View, error) {
	v, err := r.store.View(at)
	if err != nil {
		return nil, storeFault(err)
	}
	return v, nil
}

// closing keeps a close error unless there is an earlier one.
func closing(v interface{ Close() error }, err *error) {
	if e := v.Close(); e != nil && *err == nil {
		*err = fault.From(e)
	}
}
