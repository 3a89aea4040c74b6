package mhd

import (
	"slices"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// activitySystems are the terminologies of types of activity: the three that PDSm names (constr-bind-designationtype), by URL and by OID, and the two of FINESS+ that JDV_J03 drew on in place of TRE_R209 in its edition of 2025-12-22.
var activitySystems = []string{
	"https://mos.esante.gouv.fr/NOS/TRE_A00-ProducteurDocNonPS/FHIR/TRE-A00-ProducteurDocNonPS", "urn:oid:1.2.250.1.213.1.1.4.6",
	"https://mos.esante.gouv.fr/NOS/TRE_R209-TypeActivite/FHIR/TRE-R209-TypeActivite", "urn:oid:1.2.250.1.213.2.2",
	"https://mos.esante.gouv.fr/NOS/TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite", "urn:oid:1.2.250.1.71.4.2.4",
	"https://smt.esante.gouv.fr/fhir/CodeSystem/tre-r404-mode-fonctionnement-activite-smsse-regulee",
	"https://smt.esante.gouv.fr/fhir/CodeSystem/tre-r406-forme-activite-smsse-regulee",
}

// activityRule tells of a submission set's designationType without a code of one of these systems. Which codes of them may be used is each project's to say (JDV_J59 for the DMP; JDV_J03, preferred, by default), and the sets change: codes are not judged.
func activityRule(id string) Rule {
	return Rule{
		ID: id, Levels: PDSm, Part: PartSubmissionSet, Source: sourceSetPDSm + ": constr-bind-designationtype", Warning: true, Code: fault.CodeInvalid, XDS: xdsMetadata,
		Text: "The type of activity (designationType) has no code of TRE_A00-ProducteurDocNonPS, TRE_R209-TypeActivite or TRE_R02-SecteurActivite.",
		check: func(c *checking) {
			for _, x := range extensions(c.root, extDesignationType) {
				v := x.Child("value")
				if v == nil || v.Type.Name != "CodeableConcept" {
					continue // another rule's
				}
				found := false
				along(v, "coding", func(coding *element.Element) {
					found = found || coding.ChildValue("code") != "" && slices.Contains(activitySystems, coding.ChildValue("system"))
				})
				if !found {
					c.at(v, "")
				}
			}
		},
	}
}
