package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/smart"
	"github.com/carnet-fhir/carnet/ihe/balp"
	"github.com/carnet-fhir/carnet/ihe/dmp/access"
	"github.com/carnet-fhir/carnet/ihe/dmp/clockwork"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/ihe/signin"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/store"
)

// rights are the rooms that decide what a caller may do, and keep the trace of it.
type rights struct {
	access   *access.Access
	trace    *balp.Trace
	notifier *balp.Notifier
	sweeper  *clockwork.Sweeper
	consents *balp.Consents
	// untraced: requests and tokens are not traced.
	untraced bool
	// parameters are those of the rules, majority the age of it.
	parameters habilitation.Options
	majority   int
	// ended says why a Subscription is no longer delivered to; nil until there is an authorization server.
	ended func(context.Context, *element.Element) (string, error)
}

// newRights makes them; nil without access control.
func newRights(mode ins.Mode, registry *search.Registry, baseURL string, s store.Store, log *slog.Logger, o *securityOptions) (*rights, error) {
	if o == nil {
		return nil, nil
	}
	var tables fs.FS
	if o.habilitation != "" {
		tables = os.DirFS(o.habilitation)
	}
	parameters, err := habilitation.ReadParameters(tables)
	if err != nil {
		return nil, err
	}
	engine, err := habilitation.Load(tables, parameters)
	if err != nil {
		return nil, err
	}
	r := &rights{untraced: o.untraced, parameters: parameters, majority: engine.AgeOfMajority()}
	if r.access, err = access.New(access.Options{Engine: engine, Registry: registry, Store: s, Sandbox: mode == ins.Sandbox, Clock: o.clock}); err != nil {
		return nil, err
	}
	r.trace = balp.New(balp.Options{BaseURL: baseURL, Now: o.clock, Logger: log})
	r.consents = balp.NewConsents(o.clock)
	r.trace.SetBasis(r.consents.Basis)
	r.notifier = balp.NewNotifier(balp.NotifierOptions{BaseURL: baseURL, Now: o.clock, Logger: log})
	r.sweeper = clockwork.New(clockwork.Options{BaseURL: baseURL, Engine: engine, Trace: r.trace, Now: o.clock, Logger: log})
	return r, nil
}

func (r *rights) bind(repo *repository.Repository, s store.Store, registry *search.Registry) {
	r.access.Bind(repo)
	r.trace.Bind(repo, s)
	r.consents.Bind(repo, s)
	r.sweeper.Bind(repo, s, registry)
}

// start begins what happens by itself: notifications, deadlines of records.
func (r *rights) start(repo *repository.Repository, s store.Store) error {
	r.sweeper.Start()
	return r.notifier.Start(repo, s)
}

func (r *rights) close() error { return errors.Join(r.notifier.Close(), r.sweeper.Close()) }

// issued traces a token before it leaves.
func (r *rights) issued(ctx context.Context, i smart.Issuance) error {
	return r.trace.TokenIssued(ctx, balp.Issued{Session: i.Session, Grant: i.GrantType, Scope: i.Scope, Remote: i.Remote})
}

// failed traces who was not let in.
func (r *rights) failed(ctx context.Context, f smart.Failure) error {
	return r.trace.LoginFailed(ctx, balp.Failed{Client: f.Client, Code: f.Code, Remote: f.Remote})
}

// emergency traces an access in an emergency, with its justification.
func (r *rights) emergency(ctx context.Context, e signin.Emergency) error {
	return r.trace.Emergency(ctx, balp.Emergency{Actor: &e.Actor, Patient: e.Patient, Justification: e.Justification, Client: e.Client, Remote: e.Remote})
}
