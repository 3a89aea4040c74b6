package nos

// Code systems of the NOS, as ANS publishes them for FHIR.
const (
	ProfessionSante      = mos + "TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"
	ProfessionFormation  = mos + "TRE_G16-ProfessionFormation/FHIR/TRE-G16-ProfessionFormation"
	ProfessionSocial     = mos + "TRE_R94-ProfessionSocial/FHIR/TRE-R94-ProfessionSocial"
	UsagerTitre          = mos + "TRE_R95-UsagerTitre/FHIR/TRE-R95-UsagerTitre"
	AutreProfession      = mos + "TRE_R291-AutreProfession/FHIR/TRE-R291-AutreProfession"
	CategorieProfession  = mos + "TRE_R09-CategorieProfessionnelle/FHIR/TRE-R09-CategorieProfessionnelle"
	TypeSavoirFaire      = mos + "TRE_R04-TypeSavoirFaire/FHIR/TRE-R04-TypeSavoirFaire"
	GenreActivite        = mos + "TRE_R22-GenreActivite/FHIR/TRE-R22-GenreActivite"
	ModeExercice         = mos + "TRE_R23-ModeExercice/FHIR/TRE-R23-ModeExercice"
	Fonction             = mos + "TRE_R21-Fonction/FHIR/TRE-R21-Fonction"
	AutreFonction        = mos + "TRE_R96-AutreFonctionSanitaire/FHIR/TRE-R96-AutreFonctionSanitaire"
	RolePriseCharge      = mos + "TRE_R85-RolePriseCharge/FHIR/TRE-R85-RolePriseCharge"
	SectionCNOP          = mos + "TRE_R06-SectionTableauCNOP/FHIR/TRE-R06-SectionTableauCNOP"
	SousSectionCNOP      = mos + "TRE_G05-SousSectionTableauCNOP/FHIR/TRE-G05-SousSectionTableauCNOP"
	SecteurActivite      = mos + "TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite"
	CategorieFINESS      = mos + "TRE_R66-CategorieEtablissement/FHIR/TRE-R66-CategorieEtablissement"
	Commune              = mos + "TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"
	HL7RoleClass         = mos + "TRE_R260-HL7RoleClass/FHIR/TRE-R260-HL7RoleClass"
	HL7RoleCode          = mos + "TRE_R216-HL7RoleCode/FHIR/TRE-R216-HL7RoleCode"
	HL7ParticipationFunc = mos + "TRE_R259-HL7ParticipationFunction/FHIR/TRE-R259-HL7ParticipationFunction"

	mos = "https://mos.esante.gouv.fr/NOS/"
)

// Identifier systems (FR Core), and the code system of identifier types.
const (
	SystemRPPS      = "https://rpps.esante.gouv.fr"
	SystemIDNPS     = "urn:oid:1.2.250.1.71.4.2.1"
	SystemIDNST     = "urn:oid:1.2.250.1.71.4.2.2"
	SystemFINESS    = "https://finess.esante.gouv.fr"
	SystemSIRENE    = "https://sirene.fr"
	SystemRPPSRang  = "https://rppsrang.esante.gouv.fr"
	SystemADELIRang = "https://adelirang.esante.gouv.fr"
	IdentifierTypes = FRCore + "CodeSystem/fr-core-cs-v2-0203"
	HL7v2Identifier = "http://terminology.hl7.org/CodeSystem/v2-0203"
	ExtensionINSEE  = FRCore + "StructureDefinition/fr-core-address-insee-code"
	FRCore          = "https://hl7.fr/ig/fhir/core/"
	Annuaire        = "https://interop.esante.gouv.fr/ig/fhir/annuaire/"
	ProfileASPerson = Annuaire + "StructureDefinition/as-practitioner"
	ProfileASRole   = Annuaire + "StructureDefinition/as-practitionerrole"
	ProfileASStruct = Annuaire + "StructureDefinition/as-organization"
)
