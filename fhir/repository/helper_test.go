package repository

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/fhir/validate"
	"github.com/carnet-fhir/carnet/store"
	"github.com/carnet-fhir/carnet/store/embedded"
)

const testBase = "https://carnet.test/fhir"

// server is a Repository on the real embedded store, in memory.
type server struct {
	*Repository
	t  testing.TB
	fs vfs.FS
	st store.Store
}

func newServer(t testing.TB, configure ...func(*Options)) *server {
	t.Helper()
	s := &server{t: t, fs: vfs.NewMem()}
	s.start(configure...)
	t.Cleanup(s.stop)
	return s
}

func (s *server) start(configure ...func(*Options)) {
	s.t.Helper()
	st, err := embedded.Open("data", embedded.Options{FS: s.fs})
	require.NoError(s.t, err)
	s.st = st
	s.Repository, err = New(options(st, configure...))
	require.NoError(s.t, err)
}

func options(st store.Store, configure ...func(*Options)) Options {
	defs := spec.R4()
	registry := search.NewRegistry(search.RegistryOptions{Definitions: defs, BaseURL: testBase})
	o := Options{Definitions: defs, Store: st, Registry: registry, Engine: search.NewEngine(registry, search.EngineOptions{}), Validator: validate.New(defs), BaseURL: testBase}
	for _, c := range configure {
		c(&o)
	}
	return o
}

func (s *server) stop() {
	s.t.Helper()
	if s.Repository == nil {
		return
	}
	require.NoError(s.t, s.Repository.Close())
	require.NoError(s.t, s.st.Close())
	s.Repository = nil
}

// parse reads a resource that a test wrote in JSON.
func parse(t testing.TB, text string) *element.Resource {
	t.Helper()
	res, err := element.ParseJSON(spec.R4(), []byte(text), element.Options{})
	require.NoError(t, err)
	return res
}

func (s *server) create(text string) *store.Record {
	s.t.Helper()
	res := parse(s.t, text)
	w, err := s.Create(context.Background(), res.Type(), res, Conditions{})
	require.NoError(s.t, err)
	require.Equal(s.t, 201, w.Status)
	return w.Record
}

func (s *server) put(text string) *Written {
	s.t.Helper()
	res := parse(s.t, text)
	w, err := s.Update(context.Background(), res.Type(), res.ID(), res, Conditions{})
	require.NoError(s.t, err)
	return w
}

func (s *server) query(typ, query string) *search.Query {
	s.t.Helper()
	params, err := search.SplitQuery(query)
	require.NoError(s.t, err)
	q, err := search.ParseQuery(s.o.Registry, search.Scope{Type: typ}, params, search.ParseOptions{})
	require.NoError(s.t, err)
	return q
}

// search gives the ids that match, newest first.
func (s *server) search(typ, query string) []string {
	s.t.Helper()
	page, err := s.Search(context.Background(), s.query(typ, query), 0, search.Page{Count: 1000})
	require.NoError(s.t, err)
	var out []string
	for _, rec := range page.Matches {
		out = append(out, rec.ID)
	}
	return out
}

// refused requires a fault of the status and gives it.
func refused(t testing.TB, err error, status int) *fault.Fault {
	t.Helper()
	var f *fault.Fault
	require.Error(t, err)
	require.True(t, errors.As(err, &f), "not a fault: %v", err)
	require.Equal(t, status, f.Status, "%v", f)
	return f
}

func ptr(v uint64) *uint64 { return &v }

// body decodes a record's JSON.
func body(t testing.TB, rec *store.Record) map[string]any {
	t.Helper()
	var m map[string]any
	require.NoError(t, json.Unmarshal(rec.Body, &m), string(rec.Body))
	return m
}

func patient(id, family string) string {
	if id != "" {
		id = fmt.Sprintf(`"id":%q,`, id)
	}
	return fmt.Sprintf(`{"resourceType":"Patient",%s"identifier":[{"system":"urn:test","value":%q}],"name":[{"family":%q}]}`, id, family, family)
}
