package access

import (
	"slices"

	"github.com/carnet-fhir/carnet/fhir/search"
)

// kind says by what rules a resource type is seen.
type kind uint8

const (
	restricted kind = iota // operators only: what is not known to be public or somebody's
	public                 // the directory and definitions: everybody who is authenticated reads
	clinical               // somebody's data: by the document that they come from, or as clinical data
	document               // DocumentReference
	collection             // List
	content                // Binary
	person                 // Patient
	kin                    // RelatedPerson
	consent                // Consent
	trace                  // AuditEvent
	message                // Communication
	provenance             // Provenance
	owned                  // Subscription: of who made it
	device                 // Device: of a person, or of nobody
)

// typeInfo is what the rules need to know of a type.
type typeInfo struct {
	kind kind
	// owners are the reference parameters that say whose a resource is; any of them may.
	owners []*search.Param
	tag    *search.Param // _tag
	label  *search.Param // _security, or the label of a document
}

type types map[string]*typeInfo

// publicTypes belong to nobody's record: the directory, the agenda's offer, catalogues, definitions and terminology.
var publicTypes = []string{
	"Endpoint", "HealthcareService", "InsurancePlan", "Location", "Organization", "OrganizationAffiliation", "Practitioner", "PractitionerRole", "Schedule", "Slot",
	"CatalogEntry", "ChargeItemDefinition", "DeviceDefinition", "Medication", "MedicationKnowledge", "Substance",
	"ActivityDefinition", "CapabilityStatement", "CodeSystem", "CompartmentDefinition", "ConceptMap", "EventDefinition", "ExampleScenario", "GraphDefinition", "ImplementationGuide", "Library",
	"Measure", "MessageDefinition", "NamingSystem", "ObservationDefinition", "OperationDefinition", "PlanDefinition", "Questionnaire", "SearchParameter", "SpecimenDefinition",
	"StructureDefinition", "StructureMap", "TerminologyCapabilities", "ValueSet",
}

// special types have rules of their own.
var special = map[string]kind{
	"DocumentReference": document, "List": collection, "Binary": content, "Patient": person, "RelatedPerson": kin, "Consent": consent, "AuditEvent": trace, "Communication": message,
	"Provenance": provenance, "Subscription": owned, "Device": device,
	"Group": restricted, "Person": restricted, "ResearchSubject": restricted, "Schedule": public,
}

// ownerParams are the parameters that say whose a resource is, in this order: the first that a type has. Others of the patient compartment (the patient as author, performer, requester) say who did it.
var ownerParams = []string{"patient", "subject", "beneficiary", "individual", "actor"}

func typesOf(registry *search.Registry) types {
	all := types{}
	s := registry.Snapshot()
	compartment := registry.Definitions().Compartments["Patient"].Params
	for _, typ := range registry.Definitions().Resources {
		info := &typeInfo{}
		all[typ] = info
		k, isSpecial := special[typ]
		switch {
		case isSpecial:
			info.kind = k
		case slices.Contains(publicTypes, typ):
			info.kind = public
		case len(compartment[typ]) > 0 || typ == "Task" || typ == "DeviceUseStatement":
			info.kind = clinical
		}
		info.tag, _ = s.Param(typ, "_tag")
		info.label, _ = s.Param(typ, "_security")
		if typ == "DocumentReference" {
			info.label, _ = s.Param(typ, "security-label")
		}
		info.own(s, typ)
		if info.kind == clinical && len(info.owners) == 0 {
			info.kind = restricted
		}
	}
	return all
}

// own finds the parameters that say whose resources of the type are.
func (i *typeInfo) own(s *search.Snapshot, typ string) {
	for _, code := range ownerParams {
		p, ok := s.Param(typ, code)
		if ok && p.Type == search.Reference && slices.Contains(p.Targets, "Patient") {
			i.owners = append(i.owners, p)
			return
		}
	}
}
