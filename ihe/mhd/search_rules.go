package mhd

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
)

// SearchExtension gives what ITI-66 and ITI-67 add to the searches of List and DocumentReference at the FHIR base: what a client must say, a total, no deleted documents unless asked for, and attachment URLs that can be fetched as they
// stand.
func SearchExtension(registry *search.Registry, base string) rest.Extension {
	documents := searchRule{transaction: "a search for documents (ITI-67)", typ: "DocumentReference", statuses: []string{statusCurrent, statusSuperseded, statusDeleted}, needs: []string{"status"}, names: []string{"_id", "identifier", "_list", "relatesto", "relatesTo"}}
	lists := searchRule{transaction: "a search for submission sets and folders (ITI-66)", typ: "List", statuses: []string{"current", "retired", "entered-in-error"}, needs: []string{"code", "status"}, names: []string{"_id", "identifier", "item"}}
	everything := map[string]search.Expr{} // deleted documents and folders are no part of a record; superseded ones are, and say so
	for _, typ := range []string{"DocumentReference", "List"} {
		if p, ok := registry.Param(typ, "status"); ok {
			everything[typ] = search.Not{Expr: &search.Clause{Param: p, Operands: []search.Operand{{Raw: statusDeleted, Code: statusDeleted}}}}
		}
	}
	if not, ok := everything["DocumentReference"].(search.Not); ok {
		documents.deleted = not.Expr
	}
	return rest.Extension{
		Instantiates: instantiates(), Profiles: sharedProfiles,
		Searches: map[string]rest.SearchRule{"DocumentReference": documents.judge, "List": lists.judge},
		Shows:    map[string]rest.Shown{"DocumentReference": AbsoluteURLs(base)}, Everything: everything,
	}
}

// searchRule is what a search of one type must say: whose it is about (patient or subject, by id, identifier or chain to them) and further parameters; or else which resources, by one of the parameters that name them.
type searchRule struct {
	transaction, typ string
	needs, names     []string
	statuses         []string    // the codes that status can have, a required binding of R4
	deleted          search.Expr // what is deleted; nil: there is no such thing
}

// judge refuses a search that does not say enough with a 400, an issue for each parameter that is missing or has a status that there is not. Under handling=lenient it is answered all the same, within the usual budget, and told of.
func (s *searchRule) judge(_ context.Context, q *search.Query, lenient bool) ([]fault.Issue, error) {
	said := map[string]bool{}
	named := map[string]bool{}
	unknown := false
	for _, used := range q.Used {
		name, modifier := headOf(used[0])
		if modifier == "missing" || modifier == "not" && name != "status" {
			continue // says what is not looked for
		}
		said[name] = true
		named[name] = named[name] || names(used[0], used[1])
		unknown = unknown || name == "status" && !s.haveStatus(used[1])
	}
	if q.Total == "" {
		q.Total = "accurate"
	}
	if s.deleted != nil && !said["status"] {
		q.Where[s.typ] = search.And{q.Where[s.typ], search.Not{Expr: s.deleted}}
	}
	issues := s.missing(said, named)
	incomplete := len(issues) > 0
	if unknown {
		issues = append(issues, fault.Issue{Severity: fault.Error, Code: fault.CodeInvalid, Expression: "http.status",
			Diagnostics: "A " + s.typ + " has no such status; the codes are " + strings.Join(s.statuses, ", ") + "."})
	}
	if len(issues) == 0 {
		return nil, nil
	}
	if !lenient {
		return nil, &fault.Fault{Status: http.StatusBadRequest, Issues: issues}
	}
	if incomplete {
		q.Total = ""
	}
	for i := range issues {
		issues[i].Severity = fault.Warning
	}
	return issues, nil
}

func (s *searchRule) missing(said, named map[string]bool) []fault.Issue {
	if slices.ContainsFunc(s.names, func(name string) bool { return named[name] }) {
		return nil
	}
	var issues []fault.Issue
	add := func(name, text string) {
		issues = append(issues, fault.Issue{Severity: fault.Error, Code: fault.Required, Expression: "http." + name, Diagnostics: text})
	}
	if !named["patient"] && !named["subject"] {
		add("patient", "In "+s.transaction+" the parameter patient or patient.identifier says whose they are, by an id or by an identifier with its value; without it only "+strings.Join(s.names[:2], " or ")+" can be searched by.")
	}
	for _, name := range s.needs {
		if !said[name] {
			add(name, "In "+s.transaction+" the parameter "+name+" must be given; several values are separated by commas. Prefer: handling=lenient searches without it.")
		}
	}
	return issues
}

// haveStatus says whether each value of the parameter status is a code that there is.
func (s *searchRule) haveStatus(value string) bool {
	for _, one := range operands(value) {
		if !slices.Contains(s.statuses, one[strings.LastIndexByte(one, '|')+1:]) {
			return false
		}
	}
	return true
}

// identifying are the modifiers of a parameter that leave it naming somebody, and the steps of a chain that do.
var (
	identifying = []string{"", "identifier", "of-type", "Patient", "DocumentReference", "List"}
	chained     = []string{"identifier", "_id"}
)

// names says whether a parameter names resources one by one: by an id or by the value of an identifier, of its own or of what a reference leads to. A birth date, a name, a system alone describe people, and would find those of everybody.
func names(name, value string) bool {
	head, step, isChain := strings.Cut(name, ".")
	_, modifier, _ := strings.Cut(head, ":")
	if !slices.Contains(identifying, modifier) || isChain && modifier == "identifier" {
		return false
	}
	if isChain {
		code, modifier, _ := strings.Cut(step, ":")
		if !slices.Contains(chained, code) || modifier != "" && modifier != "of-type" {
			return false
		}
	}
	for _, one := range operands(value) {
		if strings.TrimSpace(one[strings.LastIndexByte(one, '|')+1:]) == "" {
			return false
		}
	}
	return true
}

// operands parts a parameter's values, which commas divide that are not escaped. There is one at least.
func operands(value string) []string {
	var out []string
	from := 0
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '\\':
			i++
		case ',':
			out = append(out, value[from:i])
			from = i + 1
		}
	}
	return append(out, value[from:])
}

// headOf gives the parameter that a name of the query begins with, and its modifier where nothing is chained.
func headOf(name string) (head, modifier string) {
	head, _, chained := strings.Cut(name, ".")
	head, modifier, _ = strings.Cut(head, ":")
	if chained {
		modifier = ""
	}
	return head, modifier
}

// AbsoluteURLs makes the addresses of documents absolute, as ITI-67 and ITI-68 ask: what is stored is relative ("Binary/id", "Bundle/id"), so that it survives a change of the server's own address. In the server's own compact JSON a member's
// name in quotes stands in no string value; capital letters are rare, so it is them that are looked for.
func AbsoluteURLs(base string) rest.Shown {
	const member = `"url":"`
	prefix := strings.TrimRight(base, "/") + "/"
	return func(body []byte) []byte {
		var out []byte
		copied := 0
		for at := 0; ; at++ {
			next := bytes.IndexByte(body[at:], 'B')
			if next < 0 {
				break
			}
			at += next
			tail := body[at:]
			if !bytes.HasSuffix(body[:at], []byte(member)) || !bytes.HasPrefix(tail, []byte("Binary/")) && !bytes.HasPrefix(tail, []byte("Bundle/")) {
				continue
			}
			if out == nil {
				out = make([]byte, 0, len(body)+2*len(prefix))
			}
			out = append(append(out, body[copied:at]...), prefix...)
			copied = at
		}
		if out == nil {
			return body
		}
		return append(out, body[copied:]...)
	}
}
