// Package rest puts the interactions of fhir/repository on HTTP (http://hl7.org/fhir/R4/http.html), on echo.
//
// One table of declarations (declare.go) routes the requests and writes the CapabilityStatement, so that the statement cannot lie. Other packages
// add to it with Options.Extensions: operations, profiles, middleware that authenticates, watchers that trace an access before its answer leaves.
//
// A read serves the bytes that are stored; a search copies them into its Bundle. Only XML, _summary and _elements decode them.
//
// Errors of every layer are *fault.Fault; fail.go is the one place that turns them into an OperationOutcome. Logs and metrics name route patterns, types,
// statuses and durations: never a URL, a query or an id.
package rest
