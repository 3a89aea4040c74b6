package cda

import (
	"fmt"

	"github.com/beevik/etree"
)

// Severity of a finding, in words of OperationOutcome.
type Severity string

// Severities. Only an error refuses a document.
const (
	Error       Severity = "error"
	Warning     Severity = "warning"
	Information Severity = "information"
)

// Finding is one thing that a document breaks or that somebody should know about it.
type Finding struct {
	Rule     string   `json:"rule"` // stable id
	Severity Severity `json:"severity"`
	Path     string   `json:"path,omitempty"` // as Document.Path, "/@name" appended for an attribute
	Line     int      `json:"line,omitempty"` // of the element's start tag, from 1; 0 when unknown
	Message  string   `json:"message"`        // what was found and what is allowed; without identities of people
}

// Finding makes a finding at an element. With el nil it is at the root.
func (d *Document) Finding(rule string, severity Severity, el *etree.Element, format string, args ...any) Finding {
	if el == nil {
		el = d.Root
	}
	return Finding{Rule: rule, Severity: severity, Path: d.Path(el), Line: d.Line(el), Message: message(format, args)}
}

// FindingAt makes a finding at an attribute of an element, or at a child that is missing: below is "@code" or "setId".
func (d *Document) FindingAt(rule string, severity Severity, el *etree.Element, below, format string, args ...any) Finding {
	f := d.Finding(rule, severity, el, format, args...)
	if below != "" {
		f.Path += "/" + below
	}
	return f
}

func message(format string, args []any) string {
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// Refuses says whether any of the findings is an error.
func Refuses(findings []Finding) bool {
	for i := range findings {
		if findings[i].Severity == Error {
			return true
		}
	}
	return false
}
