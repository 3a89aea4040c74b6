package main

import (
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/mhd"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// layers are the IHE and national rooms over the FHIR server. Their interceptors and observers are given to the repository when it is made, before it can be given
// to them: those that read it are bound afterwards.
type layers struct {
	interceptors []repository.Interceptor
	observers    []repository.Observer
	records      *dmp.Records
}

// newLayers makes the rooms of a server that takes the INS of the mode.
func newLayers(mode ins.Mode) *layers {
	return &layers{
		interceptors: []repository.Interceptor{dmp.NewIdentity(mode), &mhd.MetadataRules{}},
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
	for _, profile := range []search.Profile{mhd.SearchProfile()} {
		if err := registry.Use(profile); err != nil {
			return nil, err
		}
	}
	return registry, nil
}

// extensions are what the rooms add to HTTP.
func (l *layers) extensions(in *instance) []rest.Extension {
	return []rest.Extension{mhd.SearchExtension(in.registry, in.baseURL)}
}

// close ends background work of the rooms.
func (l *layers) close() error { return nil }
