package access

import (
	"context"

	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// Identifies says whether the caller may ask the national service for identities (INSi): those who qualify them in care do, professionals, structures and their staff, and who runs the server. A person's own application would find anybody's INS
// by the traits.
func (a *Access) Identifies(ctx context.Context) error {
	c, err := callerOf(ctx)
	if c == nil || err != nil || c.professionalSide() || c.actor.Kind == habilitation.Operator {
		return err
	}
	return refusedBy("The national service of identities (INSi) is asked by professionals and structures.")
}
