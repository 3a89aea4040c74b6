package check

import (
	"slices"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/vocabulary"
)

// Roots of identifiers (Agence du Numérique en Santé).
const (
	rootPerson    = "1.2.250.1.71.4.2.1" // national identifier of professionals
	rootStructure = "1.2.250.1.71.4.2.2" // national identifier of structures
	rootHost      = "1.2.250.1.213.4.1"  // host of what the person writes
)

const (
	personID  = "a professional is identified under 1.2.250.1.71.4.2.1"
	familyOne = "the name of a person has exactly one family"
)

// actorRules are those of who wrote, told, keeps, receives and signs.
func actorRules() []Rule {
	assigned := "author/assignedAuthor"
	return []Rule{
		{"author-time", cda.Error, "author/time", "the time of authorship has a @value", attr("value", false)},
		{"author-null", cda.Error, "author", "an author has no null flavor", notNull},
		{"author-id", cda.Error, assigned + "/id", "an author is identified by root and extension", identifier(false)},
		{"author-function", cda.Error, "author/functionCode", "it must be in JDV_J47 (functions)", in(vocabulary.ParticipantFunction)},
		{"author-code-complete", cda.Error, assigned + "/code", "profession and specialty have @code, @codeSystem and @displayName", complete},
		{"author-code-set", cda.Warning, assigned + "/code", "it should be in JDV_J01 (professions and specialties)", in(vocabulary.AuthorSpecialty)},
		{"device-model", cda.Error, assigned + "/assignedAuthoringDevice", "a device has a manufacturerModelName", has("manufacturerModelName", 1, 1)},
		{"device-software", cda.Error, assigned + "/assignedAuthoringDevice", "a device has a softwareName", has("softwareName", 1, 1)},
		{"informant-id", cda.Error, "informant/assignedEntity/id", "an informant is identified by root and extension, or has a null flavor", identifier(true)},
		{"informant-class", cda.Error, "informant/relatedEntity", "it must be ECON (emergency contact), NOK (trusted person), CON (informant), CAREGIVER or PAT (person helped)", attr("classCode", false, "ECON", "NOK", "CON", "CAREGIVER", "PAT")},
		{"informant-code", cda.Error, "informant/relatedEntity/code", "it must be in JDV_J11 (relation to the person)", in(vocabulary.PatientRelationship)},
		{"custodian-id-once", cda.Error, custodian, "the custodian has exactly one id", has("id", 1, 1)},
		{"custodian-id", cda.Error, custodian + "/id", "it must be 1.2.250.1.71.4.2.2 (structures) or 1.2.250.1.213.4.1 (host of what the person writes)", attr("root", false, rootStructure, rootHost)},
		{"custodian-extension", cda.Error, custodian + "/id", "the identifier of a structure has an extension", extensionUnder(rootStructure)},
		{"recipient-id", cda.Error, "informationRecipient/intendedRecipient/id", "the identifier of a professional has an extension", extensionUnder(rootPerson)},
		{"recipient-structure", cda.Error, "informationRecipient/intendedRecipient/receivedOrganization/id", structureID, structureIdentifier},
		{"legalauthenticator-present", cda.Error, "", "a document has exactly one legalAuthenticator", has("legalAuthenticator", 1, 1)},
		{"legalauthenticator-null", cda.Error, "legalAuthenticator", "the legal authenticator has no null flavor", notNull},
		{"legalauthenticator-time", cda.Error, "legalAuthenticator/time", "the time of endorsement has a @value", attr("value", false)},
		{"legalauthenticator-signature", cda.Error, "legalAuthenticator/signatureCode", "it must be S (signed)", attr("code", false, "S")},
		{"legalauthenticator-id", cda.Error, "legalAuthenticator/assignedEntity/id", "the legal authenticator is identified by root and extension", identifier(false)},
		{"legalauthenticator-code-complete", cda.Error, "legalAuthenticator/assignedEntity/code", "profession and specialty have @code, @codeSystem and @displayName", complete},
		{"legalauthenticator-code-set", cda.Warning, "legalAuthenticator/assignedEntity/code", "it should be in JDV_J01 (professions and specialties)", in(vocabulary.AuthorSpecialty)},
		{"authenticator-signature", cda.Error, "authenticator/signatureCode", "it must be S (signed)", attr("code", false, "S")},
		{"authenticator-time", cda.Error, "authenticator/time", "the time of endorsement has a @value or a null flavor", attr("value", true)},
		{"authenticator-id", cda.Error, "authenticator/assignedEntity/id", personID, attr("root", false, rootPerson)},
		{"authenticator-extension", cda.Error, "authenticator/assignedEntity/id", "the identifier of a professional has an extension", extensionUnder(rootPerson)},
		{"participant-type", cda.Error, "participant", "it must be in JDV_J144 (REF, REFB, INF, RESP, PRF, CON, VRF)", attrIn("typeCode", vocabulary.Participation)},
		{"participant-function", cda.Error, "participant/functionCode", "it must be in JDV_J47 (functions)", in(vocabulary.ParticipantFunction)},
		{"participant-time", cda.Error, "participant", "a participant has a time", has("time", 1, 1)},
		{"participant-time-bounds", cda.Error, "participant/time", "it has a low, a high, or a null flavor", bounds},
		{"participant-class", cda.Error, "participant/associatedEntity", "it must be PROV (professional of health) or AGNT (another professional)", attr("classCode", false, "PROV", "AGNT")},
		{"participant-code-set", cda.Warning, "participant/associatedEntity/code", "it should be in JDV_J01 (professions and specialties)", in(vocabulary.AuthorSpecialty)},
		{"person-family", cda.Error, "//assignedPerson | //associatedPerson | //relatedPerson", familyOne, below("name", has("family", 1, 1))},
		{"person-named", cda.Error, "//assignedPerson | //associatedPerson | //relatedPerson", "a person has a name", has("name", 1, -1)},
		{"person-prefix", cda.Warning, "//assignedPerson | //associatedPerson", "a prefix is of JDV_J245 (M, MME)", partIn("prefix", vocabulary.NamePrefix)},
		{"person-suffix", cda.Warning, "//assignedPerson | //associatedPerson", "a suffix is of JDV_J246 (DR, PR, MC, MG, PC, PG)", partIn("suffix", vocabulary.NameSuffix)},
		{"organization-id", cda.Error, "//representedOrganization | //scopingOrganization", structureID, below("id", structureIdentifier)},
		{"organization-industry-complete", cda.Error, "//standardIndustryClassCode", "the setting of practice has @code, @codeSystem and @displayName, and no null flavor", all(notNull, complete)},
		{"organization-industry-set", cda.Error, "//standardIndustryClassCode", "it must be in JDV_J04 (settings of practice)", in(vocabulary.PracticeSetting)},
	}
}

const custodian = "custodian/assignedCustodian/representedCustodianOrganization"

// extensionUnder wants an extension under one root.
func extensionUnder(root string) test {
	return func(c *checker, r *Rule, el *etree.Element) {
		if cda.Attr(el, "root") == root && cda.Attr(el, "extension") == "" && nullFlavor(el) == "" {
			c.report(r, el, "@extension", "the id under %s lacks @extension; %s", root, r.Allowed)
		}
	}
}

func structureIdentifier(c *checker, r *Rule, el *etree.Element) {
	extensionUnder(rootStructure)(c, r, el)
}

// bounds wants low or high, or a null flavor.
func bounds(c *checker, r *Rule, el *etree.Element) {
	if nullFlavor(el) == "" && cda.Child(el, "low", "high") == nil {
		c.report(r, el, "low", "%s has none of them; %s", el.Tag, r.Allowed)
	}
}

// partIn wants parts of a person's names to be codes of a value set.
func partIn(part string, set vocabulary.Set) test {
	return func(c *checker, r *Rule, el *etree.Element) {
		for name := range cda.Children(el, "name") {
			for p := range cda.Children(name, part) {
				if text := cda.Text(p); text != "" && !c.v.HasCode(set, text) {
					c.report(r, p, "", "this %s is not; %s", part, r.Allowed)
				}
			}
		}
	}
}

// oneOf is slices.Contains with the arguments in the order of a sentence.
func oneOf(v string, values ...string) bool { return slices.Contains(values, v) }
