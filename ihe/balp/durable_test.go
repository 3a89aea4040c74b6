package balp_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// randomIDs keep servers that are opened again from giving the same ids again.
func randomIDs(o *repository.Options) { o.NewID = uuid.NewString }

// TestAnAnswerLeavesBehindItsTrace cuts the power right after answers: every one that was given is in the trace that is found afterwards.
func TestAnAnswerLeavesBehindItsTrace(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := newTraced(t, servertest.Options{FS: fs, Sync: true, MayFail: true, Repository: randomIDs})
	seed(t, s)
	random := rand.New(rand.NewPCG(1, 2))
	n := len(s.events(t))
	for i := range 20 {
		status, _ := s.as(t, "doctor", "GET", "Observation/oa", "", fmt.Sprintf("X-Request-Id: read-%d", i))
		require.Equal(t, http.StatusOK, status)
		n++
		if i%5 != 4 {
			continue
		}
		clone := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0, RNG: random})
		after := newTraced(t, servertest.Options{FS: clone, Sync: true, MayFail: true, Repository: randomIDs})
		events := after.events(t)
		require.Len(t, events, n)
		assert.Contains(t, fmt.Sprint(events[n-1]), fmt.Sprintf("value:read-%d]", i), "the last one too")
		after.Close()
	}
}

// TestNothingLeavesUntraced fails the disk: what cannot be traced is not answered, whatever it is.
func TestNothingLeavesUntraced(t *testing.T) {
	var broken atomic.Bool
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if broken.Load() && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			return errorfs.ErrInjected
		}
		return nil
	}))
	s := newTraced(t, servertest.Options{FS: fs, Sync: true, MayFail: true})
	seed(t, s)
	broken.Store(true)
	for _, x := range []struct{ method, path string }{
		{"GET", "Observation/oa"}, {"GET", "Observation?patient=pa"}, {"GET", "Patient/pa/$everything"}, {"GET", "Binary/b-da"}, {"GET", "Observation/none"}, {"GET", "AuditEvent?patient=pa"},
	} {
		w := s.Do(x.method, "/fhir/"+x.path, "", "Test-Session: doctor", "Accept: application/fhir+json")
		require.Equal(t, http.StatusServiceUnavailable, w.Code, "%s %s: %s", x.method, x.path, w.Body)
		require.NotContains(t, w.Body.String(), "8867-4")
		require.NotContains(t, w.Body.String(), "bonjour")
		require.Contains(t, w.Body.String(), "no-store")
		require.Empty(t, w.Header().Get("Etag"))
	}
	w := s.Do("GET", "/fhir/metadata", "")
	require.Equal(t, http.StatusOK, w.Code, "what tells of nobody is answered")
	for _, not := range []string{"pa", "10000000001", "psc|doctor", "jti-doctor", "EXEMPLE"} {
		require.NotContains(t, s.Logs(), `"`+not)
	}
}
