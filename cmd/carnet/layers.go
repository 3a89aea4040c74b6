package main

import (
	"log/slog"
	"net/netip"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/dsubm"
	"github.com/carnet-fhir/carnet/ihe/mcsd"
	"github.com/carnet-fhir/carnet/ihe/mhd"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// layers are the IHE and national rooms over the FHIR server. Their interceptors and observers are given to the repository when it is made, before it can be given
// to them: those that read it are bound afterwards.
type layers struct {
	interceptors []repository.Interceptor
	observers    []repository.Observer
	records      *dmp.Records
	broker       *dsubm.Broker
}

// newLayers makes the rooms of a server that takes the INS of the mode, and that clients know under the base URL.
func newLayers(mode ins.Mode, registry *search.Registry, baseURL string, log *slog.Logger) *layers {
	broker := dsubm.NewBroker(registry, dsubm.Options{
		Sandbox: mode == ins.Sandbox, Logger: log,
		Shown: map[string]func([]byte) []byte{"DocumentReference": mhd.AbsoluteURLs(baseURL)},
	})
	return &layers{
		broker:       broker,
		observers:    []repository.Observer{broker},
		interceptors: []repository.Interceptor{dmp.NewIdentity(mode), mcsd.Rules{}, &mhd.MetadataRules{}, broker},
		records:      dmp.NewRecords(mode),
	}
}

// bind gives the repository to the rooms that read it. It is called once, before the first request.
func (l *layers) bind(repo *repository.Repository) {
	l.records.Bind(repo)
}

// newRegistry makes the registry of search parameters, with those that the rooms' guides add. Whoever reads or rebuilds the index of a store uses it.
func newRegistry(defs *spec.Definitions, baseURL string) (*search.Registry, error) {
	registry := search.NewRegistry(search.RegistryOptions{Definitions: defs, BaseURL: baseURL, CanonicalToken: dmp.CanonicalToken})
	for _, profile := range []search.Profile{mhd.SearchProfile(), mcsd.SearchProfile()} {
		if err := registry.Use(profile); err != nil {
			return nil, err
		}
	}
	return registry, nil
}

// extensions are what the rooms add to HTTP.
func (l *layers) extensions(in *instance) []rest.Extension {
	return []rest.Extension{mhd.SearchExtension(in.registry, in.baseURL), mcsd.Extension(), l.broker.Extension()}
}

// start begins the background work of a server. networks may be notified although they are private.
func (l *layers) start(in *instance, networks []netip.Prefix) error {
	l.broker.Allow(networks)
	return l.broker.Start(in.repository, in.store, in.baseURL)
}

// close ends background work of the rooms.
func (l *layers) close() error { return l.broker.Close() }
