package repository

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

const (
	// everythingPage is how many matches are read at once, maxEverything how many an answer without pages holds.
	everythingPage = 500
	maxEverything  = 10_000
	// maxReferred bounds how far references are followed from the compartment: a role to its organization to that one's parent.
	maxReferred = 3
)

// careDates names, for each type of the patient compartment that tells when care was given, the search parameter that does. Types that are not listed have no such date: they are
// given whatever the period.
var careDates = map[string]string{
	"AdverseEvent": "date", "AllergyIntolerance": "date", "Appointment": "date", "AuditEvent": "date", "CarePlan": "date", "CareTeam": "date",
	"ChargeItem": "occurrence", "Claim": "created", "ClinicalImpression": "date", "Communication": "sent", "CommunicationRequest": "occurrence", "Composition": "period",
	"Condition": "onset-date", "Consent": "date", "DetectedIssue": "identified", "DeviceRequest": "event-date", "DiagnosticReport": "date",
	"DocumentManifest": "created", "DocumentReference": "period", "Encounter": "date", "EpisodeOfCare": "date", "ExplanationOfBenefit": "created",
	"FamilyMemberHistory": "date", "Flag": "date", "Goal": "start-date", "ImagingStudy": "started", "Immunization": "date", "ImmunizationEvaluation": "date",
	"ImmunizationRecommendation": "date", "Invoice": "date", "NutritionOrder": "datetime",
	"List": "date", "MeasureReport": "period", "Media": "created", "MedicationAdministration": "effective-time", "MedicationDispense": "whenhandedover",
	"MedicationRequest": "authoredon", "MedicationStatement": "effective", "Observation": "date", "Procedure": "date", "Provenance": "recorded",
	"QuestionnaireResponse": "authored", "RequestGroup": "authored", "RiskAssessment": "date", "ServiceRequest": "occurrence", "Specimen": "collected",
	"SupplyRequest": "date", "VisionPrescription": "datewritten",
}

// Everything is Patient/[id]/$everything: Matches holds the compartment (the patient first), Included what it refers to outside of any compartment of patients (practitioners,
// organizations, medications, locations...). Other patients and what belongs to them are never included. A resource that several pages refer to comes with each.
func (r *Repository) Everything(ctx context.Context, patient string, q EverythingQuery) (page *SearchPage, err error) {
	if err := r.known(ctx, Operation, "Patient"); err != nil {
		return nil, err
	}
	query, err := r.everythingQuery(ctx, patient, q)
	if err != nil {
		return nil, err
	}
	view, err := r.view(q.T)
	if err != nil {
		return nil, err
	}
	defer closing(view, &err)
	owner, err := r.readIn(ctx, view, "Patient", patient)
	if err != nil {
		return nil, err
	}
	page = &SearchPage{T: view.Time(), Result: &search.Result{Total: -1}}
	if len(q.After) == 0 && wanted(q, owner) {
		page.Matches = append(page.Matches, owner)
	}
	if err := r.compartment(ctx, view, query, owner, q, page); err != nil {
		return nil, err
	}
	if page.Included, err = r.referred(ctx, view, page.Matches, q); err == nil && q.T != 0 {
		err = r.dropStale(ctx, page.Result, q.T)
	}
	return page, err
}

// compartment adds matches to the page, up to q.Count. The key of the next page is the search's own behind one byte, so that it is never empty.
func (r *Repository) compartment(ctx context.Context, view store.View, query *search.Query, owner *store.Record, q EverythingQuery, page *SearchPage) error {
	limit := q.Count
	if limit <= 0 {
		limit = maxEverything
	}
	if len(query.Types) == 0 {
		return nil
	}
	var resume []byte
	if len(q.After) > 1 {
		resume = q.After[1:]
	}
	for len(page.Matches) < limit {
		n := min(limit-len(page.Matches), everythingPage)
		result, err := r.answer(ctx, view, query, search.Page{Count: n, Resume: resume})
		if err != nil {
			return err
		}
		for _, rec := range result.Matches {
			if rec.RID != owner.RID {
				page.Matches = append(page.Matches, rec)
			}
		}
		if resume = result.Next; resume == nil {
			return nil
		}
	}
	page.Next = append([]byte{1}, resume...)
	return nil
}

// wanted applies _type and _since to a record that no search found.
func wanted(q EverythingQuery, rec *store.Record) bool {
	if len(q.Types) > 0 && !slices.Contains(q.Types, rec.Type) {
		return false
	}
	return q.Since.IsZero() || !rec.Time.Wall().Before(q.Since.Truncate(time.Millisecond))
}

// everythingQuery is the search for the compartment's resources.
func (r *Repository) everythingQuery(ctx context.Context, patient string, q EverythingQuery) (*search.Query, error) {
	out := &search.Query{Where: make(map[string]search.Expr), Count: -1, Total: "none"}
	compartment := r.defs.Compartments["Patient"]
	for _, typ := range q.Types {
		if !r.types[typ] {
			return nil, fault.New(http.StatusBadRequest, fault.Value, "_type names a resource type that R4 does not have.")
		}
	}
	for _, typ := range r.defs.Resources {
		if len(compartment.Params[typ]) == 0 || typ == "Patient" || len(q.Types) > 0 && !slices.Contains(q.Types, typ) {
			continue
		}
		if !r.open && r.o.Access.Permit(ctx, Read, typ) != nil {
			continue
		}
		where, err := r.inPeriod(typ, q)
		if err != nil {
			return nil, err
		}
		out.Where[typ] = append(search.And{search.InCompartment{Type: "Patient", ID: patient}}, where...)
		if more := q.Where[typ]; more != nil {
			out.Where[typ] = search.And{out.Where[typ], more}
		}
		out.Types = append(out.Types, typ)
	}
	return out, nil
}

// inPeriod gives the conditions of start, end and _since on a type. A resource that does not tell its date is in every period.
func (r *Repository) inPeriod(typ string, q EverythingQuery) (search.And, error) {
	var out search.And
	add := func(query string) (search.Expr, error) { return r.parseCriteria(typ, query) }
	if !q.Since.IsZero() {
		since, err := add("_lastUpdated=ge" + q.Since.UTC().Format("2006-01-02T15:04:05.000Z"))
		if err != nil {
			return nil, err
		}
		out = append(out, since)
	}
	code := careDates[typ]
	if code == "" || q.Start == "" && q.End == "" {
		return out, nil
	}
	var within search.And
	for _, bound := range [...]struct{ prefix, date string }{{"ge", q.Start}, {"le", q.End}} {
		if bound.date == "" {
			continue
		}
		e, err := add(code + "=" + bound.prefix + bound.date)
		if err != nil {
			return nil, err
		}
		within = append(within, e)
	}
	missing, err := add(code + ":missing=true")
	if err != nil {
		return nil, err
	}
	return append(out, search.Or{within, missing}), nil
}

// referred reads what the records refer to and what that refers to, where it belongs to no patient.
func (r *Repository) referred(ctx context.Context, view store.View, from []*store.Record, q EverythingQuery) ([]*store.Record, error) {
	seen := make(map[string]bool)
	for _, rec := range from {
		seen[rec.Type+"/"+rec.ID] = true
	}
	var out []*store.Record
	for depth := 0; depth < maxReferred && len(from) > 0; depth++ {
		var next []*store.Record
		for _, rec := range from {
			found, err := r.shared(ctx, view, rec, seen)
			if err != nil {
				return nil, err
			}
			next = append(next, found...)
		}
		if len(out)+len(next) > maxEverything {
			return nil, fault.New(http.StatusForbidden, fault.TooCostly, "The record refers to too many other resources. Ask for pages (_count).")
		}
		out = append(out, next...)
		from = next
	}
	return slices.DeleteFunc(out, func(rec *store.Record) bool { return !wanted(q, rec) }), nil
}

// shared gives the resources that a record refers to, that were not seen and do not belong to patients.
func (r *Repository) shared(ctx context.Context, view store.View, rec *store.Record, seen map[string]bool) ([]*store.Record, error) {
	res, err := r.tree(rec)
	if err != nil {
		return nil, err
	}
	var out []*store.Record
	for e := range element.References(res.Root) {
		typ, id, ok := r.resource(e.Value)
		if !ok || seen[typ+"/"+id] || r.belongsToPatients(typ) {
			continue
		}
		seen[typ+"/"+id] = true
		if r.known(ctx, Read, typ) != nil {
			continue
		}
		found, err := r.readIn(ctx, view, typ, id)
		var f *fault.Fault
		if errors.As(err, &f) && f.Status < http.StatusInternalServerError {
			continue // absent, deleted or not for the caller: a reference may dangle
		}
		if err != nil {
			return nil, err
		}
		out = append(out, found)
	}
	return out, nil
}

// belongsToPatients says whether resources of the type may be part of a patient's record, perhaps another's.
func (r *Repository) belongsToPatients(typ string) bool {
	return typ == "Patient" || typ == "Binary" || len(r.defs.Compartments["Patient"].Params[typ]) > 0
}
