package mhd

import (
	"github.com/carnet-fhir/carnet/cda/vocabulary"
	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

const national = PDSm | SimplifiedPDSm

// codeRules hold the codes of a DocumentReference to the value sets (jeux de valeurs, JDV) of the CI-SIS.
var codeRules = []Rule{
	coded("pdsm-code-type", "type", vocabulary.DocumentType, "JDV_J07-XdsTypeCode-CISIS"),
	coded("pdsm-code-category", "category", vocabulary.DocumentClass, "JDV_J06-XdsClassCode-CISIS"),
	coded("pdsm-code-security-label", "securityLabel", vocabulary.MetadataConfidentiality, "JDV_J08-XdsConfidentialityCode-CISIS"),
	coded("pdsm-code-format", "content.format", vocabulary.DocumentFormat, "JDV_J10-XdsFormatCode-CISIS"),
	coded("pdsm-code-facility", "context.facilityType", vocabulary.FacilityType, "JDV_J02-XdsHealthcareFacilityTypeCode-CISIS"),
	coded("pdsm-code-setting", "context.practiceSetting", vocabulary.PracticeSetting, "JDV_J04-XdsPracticeSettingCode-CISIS"),
	{
		ID: "pdsm-code-class-of-type", Levels: national, Part: PartDocumentReference, Source: "NOS, ASS_X04-CorrespondanceType-Classe-CISIS", Warning: true, Code: fault.BusinessRule, XDS: xdsMetadata,
		Text: "The category is not the class that goes with the type of document.",
		check: func(c *checking) {
			tables := vocabulary.Load()
			category := map[string]bool{}
			along(c.root, "category.coding", func(coding *element.Element) { category[coding.ChildValue("code")] = true })
			along(c.root, "type.coding", func(coding *element.Element) {
				oid, _ := tables.SystemOID(coding.ChildValue("system"))
				class, ok := tables.ClassOf(coding.ChildValue("code"), oid)
				if ok && len(category) > 0 && !category[class.Code] {
					c.missing(c.root, "category", "")
				}
			})
		},
	},
}

// coded makes the rule of one value set. PDSm binds most of them as preferred; a registry takes what its affinity domain knows, so that a code which a system of the set does not have there is
// refused. A code of other systems is told of: nobody can search for it by the set.
func coded(id, path string, set vocabulary.Set, title string) Rule {
	return Rule{
		ID: id, Levels: national, Part: PartDocumentReference, Source: "PDSm 3.1.1, binding of " + path + ": " + title, Code: fault.CodeInvalid, XDS: xdsMetadata,
		Text: "The code is not in the value set " + title + ".",
		check: func(c *checking) {
			tables := vocabulary.Load()
			along(c.root, path, func(e *element.Element) {
				codings := []*element.Element{e}
				if e.Type.Name == "CodeableConcept" {
					codings = codings[:0]
					for coding := range e.Children("coding") {
						codings = append(codings, coding)
					}
				}
				c.codings(tables, e, codings, set)
			})
		},
	}
}

// codings judges the codings of one concept: one in the set is enough.
func (c *checking) codings(tables *vocabulary.Tables, e *element.Element, codings []*element.Element, set vocabulary.Set) {
	var wrong *element.Element
	for _, coding := range codings {
		oid, known := tables.SystemOID(coding.ChildValue("system"))
		if known && tables.Contains(set, coding.ChildValue("code"), oid) {
			return
		}
		if known && hasSystem(tables, set, oid) && wrong == nil {
			wrong = coding
		}
	}
	switch {
	case wrong != nil:
		c.at(wrong, "")
	case len(codings) == 0 || codings[0].ChildValue("code") == "":
		c.at(e, "The concept has no code.")
	default:
		c.warnAt(e, "The code is of a system outside the value set that PDSm binds here.")
	}
}

// hasSystem says whether a value set draws on a code system.
func hasSystem(tables *vocabulary.Tables, set vocabulary.Set, oid string) bool {
	for _, concept := range tables.Concepts(set) {
		if concept.System == oid {
			return true
		}
	}
	return false
}
