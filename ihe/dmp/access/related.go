package access

import (
	"context"

	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/store"
)

// related finds the records that have something to say of the caller: its own, those whose Consents name it or its structure, those of which it is médecin traitant, those of whom it represents. More than maxRelated are not
// looked for: what is beyond is found by searches that name the patient.
func (r *relations) related(ctx context.Context, c *caller) (map[string]bool, error) {
	if c.session.Patient != "" {
		return map[string]bool{c.session.Patient: true}, nil
	}
	view, err := r.a.o.Store.View(0)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	err = r.findRelated(ctx, view, c, out)
	if e := view.Close(); err == nil {
		err = e
	}
	return out, err
}

func (r *relations) findRelated(ctx context.Context, view store.View, c *caller, out map[string]bool) error {
	ids := c.identities()
	var named search.Or
	named = append(named, r.identified("Consent", "actor", ids))
	switch c.actor.Kind {
	case habilitation.Holder:
		return r.ownRecord(ctx, view, c, out)
	case habilitation.Representative, habilitation.Delegate, habilitation.Administrator:
		if err := r.relativeOf(ctx, view, c, out); err != nil {
			return err
		}
		if typ, id, ok := refParts(c.session.FHIRUser); ok {
			named = append(named, r.refersTo("Consent", "actor", typ, id))
		}
	case habilitation.Professional:
		found, err := r.engine.Find(ctx, view, "Patient", r.identified("Patient", ParameterTreatingDoctor, c.self()), maxRelated, relationBudget)
		if err != nil {
			return err
		}
		for _, rec := range found {
			out[rec.ID] = true
		}
	}
	found, err := r.engine.Find(ctx, view, "Consent", named, maxRelated, relationBudget)
	if err != nil {
		return err
	}
	return r.patientsOf(found, out)
}

func (r *relations) ownRecord(ctx context.Context, view store.View, c *caller, out map[string]bool) error {
	if id := personOf(c.session.FHIRUser); id != "" || c.session.FHIRUser != "" {
		if id != "" {
			out[id] = true
		}
		return nil
	}
	found, err := r.engine.Find(ctx, view, "Patient", r.identified("Patient", "identifier", c.self()), 10, relationBudget)
	if err != nil {
		return err
	}
	for _, rec := range found {
		out[rec.ID] = true
	}
	return nil
}

func (r *relations) relativeOf(ctx context.Context, view store.View, c *caller, out map[string]bool) error {
	either := search.Or{r.identified("RelatedPerson", "identifier", c.self())}
	if typ, id, ok := refParts(c.session.FHIRUser); ok && typ == "RelatedPerson" {
		either = append(either, search.IDIn{IDs: []string{id}})
	}
	found, err := r.engine.Find(ctx, view, "RelatedPerson", either, maxRelatives, relationBudget)
	if err != nil {
		return err
	}
	return r.patientsOf(found, out)
}

func (r *relations) patientsOf(found []*store.Record, out map[string]bool) error {
	for _, rec := range found {
		root, err := tree(rec)
		if err != nil {
			return err
		}
		if id := patientOf(root.Child("patient")); id != "" {
			out[id] = true
		}
	}
	return nil
}
