package rest

import (
	"bytes"
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
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/fhir/validate"
	"github.com/carnet-fhir/carnet/store/embedded"
)

const testBase = "http://test/fhir"

// rig is a whole server on a store in memory: nothing of it is a stand-in.
type rig struct {
	server     *Server
	store      *embedded.Store
	repository *repository.Repository
	fs         vfs.FS
	dir        string
	now        atomic.Int64 // seconds since the Unix epoch
	logs       *safeBuffer
	stop       func() // closes everything; the data stay in fs
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

var testKey = bytes.Repeat([]byte("k"), 32)

func newRig(t testing.TB, change ...func(*Options)) *rig {
	t.Helper()
	return startRig(t, vfs.NewMem(), "store", change...)
}

// newRigOnDisk is newRig on a directory: what tests of memory need.
func newRigOnDisk(t testing.TB, change ...func(*Options)) *rig {
	t.Helper()
	return startRig(t, vfs.Default, t.TempDir(), change...)
}

func startRig(t testing.TB, fs vfs.FS, dir string, change ...func(*Options)) *rig {
	t.Helper()
	r := &rig{fs: fs, dir: dir, logs: &safeBuffer{}}
	r.now.Store(time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC).Unix())
	r.open(t, change...)
	return r
}

// open opens the server on the rig's file system, which may hold an earlier one's data.
func (r *rig) open(t testing.TB, change ...func(*Options)) {
	t.Helper()
	defs := spec.R4()
	log := slog.New(slog.NewJSONHandler(r.logs, nil))
	s, err := embedded.Open(r.dir, embedded.Options{
		FS: r.fs, NoSync: true, CacheSize: 4 << 20, Clock: func() time.Time { return time.Unix(r.now.Load(), 0) },
		Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	registry := search.NewRegistry(search.RegistryOptions{Definitions: defs, BaseURL: testBase})
	ids := 0
	repo, err := repository.New(repository.Options{
		Definitions: defs, Store: s, Registry: registry, Engine: search.NewEngine(registry, search.EngineOptions{}), Validator: validate.New(defs),
		BaseURL: testBase, NewID: func() string { ids++; return fmt.Sprintf("id-%d", ids) },
	})
	require.NoError(t, err)
	o := Options{
		Repository: repo, Store: s, Definitions: defs, Registry: registry, BaseURL: testBase, PageKey: testKey, Version: "test", Logger: log,
	}
	for _, c := range change {
		c(&o)
	}
	r.store, r.repository = s, repo
	r.server, err = New(o)
	require.NoError(t, err)
	server := r.server
	var once sync.Once
	stop := func() {
		once.Do(func() {
			require.NoError(t, server.Close())
			require.NoError(t, repo.Close())
			require.NoError(t, s.Close())
		})
	}
	t.Cleanup(stop)
	r.stop = stop
}

// do sends one request; headers are "Name: value".
func (r *rig) do(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req := httptest.NewRequest(method, path, reader)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		req.Header.Add(name, strings.TrimSpace(value))
	}
	if body != "" && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/fhir+json")
	}
	w := httptest.NewRecorder()
	r.now.Add(1)
	r.server.ServeHTTP(w, req)
	return w
}

// put stores a resource.
func (r *rig) put(t testing.TB, path, body string) {
	t.Helper()
	w := r.do(http.MethodPut, "/fhir/"+path, body)
	require.Less(t, w.Code, 300, w.Body.String())
}
