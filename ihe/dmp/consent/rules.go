package consent

import (
	"context"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
)

// Rules refuses Consents of the categories that say what would not hold. It is an interceptor of the repository.
type Rules struct{}

// BeforeWrite implements repository.Interceptor.
func (Rules) BeforeWrite(_ context.Context, _ repository.Interaction, after *element.Resource) error {
	if after == nil || after.Root.Name != "Consent" {
		return nil
	}
	_, err := Parse(after.Root)
	return err
}
