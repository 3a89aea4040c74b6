package cda

import (
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// Rules of Parse. Each refuses a document before any other rule is looked at.
const (
	RuleLimit     = "cda-limit"      // longer, deeper or with more nodes than Limits
	RuleEncoding  = "cda-encoding"   // not in a character encoding that is read, or not true to it
	RuleDTD       = "cda-no-dtd"     // has a document type declaration, and with it could have entities
	RuleXML       = "cda-wellformed" // not well-formed XML with namespaces
	RuleRoot      = "cda-root"       // no ClinicalDocument of urn:hl7-org:v3 where one is allowed
	RuleDuplicate = "cda-duplicate-attribute"
)

// ParseError says why bytes are no CDA document. It unwraps to a *fault.Fault (400, structure; 413, too-long for limits).
type ParseError struct{ Finding Finding }

func (e *ParseError) Error() string { return e.Finding.Message }

// Unwrap gives the error in FHIR's words.
func (e *ParseError) Unwrap() error {
	if e.Finding.Rule == RuleLimit {
		return fault.New(http.StatusRequestEntityTooLarge, fault.TooLong, e.Finding.Message)
	}
	return fault.New(http.StatusBadRequest, fault.Structure, e.Finding.Message)
}

func refuse(rule string, line int, text string) *ParseError {
	return &ParseError{Finding{Rule: rule, Severity: Error, Line: line, Message: text}}
}
