// Package fault is the server's one error type: what went wrong, said in FHIR's words.
//
// A Fault carries one or more issues, each with a FHIR issue code (http://hl7.org/fhir/R4/valueset-issue-type.html),
// the HTTP status that it asks for, the FHIRPath expression of the element at fault and a sentence a vendor can act on.
// It is a value: packages return it as an error, and one table at the edge (fhir/rest) turns it into an OperationOutcome.
//
// No health data and no identity belongs into a Fault: it names elements, parameters, types and codes of the standard,
// never the values that a client sent for them.
package fault

import (
	"errors"
	"net/http"
	"strings"
)

// Severity is the code of OperationOutcome.issue.severity.
type Severity string

// The severities of http://hl7.org/fhir/issue-severity.
const (
	Fatal       Severity = "fatal"
	Error       Severity = "error"
	Warning     Severity = "warning"
	Information Severity = "information"
)

// Code is the code of OperationOutcome.issue.code.
type Code string

// The issue types of http://hl7.org/fhir/issue-type that the server uses.
const (
	Invalid       Code = "invalid"
	Structure     Code = "structure"
	Required      Code = "required"
	Value         Code = "value"
	Invariant     Code = "invariant"
	Security      Code = "security"
	Login         Code = "login"
	Unknown       Code = "unknown"
	Expired       Code = "expired"
	Forbidden     Code = "forbidden"
	Suppressed    Code = "suppressed"
	Processing    Code = "processing"
	NotSupported  Code = "not-supported"
	Duplicate     Code = "duplicate"
	Multiple      Code = "multiple-matches"
	NotFound      Code = "not-found"
	Deleted       Code = "deleted"
	TooLong       Code = "too-long"
	CodeInvalid   Code = "code-invalid"
	Extension     Code = "extension"
	TooCostly     Code = "too-costly"
	BusinessRule  Code = "business-rule"
	Conflict      Code = "conflict"
	Transient     Code = "transient"
	LockError     Code = "lock-error"
	NoStore       Code = "no-store"
	Exception     Code = "exception"
	Timeout       Code = "timeout"
	Incomplete    Code = "incomplete"
	Throttled     Code = "throttled"
	Informational Code = "informational"
)

// Issue is one OperationOutcome.issue.
type Issue struct {
	Severity Severity
	Code     Code
	// Expression is the FHIRPath of the element at fault ("Patient.name[0].family"), empty when none applies.
	Expression string
	// Diagnostics is a full sentence in English, without values that the client sent.
	Diagnostics string
	// Line and Column (from 1, in bytes) locate a syntax error in the request body; 0 when unknown.
	Line, Column int
	// Details names the issue in the terms of a profile, when it has some.
	Details Details
}

// Details is OperationOutcome.issue.details: a code, and the name of the error as people and other standards write it ("XDSPatientIdDoesNotMatch").
type Details struct {
	System, Code, Text string
}

// Fault is an error made of issues, with the HTTP status that it asks for.
type Fault struct {
	Status int
	Issues []Issue
	// Cause is the inner error, for logs only; it never reaches a client.
	Cause error
	// Header holds response headers that belong to the refusal (for instance Location or WWW-Authenticate).
	Header http.Header
}

// New makes a fault of one error issue.
func New(status int, code Code, diagnostics string) *Fault {
	return &Fault{Status: status, Issues: []Issue{{Severity: Error, Code: code, Diagnostics: diagnostics}}}
}

// At makes a fault of one error issue about the element at the FHIRPath expression.
func At(status int, code Code, expression, diagnostics string) *Fault {
	return &Fault{Status: status, Issues: []Issue{{Severity: Error, Code: code, Expression: expression, Diagnostics: diagnostics}}}
}

// Wrap makes a fault of one error issue around an inner error that clients do not see.
func Wrap(cause error, status int, code Code, diagnostics string) *Fault {
	f := New(status, code, diagnostics)
	f.Cause = cause
	return f
}

// Of makes a fault of several issues, or nil when none is an error.
func Of(status int, issues []Issue) *Fault {
	for _, i := range issues {
		if i.Severity == Error || i.Severity == Fatal {
			return &Fault{Status: status, Issues: issues}
		}
	}
	return nil
}

// From finds the Fault in an error chain; any other error becomes a 500 that says nothing of its cause.
func From(err error) *Fault {
	if err == nil {
		return nil
	}
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return Wrap(err, http.StatusInternalServerError, Exception, "The server met an unexpected condition.")
}

// Error gives the diagnostics of all issues, one sentence after the other.
func (f *Fault) Error() string {
	var b strings.Builder
	for i, issue := range f.Issues {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(string(issue.Code))
		if issue.Expression != "" {
			b.WriteString(" at " + issue.Expression)
		}
		b.WriteString(": " + issue.Diagnostics)
	}
	return b.String()
}

// Unwrap gives the inner error to errors.Is and errors.As.
func (f *Fault) Unwrap() error { return f.Cause }
