package balp_test

import (
	"testing"

	"github.com/carnet-fhir/carnet/internal/servertest"
)

// TestGolden shows the trace as those see it who look at it.
func TestGolden(t *testing.T) {
	servertest.Golden(t, "testdata/*.txt", func(t testing.TB) *servertest.Server {
		s := newTraced(t, servertest.Options{})
		seed(t, s)
		return s.Server
	})
}
