package rest_test

import (
	"testing"

	"github.com/carnet-fhir/carnet/internal/servertest"
)

func TestGolden(t *testing.T) {
	servertest.Golden(t, "testdata/*.txt", func(t testing.TB) *servertest.Server { return newRig(t) })
}
