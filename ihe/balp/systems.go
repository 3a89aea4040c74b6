package balp

// Canonical bases.
const (
	balpBase   = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/"
	mhdBase    = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/"
	tdeProfile = "https://interop.esante.gouv.fr/ig/fhir/tde/StructureDefinition/tde-auditevent"
	tdePeriod  = "https://interop.esante.gouv.fr/ig/fhir/tde/SearchParameter/TDE-AuditEvent-period-start"

	profileToken = balpBase + "IHE.BasicAudit.OAUTHaccessTokenUse.Minimal"
	profileIUA71 = balpBase + "IHE.IUA.71"
)

// Code systems of the patterns.
const (
	systemDCM       = "http://dicom.nema.org/resources/ontology/DCM"
	systemEventType = "http://terminology.hl7.org/CodeSystem/audit-event-type"
	systemRestful   = "http://hl7.org/fhir/restful-interaction"
	systemEntity    = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
	systemRole      = "http://terminology.hl7.org/CodeSystem/object-role"
	systemPart      = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
	systemRoleClass = "http://terminology.hl7.org/CodeSystem/v3-RoleClass"
	systemUserAgent = "https://profiles.ihe.net/ITI/BALP/CodeSystem/UserAgentTypes"
	systemBasic     = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
	systemIHE       = "urn:ihe:event-type-code"
	systemSource    = "http://terminology.hl7.org/CodeSystem/security-source-type"
	systemReason    = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
	systemTypes     = "http://hl7.org/fhir/resource-types"
	systemCustodian = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
	systemMode      = "https://mos.esante.gouv.fr/NOS/TRE_R248-ModeAcces/FHIR/TRE-R248-ModeAcces"
	systemURI       = "urn:ietf:rfc:3986"

	// SystemActorKind holds what an actor is to the DMP (habilitation.Kind); the user agent of an AuditEvent has it among its roles.
	SystemActorKind = "https://carnet-fhir.github.io/CodeSystem/actor-kind"
	// SystemVisibility is TRE_A07: its labels on an AuditEvent or a Communication hide it as they hide a document.
	SystemVisibility = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument"
	// HiddenFromRepresentatives and HiddenFromPatient are the labels of it that a trace has.
	HiddenFromRepresentatives = "INVISIBLE_REPRESENTANTS_LEGAUX"
	HiddenFromPatient         = "INVISIBLE_PATIENT"
)

// Agent types of the patterns.
var (
	typeSource      = coding{systemDCM, "110153"} // Source Role ID
	typeDestination = coding{systemDCM, "110152"} // Destination Role ID
	typeApplication = coding{systemDCM, "110150"}
	typeCustodian   = coding{systemCustodian, "custodian"}
	typeRecipient   = coding{systemPart, "IRCP"}
	typeAuthor      = coding{systemPart, "AUT"}
	typeOAuthUser   = coding{systemUserAgent, "UserOauthAgent"}
	typeAuthServer  = coding{systemUserAgent, "AuthzOauthService"}
	typeProvider    = coding{systemRoleClass, "PROV"}
)
