package mhd

// Systems and codes that submissions are told by.
const (
	systemListTypes   = mhdBase + "/CodeSystem/MHDlistTypes"
	codeSubmissionSet = "submissionset"
	codeFolder        = "folder"

	systemURI = "urn:ietf:rfc:3986"

	extRecipient     = mhdBase + "/StructureDefinition/ihe-intendedRecipient"
	extRecipientPDSm = pdsmBase + "/StructureDefinition/pdsm-ext-intended-recipient"
)

// Carnet's own code systems.
const (
	// systemRules names the rules of this package in OperationOutcome.issue.details.
	systemRules = "https://carnet-fhir.github.io/CodeSystem/document-rule"
	// systemRegistration tags what was taken in by a submission, and is therefore not changed by plain writes.
	systemRegistration = "https://carnet-fhir.github.io/CodeSystem/registration"
	codeRegistered     = "registered"
)

// Error codes of XDS (IHE ITI TF-3, table 4.2.4.1-2) that MHD has recipients use where they are apt.
const (
	xdsMetadata        = "XDSRegistryMetadataError"
	xdsMissingDocument = "XDSMissingDocument"
	xdsMissingMetadata = "XDSMissingDocumentMetadata"
	xdsUnknownPatient  = "XDSUnknownPatientId"
	xdsPatientMismatch = "XDSPatientIdDoesNotMatch"
	xdsDuplicateID     = "XDSDuplicateUniqueIdInRegistry"
	xdsDuplicateInside = "XDSRepositoryDuplicateUniqueIdInMessage"
	xdsOtherHash       = "XDSNonIdenticalHash"
	xdsDeprecated      = "XDSRegistryDeprecatedDocumentError"
	xdsUnresolved      = "UnresolvedReferenceException"
	xdsReplaceFailed   = "XDSReplaceFailed"
	xdsContent         = "XDSInvalidDocumentContent"
	xdsRepository      = "XDSRepositoryMetadataError"
	fhirDocument       = "FHIRDocumentNotSupported"
)
