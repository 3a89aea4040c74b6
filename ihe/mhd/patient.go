package mhd

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/store"
)

// person is whom a subject names, as far as the store knows.
type person struct {
	id     string // of the Patient, or "new": the submission brings it
	record *store.Record
	traits *dmp.Traits // nil: the submission brings the person
	open   bool
	why    string // when nobody was found
}

const newPatient = "new"

// findPatient resolves the subjects of all parts: each is known, all are one, and the record is open.
func (p *plan) findPatient(ctx context.Context) error {
	closed := map[string]bool{}
	for i := range p.s.entries {
		e := &p.s.entries[i]
		if e.root == nil || e.part != PartSubmissionSet && e.part != PartFolder && e.part != PartDocumentReference {
			continue
		}
		subject := e.root.Child("subject")
		if subject == nil {
			continue
		}
		who, err := p.resolve(ctx, e, subject)
		if err != nil {
			return err
		}
		at := e.base + ".subject"
		switch {
		case who.id == "":
			p.breach("mhd-patient-known", at, who.why, e.place)
		case p.patient == "":
			p.patient = who.id
			fallthrough
		case p.patient == who.id:
			if !who.open && !closed[who.id] {
				closed[who.id] = true
				p.breach("dmp-patient-open", at, "", e.place)
			}
		default:
			p.breach("mhd-patient-one", at, "", e.place)
		}
	}
	return p.findRead(ctx)
}

// findRead holds Patients that the submission reads (GET) to the one that it is about.
func (p *plan) findRead(ctx context.Context) error {
	for i := range p.s.entries {
		e := &p.s.entries[i]
		if e.part != PartPatient || e.root != nil {
			continue
		}
		who, err := p.resolveOnce(ctx, e, e.in.URL, "", "")
		if err != nil {
			return err
		}
		if who.id == "" || who.id != p.patient {
			p.breach("mhd-patient-referred", e.path, "", e.place)
		}
	}
	return nil
}

// resolve finds whom a subject names: by a reference, literal or conditional, to the submission's own Patient, or by an identifier.
func (p *plan) resolve(ctx context.Context, e *entry, subject *element.Element) (*person, error) {
	link, identifier := subject.ChildValue("reference"), subject.Child("identifier")
	var system, value string
	if identifier != nil {
		system, value = identifier.ChildValue("system"), identifier.ChildValue("value")
	}
	key := link + " " + system + "|" + value
	if found := p.people[key]; found != nil {
		return found, nil
	}
	who, err := p.resolveOnce(ctx, e, link, system, value)
	if err == nil {
		p.people[key] = who
	}
	return who, err
}

func (p *plan) resolveOnce(ctx context.Context, e *entry, link, system, value string) (*person, error) {
	if target := p.s.target(e, link); target != nil {
		return p.resolveEntry(ctx, target)
	}
	if query, ok := strings.CutPrefix(link, "Patient?identifier="); ok {
		token, ok := unescaped(query)
		if !ok || strings.ContainsAny(token, "&,") {
			return &person{why: "A conditional reference to the patient has the form Patient?identifier=[system]|[value]."}, nil
		}
		system, value, _ = strings.Cut(token, "|")
		return p.byIdentifier(ctx, system, value)
	}
	if link != "" {
		typ, id, ok := p.r.repo.Target(link)
		if !ok || typ != "Patient" {
			return &person{why: "The subject is a Patient of this server: Patient/[id], Patient?identifier=[system]|[value], or an identifier."}, nil
		}
		return p.byID(ctx, id)
	}
	if value != "" {
		return p.byIdentifier(ctx, system, value)
	}
	return &person{why: "The subject has neither a reference nor an identifier."}, nil
}

// resolveEntry finds the person of a Patient entry: who is there already is not written again.
func (p *plan) resolveEntry(ctx context.Context, target *entry) (*person, error) {
	if target.part != PartPatient {
		return &person{why: "The subject refers to an entry that is no Patient."}, nil
	}
	if target.in.Method != http.MethodPost {
		typ, id, ok := p.r.repo.Target(target.in.URL)
		if !ok || typ != "Patient" {
			return &person{why: "The Patient entry has no URL of the form Patient/[id]."}, nil
		}
		return p.byID(ctx, id)
	}
	for identifier := range target.root.Children("identifier") {
		if _, ok := ins.KindOf(identifier.ChildValue("system")); !ok {
			continue
		}
		who, err := p.byIdentifier(ctx, identifier.ChildValue("system"), identifier.ChildValue("value"))
		if err != nil || who.id != "" {
			return who, err
		}
	}
	return &person{id: newPatient, open: true}, nil
}

func (p *plan) byID(ctx context.Context, id string) (*person, error) {
	rec, err := p.look.Read("Patient", id)
	if err != nil || rec == nil {
		return &person{}, err
	}
	return p.found(ctx, rec)
}

func (p *plan) found(ctx context.Context, rec *store.Record) (*person, error) {
	if there, err := p.look.Visible(ctx, rec); !there || err != nil {
		return &person{}, err
	}
	tree, err := p.look.Tree(rec)
	if err != nil {
		return nil, err
	}
	if dmp.ReplacedBy(tree.Root) != "" {
		return &person{why: "The identity was merged into another; the subject names that one."}, nil
	}
	traits := dmp.TraitsOf(tree.Root)
	return &person{id: rec.ID, record: rec, traits: &traits, open: tree.Root.ChildValue("active") != "false"}, nil
}

// ofRecord is found for the record of an INS, which is that of nobody merged.
func (p *plan) ofRecord(ctx context.Context, record *dmp.Record) (*person, error) {
	rec, err := p.look.Read("Patient", record.ID)
	if err != nil || rec == nil {
		return &person{}, err
	}
	if there, err := p.look.Visible(ctx, rec); !there || err != nil {
		return &person{}, err
	}
	return &person{id: rec.ID, record: rec, traits: &record.Traits, open: record.Open}, nil
}

// byIdentifier finds the person of an INS, or of a local identifier that only one Patient has, once.
func (p *plan) byIdentifier(ctx context.Context, system, value string) (*person, error) {
	key := "=" + system + "|" + value
	if found := p.people[key]; found != nil {
		return found, nil
	}
	who, err := p.identified(ctx, system, value)
	if err == nil {
		p.people[key] = who
	}
	return who, err
}

func (p *plan) identified(ctx context.Context, system, value string) (*person, error) {
	if _, ok := ins.KindOf(system); ok {
		m, err := p.r.o.Records.Mode().Parse(system, value)
		if err != nil {
			return &person{why: "The INS of the subject is not taken: " + err.Error() + "."}, nil //nolint:nilerr // it is the refusal
		}
		record, err := p.r.o.Records.FindIn(ctx, p.look, m)
		if errors.Is(err, dmp.ErrNoRecord) {
			return &person{}, nil
		}
		if f := (*fault.Fault)(nil); errors.As(err, &f) && f.Status < http.StatusInternalServerError {
			return &person{why: f.Issues[0].Diagnostics}, nil
		}
		if err != nil {
			return nil, err
		}
		return p.ofRecord(ctx, record)
	}
	found, err := p.look.Find(ctx, "Patient", "identifier="+tokenOf(system, value), 2)
	if err != nil {
		return nil, err
	}
	switch len(found) {
	case 0:
		return &person{}, nil
	case 1:
		return p.found(ctx, found[0])
	}
	return &person{why: "Several Patients have the identifier of the subject."}, nil
}

// findHeaders compares the person of each CDA document's header with the subject.
func (p *plan) findHeaders(ctx context.Context) error {
	for e := range p.s.of(PartDocumentReference) {
		if e.document == nil || e.document.verdict == nil || e.document.verdict.Patient.IsZero() || p.patient == "" || p.patient == newPatient {
			continue
		}
		m := e.document.verdict.Patient
		who, err := p.byIdentifier(ctx, m.System(), m.Number())
		if err != nil {
			return err
		}
		if who.id != p.patient {
			p.breach("cisis-doc-patient", e.base+".subject", "", e.place)
			continue
		}
		p.compareTraits(e, who)
	}
	return nil
}

// unescaped gives the value of a query's parameter, and whether it is one.
func unescaped(query string) (string, bool) {
	token, err := url.QueryUnescape(query)
	return token, err == nil
}
