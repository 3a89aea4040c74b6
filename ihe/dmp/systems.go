package dmp

// Canonical URLs of FR Core (https://hl7.fr/ig/fhir/core) and of the DMP guide that this package reads and writes.
const (
	frCore = "https://hl7.fr/ig/fhir/core/"

	// ProfilePatient and ProfilePatientINS are FR Core's patients; the second is one with a qualified identity.
	ProfilePatient    = frCore + "StructureDefinition/fr-core-patient"
	ProfilePatientINS = frCore + "StructureDefinition/fr-core-patient-ins"

	// SystemIdentifierType holds FR Core's identifier types (INS-NIR, INS-NIA...).
	SystemIdentifierType = frCore + "CodeSystem/fr-core-cs-v2-0203"
	// SystemV2IdentifierType is HL7's own (NH, PI...).
	SystemV2IdentifierType = "http://terminology.hl7.org/CodeSystem/v2-0203"
	// SystemIdentityStatus holds PROV, RECUP, VALI and QUAL; SystemV20445 is what FR Core 2.1 has in its place.
	SystemIdentityStatus = frCore + "CodeSystem/fr-core-cs-identity-status"
	SystemV20445         = frCore + "CodeSystem/fr-core-cs-v2-0445"
	// SystemCommune is the code system of INSEE codes of places.
	SystemCommune = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"

	extensionReliability = frCore + "StructureDefinition/fr-core-identity-reliability"
	extensionGivenList   = frCore + "StructureDefinition/fr-core-patient-birth-list-given-name"
	extensionINSEE       = frCore + "StructureDefinition/fr-core-address-insee-code"
	extensionBirthPlace  = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"

	dmpGuide = "https://interop.esante.gouv.fr/ig/fhir/dmp/"

	// ExtensionClosing, ExtensionMES and ExtensionTreatingDoctor make up the answer of TD0.2.
	ExtensionClosing        = dmpGuide + "StructureDefinition/dmp-fermeture"
	ExtensionMES            = dmpGuide + "StructureDefinition/dmp-rattachement-mes"
	ExtensionTreatingDoctor = dmpGuide + "StructureDefinition/dmp-medecin-traitant"
	// SystemClosingReason holds the reasons of a closing.
	SystemClosingReason = dmpGuide + "CodeSystem/dmp-motif-fermeture"
)
