package rest

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// The extensions that locate an issue in the text of the request.
const (
	lineExtension   = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line"
	columnExtension = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-col"
)

// Outcome writes issues as an OperationOutcome in JSON, for operations that answer with one.
func Outcome(issues []fault.Issue) []byte { return appendOutcome(nil, issues) }

// appendOutcome writes an OperationOutcome. It is written by hand: it must come out whatever else is broken.
func appendOutcome(dst []byte, issues []fault.Issue) []byte {
	dst = append(dst, `{"resourceType":"OperationOutcome","issue":[`...)
	if len(issues) == 0 { // issue is 1..*
		issues = []fault.Issue{{Severity: fault.Information, Code: fault.Informational, Diagnostics: "Nothing to report."}}
	}
	for i := range issues {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendIssue(dst, &issues[i])
	}
	return append(dst, `]}`...)
}

func appendIssue(dst []byte, i *fault.Issue) []byte {
	dst = append(dst, '{')
	if i.Line > 0 {
		dst = append(dst, `"extension":[{"url":"`+lineExtension+`","valueInteger":`...)
		dst = strconv.AppendInt(dst, int64(i.Line), 10)
		if i.Column > 0 {
			dst = append(dst, `},{"url":"`+columnExtension+`","valueInteger":`...)
			dst = strconv.AppendInt(dst, int64(i.Column), 10)
		}
		dst = append(dst, `}],`...)
	}
	dst = append(dst, `"severity":`...)
	dst = appendText(dst, string(i.Severity))
	dst = append(dst, `,"code":`...)
	dst = appendText(dst, string(i.Code))
	dst = appendDetails(dst, &i.Details)
	if i.Diagnostics != "" {
		dst = append(dst, `,"diagnostics":`...)
		dst = appendText(dst, i.Diagnostics)
	}
	if i.Expression != "" {
		dst = append(dst, `,"expression":[`...)
		dst = appendText(dst, i.Expression)
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

func appendDetails(dst []byte, d *fault.Details) []byte {
	if *d == (fault.Details{}) {
		return dst
	}
	dst = append(dst, `,"details":{`...)
	if d.Code != "" {
		dst = append(dst, `"coding":[{"system":`...)
		dst = appendText(dst, d.System)
		dst = append(dst, `,"code":`...)
		dst = appendText(dst, d.Code)
		dst = append(dst, `}]`...)
		if d.Text != "" {
			dst = append(dst, ',')
		}
	}
	if d.Text != "" {
		dst = append(dst, `"text":`...)
		dst = appendText(dst, d.Text)
	}
	return append(dst, '}')
}

// appendText quotes a string for JSON. Characters that FHIR's strings (and XML) do not allow become U+FFFD: a path may name what a client sent.
func appendText(dst []byte, s string) []byte {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' && s[i] != '\n' && s[i] != '\r' {
			s = printableText(s)
			break
		}
	}
	out, err := jsontext.AppendQuote(dst, s)
	if err != nil { // invalid UTF-8: AppendQuote has replaced it
		return out
	}
	return out
}

func printableText(s string) string {
	out := []rune(s)
	for i, r := range out {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' {
			out[i] = '\uFFFD'
		}
	}
	return string(out)
}

// printable admits what may be sent back in a header.
func printable(s string) bool {
	if len(s) > 128 {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
