package access

import (
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	directive "github.com/carnet-fhir/carnet/ihe/dmp/consent"
)

const carnet = "https://carnet-fhir.github.io/"

// Code systems and extensions of the Consents that say who may see a record.
const (
	// SystemCategory has the categories.
	SystemCategory = directive.CategorySystem
	// SystemRole has the roles of provision.actor: what an actor of a Consent is.
	SystemRole = directive.SystemRole
	// ExtensionMeans tells by what means a person's word was given: oral, written or electronic (A4).
	ExtensionMeans = directive.ExtensionMeans
	// ExtensionCollector names the professional who collected it for another (A5), a Reference with an identifier.
	ExtensionCollector = directive.ExtensionCollector
	// ExtensionReason tells the legitimate reason of an opposition to feeding (D17), a string.
	ExtensionReason = directive.ExtensionReason

	// SystemAccessCode is the system of a Consent's identifier that holds the digest of an access code: see CodeDigest.
	SystemAccessCode = directive.SystemAccessCode
	// RoleDelegate and RoleAdministrator are the codes of SystemRole for whom a delegate's Consent is about.
	RoleDelegate      = directive.RoleDelegate
	RoleAdministrator = directive.RoleAdministrator

	extensionDeletion        = carnet + "StructureDefinition/dmp-deletion-request"
	extensionTreatingDoctors = carnet + "StructureDefinition/dmp-treating-doctor"
	systemDocumentType       = carnet + "CodeSystem/document-type"
	systemDocumentState      = carnet + "CodeSystem/document-state"
)

// The categories of Consents.
const (
	CategoryCareTeam          = string(directive.CareTeam)
	CategoryMoment            = string(directive.Moment)
	CategoryBlock             = string(directive.Block)
	CategoryTreatingDoctor    = string(directive.TreatingDoctor)
	CategoryBreakGlass        = string(directive.BreakGlass)
	CategoryCentre15          = string(directive.Centre15)
	CategoryMaskedInEmergency = string(directive.MaskedInEmergency)
	CategoryAccessRule        = string(directive.AccessRule)
	CategoryAccessCode        = string(directive.AccessCode)
	CategoryDelegate          = string(directive.Delegate)
	CategoryApplication       = string(directive.Application)
	CategoryFeeding           = string(directive.Feeding)
	CategoryVisibility        = string(directive.Visibility)
	CategorySecondaryUse      = string(directive.SecondaryUse)
)

// ParameterTreatingDoctor is the search parameter by which the records of a médecin traitant DMP are found.
const ParameterTreatingDoctor = "treating-doctor"

// SearchProfile adds what relations are found by. Registries of servers with access control use it.
func SearchProfile() search.Profile {
	return search.Profile{Parameters: []spec.SearchParameter{{
		URL: carnet + "SearchParameter/patient-treating-doctor", Code: ParameterTreatingDoctor, Type: "token", Base: []string{"Patient"},
		Expression: "Patient.extension.where(url='" + extensionTreatingDoctors + "').value",
	}, {
		URL: carnet + "SearchParameter/subscription-owner", Code: parameterOwner, Type: "token", Base: []string{"Subscription"},
		Expression: "Subscription.extension.where(url='" + extensionOwner + "').extension.where(url='" + partOwner + "').value",
	}}}
}
