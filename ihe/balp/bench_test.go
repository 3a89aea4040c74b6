package balp_test

import (
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// benchmarkReads reads by 64 callers at once on a store whose commits wait for the disk: the trace's commits are shared among those who come together.
func benchmarkReads(b *testing.B, path string, tracing bool, session string) {
	o := servertest.Options{FS: vfs.Default, Dir: b.TempDir() + "/store", Sync: true}
	s := newTraced(b, o)
	seed(b, s)
	if !tracing {
		s.REST = untraced(b, s)
	}
	b.ReportAllocs()
	b.SetParallelism(32)
	before := cpu(b)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequestWithContext(background, http.MethodGet, "/fhir/"+path, nil)
			r.Header.Set("Test-Session", session)
			w := httptest.NewRecorder()
			s.REST.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				b.Error(w.Body.String())
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
	stats := s.Store.Stats()
	b.ReportMetric(float64(stats.Commits)/float64(max(1, stats.Groups)), "commits/fsync")
}

// cpu is the processor time of the process so far: on a machine that others use as well it says more than the clock.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// untraced is the same server without the watcher.
func untraced(b *testing.B, s *traced) *rest.Server {
	server, err := rest.New(rest.Options{
		Repository: s.Repository, Store: s.Store, Definitions: s.Registry.Definitions(), Registry: s.Registry, BaseURL: servertest.Base, PageKey: make([]byte, 32), Version: "test",
	})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, server.Close()) })
	return server
}

func BenchmarkRead(b *testing.B) {
	b.Run("untraced", func(b *testing.B) { benchmarkReads(b, "Observation/oa", false, "doctor") })
	b.Run("traced", func(b *testing.B) { benchmarkReads(b, "Observation/oa", true, "doctor") })
}

func BenchmarkSearch(b *testing.B) {
	const path = "DocumentReference?patient=pa&status=current"
	b.Run("untraced", func(b *testing.B) { benchmarkReads(b, path, false, "doctor") })
	b.Run("traced", func(b *testing.B) { benchmarkReads(b, path, true, "doctor") })
}

// BenchmarkAlone is one caller, who waits for the disk alone.
func BenchmarkAlone(b *testing.B) {
	s := newTraced(b, servertest.Options{FS: vfs.Default, Dir: b.TempDir() + "/store", Sync: true})
	seed(b, s)
	b.ResetTimer()
	for b.Loop() {
		if w := s.Do("GET", "/fhir/Observation/oa", "", "Test-Session: doctor"); w.Code != http.StatusOK {
			b.Fatal(w.Body.String())
		}
	}
}
