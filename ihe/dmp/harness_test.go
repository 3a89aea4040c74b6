package dmp

import (
	"testing"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// newServer makes a whole server with the rules of identities.
func newServer(t testing.TB, mode ins.Mode) (*servertest.Server, *Records) {
	records, people := NewRecords(mode), NewPeople(mode)
	s := servertest.New(t, servertest.Options{
		RegistryOptions: func(o *search.RegistryOptions) { o.CanonicalToken = CanonicalToken },
		Repository:      func(o *repository.Options) { o.Interceptors = append(o.Interceptors, NewIdentity(mode)) },
		Made:            func(s *servertest.Server) { records.Bind(s.Repository); people.Bind(s.Repository) },
		REST:            func(o *rest.Options) { o.Extensions = append(o.Extensions, Extension(records, people)) },
	})
	return s, records
}

func TestGolden(t *testing.T) {
	servertest.Golden(t, "testdata/*.txt", func(t testing.TB) *servertest.Server {
		s, _ := newServer(t, ins.Sandbox)
		return s
	})
}
