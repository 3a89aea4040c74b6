package scope

import (
	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
)

// Restrict gives the condition that a resource of a type must satisfy for the interaction: the disjunction of those of the scopes that permit it. A scope of patient/ asks for the compartment
// of the patient (a logical id; "": such scopes permit nothing), search parameters for what they say. nil is no condition, an empty search.Or permits nothing.
//
// A scope whose parameters the registry cannot read (any more) permits nothing.
func (s Set) Restrict(registry *search.Registry, typ, patient string, what repository.Interaction) (search.Expr, error) {
	return search.Or{}, nil
}

// Change judges a write: a resource must satisfy the condition of Restrict before (nil for what is new) and after (nil for a deletion). The refusal is a 403 fault.
func (s Set) Change(registry *search.Registry, patient string, what repository.Interaction, before, after *element.Element) error {
	return nil
}

// Supported parts the set into what the server can judge, without unknown scopes, and the scopes that it refuses, as written: unknown ones and those whose type or parameters the registry
// does not have. A server grants the first only.
func (s Set) Supported(registry *search.Registry) (Set, []string) { return s.Known(), s.unknown }
