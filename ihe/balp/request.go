package balp

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
)

// secrets are parameters that no trace keeps the values of.
var secrets = regexp.MustCompile(`(?i)\b(access_token|client_secret|code_verifier|id_token|refresh_token|client_assertion|password|code)=[^&\s]*`)

// requestText gives a request as it came, without its secrets: the line, the headers that decide on the answer, the form.
func requestText(a *rest.Answer) string {
	r := a.Request
	if r == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString(r.Method + " " + r.URL.RequestURI() + " HTTP/1.1\nHost: " + r.Host + "\n")
	for _, name := range []string{"Accept", "Content-Type", "Prefer"} {
		if v := r.Header.Get(name); v != "" {
			b.WriteString(name + ": " + v + "\n")
		}
	}
	if r.Method == http.MethodPost && a.Parameters != "" {
		b.WriteString("\n" + a.Parameters)
	}
	text := b.String()
	if strings.Contains(text, "_token=") || strings.Contains(text, "secret=") || strings.Contains(text, "password=") {
		text = secrets.ReplaceAllString(text, "$1=*")
	}
	return text
}

// plain are parameters whose values say how an answer is given, and nothing of a person.
var plain = map[string]bool{
	"_count": true, "_sort": true, "_include": true, "_revinclude": true, "_summary": true, "_elements": true, "_total": true, "_since": true, "_at": true, "_type": true, "_format": true, "_lastUpdated": true,
	"status": true,
}

// maxDescription bounds a description, in bytes.
const maxDescription = 500

// description gives a request in short, as it was understood: its path, the names of its parameters, the values of those that are no one's data.
func description(a *rest.Answer) string {
	r := a.Request
	if r == nil {
		return ""
	}
	text := r.Method + " " + strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/fhir"), "/")
	query := a.Query
	if query == "" && a.Fault == nil {
		query = r.URL.RawQuery
	}
	values, err := url.ParseQuery(query)
	if err == nil && len(values) > 0 {
		text += "?" + cleaned(values)
	}
	return shortened(text)
}

func cleaned(values url.Values) string {
	var parts []string
	for name, list := range values {
		if !plain[name] {
			parts = append(parts, name)
			continue
		}
		for _, v := range list {
			parts = append(parts, name+"="+v)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

func shortened(text string) string {
	if len(text) > maxDescription {
		text = text[:maxDescription]
	}
	return strings.TrimSpace(strings.ToValidUTF8(text, "?"))
}

// subjectsOf gives the patients that an access was about: those whose resources the answer carries, those that the URL or the query names, and the one that the token is for.
func (t *Trace) subjectsOf(c *caller, x *access, p *pattern) []subject {
	var out []subject
	index := map[string]int{}
	add := func(id string, labels []string) {
		i, known := index[id]
		if !known {
			i = len(out)
			index[id] = i
			out = append(out, subject{who: who{reference: "Patient/" + id}})
		}
		if p.data {
			out[i].labels = append(out[i].labels, labels...)
		}
	}
	for _, rec := range x.records {
		f := t.factsOf(rec)
		for _, id := range f.patients {
			add(id, f.labels)
		}
	}
	if x.typ == "Patient" && x.id != "" {
		add(x.id, nil)
	}
	named, identifiers := patientsOf(x.typ, x.query)
	for _, id := range named {
		add(id, nil)
	}
	if len(out) == 0 {
		out = append(out, identifiers...)
	}
	if len(out) == 0 && c.session != nil && c.session.Patient != "" {
		if l := t.subjects[x.typ]; l != nil && len(l.patients) > 0 || x.what == repository.SearchSystem {
			add(c.session.Patient, nil)
		}
	}
	return out
}

// maxNamed bounds the patients that a query names.
const maxNamed = 20

// patientsOf gives the patients that a query names, by logical id and by identifier.
func patientsOf(typ string, query url.Values) (ids []string, identifiers []subject) {
	for name, values := range query {
		base, modifier, _ := strings.Cut(name, ":")
		by, how := "", ""
		switch base {
		case "patient", "subject", "beneficiary":
			by, how = "id", modifier
		case "patient.identifier", "subject.identifier":
			by = "identifier"
		case "_id":
			if typ == "Patient" {
				by = "id"
			}
		case "identifier":
			if typ == "Patient" {
				by, how = "identifier", modifier
			}
		}
		if strings.HasPrefix(name, "subject:Patient.identifier") || strings.HasPrefix(name, "patient:Patient.identifier") || how == "identifier" {
			by = "identifier"
		}
		if by == "" || how == "missing" || how == "not" {
			continue
		}
		for _, list := range values {
			for v := range strings.SplitSeq(list, ",") {
				if len(ids)+len(identifiers) >= maxNamed {
					return ids, identifiers
				}
				if by == "id" {
					ids = appendID(ids, v)
				} else {
					identifiers = appendIdentifier(identifiers, v)
				}
			}
		}
	}
	slices.Sort(ids)
	return ids, identifiers
}

func appendID(ids []string, v string) []string {
	if i := strings.LastIndex(v, "Patient/"); i >= 0 {
		v = v[i+len("Patient/"):]
	}
	if !element.IsID(v) || slices.Contains(ids, v) {
		return ids
	}
	return append(ids, v)
}

// uriOf gives what is a URI by its characters, "" otherwise.
func uriOf(text string) string {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] >= 0x7f {
			return ""
		}
	}
	return text
}

func appendIdentifier(list []subject, v string) []subject {
	system, value, ok := strings.Cut(v, "|")
	if !ok {
		system, value = "", v
	}
	if len(value) > 100 || len(system) > 200 {
		return list
	}
	system, value = uriOf(system), shortened(value)
	if value == "" {
		return list
	}
	return append(list, subject{who: who{typ: "Patient", system: system, value: value}})
}
