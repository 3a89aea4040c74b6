package scope

import "github.com/carnet-fhir/carnet/fhir/repository"

// letterOf gives the letter that an interaction needs (SMART App Launch 2.2, "Scopes for requesting FHIR Resources"); 0 for what no scope permits.
func letterOf(what repository.Interaction) Letters {
	switch what {
	case repository.Read, repository.VRead, repository.HistoryInstance, repository.Operation:
		return Read
	case repository.Create:
		return Create
	case repository.Update, repository.Patch:
		return Update
	case repository.Delete:
		return Delete
	case repository.SearchType, repository.SearchSystem, repository.HistoryType, repository.HistorySystem:
		return Search
	}
	return 0
}

// about says whether the scope speaks of the type for this letter.
func (r *Resource) about(typ string, letter Letters) bool {
	switch {
	case typ == "":
		return true
	case r.Type != Any && r.Type != typ:
		return false
	case r.Context == Patient && letter&(Read|Search) == 0:
		return !shared[typ]
	}
	return true
}

// shared are the types that belong to nobody's record: the directory, the catalogue, definitions and terminology. Under patient/ scopes they may be read, as other servers allow, because the
// record refers to them; to write them is for user/ and system/ scopes.
var shared = map[string]bool{
	"Endpoint": true, "HealthcareService": true, "InsurancePlan": true, "Location": true, "Organization": true, "OrganizationAffiliation": true, "Practitioner": true, "PractitionerRole": true,

	"CatalogEntry": true, "DeviceDefinition": true, "Medication": true, "MedicationKnowledge": true, "Substance": true,

	"ActivityDefinition": true, "CapabilityStatement": true, "CodeSystem": true, "CompartmentDefinition": true, "ConceptMap": true, "GraphDefinition": true, "ImplementationGuide": true, "Library": true,
	"Measure": true, "MessageDefinition": true, "NamingSystem": true, "ObservationDefinition": true, "OperationDefinition": true, "PlanDefinition": true, "Questionnaire": true,
	"SearchParameter": true, "SpecimenDefinition": true, "StructureDefinition": true, "StructureMap": true, "TerminologyCapabilities": true, "ValueSet": true,
}
