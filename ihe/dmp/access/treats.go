package access

import (
	"context"

	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// Treats says whether the professional who calls is médecin traitant DMP of a person, by her Consents and by what the record keeps (pdqm.Supplier.Treats, the answer of TD0.2). Others than professionals are told nothing.
func (a *Access) Treats(ctx context.Context, patient string) (is, told bool) {
	c, err := callerOf(ctx)
	if c == nil || err != nil || c.actor.Kind != habilitation.Professional {
		return false, false
	}
	p, err := a.relations.fresh(ctx, patient)
	if err != nil {
		return false, false
	}
	return a.situation(p, c, a.o.Clock()).TreatingDoctor, true
}
