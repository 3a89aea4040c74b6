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
	documents := searchRule{transaction: "a search for documents (ITI-67)", typ: "DocumentReference", needs: []string{"status"}, names: []string{"_id", "identifier", "_list", "relatesto", "relatesTo"}}
	lists := searchRule{transaction: "a search for submission sets and folders (ITI-66)", typ: "List", needs: []string{"code", "status"}, names: []string{"_id", "identifier", "item"}}
	if p, ok := registry.Param("DocumentReference", "status"); ok {
		documents.deleted = &search.Clause{Param: p, Operands: []search.Operand{{Raw: statusDeleted, Code: statusDeleted}}}
	}
	return rest.Extension{
		Instantiates: instantiates(), Profiles: sharedProfiles,
		Searches: map[string]rest.SearchRule{"DocumentReference": documents.judge, "List": lists.judge},
		Shows:    map[string]rest.Shown{"DocumentReference": AbsoluteURLs(base)},
	}
}

// searchRule is what a search of one type must say: whose it is about (patient or subject, by id, identifier or chain) and further parameters; or else which resources, by one of the parameters that name them.
type searchRule struct {
	transaction, typ string
	needs, names     []string
	deleted          search.Expr // what is deleted; nil: there is no such thing
}

// judge refuses a search that does not say enough with a 400, an issue for each parameter that is missing. Under handling=lenient it is answered all the same, within the usual budget, and told of.
func (s *searchRule) judge(_ context.Context, q *search.Query, lenient bool) ([]fault.Issue, error) {
	said := map[string]bool{}
	for _, used := range q.Used {
		name, modifier := headOf(used[0])
		if modifier == "missing" || modifier == "not" && name != "status" {
			continue // says what is not looked for
		}
		said[name] = true
	}
	if q.Total == "" {
		q.Total = "accurate"
	}
	if s.deleted != nil && !said["status"] {
		q.Where[s.typ] = search.And{q.Where[s.typ], search.Not{Expr: s.deleted}}
	}
	issues := s.missing(said)
	if len(issues) == 0 {
		return nil, nil
	}
	if !lenient {
		return nil, &fault.Fault{Status: http.StatusBadRequest, Issues: issues}
	}
	q.Total = ""
	for i := range issues {
		issues[i].Severity = fault.Warning
	}
	return issues, nil
}

func (s *searchRule) missing(said map[string]bool) []fault.Issue {
	if slices.ContainsFunc(s.names, func(name string) bool { return said[name] }) {
		return nil
	}
	var issues []fault.Issue
	add := func(name, text string) {
		issues = append(issues, fault.Issue{Severity: fault.Error, Code: fault.Required, Expression: "http." + name, Diagnostics: text})
	}
	if !said["patient"] && !said["subject"] {
		add("patient", "In "+s.transaction+" the parameter patient or patient.identifier says whose they are; without it only "+strings.Join(s.names[:2], " or ")+" can be searched by.")
	}
	for _, name := range s.needs {
		if !said[name] {
			add(name, "In "+s.transaction+" the parameter "+name+" must be given; several values are separated by commas. Prefer: handling=lenient searches without it.")
		}
	}
	return issues
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
