package balp

import (
	"context"
	"net/http"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
)

// BeforeWrite keeps the trace as it was written: an AuditEvent is created once and for all. Those of this server come from itself; others may bring theirs (ITI-20), where access control lets them.
func (t *Trace) BeforeWrite(_ context.Context, what repository.Interaction, after *element.Resource) error {
	if after.Type() != "AuditEvent" {
		return nil
	}
	if what != repository.Create {
		return appendOnly()
	}
	observer := after.Root.Child("source").Child("observer")
	if observer.Child("identifier").ChildValue("value") == t.observer.value {
		return fault.At(http.StatusUnprocessableEntity, fault.BusinessRule, "AuditEvent.source.observer", "What this server observed it writes itself.")
	}
	if start := after.Root.Child("period").ChildValue("start"); start == "" {
		return fault.At(http.StatusUnprocessableEntity, fault.Required, "AuditEvent.period.start", "An AuditEvent tells when the event occurred (tde-auditevent).")
	}
	return nil
}

// Review refuses the deletion of AuditEvents, by whomever.
func (t *Trace) Review(_ context.Context, v *repository.Review) error {
	if v.Type == "AuditEvent" && v.What != repository.Create {
		return appendOnly()
	}
	return nil
}

func appendOnly() error {
	f := fault.At(http.StatusMethodNotAllowed, fault.NotSupported, "AuditEvent", "An AuditEvent is written once: nobody changes or deletes it.")
	f.Header = http.Header{"Allow": {"GET, HEAD, POST"}}
	return f
}

// unbounded tells what a search of the trace is to say.
const unbounded = "A search for AuditEvents has a bound in time (date=ge..., period-start or _lastUpdated), or names whose trace it looks for: patient, agent or entity."

// bounds are the parameters of which one is needed. The guide of the French trace (TDE 2.0, flow 4) asks for a date as ITI-81 does, so that no search runs over all there ever was. What a person or a thing is named in is bounded as well, and a
// holder is not asked to know when somebody may have looked.
var bounds = map[string]bool{
	"date": true, "period-start": true, "_lastUpdated": true, "patient": true, "agent": true, "entity": true, "_id": true, "altid": true, "policy": true,
}

// bounded judges a search of the trace; those in a compartment are bounded by it.
func bounded(_ context.Context, q *search.Query, lenient bool) ([]fault.Issue, error) {
	for _, used := range q.Used {
		name, _, _ := strings.Cut(used[0], ".")
		name, modifier, _ := strings.Cut(name, ":")
		if bounds[name] && modifier != "missing" && modifier != "not" {
			return nil, nil
		}
	}
	if lenient {
		return []fault.Issue{{Severity: fault.Warning, Code: fault.Required, Diagnostics: unbounded}}, nil
	}
	return nil, fault.At(http.StatusBadRequest, fault.Required, "http.date", unbounded)
}
