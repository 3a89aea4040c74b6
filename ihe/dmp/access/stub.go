package access

import (
	"context"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
)

// Rules are the interceptor that holds Consents to their categories.
type Rules struct{ a *Access }

// Rules gives the interceptor.
func (a *Access) Rules() *Rules { return &Rules{a} }

// BeforeWrite judges a Consent.
func (r *Rules) BeforeWrite(_ context.Context, _ repository.Interaction, after *element.Resource) error {
	return nil
}

// Extension gives the operations.
func (a *Access) Extension() rest.Extension { return rest.Extension{} }
