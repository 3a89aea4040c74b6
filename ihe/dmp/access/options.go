package access

import (
	"errors"
	"time"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/store"
)

// Options make an Access.
type Options struct {
	Engine   *habilitation.Engine
	Registry *search.Registry
	Store    store.Store
	// Sandbox says that the server holds synthetic people: who runs it (habilitation.Operator) reads and writes everything then, and no record otherwise.
	Sandbox bool
	// Clock gives the moment at which rights are judged; nil: time.Now.
	Clock func() time.Time
	// People and Callers bound how many people's relations and callers' conditions are kept; 0: 100,000 and 2,000.
	People, Callers int
}

// Access is repository.Access and repository.Narrower. It is safe for concurrent use once it is bound.
type Access struct {
	o         Options
	repo      *repository.Repository
	types     types
	relations *relations
	callers   *callers
	consents  *consentReader
}

// New makes the access control of a server. It is bound to the repository, of which it is an option, when that is made.
func New(o Options) (*Access, error) {
	if o.Engine == nil || o.Registry == nil || o.Store == nil {
		return nil, errors.New("access: Engine, Registry and Store are needed")
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.People <= 0 {
		o.People = 100_000
	}
	if o.Callers <= 0 {
		o.Callers = 2_000
	}
	a := &Access{o: o}
	a.types = typesOf(o.Registry)
	a.consents = &consentReader{}
	a.relations = newRelations(a)
	a.callers = newCallers(o.Callers)
	return a, nil
}

// Bind gives the repository.
func (a *Access) Bind(repo *repository.Repository) { a.repo = repo }

var (
	_ repository.Access   = (*Access)(nil)
	_ repository.Narrower = (*Access)(nil)
	_ repository.Knower   = (*Access)(nil)
)
