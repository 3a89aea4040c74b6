package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/nos"
)

// The types of documents of the tests: a consultation report, which most columns read, and one that doctors and midwives read.
const (
	everybodys = reportCode
	doctorsOf  = "89233-1"
	stranger   = "81300000041" // author of documents that are nobody's in the tests
)

// report is a document of a record, by a stranger unless it says otherwise.
func (r *ruleRun) report(patient string, change ...func(*written)) string {
	r.t.Helper()
	id := r.name("d")
	d := &written{id: id, unique: uniqueOf(id), patient: patient, kind: everybodys, class: "10", author: byProfessional(nos.SystemIDNPS, "8"+stranger)}
	for _, c := range change {
		c(d)
	}
	return r.write(d)
}

// uniqueOf makes an OID of an id.
func uniqueOf(id string) string {
	oid := "urn:oid:1.2.250.1.999.11"
	for _, c := range id {
		oid += "." + fmt.Sprint(int(c))
	}
	return oid
}

func of(kind, class string) func(*written) { return func(d *written) { d.kind, d.class = kind, class } }
func by(a *rules.Actor) func(*written) {
	return func(d *written) { d.author = byProfessional(a.ID.System, a.ID.Value) }
}
func byHospital(finess string) func(*written) {
	return func(d *written) { d.author = byStructure(finess) }
}
func byHolder(d *written)                   { d.author, d.kind = nil, "DOCPAT03" }
func masked(d *written)                     { d.labels = append(d.labels, "MASQUE_PS") }
func marked(codes ...string) func(*written) { return func(d *written) { d.labels = codes } }
func inState(state string) func(d *written) { return func(d *written) { d.state = state } }

// sees says whether a document exists for a client, in full: read, searched, its content; all ways must agree.
func (r *ruleRun) sees(c *habilitation.Client, patient, id string) bool {
	r.t.Helper()
	status, _ := r.ask(c, http.MethodGet, "DocumentReference/"+id, nil)
	content, _ := r.ask(c, http.MethodGet, "Binary/b-"+id, nil)
	found := r.finds(c, "DocumentReference?patient=Patient/"+patient+"&status=current,superseded,entered-in-error&_count=100", id)
	assert.Equal(r.t, status == http.StatusOK, found, "what is read is found: %d, %t", status, found)
	assert.Equal(r.t, status == http.StatusOK, content == http.StatusOK, "what is read has its content: %d, %d", status, content)
	return status == http.StatusOK && content == http.StatusOK && found
}

// mayRead and mayNotRead assert that a document exists for an actor, or does not.
func (r *ruleRun) mayRead(a *rules.Actor, patient, id, text string) {
	r.t.Helper()
	r.permits(r.sees(r.client(a, patient), patient, id), text)
}

func (r *ruleRun) mayNotRead(a *rules.Actor, patient, id, text string) {
	r.t.Helper()
	r.refuses(!r.sees(r.client(a, patient), patient, id), text)
}

// done and denied assert the answer to a write; denied ones name the rule that decided.
func (r *ruleRun) done(c *habilitation.Client, method, path string, body []byte, text string) []byte {
	r.t.Helper()
	status, answer := r.ask(c, method, path, body)
	r.permits(status == http.StatusOK || status == http.StatusCreated, "%s: %d %.400s", text, status, answer)
	return answer
}

func (r *ruleRun) denied(c *habilitation.Client, method, path string, body []byte, rule rules.RuleID, text string) {
	r.t.Helper()
	status, answer := r.ask(c, method, path, body)
	r.refuses(status == http.StatusForbidden, "%s: %d %.400s", text, status, answer)
	assert.Equal(r.t, rule, ruleOf(answer), "%s: the rule that decided: %.400s", text, answer)
}

// ruleOf is the rule that an OperationOutcome names.
func ruleOf(body []byte) rules.RuleID {
	var o struct {
		Issue []struct {
			Details struct {
				Coding []struct{ System, Code string }
			}
		}
	}
	if json.Unmarshal(body, &o) != nil {
		return ""
	}
	for _, i := range o.Issue {
		for _, c := range i.Details.Coding {
			if c.System == "https://carnet-fhir.github.io/CodeSystem/access-rule" {
				return rules.RuleID(c.Code)
			}
		}
	}
	return ""
}

// told is what $habilitation says.
type told struct {
	open, treating bool
	column, rights string
	authorisation  map[string]string
	reading        map[string]string
	types          map[string]bool
	transactions   map[string]map[string]string
	notices        []string
}

// explains asks $habilitation as a client; more are further parameters.
func (r *ruleRun) explains(c *habilitation.Client, patient, more string) told {
	r.t.Helper()
	status, body := r.ask(c, http.MethodGet, "Patient/"+patient+"/$habilitation"+more, nil)
	require.Equal(r.t, http.StatusOK, status, "%s", body)
	var answer struct {
		Parameter []toldPart
	}
	require.NoError(r.t, json.Unmarshal(body, &answer))
	t := told{types: map[string]bool{}, transactions: map[string]map[string]string{}}
	for _, p := range answer.Parameter {
		switch p.Name {
		case "open":
			t.open = p.ValueBoolean
		case "treatingDoctor":
			t.treating = p.ValueBoolean
		case "column":
			t.column = p.ValueString
		case "rights":
			t.rights = p.ValueString
		case "notice":
			t.notices = append(t.notices, p.ValueString)
		case "authorisation":
			t.authorisation = p.values()
		case "reading":
			t.reading = p.values()
			for _, part := range p.Part {
				if part.Name == "type" {
					t.types[part.ValueCode] = true
				}
			}
		case "transaction":
			v := p.values()
			t.transactions[v["code"]] = v
		}
	}
	return t
}

type toldPart struct {
	Name, ValueString, ValueCode string
	ValueBoolean                 bool
	Part                         []toldPart
}

// values are the parts by name; of several of a name the first.
func (p *toldPart) values() map[string]string {
	out := map[string]string{}
	for _, part := range p.Part {
		if _, there := out[part.Name]; there {
			continue
		}
		out[part.Name] = part.ValueCode + part.ValueString
		if out[part.Name] == "" {
			out[part.Name] = fmt.Sprint(part.ValueBoolean)
		}
	}
	return out
}

// openBy asserts what decides on whether the record opens to an actor: $habilitation's state of the authorisation, and the rule.
func (r *ruleRun) openBy(a *rules.Actor, patient string, permit bool, rule rules.RuleID) {
	r.t.Helper()
	x := r.explains(r.client(a, patient), patient, "")
	assert.Equal(r.t, []string{fmt.Sprint(permit), string(rule)}, []string{x.reading["permit"], x.reading["rule"]}, "$habilitation on the record: %s", x.reading["reason"])
}

// decides asserts what $habilitation says of a transaction.
func (r *ruleRun) decides(c *habilitation.Client, patient string, t rules.Transaction, permit bool, rule rules.RuleID) {
	r.t.Helper()
	v := r.explains(c, patient, "").transactions[string(t)]
	assert.Equal(r.t, []string{fmt.Sprint(permit), string(rule)}, []string{v["permit"], v["rule"]}, "$habilitation on %s: %s", t, v["reason"])
}

// published is the body of a Simplified Publish (ITI-105).
type published struct {
	kind, class string
	labels      []string
	author      object
}

func (r *ruleRun) published(patient string, change ...func(*published)) []byte {
	r.t.Helper()
	p := published{kind: everybodys}
	for _, c := range change {
		c(&p)
	}
	doc := object{
		"resourceType": "DocumentReference", "meta": object{"profile": []string{"https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.SimplifiedPublish.DocumentReference"}},
		"masterIdentifier": object{"use": "usual", "system": "urn:ietf:rfc:3986", "value": uniqueOf(r.name("pub"))}, "status": "current", "type": concept(typeAt(p.kind), p.kind), "subject": object{"reference": "Patient/" + patient},
		"securityLabel": labelled(p.labels...), "content": []object{{"attachment": object{"contentType": "text/plain", "data": "U2VjcmV0", "title": "Document"}}},
	}
	if p.class != "" {
		doc["category"] = []object{concept(classesAt, p.class)}
	}
	if p.author != nil {
		doc["contained"], doc["author"] = []object{p.author}, []object{{"reference": "#a"}}
	}
	body, err := json.Marshal(doc)
	require.NoError(r.t, err)
	return body
}

func publishing(kind, class string) func(*published) {
	return func(p *published) { p.kind, p.class = kind, class }
}
func withLabels(codes ...string) func(*published) { return func(p *published) { p.labels = codes } }

// patchLabels replaces the labels of a document.
func patchLabels(codes ...string) []byte {
	body, _ := json.Marshal([]object{{"op": "replace", "path": "/securityLabel", "value": labelled(codes...)}}) // maps of strings are always written
	return body
}

// search gives the resources that a search finds.
func (r *ruleRun) search(c *habilitation.Client, path string) []json.RawMessage {
	r.t.Helper()
	status, body := r.ask(c, http.MethodGet, path, nil)
	require.Equal(r.t, http.StatusOK, status, "%s: %s", path, body)
	var bundle struct {
		Entry []struct{ Resource json.RawMessage }
	}
	require.NoError(r.t, json.Unmarshal(body, &bundle))
	var out []json.RawMessage
	for _, e := range bundle.Entry {
		out = append(out, e.Resource)
	}
	return out
}

// eventually waits for what happens behind the requests.
func (r *ruleRun) eventually(holds func() bool, text string) bool {
	r.t.Helper()
	return assert.Eventually(r.t, holds, 10*time.Second, 50*time.Millisecond, text)
}

// told are the Communications of a topic that the person was sent.
func (r *ruleRun) told(patient, topic string) []json.RawMessage {
	r.t.Helper()
	return r.noticesTo(r.holder(patient), "recipient=Patient/"+patient, patient, topic)
}

// notices are those that somebody else finds in a record.
func (r *ruleRun) notices(c *habilitation.Client, patient, topic string) []json.RawMessage {
	r.t.Helper()
	return r.noticesTo(c, "", patient, topic)
}

func (r *ruleRun) noticesTo(c *habilitation.Client, to, patient, topic string) []json.RawMessage {
	r.t.Helper()
	var out []json.RawMessage
	for _, body := range r.search(c, "Communication?patient=Patient/"+patient+"&_count=100&"+to) {
		var n struct {
			Topic struct {
				Coding []struct{ Code string }
			}
		}
		require.NoError(r.t, json.Unmarshal(body, &n))
		if len(n.Topic.Coding) > 0 && n.Topic.Coding[0].Code == topic {
			out = append(out, body)
		}
	}
	return out
}

// byINS is the search of a person by INS.
func (r *ruleRun) byINS(patient string) string {
	return "Patient?identifier=" + url.QueryEscape(r.insOf(patient))
}

// sweptCount is what the clockwork did.
type sweptCount struct{ shown, reminded, deleted int }

func sweptBy(r *ruleRun) sweptCount {
	r.t.Helper()
	done, err := r.in.layers.rights.sweeper.Sweep(r.t.Context())
	require.NoError(r.t, err)
	require.Zero(r.t, done.Failed)
	return sweptCount{done.Shown, done.Reminded, done.Deleted}
}
