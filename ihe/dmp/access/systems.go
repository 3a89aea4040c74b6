package access

import (
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

const carnet = "https://carnet-fhir.github.io/"

// Code systems and extensions of the Consents that say who may see a record.
const (
	// SystemCategory has the categories.
	SystemCategory = carnet + "CodeSystem/consent-category"
	// SystemRole has the roles of provision.actor: what an actor of a Consent is.
	SystemRole = carnet + "CodeSystem/consent-role"
	// ExtensionMeans tells by what means a person's word was given: oral, written or electronic (A4).
	ExtensionMeans = carnet + "StructureDefinition/consent-means"
	// ExtensionCollector names the professional who collected it for another (A5), a Reference with an identifier.
	ExtensionCollector = carnet + "StructureDefinition/consent-collector"
	// ExtensionReason tells the legitimate reason of an opposition to feeding (D17), a string.
	ExtensionReason = carnet + "StructureDefinition/consent-reason"

	// SystemAccessCode is the system of a Consent's identifier that holds the digest of an access code: see CodeDigest.
	SystemAccessCode = carnet + "access-code-digest"
	// RoleDelegate and RoleAdministrator are the codes of SystemRole for whom a delegate's Consent is about.
	RoleDelegate      = "delegate"
	RoleAdministrator = "administrator"

	extensionTreatingDoctors = carnet + "StructureDefinition/dmp-treating-doctor"
	systemDocumentType       = carnet + "CodeSystem/document-type"
	systemDocumentState      = carnet + "CodeSystem/document-state"
)

// The categories of Consents.
const (
	CategoryCareTeam          = "care-team"
	CategoryMoment            = "moment"
	CategoryBlock             = "block"
	CategoryTreatingDoctor    = "treating-doctor"
	CategoryBreakGlass        = "break-glass"
	CategoryCentre15          = "centre-15"
	CategoryMaskedInEmergency = "masked-in-emergency"
	CategoryAccessRule        = "access-rule"
	CategoryAccessCode        = "access-code"
	CategoryDelegate          = "delegate"
	CategoryApplication       = "application"
	CategoryFeeding           = "feeding"
	CategoryVisibility        = "visibility"
	CategorySecondaryUse      = "secondary-use"
)

// ParameterTreatingDoctor is the search parameter by which the records of a médecin traitant DMP are found.
const ParameterTreatingDoctor = "treating-doctor"

// SearchProfile adds what relations are found by. Registries of servers with access control use it.
func SearchProfile() search.Profile {
	return search.Profile{Parameters: []spec.SearchParameter{{
		URL: carnet + "SearchParameter/patient-treating-doctor", Code: ParameterTreatingDoctor, Type: "token", Base: []string{"Patient"},
		Expression: "Patient.extension.where(url='" + extensionTreatingDoctors + "').value",
	}}}
}
