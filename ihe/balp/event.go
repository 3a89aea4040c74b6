package balp

import (
	"encoding/base64"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
)

// coding is a Coding without display: displays are for people, and an index of codes.
type coding struct{ system, code string }

// who is a Reference: to a resource, by an identifier, or by both.
type who struct {
	reference, typ string
	system, value  string
	display        string
}

func (w who) zero() bool { return w == who{} }

// network types (http://hl7.org/fhir/network-type).
const (
	networkIP  = "2"
	networkURI = "5"
)

type agent struct {
	types, roles, purposes []coding
	who                    who
	requestor              bool
	policy                 string
	address, network       string
}

type detail struct{ name, value string }

type entity struct {
	what        who
	typ, role   coding
	labels      []coding
	description string
	query       string // as it came; base64 in the resource
	details     []detail
}

// Outcomes (http://terminology.hl7.org/CodeSystem/audit-event-outcome).
const (
	outcomeSuccess = "0"
	outcomeMinor   = "4"
	outcomeSerious = "8"
)

// event is an AuditEvent before it is written.
type event struct {
	profiles    []string
	labels      []coding
	typ         coding
	subtypes    []coding
	action      string
	outcome     string
	outcomeDesc string
	at          time.Time
	purposes    []coding
	agents      []agent
	observer    who
	entities    []entity
}

// text writes a JSON string. Control characters, which FHIR's strings do not have, become spaces.
func text(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c < 0x20:
			dst = append(dst, ' ')
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// writer appends JSON members; it sets commas itself.
type writer struct{ b []byte }

func (w *writer) comma() {
	if n := len(w.b); n > 0 && w.b[n-1] != '{' && w.b[n-1] != '[' && w.b[n-1] != ':' {
		w.b = append(w.b, ',')
	}
}

func (w *writer) name(name string) {
	w.comma()
	w.b = append(append(append(w.b, '"'), name...), '"', ':')
}

func (w *writer) open(c byte) {
	w.comma()
	w.b = append(w.b, c)
}

func (w *writer) close(c byte) { w.b = append(w.b, c) }

// member writes a string, unless it is empty.
func (w *writer) member(name, value string) {
	if value != "" {
		w.name(name)
		w.b = text(w.b, value)
	}
}

func (w *writer) bool(name string, value bool) {
	w.name(name)
	if value {
		w.b = append(w.b, "true"...)
	} else {
		w.b = append(w.b, "false"...)
	}
}

func (w *writer) instant(name string, at time.Time) {
	w.name(name)
	w.b = append(w.b, '"')
	w.b = element.AppendInstant(w.b, at)
	w.b = append(w.b, '"')
}

func (w *writer) coding(c coding) {
	w.open('{')
	w.member("system", c.system)
	w.member("code", c.code)
	w.close('}')
}

func (w *writer) codings(name string, list []coding) {
	if len(list) == 0 {
		return
	}
	w.name(name)
	w.open('[')
	for _, c := range list {
		w.coding(c)
	}
	w.close(']')
}

// concept writes a CodeableConcept of one or several codings.
func (w *writer) concept(list ...coding) {
	w.open('{')
	w.codings("coding", list)
	w.close('}')
}

// concepts writes a CodeableConcept for each coding.
func (w *writer) concepts(name string, list []coding) {
	if len(list) == 0 {
		return
	}
	w.name(name)
	w.open('[')
	for _, c := range list {
		w.concept(c)
	}
	w.close(']')
}

func (w *writer) who(name string, p who) {
	if p.zero() {
		return
	}
	w.name(name)
	w.open('{')
	w.member("reference", p.reference)
	w.member("type", p.typ)
	if p.value != "" {
		w.name("identifier")
		w.open('{')
		w.member("system", p.system)
		w.member("value", p.value)
		w.close('}')
	}
	w.member("display", p.display)
	w.close('}')
}

func (w *writer) agent(a *agent) {
	w.open('{')
	if len(a.types) > 0 {
		w.name("type")
		w.concept(a.types...)
	}
	w.concepts("role", a.roles)
	w.who("who", a.who)
	w.bool("requestor", a.requestor)
	if a.policy != "" {
		w.name("policy")
		w.open('[')
		w.b = text(w.b, a.policy)
		w.close(']')
	}
	if a.address != "" {
		w.name("network")
		w.open('{')
		w.member("address", a.address)
		w.member("type", a.network)
		w.close('}')
	}
	w.concepts("purposeOfUse", a.purposes)
	w.close('}')
}

func (w *writer) entity(e *entity) {
	w.open('{')
	w.who("what", e.what)
	w.name("type")
	w.coding(e.typ)
	if e.role.code != "" {
		w.name("role")
		w.coding(e.role)
	}
	w.codings("securityLabel", e.labels)
	w.member("description", e.description)
	if e.query != "" {
		w.name("query")
		w.b = append(w.b, '"')
		w.b = base64.StdEncoding.AppendEncode(w.b, []byte(e.query))
		w.b = append(w.b, '"')
	}
	if len(e.details) > 0 {
		w.name("detail")
		w.open('[')
		for _, d := range e.details {
			w.open('{')
			w.member("type", d.name)
			w.member("valueString", d.value)
			w.close('}')
		}
		w.close(']')
	}
	w.close('}')
}

// appendJSON writes the AuditEvent, its elements in the order of R4.
func (e *event) appendJSON(dst []byte) []byte {
	w := writer{b: dst}
	w.open('{')
	w.member("resourceType", "AuditEvent")
	if len(e.profiles)+len(e.labels) > 0 {
		w.name("meta")
		w.open('{')
		if len(e.profiles) > 0 {
			w.name("profile")
			w.open('[')
			for _, p := range e.profiles {
				w.comma()
				w.b = text(w.b, p)
			}
			w.close(']')
		}
		w.codings("security", e.labels)
		w.close('}')
	}
	w.name("type")
	w.coding(e.typ)
	w.codings("subtype", e.subtypes)
	w.member("action", e.action)
	w.name("period")
	w.open('{')
	w.instant("start", e.at)
	w.instant("end", e.at)
	w.close('}')
	w.instant("recorded", e.at)
	w.member("outcome", e.outcome)
	w.member("outcomeDesc", e.outcomeDesc)
	w.concepts("purposeOfEvent", e.purposes)
	w.name("agent")
	w.open('[')
	for i := range e.agents {
		w.agent(&e.agents[i])
	}
	w.close(']')
	w.name("source")
	w.open('{')
	w.who("observer", e.observer)
	w.name("type")
	w.open('[')
	w.coding(coding{systemSource, "4"}) // Application Server
	w.close(']')
	w.close('}')
	if len(e.entities) > 0 {
		w.name("entity")
		w.open('[')
		for i := range e.entities {
			w.entity(&e.entities[i])
		}
		w.close(']')
	}
	w.close('}')
	return w.b
}
