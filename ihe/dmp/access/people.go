package access

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/store"
)

// record is what a person's record says of who may see it. It is immutable and shared.
type record struct {
	id         string
	there      bool // the Patient exists
	closed     bool
	mes        bool
	birth      time.Time
	majority   time.Time // zero without a birth date
	ids        []habilitation.Identifier
	treating   []habilitation.Identifier
	statements []*statement
	relatives  []relative
	// authorisations counts the statements that professionals may write; overfull: there are more of them than are read, and none is.
	authorisations int
	overfull       bool
	// turns are the moments, ascending, at which something begins or ends.
	turns []time.Time
}

// relative is a RelatedPerson.
type relative struct {
	ref         string // "RelatedPerson/[id]"
	ids         []habilitation.Identifier
	legal       bool // a legal representative
	from, until time.Time
}

// legalRelationships are the relationships (v3-RoleCode) by which a RelatedPerson represents a minor or a protected adult in law: parents, guardians, holders of a mandate.
var legalRelationships = map[string]bool{
	"PRN": true, "PRNINLAW": false, "FTH": true, "MTH": true, "NFTH": true, "NMTH": true, "ADOPTF": true, "ADOPTM": true, "ADOPTP": true, "NPRN": true,
	"GUARD": true, "GUADLTM": true, "POWATT": true, "DPOWATT": true, "HPOWATT": true, "SPOWATT": true, "RESPRSN": true,
}

// guardianships are those of legalRelationships that hold for adults too.
var guardianships = map[string]bool{"GUARD": true, "GUADLTM": true, "POWATT": true, "DPOWATT": true, "HPOWATT": true, "SPOWATT": true, "RESPRSN": true}

// Bounds of what one person's record, or one caller's relations, may hold.
const (
	maxStatements     = 2_000 // of the person, and blocks
	maxAuthorisations = 2_000 // care-team and moment
	maxRelatives      = 200
	maxRelated        = 50_000
)

var relationBudget = search.Budget{Rows: 2_000_000, Records: 200_000}

// load reads what a person's record says now.
func (r *relations) load(ctx context.Context, view store.View, id string) (*record, error) {
	out := &record{id: id}
	rec, err := view.Read("Patient", id)
	if errors.Is(err, store.ErrNotFound) || err == nil && rec.Method == store.Deleted {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	root, err := tree(rec)
	if err != nil {
		return nil, err
	}
	out.patient(root)
	if !out.birth.IsZero() {
		out.majority = r.a.o.Engine.Majority(out.birth)
	}
	if err := r.said(ctx, view, out); err != nil {
		return nil, err
	}
	relatives, err := r.of(ctx, view, "RelatedPerson", id, r.anyOf("RelatedPerson", "active=true", "active:missing=true"), maxRelatives)
	if err != nil && !tooMany(err) { // of too many none represents
		return nil, err
	}
	for _, root := range relatives {
		out.relatives = append(out.relatives, relativeOf(root, out.majority))
	}
	out.turn()
	return out, nil
}

func tree(rec *store.Record) (*element.Element, error) {
	res, err := element.ParseJSON(spec.R4(), rec.Body, element.Options{ExpectType: rec.Type, Trusted: true})
	if err != nil {
		return nil, err
	}
	return res.Root, nil
}

func (p *record) patient(root *element.Element) {
	p.there, p.closed = true, root.ChildValue("active") == "false" || dmp.ReplacedBy(root) != ""
	p.birth = parseStart(root.ChildValue("birthDate"))
	for id := range root.Children("identifier") {
		if _, ok := ins.KindOf(id.ChildValue("system")); ok && id.ChildValue("use") != "old" {
			p.ids = append(p.ids, identifierOf(id))
		}
	}
	for x := range root.Children("extension") {
		switch x.ChildValue("url") {
		case extensionTreatingDoctors:
			p.treating = append(p.treating, identifierOf(x.Child("value")))
		case dmp.ExtensionMES:
			p.mes = x.ChildValue("value") == "true"
		}
	}
}

// relativeOf reads a RelatedPerson. Parents represent until the majority; a guardian of an adult, as long as the resource says so.
func relativeOf(root *element.Element, majority time.Time) relative {
	r := relative{ref: "RelatedPerson/" + root.ChildValue("id")}
	r.from, r.until = periodOf(root.Child("period"))
	for id := range root.Children("identifier") {
		r.ids = append(r.ids, identifierOf(id))
	}
	parent, guardian := false, false
	for _, code := range codesOf(root, "relationship") {
		parent, guardian = parent || legalRelationships[code], guardian || guardianships[code]
	}
	r.legal = guardian || parent
	if parent && !guardian && !majority.IsZero() && (r.until.IsZero() || majority.Before(r.until)) {
		r.until = majority
	}
	return r
}

func (r *relative) is(c *caller, now time.Time) bool {
	if !r.from.IsZero() && now.Before(r.from) || !r.until.IsZero() && !now.Before(r.until) {
		return false
	}
	return c.session.FHIRUser == r.ref || slices.ContainsFunc(c.self(), func(id habilitation.Identifier) bool { return slices.Contains(r.ids, id) })
}

func (p *record) turn() {
	add := func(all ...time.Time) {
		for _, t := range all {
			if !t.IsZero() {
				p.turns = append(p.turns, t)
			}
		}
	}
	for _, s := range p.statements {
		add(s.from, s.until, s.given)
		for i := range s.except {
			add(s.except[i].From, s.except[i].Until)
		}
	}
	for i := range p.relatives {
		add(p.relatives[i].from, p.relatives[i].until)
	}
	add(p.majority)
	slices.SortFunc(p.turns, time.Time.Compare)
}

// nextTurn gives the next moment at which something changes by itself; zero: never.
func (p *record) nextTurn(now time.Time) time.Time {
	i, found := slices.BinarySearchFunc(p.turns, now, time.Time.Compare)
	for found && i < len(p.turns) && !p.turns[i].After(now) {
		i++
	}
	if i < len(p.turns) {
		return p.turns[i]
	}
	return time.Time{}
}

// personOf gives the logical id in "Patient/[id]", "" for others.
func personOf(ref string) string {
	id, ok := strings.CutPrefix(ref, "Patient/")
	if !ok || !element.IsID(id) {
		return ""
	}
	return id
}
