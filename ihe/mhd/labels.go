package mhd

import (
	"slices"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// The code systems of JDV_J08-XdsConfidentialityCode-CISIS: masks, and HL7's confidentiality.
const (
	visibilitySystem      = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument"
	confidentialitySystem = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
)

// visibilitySystems and confidentialitySystems are the spellings that are the same system.
var (
	visibilitySystems      = map[string]bool{visibilitySystem: true, "urn:oid:1.2.250.1.213.1.1.4.13": true}
	confidentialitySystems = map[string]bool{
		confidentialitySystem: true, "urn:oid:2.16.840.1.113883.5.25": true,
		"https://mos.esante.gouv.fr/NOS/TRE_A08-HL7Confidentiality/FHIR/TRE-A08-HL7Confidentiality": true,
	}
)

// confidentialityCodes are HL7's codes that the French value set has.
var confidentialityCodes = []string{"N", "R", "V"}

// labels judges the labels after an update, where they changed. A mask that the server does not recognise would not be enforced, so its code is refused in any system but its own.
func (r *refusals) labels(before, after *element.Element) {
	if element.Equal(only(before, "securityLabel"), only(after, "securityLabel")) {
		return
	}
	if after.Child("securityLabel") == nil {
		r.add("DocumentReference.securityLabel", fault.Required,
			"A document keeps at least one securityLabel; to show it again, replace the mask by the code N of v3-Confidentiality.")
		return
	}
	confidential, i := 0, 0
	for label := range after.Children("securityLabel") {
		at := "DocumentReference.securityLabel[" + strconv.Itoa(i) + "]"
		i++
		if label.Child("coding") == nil {
			r.add(at, fault.Required, "A securityLabel has a coding with system and code; a text alone cannot be enforced.")
		}
		for c := range label.Children("coding") {
			if confidentialitySystems[c.ChildValue("system")] {
				confidential++
			}
			r.label(at+".coding", c.ChildValue("system"), c.ChildValue("code"))
		}
	}
	if confidential > 1 {
		r.add("DocumentReference.securityLabel", fault.BusinessRule, "A document has one code of confidentiality (N, R or V) at most, beside its masks.")
	}
}

func (r *refusals) label(at, system, code string) {
	_, isMask := maskActions[strings.ToUpper(code)]
	isConfidentiality := slices.Contains(confidentialityCodes, code)
	switch {
	case visibilitySystems[system]:
		if !isMask {
			r.add(at, fault.CodeInvalid, "TRE_A07-StatutVisibiliteDocument has the codes MASQUE_PS, INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX, MASQUE_PSOCIAL and MASQUE_PT; N, R and V are of v3-Confidentiality.")
		}
	case confidentialitySystems[system]:
		if !isConfidentiality {
			r.add(at, fault.CodeInvalid, "Of v3-Confidentiality documents have the codes N, R and V.")
		}
	case isMask:
		r.add(at, fault.CodeInvalid, "A mask is a code of "+visibilitySystem+"; in another system it would not be enforced.")
	case system == "" || strings.Contains(system, "TRE_A07") || isConfidentiality && strings.Contains(system, "onfidential"):
		r.add(at, fault.CodeInvalid, "The system of the label is none that the server knows; those of JDV_J08 are "+visibilitySystem+" and "+confidentialitySystem+".")
	}
}

// labelOf gives the label that a bare code stands for, as some clients send it; ok is false for any other text.
func labelOf(code string) (system, canonical string, ok bool) {
	code = strings.TrimSpace(code)
	if _, isMask := maskActions[strings.ToUpper(code)]; isMask {
		return visibilitySystem, strings.ToUpper(code), true
	}
	if slices.Contains(confidentialityCodes, code) {
		return confidentialitySystem, code, true
	}
	return "", "", false
}
