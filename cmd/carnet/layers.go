package main

import (
	"context"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/balp"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/dmp/access"
	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
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

	access *access.Access // nil: without access control
	trace  *balp.Trace    // nil: accesses are not traced
}

// newLayers makes the rooms of a server that takes the INS of the mode, and that clients know under the base URL.
func newLayers(mode ins.Mode, registry *search.Registry, baseURL string, s store.Store, log *slog.Logger, secured *securityOptions) (*layers, error) {
	domains, err := pixm.NewDomains(s)
	if err != nil {
		return nil, err
	}
	broker := dsubm.NewBroker(registry, dsubm.Options{
		Sandbox: mode == ins.Sandbox, Logger: log,
		Shown: map[string]func([]byte) []byte{"DocumentReference": mhd.AbsoluteURLs(baseURL)},
	})
	records := dmp.NewRecords(mode)
	l := &layers{
		broker:       broker,
		observers:    []repository.Observer{broker},
		interceptors: []repository.Interceptor{dmp.NewIdentity(mode), domains, mcsd.Rules{}, &mhd.MetadataRules{}, mhd.Guard{}, broker},
		records:      records,
		recipient:    mhd.NewRecipient(mhd.Options{Records: records}),
		people:       dmp.NewPeople(mode),
		domains:      domains,
	}
	return l, l.secure(mode, registry, baseURL, s, log, secured)
}

// secure adds access control and the trace.
func (l *layers) secure(mode ins.Mode, registry *search.Registry, baseURL string, s store.Store, log *slog.Logger, o *securityOptions) error {
	if o == nil {
		return nil
	}
	var tables fs.FS
	if o.habilitation != "" {
		tables = os.DirFS(o.habilitation)
	}
	engine, err := habilitation.Load(tables, habilitation.Options{})
	if err != nil {
		return err
	}
	if l.access, err = access.New(access.Options{Engine: engine, Registry: registry, Store: s, Sandbox: mode == ins.Sandbox}); err != nil {
		return err
	}
	l.interceptors = append(l.interceptors, consent.Rules{})
	if o.untraced {
		return nil
	}
	l.trace = balp.New(balp.Options{BaseURL: baseURL, Logger: log})
	l.interceptors = append(l.interceptors, l.trace)
	return nil
}

// bind gives the repository to the rooms that read it. It is called once, before the first request.
func (l *layers) bind(repo *repository.Repository, s store.Store) {
	l.records.Bind(repo)
	l.recipient.Bind(repo)
	l.people.Bind(repo)
	if l.access != nil {
		l.access.Bind(repo)
	}
	if l.trace != nil {
		l.trace.Bind(repo, s)
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
	return []rest.Extension{
		mhd.SearchExtension(in.registry, in.baseURL), l.recipient.Extension(), mcsd.Extension(), l.broker.Extension(),
		dmp.Extension(l.records, l.people), insi.Extension(service, mode), pixm.NewManager(l.domains, l.people, mode).Extension(),
		pdqm.NewSupplier(l.people, in.registry, l.domains, mode, in.baseURL).Extension(),
	}
}

// start begins the background work of a server. networks may be notified although they are private.
func (l *layers) start(in *instance, networks []netip.Prefix) error {
	if err := mhd.StoreStatements(context.Background(), in.repository, in.registry); err != nil {
		return err
	}
	l.broker.Allow(networks)
	return l.broker.Start(in.repository, in.store, in.baseURL)
}

// close ends background work of the rooms.
func (l *layers) close() error { return l.broker.Close() }
