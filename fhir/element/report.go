package element

import (
	"net/http"
	"sort"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// report gathers the faults of one content. Positions are byte offsets until the end, so that content without faults pays nothing.
type report struct {
	src      string
	found    []finding
	most     int // faults told, when it is not MaxIssues
	overflow bool
	syntax   bool // a fault of the grammar: the content could not be read at all
	tooBig   bool
}

type finding struct {
	issue  fault.Issue
	offset int
}

// add reports a fault at an element (nil where there is none), or at its child of the name step. Expressions are made only here, when
// the fault is really told: the index of an element in a long list costs a walk along the list.
func (r *report) add(severity fault.Severity, code fault.Code, offset int, e *Element, step, text string) {
	if len(r.found) >= MaxIssues || r.most > 0 && len(r.found) >= r.most {
		r.overflow = true
		return
	}
	expression := Path(e)
	if isName(step) {
		expression += "." + step
	}
	r.found = append(r.found, finding{
		issue:  fault.Issue{Severity: severity, Code: code, Expression: expression, Diagnostics: text},
		offset: offset,
	})
}

// full says that further faults would not be told: there is no use in reading on.
func (r *report) full() bool { return r.overflow }

// fail reports what ended the reading itself.
func (r *report) fail(f *syntaxFault) {
	code := fault.Structure
	if f.limit {
		code, r.tooBig = fault.TooLong, true
	} else {
		r.syntax = true
	}
	r.add(fault.Fatal, code, f.offset, nil, "", f.text)
}

// issues gives what was found in the order of the content, with lines and columns.
func (r *report) issues() []fault.Issue {
	if len(r.found) == 0 {
		return nil
	}
	sort.SliceStable(r.found, func(i, j int) bool { return r.found[i].offset < r.found[j].offset })
	out := make([]fault.Issue, 0, len(r.found)+1)
	line, start, at := 1, 0, 0
	for _, f := range r.found {
		if f.offset >= 0 && f.offset <= len(r.src) {
			for {
				nl := strings.IndexByte(r.src[at:f.offset], '\n')
				if nl < 0 {
					break
				}
				at += nl + 1
				line, start = line+1, at
			}
			f.issue.Line, f.issue.Column = line, f.offset-start+1
		}
		out = append(out, f.issue)
	}
	if r.overflow {
		out = append(out, fault.Issue{Severity: fault.Information, Code: fault.Incomplete,
			Diagnostics: "There are more faults than these; correct them and send the content again."})
	}
	return out
}

// fault gives the refusal, or nil when nothing found is an error.
func (r *report) fault() error {
	if len(r.found) == 0 {
		return nil
	}
	status := http.StatusUnprocessableEntity
	switch {
	case r.syntax:
		status = http.StatusBadRequest
	case r.tooBig:
		status = http.StatusRequestEntityTooLarge
	}
	if f := fault.Of(status, r.issues()); f != nil {
		return f
	}
	return nil
}

// sayName quotes a name that a client sent, if it looks like a name at all: anything else could carry data, or be of any size.
func sayName(name string) string {
	if !isName(name) {
		return "of that name"
	}
	return "'" + name + "'"
}

// isName says whether the name is an identifier of FHIRPath, and of a size that a name may have.
func isName(name string) bool {
	if name == "" || len(name) > 64 || isDigit(name[0]) {
		return false
	}
	for _, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '_') {
			return false
		}
	}
	return true
}

// unknownType says that a name is not one of a resource type.
func unknownType(subject, name string) string {
	if !isName(name) {
		return subject + " names no resource type of FHIR R4."
	}
	return subject + " names no resource type of FHIR R4: '" + name + "'."
}
