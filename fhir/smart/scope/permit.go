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

// shared are the types that belong to nobody's record: the directory, catalogues, definitions and terminology. Under patient/ scopes they may be read, as other servers allow, because the
// record refers to them; to write them is for user/ and system/ scopes.
var shared = makeSet(
	"Endpoint", "HealthcareService", "InsurancePlan", "Location", "Organization", "OrganizationAffiliation", "Practitioner", "PractitionerRole",

	"CatalogEntry", "ChargeItemDefinition", "DeviceDefinition", "Medication", "MedicationKnowledge", "MedicinalProduct", "MedicinalProductAuthorization", "MedicinalProductContraindication",
	"MedicinalProductIndication", "MedicinalProductIngredient", "MedicinalProductInteraction", "MedicinalProductManufactured", "MedicinalProductPackaged", "MedicinalProductPharmaceutical",
	"MedicinalProductUndesirableEffect", "Substance", "SubstanceNucleicAcid", "SubstancePolymer", "SubstanceProtein", "SubstanceReferenceInformation", "SubstanceSourceMaterial", "SubstanceSpecification",

	"ActivityDefinition", "CapabilityStatement", "CodeSystem", "CompartmentDefinition", "ConceptMap", "EventDefinition", "ExampleScenario", "GraphDefinition", "ImplementationGuide", "Library",
	"Measure", "MessageDefinition", "NamingSystem", "ObservationDefinition", "OperationDefinition", "PlanDefinition", "Questionnaire", "SearchParameter", "SpecimenDefinition",
	"StructureDefinition", "StructureMap", "TerminologyCapabilities", "ValueSet",

	"EffectEvidenceSynthesis", "Evidence", "EvidenceVariable", "ResearchDefinition", "ResearchElementDefinition", "ResearchStudy", "RiskEvidenceSynthesis",
)

func makeSet(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}
