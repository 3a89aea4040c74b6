package validate

import (
	"github.com/carnet-fhir/carnet/fhir/element"
)

const terminology = "http://terminology.hl7.org/CodeSystem/"

// nativeClinical holds the invariants of the clinical resources that a record mostly consists of.
func nativeClinical(key, expression string) native {
	switch key {
	case "obs-3":
		return either("low", "high", "text")
	case "obs-6":
		return excludes("dataAbsentReason", "value")
	case "obs-7":
		return componentRepeatsCode
	case "con-1":
		return either("summary", "assessment")
	case "con-2":
		return either("code", "detail")
	case "con-4":
		return func(_ *walker, e *element.Element) bool {
			return !has(e, "abatement") || coded(e, "clinicalStatus", terminology+"condition-clinical", "resolved", "remission", "inactive")
		}
	case "con-5":
		return func(_ *walker, e *element.Element) bool {
			return !has(e, "clinicalStatus") || !coded(e, "verificationStatus", terminology+"condition-ver-status", "entered-in-error")
		}
	case "ait-1":
		return func(_ *walker, e *element.Element) bool { return has(e, "clinicalStatus") || allergyInError(e) }
	case "ait-2":
		return func(_ *walker, e *element.Element) bool { return !has(e, "clinicalStatus") || !allergyInError(e) }
	case "mad-1":
		return either("dose", "rate")
	case "mdd-1":
		return inOrder("whenPrepared", "whenHandedOver")
	case "imm-1":
		return either("documentType", "reference")
	case "inv-1":
		if expression == "lastModified.exists().not() or authoredOn.exists().not() or lastModified >= authoredOn" {
			return inOrder("authoredOn", "lastModified")
		}
	}
	return nil
}

func allergyInError(e *element.Element) bool {
	return coded(e, "verificationStatus", terminology+"allergyintolerance-verification", "entered-in-error")
}

// inOrder holds unless the first date is surely after the second.
func inOrder(first, second string) native {
	return func(_ *walker, e *element.Element) bool {
		a, b := e.ChildValue(first), e.ChildValue(second)
		return a == "" || b == "" || !after(a, b)
	}
}

// mostComparisons bounds obs-7: beyond it somebody tries what the server bears, and the invariant counts as kept.
const mostComparisons = 100_000

// componentRepeatsCode is obs-7: where there is a value, no component has a coding equal to one of Observation.code.
func componentRepeatsCode(_ *walker, e *element.Element) bool {
	if !has(e, "value") || !has(e, "component") {
		return true
	}
	// Codings are found by their code first, so that two long lists do not cost their product.
	codings := map[string][]*element.Element{}
	for c := range e.Child("code").Children("coding") {
		code := c.ChildValue("code")
		codings[code] = append(codings[code], c)
	}
	compared := 0
	for component := range e.Children("component") {
		for a := range component.Child("code").Children("coding") {
			for _, b := range codings[a.ChildValue("code")] {
				if compared++; compared > mostComparisons {
					return true
				}
				if element.Equal(a, b) {
					return false
				}
			}
		}
	}
	return true
}
