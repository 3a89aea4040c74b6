package pdqm

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// fixed is a list of domains that does not grow.
type fixed []string

func (f fixed) Known(system string) bool {
	for _, s := range f {
		if s == system {
			return true
		}
	}
	return false
}

func TestGolden(t *testing.T) {
	servertest.Golden(t, "testdata/*.txt", func(t testing.TB) *servertest.Server {
		people := dmp.NewPeople(ins.Sandbox)
		var registry *search.Registry
		return servertest.New(t, servertest.Options{
			RegistryOptions: func(o *search.RegistryOptions) { o.CanonicalToken = dmp.CanonicalToken },
			Registry: func(r *search.Registry) {
				registry = r
				require.NoError(t, r.Use(SearchProfile()))
			},
			Repository: func(o *repository.Options) { o.Interceptors = []repository.Interceptor{dmp.NewIdentity(ins.Sandbox)} },
			Made:       func(s *servertest.Server) { people.Bind(s.Repository) },
			REST: func(o *rest.Options) {
				s := NewSupplier(people, registry, fixed{ins.Test.System(), "urn:oid:1.2.250.1.999.1", "urn:oid:1.2.250.1.999.2"}, ins.Sandbox, servertest.Base)
				o.Extensions = append(o.Extensions, s.Extension())
			},
		})
	})
}
