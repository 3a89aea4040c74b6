package main

import (
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
)

// layers are the IHE and national rooms over the FHIR server. Their interceptors and observers are given to the repository when it is made, before it can be given
// to them: those that read it are bound afterwards.
type layers struct {
	interceptors []repository.Interceptor
	observers    []repository.Observer
}

// newLayers makes the rooms.
func newLayers() *layers {
	return &layers{}
}

// bind gives the repository to the rooms that read it. It is called once, before the first request.
func (l *layers) bind(*repository.Repository) {}

// extensions are what the rooms add to HTTP.
func (l *layers) extensions(*instance) []rest.Extension {
	return nil
}

// close ends background work of the rooms.
func (l *layers) close() error { return nil }
