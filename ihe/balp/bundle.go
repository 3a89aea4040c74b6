package balp

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/store"
)

// maxGathered bounds the resources that one AuditEvent of a bundle names.
const maxGathered = 100

// gathered says which entries of a bundle share an AuditEvent: those that did the same for the same patient, and those that were refused for the same reason.
type gathered struct{ patient, what, outcome string }

// bundleEvents traces a batch or a transaction. A document submission is one event for each of its sets (ITI-65).
func (t *Trace) bundleEvents(ctx context.Context, c *caller, a *rest.Answer) []event {
	if events := t.submission(ctx, c, a); len(events) > 0 {
		return events
	}
	var out []event
	open := map[gathered]int{}
	for i := range a.Results {
		x := entryAccess(a, i)
		if x == nil || conformance[x.typ] && reads(x.what) {
			continue
		}
		if x.what == repository.Delete && x.fault == nil && len(x.records) == 0 {
			x.records = t.deletion(x.typ, x.id)
		}
		for _, e := range t.events(ctx, c, x) {
			key := gathered{patientOf(&e), string(x.what), e.outcomeDesc}
			if at, ok := open[key]; ok && x.query == nil && t.gather(&out[at], &e) {
				continue
			}
			open[key] = len(out)
			out = append(out, e)
		}
	}
	return out
}

// gather adds what an event is about to another one; false when that has enough.
func (t *Trace) gather(into, e *event) bool {
	if len(into.entities) >= maxGathered {
		return false
	}
	if e.outcome != outcomeSuccess {
		return true // one refusal of a sort tells of all
	}
	for _, x := range e.entities {
		if x.typ.code == "2" || x.typ.system == systemTypes && x.typ.code == "DocumentReference" {
			into.entities = append(into.entities, x)
		}
	}
	into.profiles = into.profiles[:0] // the patterns have one entity of data
	for _, l := range e.labels {
		if !containsCoding(into.labels, l) {
			into.labels = append(into.labels, l)
		}
	}
	return true
}

func containsCoding(list []coding, c coding) bool {
	for _, other := range list {
		if other == c {
			return true
		}
	}
	return false
}

func patientOf(e *event) string {
	for i := range e.entities {
		if x := &e.entities[i]; x.role.code == "1" && x.typ.code == "1" {
			return x.what.reference + x.what.value
		}
	}
	return ""
}

var interactionsOf = map[string]repository.Interaction{
	http.MethodPost: repository.Create, http.MethodPut: repository.Update, http.MethodPatch: repository.Patch, http.MethodDelete: repository.Delete,
}

// entryAccess reads one entry of a bundle as the interaction that it was; nil for one that is not traced.
func entryAccess(a *rest.Answer, i int) *access {
	if i >= len(a.Entries) {
		return nil
	}
	e, r := &a.Entries[i], &a.Results[i]
	path, raw, _ := strings.Cut(e.URL, "?")
	if j := strings.LastIndex(path, "/fhir/"); j >= 0 {
		path = path[j+len("/fhir/"):]
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	x := &access{
		what: interactionsOf[e.Method], within: a.Interaction, typ: parts[0], status: r.Status, fault: r.Fault, records: r.Carried, requestID: a.RequestID,
		request: e.Method + " " + e.URL, description: shortened(e.Method + " " + path),
	}
	if r.Fault != nil && r.Fault.Status != 0 {
		x.status = r.Fault.Status
	}
	if r.Record != nil {
		x.records, x.typ, x.id = []*store.Record{r.Record}, r.Record.Type, r.Record.ID
	} else if len(parts) > 1 {
		x.id = parts[1]
	}
	last := parts[len(parts)-1]
	switch {
	case strings.HasPrefix(last, "$"):
		x.what, x.query = repository.Operation, url.Values{}
	case last == "_search" || x.what == "" && (len(parts) == 1 || len(parts) == 3) && last != "_history":
		x.what = repository.SearchType
		x.query, _ = url.ParseQuery(raw)
	case last == "_history":
		x.what, x.query = repository.HistoryInstance, url.Values{}
	case x.what == "" && len(parts) == 4:
		x.what = repository.VRead
	case x.what == "":
		x.what = repository.Read
	}
	if x.what == repository.SearchType {
		x.id = ""
		if len(parts) == 3 && parts[0] == "Patient" {
			x.query.Add("patient", parts[1])
			x.typ = parts[2]
		}
	}
	return x
}

// setPaths find the code of a List.
var setPaths = paths("code.coding.code")

// submission gives the events of a Provide Document Bundle, none for another bundle. Nothing but a submission makes submission sets.
func (t *Trace) submission(ctx context.Context, c *caller, a *rest.Answer) []event {
	var out []event
	for i := range a.Results {
		rec := a.Results[i].Record
		if rec == nil || rec.Type != "List" || !isSubmissionSet(rec) {
			continue
		}
		x := access{what: repository.Create, typ: "List", id: rec.ID, status: http.StatusOK, records: []*store.Record{rec}}
		subjects := t.subjectsOf(c, &x, &patternImport)
		data, labels := t.dataOf(&x)
		for _, r := range a.Results {
			if r.Record != nil && r.Record.Type == "DocumentReference" {
				f := t.factsOf(r.Record)
				labels = append(labels, f.labels...)
			}
		}
		// The profile has two entities and no more: the request is named within the set's.
		if a.RequestID != "" && len(data) > 0 {
			data[0].details = []detail{{"X-Request-Id", a.RequestID}}
		}
		for j := range subjects {
			e := t.event(ctx, c, &x, &patternImport, &subjects[j], data, labels)
			e.typ, e.subtypes = coding{systemDCM, "110107"}, []coding{{systemIHE, iti65Code}}
			e.profiles = e.profiles[:0]
			e.profiles = append(e.profiles, mhdBase+iti65Profile)
			if c.policy != "" {
				e.profiles = append(e.profiles, profileToken)
			}
			out = append(out, e)
		}
	}
	return out
}

func isSubmissionSet(rec *store.Record) bool {
	is := false
	scan(rec.Body, setPaths, func(_ *node, value []byte) { is = is || string(value) == "submissionset" })
	return is
}
