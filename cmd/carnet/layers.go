package main

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/balp"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/dmp/access"
	"github.com/carnet-fhir/carnet/ihe/dsubm"
	"github.com/carnet-fhir/carnet/ihe/insi"
	"github.com/carnet-fhir/carnet/ihe/mcsd"
	"github.com/carnet-fhir/carnet/ihe/mhd"
	"github.com/carnet-fhir/carnet/ihe/pdqm"
	"github.com/carnet-fhir/carnet/ihe/pixm"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/store"
)

// layers are the IHE and national rooms over the FHIR server. Their interceptors and observers are given to the repository when it is made, before it can be given
// to them: those that read it are bound afterwards.
type layers struct {
	interceptors []repository.Interceptor
	observers    []repository.Observer
	records      *dmp.Records
	recipient    *mhd.Recipient
	broker       *dsubm.Broker
	people       *dmp.People
	domains      *pixm.Domains
	insi         insi.Service // nil: that of the mode

	rights *rights // nil: without access control
}

// newLayers makes the rooms of a server that takes the INS of the mode, and that clients know under the base URL.
func newLayers(mode ins.Mode, registry *search.Registry, baseURL string, s store.Store, log *slog.Logger, secured *securityOptions) (*layers, error) {
	domains, err := pixm.NewDomains(s)
	if err != nil {
		return nil, err
	}
	guarded, err := newRights(mode, registry, baseURL, s, log, secured)
	if err != nil {
		return nil, err
	}
	heard := dsubm.Options{
		Sandbox: mode == ins.Sandbox, Logger: log,
		Shown: map[string]func([]byte) []byte{"DocumentReference": mhd.AbsoluteURLs(baseURL)},
	}
	if guarded != nil {
		heard.Caller, heard.Grant, heard.Ended = guarded.access.Owner, guarded.grantOf, guarded.over
	}
	received := mhd.Options{}
	if secured != nil {
		received.Now, received.Deleted = secured.clock, true // professionals read deleted documents (TD3.2)
	}
	broker := dsubm.NewBroker(registry, heard)
	records := dmp.NewRecords(mode)
	received.Records = records
	updates := &mhd.MetadataRules{}
	l := &layers{
		broker:       broker,
		observers:    []repository.Observer{broker},
		interceptors: []repository.Interceptor{dmp.NewIdentity(mode), domains, mcsd.Rules{}, updates, mhd.Guard{}, broker},
		records:      records,
		recipient:    mhd.NewRecipient(received),
		people:       dmp.NewPeople(mode),
		domains:      domains,
	}
	if guarded != nil {
		l.rights = guarded
		updates.MaskedAndInvisible = guarded.parameters.MaskedAndInvisible
		l.interceptors = append(l.interceptors, guarded.access.Rules(), guarded.trace)
		l.observers = append(l.observers, guarded.notifier)
	}
	return l, nil
}

// bind gives the repository to the rooms that read it. It is called once, before the first request.
func (l *layers) bind(repo *repository.Repository, s store.Store, registry *search.Registry) {
	l.records.Bind(repo)
	l.recipient.Bind(repo)
	l.people.Bind(repo)
	if l.rights != nil {
		l.rights.bind(repo, s, registry)
	}
}

// newRegistry makes the registry of search parameters, with those that the rooms' guides add. Whoever reads or rebuilds the index of a store uses it.
func newRegistry(defs *spec.Definitions, baseURL string) (*search.Registry, error) {
	registry := search.NewRegistry(search.RegistryOptions{Definitions: defs, BaseURL: baseURL, CanonicalToken: dmp.CanonicalToken})
	for _, profile := range []search.Profile{mhd.SearchProfile(), mcsd.SearchProfile(), pdqm.SearchProfile(), balp.SearchProfile(), access.SearchProfile()} {
		if err := registry.Use(profile); err != nil {
			return nil, err
		}
	}
	return registry, nil
}

// extensions are what the rooms add to HTTP.
func (l *layers) extensions(in *instance) []rest.Extension {
	mode := l.records.Mode()
	service := l.insi
	if service == nil {
		service = defaultINSi(mode)
	}
	supplier := pdqm.NewSupplier(l.people, in.registry, l.domains, mode, in.baseURL)
	identities := insi.Extension(service, mode)
	if l.rights != nil {
		identities = only(l.rights.access.Identifies, identities)
	}
	out := []rest.Extension{
		mhd.SearchExtension(in.registry, in.baseURL), l.recipient.Extension(), mcsd.Extension(), l.broker.Extension(),
		dmp.Extension(l.records, l.people), identities, pixm.NewManager(l.domains, l.people, mode).Extension(),
		supplier.Extension(),
	}
	if l.rights != nil {
		supplier.Treats = l.rights.access.Treats
		out = append(out, l.rights.access.Extension(), l.rights.sweeper.Extension())
	}
	return out
}

// only lets the operations of an extension be called by whom may lets.
func only(may func(context.Context) error, x rest.Extension) rest.Extension {
	for i := range x.Operations {
		handle := x.Operations[i].Handle
		x.Operations[i].Handle = func(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
			if err := may(ctx); err != nil {
				return nil, err
			}
			return handle(ctx, call)
		}
	}
	return x
}

// start begins the background work of a server. networks may be notified although they are private.
func (l *layers) start(in *instance, networks []netip.Prefix) error {
	if err := mhd.StoreStatements(context.Background(), in.repository, in.registry); err != nil {
		return err
	}
	l.broker.Allow(networks)
	if err := l.broker.Start(in.repository, in.store, in.baseURL); err != nil || l.rights == nil {
		return err
	}
	return l.rights.start(in.repository, in.store)
}

// close ends background work of the rooms.
func (l *layers) close() error {
	if l.rights == nil {
		return l.broker.Close()
	}
	return errors.Join(l.broker.Close(), l.rights.close())
}
