package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/fhir/validate"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/store"
	"github.com/carnet-fhir/carnet/store/embedded"
)

const defaultData = "carnet-data"

// instance is a data directory opened with everything that interprets it.
type instance struct {
	definitions *spec.Definitions
	store       store.Store
	registry    *search.Registry
	repository  *repository.Repository
	layers      *layers
	baseURL     string
}

// open opens the data directory, making it when it is not there. baseURL is the address under which clients know the server; identities are the mode asked for, "" the one that the directory was made
// with (sandbox for a new one).
func open(data, baseURL, identities string, log *slog.Logger) (*instance, error) {
	return opening{baseURL: baseURL, identities: identities, sizes: embedded.Options{Logger: log}}.open(data)
}

// openSized is open with the store's sizes in memory.
func openSized(data, baseURL, identities string, sizes embedded.Options) (*instance, error) {
	return opening{baseURL: baseURL, identities: identities, sizes: sizes}.open(data)
}

// opening says how a data directory is opened.
type opening struct {
	baseURL, identities string
	sizes               embedded.Options
	// secured opens it with access control; nil: whoever reaches the repository may do everything.
	secured *securityOptions
}

func (o opening) open(data string) (*instance, error) {
	baseURL, sizes := o.baseURL, o.sizes
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	defs := spec.R4()
	s, err := embedded.Open(filepath.Join(data, "store"), sizes)
	if err != nil {
		return nil, err
	}
	mode, err := dmp.FixMode(context.Background(), s, o.identities)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	registry, err := newRegistry(defs, baseURL)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	rooms, err := newLayers(mode, registry, baseURL, s, sizes.Logger, o.secured)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	options := repository.Options{
		Definitions:  defs,
		Store:        s,
		Registry:     registry,
		Engine:       search.NewEngine(registry, search.EngineOptions{}),
		Validator:    validate.New(defs),
		BaseURL:      baseURL,
		Interceptors: rooms.interceptors,
		Observers:    rooms.observers,
	}
	if rooms.rights != nil {
		options.Access = rooms.rights.access
	}
	repo, err := repository.New(options)
	if errors.Is(err, repository.ErrIndexFormat) {
		err = fmt.Errorf("%w; run: carnet doctor --reindex --data %s", err, data)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	rooms.bind(repo, s, registry)
	return &instance{definitions: defs, store: s, registry: registry, repository: repo, layers: rooms, baseURL: baseURL}, nil
}

// Close stops the background work of the rooms and of the repository, then the store.
func (i *instance) Close() error {
	return errors.Join(i.layers.close(), i.repository.Close(), i.store.Close())
}

// pageKeySetting holds the key that seals page links, so that links survive a restart.
const pageKeySetting = "rest.page-key"
