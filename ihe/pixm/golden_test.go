package pixm

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

func newServer(t testing.TB) *servertest.Server {
	people := dmp.NewPeople(ins.Sandbox)
	var domains *Domains
	return servertest.New(t, servertest.Options{
		RegistryOptions: func(o *search.RegistryOptions) { o.CanonicalToken = dmp.CanonicalToken },
		Repository: func(o *repository.Options) {
			var err error
			domains, err = NewDomains(o.Store)
			require.NoError(t, err)
			o.Interceptors = []repository.Interceptor{dmp.NewIdentity(ins.Sandbox), domains}
		},
		Made: func(s *servertest.Server) { people.Bind(s.Repository) },
		REST: func(o *rest.Options) {
			o.Extensions = append(o.Extensions, NewManager(domains, people, ins.Sandbox).Extension())
		},
	})
}

func TestGolden(t *testing.T) {
	servertest.Golden(t, "testdata/*.txt", newServer)
}

// The domains that were seen are there after a restart.
func TestDomainsStay(t *testing.T) {
	s := newServer(t)
	s.Put(t, "Patient/p", `{"resourceType":"Patient","id":"p","identifier":[{"system":"urn:oid:1.2.250.1.999.7","value":"1"}]}`)
	again, err := NewDomains(s.Store)
	require.NoError(t, err)
	require.True(t, again.Known("urn:oid:1.2.250.1.999.7"))
	require.True(t, again.Known(ins.NIR.System()))
	require.False(t, again.Known("urn:oid:1.2.250.1.999.8"))
}
