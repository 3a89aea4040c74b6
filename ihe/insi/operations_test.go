package insi

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

func TestGolden(t *testing.T) {
	servertest.Golden(t, "testdata/operations.txt", func(t testing.TB) *servertest.Server {
		return servertest.New(t, servertest.Options{REST: func(o *rest.Options) {
			o.Extensions = append(o.Extensions, Extension(registry(t), ins.Sandbox))
		}})
	})
}

// away is a service that cannot be reached: what a client is told must not depend on why.
type away struct{}

func (away) Retrieve(context.Context, Query) (*Identity, error) { return nil, ErrUnavailable }
func (away) Verify(context.Context, Verification) (bool, error) { return false, ErrUnavailable }

func TestUnavailable(t *testing.T) {
	s := servertest.New(t, servertest.Options{REST: func(o *rest.Options) { o.Extensions = append(o.Extensions, Extension(away{}, ins.Sandbox)) }})
	w := s.Do("POST", "/fhir/Patient/$insi-retrieve", `{"resourceType":"Patient","name":[{"use":"official","family":"X","given":["Y"]}],"gender":"male","birthDate":"1990-01-01"}`)
	require.Equal(t, 503, w.Code, w.Body.String())
	require.Contains(t, w.Body.String(), "transient")
}
