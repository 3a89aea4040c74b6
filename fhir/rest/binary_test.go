package rest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/servertest"
)

// noise gives n bytes that do not compress.
func noise(n int64) io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{1}), n) }

// TestLargeBinaryStreams sends 100 MB in and out, raw and as FHIR, and watches the heap. The store's file system is in memory here, so that the document
// itself is there once; what is asked is that nothing else holds it.
func TestLargeBinaryStreams(t *testing.T) {
	if testing.Short() {
		t.Skip("moves some hundred megabytes")
	}
	const length = 100 << 20
	r := rigOn(t, servertest.Options{FS: vfs.Default, Dir: t.TempDir()}) // what tests of memory need
	server := httptest.NewServer(r.REST)
	defer server.Close()
	want := sha256.New()
	_, err := io.Copy(want, noise(length))
	require.NoError(t, err)
	peak := watchHeap(t)
	res, err := server.Client().Post(server.URL+"/fhir/Binary", "application/pdf", noise(length))
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusCreated, res.StatusCode)
	get := func(accept string) io.ReadCloser {
		req, err := http.NewRequest(http.MethodGet, server.URL+"/fhir/Binary/id-1", nil)
		require.NoError(t, err)
		req.Header.Set("Accept", accept)
		res, err := server.Client().Do(req)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, res.StatusCode)
		return res.Body
	}
	body := get("*/*")
	raw := sha256.New()
	_, err = io.Copy(raw, body)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	require.Equal(t, want.Sum(nil), raw.Sum(nil))

	body = get("application/fhir+json")
	n, err := io.Copy(io.Discard, body)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	require.Greater(t, n, int64(base64.StdEncoding.EncodedLen(length)))
	require.Less(t, peak(), uint64(48<<20), "bytes of heap beyond those at the start")
}

// watchHeap samples the heap; the function it gives tells the growth at its peak.
func watchHeap(t *testing.T) func() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	start := m.HeapInuse
	var peak atomic.Uint64
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				if m.HeapInuse > start && m.HeapInuse-start > peak.Load() {
					peak.Store(m.HeapInuse - start)
				}
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-done
		t.Logf("peak of the heap: %d KB", peak.Load()>>10)
		return peak.Load()
	}
}

// TestLargeBinaryInBundles: a page of a search carries small documents and leaves large ones to be read by themselves.
func TestLargeBinaryInBundles(t *testing.T) {
	r := newRig(t)
	small, err := io.ReadAll(noise(1000))
	require.NoError(t, err)
	large, err := io.ReadAll(noise(256<<10 + 1))
	require.NoError(t, err)
	r.Do(http.MethodPut, "/fhir/Binary/small", string(small), "Content-Type: application/octet-stream")
	r.Do(http.MethodPut, "/fhir/Binary/large", string(large), "Content-Type: application/octet-stream")
	for _, path := range []string{"/fhir/Binary", "/fhir/Binary/_history"} {
		w := r.Do(http.MethodGet, path, "")
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		require.Contains(t, w.Body.String(), base64.StdEncoding.EncodeToString(small))
		require.Less(t, w.Body.Len(), 10_000)
		require.Contains(t, w.Body.String(), "SUBSETTED")
	}
}
