package main

import (
	"context"
	"crypto/rand"
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
	return openSized(data, baseURL, identities, embedded.Options{Logger: log})
}

// openSized is open with the store's sizes in memory.
func openSized(data, baseURL, identities string, sizes embedded.Options) (*instance, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	defs := spec.R4()
	s, err := embedded.Open(filepath.Join(data, "store"), sizes)
	if err != nil {
		return nil, err
	}
	mode, err := dmp.FixMode(context.Background(), s, identities)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	registry, err := newRegistry(defs, baseURL)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	rooms, err := newLayers(mode, registry, baseURL, s, sizes.Logger)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	repo, err := repository.New(repository.Options{
		Definitions:  defs,
		Store:        s,
		Registry:     registry,
		Engine:       search.NewEngine(registry, search.EngineOptions{}),
		Validator:    validate.New(defs),
		BaseURL:      baseURL,
		Interceptors: rooms.interceptors,
		Observers:    rooms.observers,
	})
	if errors.Is(err, repository.ErrIndexFormat) {
		err = fmt.Errorf("%w; run: carnet doctor --reindex --data %s", err, data)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	rooms.bind(repo)
	return &instance{definitions: defs, store: s, registry: registry, repository: repo, layers: rooms, baseURL: baseURL}, nil
}

// Close stops the background work of the rooms and of the repository, then the store.
func (i *instance) Close() error {
	return errors.Join(i.layers.close(), i.repository.Close(), i.store.Close())
}

const pageKeySetting = "rest.page-key"

// pageKey is the key that seals page links: made once, kept among the store's settings so that links survive a restart.
func pageKey(s store.Store) ([]byte, error) {
	view, err := s.View(0)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	key, err := view.Meta(pageKeySetting)
	if !errors.Is(err, store.ErrNotFound) {
		return key, err
	}
	key = make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	return key, commitMeta(s, pageKeySetting, key)
}
