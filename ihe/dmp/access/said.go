package access

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

// lapsed is for how long an authorisation that has ended is still told of as expired (TD0.2).
const lapsed = 400 * 24 * time.Hour

// said reads the Consents that say something now. What professionals write down (care-team, moment) is bounded by itself: too many of those, and none of them holds until some are ended. Nobody shuts a record for the person
// herself, for the médecin traitant or in emergencies by writing down authorisations.
func (r *relations) said(ctx context.Context, view store.View, out *record) error {
	authorised := r.anyOf("Consent", "category="+SystemCategory+"|"+CategoryCareTeam, "category="+SystemCategory+"|"+CategoryMoment)
	consents, err := r.of(ctx, view, "Consent", out.id, search.And{search.Not{Expr: authorised}, r.anyOf("Consent", "status=active", "category="+SystemCategory+"|"+CategoryBlock)}, maxStatements)
	if err != nil {
		return err
	}
	since := r.a.o.Clock().Add(-lapsed).UTC().Format(time.DateOnly)
	given := search.And{authorised, r.anyOf("Consent", "status=active"), r.anyOf("Consent", "category="+SystemCategory+"|"+CategoryCareTeam, "date=ge"+since, "period=ge"+since)}
	authorisations, err := r.of(ctx, view, "Consent", out.id, given, maxAuthorisations)
	switch {
	case tooMany(err):
		out.overfull = true
	case err != nil:
		return err
	}
	for _, root := range append(consents, authorisations...) {
		out.statements = append(out.statements, r.a.consents.read(root))
	}
	out.authorisations = len(authorisations)
	return nil
}

// anyOf is the condition that one of the queries holds; one that the server has no parameter for holds for nothing.
func (r *relations) anyOf(typ string, queries ...string) search.Expr {
	out := search.Or{}
	for _, q := range queries {
		name, value, _ := strings.Cut(q, "=")
		if e, err := search.ParseCondition(r.a.o.Registry, typ, [][2]string{{name, value}}, search.ParseOptions{}); err == nil {
			out = append(out, e)
		}
	}
	return out
}

// tooMany says that there are more resources than of reads.
func tooMany(err error) bool {
	var f *fault.Fault
	return errors.As(err, &f) && f.Issues[0].Code == fault.TooCostly
}

// of gives the resources of a type that are of the person and satisfy the condition.
func (r *relations) of(ctx context.Context, view store.View, typ, id string, which search.Expr, limit int) ([]*element.Element, error) {
	found, err := r.engine.Find(ctx, view, typ, search.And{r.refersTo(typ, "patient", "Patient", id), which}, limit+1, relationBudget)
	if err != nil {
		return nil, err
	}
	if len(found) > limit {
		return nil, fault.New(http.StatusForbidden, fault.TooCostly, "The record has more "+typ+" resources than access control reads.")
	}
	out := make([]*element.Element, len(found))
	for i, rec := range found {
		if out[i], err = tree(rec); err != nil {
			return nil, err
		}
	}
	return out, nil
}
