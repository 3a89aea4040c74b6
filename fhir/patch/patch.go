// Package patch changes resources by JSON Patch (RFC 6902), XML Patch (RFC 5261) and FHIRPath Patch (http://hl7.org/fhir/R4/fhirpatch.html).
package patch

import (
	"mime"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// Kind is a patch format.
type Kind uint8

// The patch formats by their content type.
const (
	JSON         Kind = iota + 1 // application/json-patch+json
	XML                          // application/xml-patch+xml
	FHIRPathJSON                 // a Parameters resource in application/fhir+json
	FHIRPathXML                  // a Parameters resource in application/fhir+xml
)

// FHIRPath is a FHIRPath Patch in the form in which the server holds resources.
const FHIRPath = FHIRPathJSON

// KindOf finds the format of a content type (parameters are ignored); false when it is none.
func KindOf(contentType string) (Kind, bool) {
	base, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return 0, false
	}
	switch base {
	case "application/json-patch+json":
		return JSON, true
	case "application/xml-patch+xml":
		return XML, true
	case "application/fhir+json", "application/json":
		return FHIRPathJSON, true
	case "application/fhir+xml", "application/xml":
		return FHIRPathXML, true
	default:
		return 0, false
	}
}

// maxOperations bounds how many operations one patch may have.
const maxOperations = 1000

// Apply gives the resource that the patch makes of the current one, which stays as it is. The result is checked as strictly as any
// resource that is sent in; its id is the current one's. Faults carry an expression where one is known: 400 for a patch that is
// malformed, 422 for one that does not apply, whose test fails, or whose result is not a valid resource.
func Apply(defs *spec.Definitions, current *element.Resource, kind Kind, body []byte) (*element.Resource, error) {
	var out *element.Resource
	var err error
	switch kind {
	case JSON:
		out, err = applyJSON(defs, current, body)
	case XML:
		out, err = applyXML(defs, current, body)
	case FHIRPathJSON:
		out, err = parametersPatch(defs, current, body, element.ParseJSON)
	case FHIRPathXML:
		out, err = parametersPatch(defs, current, body, element.ParseXML)
	default:
		return nil, fault.New(http.StatusUnsupportedMediaType, fault.NotSupported, "This is not a patch format that the server knows.")
	}
	if err != nil {
		return nil, err
	}
	return out, settle(current, out)
}

// settle refuses a change of the id and takes back one of the version: both are the server's to give.
func settle(current, out *element.Resource) error {
	if out.ID() != current.ID() {
		return fault.At(http.StatusUnprocessableEntity, fault.BusinessRule, current.Type()+".id", "A patch must not change the id of the resource.")
	}
	if out.VersionID() == current.VersionID() {
		return nil
	}
	meta := out.Root.Child("meta")
	if meta == nil {
		return nil
	}
	if version := meta.Child("versionId"); version != nil {
		if err := meta.Remove(version); err != nil {
			return err
		}
	}
	if was := current.VersionID(); was != "" {
		if _, err := meta.SetChild("versionId", was); err != nil {
			return err
		}
	}
	out.Changed()
	return nil
}

// unprocessable says why an operation does not apply; expression may be "".
func unprocessable(expression, diagnostics string) *fault.Fault {
	return fault.At(http.StatusUnprocessableEntity, fault.Processing, expression, diagnostics)
}

// malformed says what is wrong with the patch itself.
func malformed(expression, diagnostics string) *fault.Fault {
	return fault.At(http.StatusBadRequest, fault.Invalid, expression, diagnostics)
}
