package balp

import (
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// SearchProfile gives the search parameter that the French trace (TDE 2.0) adds to those of R4. What BALP's audit record repository asks for beside (agent.identifier, patient.identifier, entity.identifier) are chains of R4's; what a trace names
// by an identifier only is found by agent:identifier, patient:identifier and entity:identifier.
func SearchProfile() search.Profile {
	return search.Profile{Parameters: []spec.SearchParameter{
		{URL: tdePeriod, Code: "period-start", Type: "date", Base: []string{"AuditEvent"}, Expression: "AuditEvent.period.start"},
	}}
}
