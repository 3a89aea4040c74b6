// Package servertest gives tests of other rooms a whole server on a store in memory, nothing of which is a stand-in, and golden conversations with it that a
// person can read.
package servertest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/fhir/validate"
	"github.com/carnet-fhir/carnet/store/embedded"
)

// Base is the FHIR base URL of the servers.
const Base = "http://test/fhir"

// Options change how a server is made; every field may be nil or empty.
type Options struct {
	// FS and Dir are where the data lie: a new file system in memory when FS is nil. A second server on the same FS finds the first one's data.
	FS  vfs.FS
	Dir string
	// Sync makes commits durable on FS (tests of crashes need it).
	Sync bool
	// MayFail says that the test lets FS fail: closing the store may then say so.
	MayFail bool
	// RegistryOptions changes how the registry is made.
	RegistryOptions func(*search.RegistryOptions)
	// Registry is called with the new registry, to register search parameters.
	Registry func(*search.Registry)
	// Repository changes the repository's options (interceptors, observers, access...).
	Repository func(*repository.Options)
	// Made is called with the repository before the HTTP server is made: rooms that read it are bound here.
	Made func(*Server)
	// REST changes the HTTP server's options (extensions...); Made has been called.
	REST func(*rest.Options)
}

// Server is a running server without a network.
type Server struct {
	REST       *rest.Server
	Store      *embedded.Store
	Registry   *search.Registry
	Repository *repository.Repository
	FS         vfs.FS
	now        atomic.Int64 // seconds since the Unix epoch
	ids        atomic.Int64
	logs       *safeBuffer
	stop       func()
}

// New makes a server whose clock stands at 2024-05-01T08:00:00Z and moves one second with each request, and whose new ids are id-1, id-2... It is closed with the test.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{FS: o.FS, logs: &safeBuffer{}}
	if s.FS == nil {
		s.FS = vfs.NewMem()
	}
	if o.Dir == "" {
		o.Dir = "store"
	}
	s.now.Store(time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC).Unix())
	s.openRepository(t, o)
	if o.Made != nil {
		o.Made(s)
	}
	ro := rest.Options{
		Repository: s.Repository, Store: s.Store, Definitions: s.Registry.Definitions(), Registry: s.Registry, BaseURL: Base,
		PageKey: bytes.Repeat([]byte("k"), 32), Version: "test", Logger: slog.New(slog.NewJSONHandler(s.logs, nil)),
	}
	if o.REST != nil {
		o.REST(&ro)
	}
	server, err := rest.New(ro)
	require.NoError(t, err)
	s.REST = server
	s.stop = sync.OnceFunc(func() {
		require.NoError(t, server.Close())
		require.NoError(t, s.Repository.Close())
		if err := s.Store.Close(); !o.MayFail {
			require.NoError(t, err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

func (s *Server) openRepository(t testing.TB, o Options) {
	t.Helper()
	defs := spec.R4()
	st, err := embedded.Open(o.Dir, embedded.Options{FS: s.FS, NoSync: !o.Sync, CacheSize: 4 << 20, Clock: s.Now, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	s.Store = st
	registry := search.RegistryOptions{Definitions: defs, BaseURL: Base}
	if o.RegistryOptions != nil {
		o.RegistryOptions(&registry)
	}
	s.Registry = search.NewRegistry(registry)
	if o.Registry != nil {
		o.Registry(s.Registry)
	}
	ro := repository.Options{
		Definitions: defs, Store: st, Registry: s.Registry, Engine: search.NewEngine(s.Registry, search.EngineOptions{}), Validator: validate.New(defs),
		BaseURL: Base, NewID: func() string { return fmt.Sprintf("id-%d", s.ids.Add(1)) },
	}
	if o.Repository != nil {
		o.Repository(&ro)
	}
	s.Repository, err = repository.New(ro)
	require.NoError(t, err)
}

// Now is the server's clock.
func (s *Server) Now() time.Time { return time.Unix(s.now.Load(), 0).UTC() }

// Advance moves the server's clock.
func (s *Server) Advance(d time.Duration) { s.now.Add(int64(d / time.Second)) }

// Logs gives what was logged so far.
func (s *Server) Logs() string { return s.logs.String() }

// Close closes everything; the data stay in FS.
func (s *Server) Close() { s.stop() }

// Do sends one request and gives the answer; headers are "Name: value". A body without Content-Type is FHIR JSON.
func (s *Server) Do(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(context.Background(), method, path, reader)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		r.Header.Add(name, strings.TrimSpace(value))
	}
	if body != "" && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	w := httptest.NewRecorder()
	s.now.Add(1)
	s.REST.ServeHTTP(w, r)
	return w
}

// Put stores a resource at its id ("Patient/p1").
func (s *Server) Put(t testing.TB, path, body string) {
	t.Helper()
	w := s.Do(http.MethodPut, "/fhir/"+path, body)
	require.Less(t, w.Code, 300, w.Body.String())
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
