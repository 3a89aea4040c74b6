package balp

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/store"
)

// access is one interaction as it is traced: that of a request, or of an entry of a batch or transaction.
type access struct {
	what             repository.Interaction
	within           repository.Interaction // batch or transaction; "" for a request of its own
	typ, id, version string
	status           int
	fault            *fault.Fault
	records          []*store.Record
	request          string // as it came
	description      string // cleaned
	query            url.Values
	requestID        string
}

// subject is a patient that an access was about.
type subject struct {
	who    who
	labels []string
}

// eventsOf gives the AuditEvents of an answer.
func (t *Trace) eventsOf(ctx context.Context, a *rest.Answer) []event {
	if _, known := patterns[a.Interaction]; !known || conformance[a.Type] && reads(a.Interaction) {
		return nil
	}
	c := t.callerOf(ctx, a.Request)
	if a.Fault == nil && (a.Interaction == repository.Transaction || a.Interaction == repository.Batch) {
		return t.bundleEvents(ctx, &c, a)
	}
	x := access{
		what: a.Interaction, typ: a.Type, id: a.ID, version: a.Version, status: a.Status, fault: a.Fault, records: a.Records, requestID: a.RequestID,
		request: requestText(a), description: description(a),
	}
	query := a.Query
	if query == "" {
		query = a.Parameters
	}
	x.query, _ = url.ParseQuery(query) // what cannot be read was refused
	return t.limited(&c, &x, t.events(ctx, &c, &x))
}

// events gives the AuditEvents of one access: one for each patient that it was about, otherwise one.
func (t *Trace) events(ctx context.Context, c *caller, x *access) []event {
	p := patterns[x.what]
	var data []entity
	var labels []string
	subjects := t.subjectsOf(c, x, &p)
	switch {
	case x.fault != nil:
	case p.data:
		data, labels = t.dataOf(x)
	default:
		labels = t.labelsOf(x)
	}
	out := make([]event, 0, max(1, len(subjects)))
	if len(subjects) == 0 {
		return append(out, t.event(ctx, c, x, &p, nil, data, labels))
	}
	for i := range subjects {
		s := &subjects[i]
		out = append(out, t.event(ctx, c, x, &p, s, data, append(labels[:len(labels):len(labels)], s.labels...)))
	}
	return out
}

// event makes one AuditEvent. s is nil when no patient is known.
func (t *Trace) event(ctx context.Context, c *caller, x *access, p *pattern, s *subject, data []entity, labels []string) event {
	e := event{
		typ: coding{systemEventType, "rest"}, subtypes: []coding{{systemRestful, string(x.what)}}, action: p.action, at: t.o.Now(), agents: t.agents(c, p.client, p.server, p.user), observer: t.observer,
	}
	e.outcome, e.outcomeDesc = outcomeOf(x.status, x.fault)
	if x.within != "" {
		e.subtypes = append(e.subtypes, coding{systemRestful, string(x.within)})
	}
	if s != nil {
		e.entities = append(e.entities, entity{what: s.who, typ: coding{systemEntity, "1"}, role: coding{systemRole, "1"}})
	}
	if x.fault == nil {
		e.entities = append(e.entities, data...)
	}
	if p.query || x.fault != nil {
		e.entities = append(e.entities, entity{typ: coding{systemEntity, "2"}, role: coding{systemRole, "24"}, description: x.description, query: x.request})
	}
	if x.requestID != "" {
		e.entities = append(e.entities, entity{what: who{value: x.requestID}, typ: coding{systemBasic, "XrequestId"}})
	}
	if s != nil {
		e.entities = append(e.entities, t.basis(ctx, c, s)...)
	}
	e.labels = hiding(c, labels)
	t.claim(&e, c, x, p, s)
	return e
}

// claim names the IHE transaction, and declares the profiles that hold: those of BALP are of successful accesses.
func (t *Trace) claim(e *event, c *caller, x *access, p *pattern, s *subject) {
	if x.fault != nil {
		return
	}
	patient := s != nil && (s.who.reference != "" || s.who.value != "")
	if p.profile != "" {
		e.profiles = append(e.profiles, p.profileURL(patient))
	}
	if mhd := ihe(x.what, x.typ); mhd.code != "" && patient && x.within == "" {
		e.subtypes = append(e.subtypes, coding{systemIHE, mhd.code})
		e.profiles = append(e.profiles, mhdBase+mhd.profile)
	}
	if c.policy != "" {
		e.profiles = append(e.profiles, profileToken)
	}
	if len(e.subtypes) == 1 && len(e.agents) <= 2 {
		e.profiles = append(e.profiles, tdeProfile)
	}
}

// hiding gives the labels of an AuditEvent, each once.
func hiding(c *caller, labels []string) []coding {
	var out []coding
	if c.secret() {
		labels = append(labels[:len(labels):len(labels)], HiddenFromRepresentatives)
	}
	for i, l := range labels {
		if slices.Index(labels, l) == i {
			out = append(out, coding{SystemVisibility, l})
		}
	}
	return out
}

// outcomeOf tells success, a request that was wrong, and one that was refused or failed.
func outcomeOf(status int, f *fault.Fault) (code, text string) {
	if f == nil {
		return outcomeSuccess, ""
	}
	text = strconv.Itoa(status)
	if len(f.Issues) > 0 {
		text += " " + string(f.Issues[0].Code)
	}
	if status == http.StatusUnauthorized || status == http.StatusForbidden || status >= http.StatusInternalServerError {
		return outcomeSerious, text
	}
	return outcomeMinor, text
}

// basis gives the consents that an access rests on.
func (t *Trace) basis(ctx context.Context, c *caller, s *subject) []entity {
	if t.o.Basis == nil || c.session == nil {
		return nil
	}
	id, ok := strings.CutPrefix(s.who.reference, "Patient/")
	if !ok {
		return nil
	}
	var out []entity
	for _, b := range t.o.Basis(ctx, id) {
		e := entity{what: who{reference: b.Consent}, typ: coding{systemTypes, "Consent"}}
		if b.CollectorValue != "" {
			e.details = []detail{{"collector", b.CollectorSystem + "|" + b.CollectorValue}}
		}
		out = append(out, e)
	}
	return out
}

// dataOf names what was read or written, and gives the labels that hide it.
func (t *Trace) dataOf(x *access) (data []entity, labels []string) {
	for _, rec := range x.records {
		f := t.factsOf(rec)
		e := entity{what: who{reference: rec.Type + "/" + rec.ID}, typ: coding{systemEntity, "2"}, role: roleOf(rec.Type)}
		if x.what != repository.Read {
			e.what.reference += "/_history/" + strconv.FormatUint(rec.Version, 10)
		}
		data = append(data, e)
		if f.document != "" {
			data = append(data, entity{what: who{reference: "DocumentReference/" + f.document}, typ: coding{systemTypes, "DocumentReference"}, role: roleOf("DocumentReference")})
		}
		labels = append(labels, f.labels...)
	}
	if len(x.records) == 0 && x.typ != "" && x.id != "" { // a deletion of what was not there
		data = append(data, entity{what: who{reference: x.typ + "/" + x.id}, typ: coding{systemEntity, "2"}, role: roleOf(x.typ)})
	}
	return data, labels
}
