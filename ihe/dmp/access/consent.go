package access

import (
	"slices"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	directive "github.com/carnet-fhir/carnet/ihe/dmp/consent"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// statement is one Consent, understood: what a person said of who may see the record, and when.
type statement struct {
	category string
	active   bool
	permit   bool
	given    time.Time // when it was said
	from     time.Time // zero: without bound
	until    time.Time // exclusive; zero: without bound
	updated  time.Time // of the version: when an inactive one ended

	actors      []actor
	professions []string
	classes     []string
	types       []string
	purposes    []string
	read, write bool
	data        bool // an application's: clinical data too
	administers bool // a delegate's: as administrator of the profile
	code        string
	collector   habilitation.Identifier
	means       string
	verified    bool
	reason      bool
	except      []habilitation.Provision
}

// actor is whom a statement is about: by national identifier, or by a resource of the server ("RelatedPerson/[id]").
type actor struct {
	id  habilitation.Identifier
	ref string
}

// names says whether the statement is about one of the identities or the resource.
func (st *statement) names(ids []habilitation.Identifier, ref string) bool {
	return slices.ContainsFunc(st.actors, func(a actor) bool {
		return ref != "" && a.ref == ref || !a.id.Zero() && slices.Contains(ids, a.id)
	})
}

// at says whether the statement is in force at a moment.
func (st *statement) at(now time.Time) bool {
	return st.active && (st.from.IsZero() || !now.Before(st.from)) && (st.until.IsZero() || now.Before(st.until))
}

// provision is the statement as the rules take the holder's own provisions.
func (st *statement) provision() habilitation.Provision {
	p := habilitation.Provision{Professions: st.professions, Classes: st.classes, Types: st.types, From: st.from, Until: st.until, Reason: st.reason, Except: st.except}
	for _, a := range st.actors {
		p.Actors = append(p.Actors, a.id)
	}
	return p
}

// consentReader understands Consents.
type consentReader struct{}

// read understands a Consent that was held to its category when it was written (package consent). One that was not, as it came without validation, permits nothing; where it denies, it denies everything.
func (r *consentReader) read(root *element.Element) *statement {
	s := &statement{category: categoryOf(root), active: root.ChildValue("status") == "active"}
	if meta := root.Child("meta"); meta != nil {
		s.updated = parseStart(meta.ChildValue("lastUpdated"))
	}
	d, err := directive.Parse(root)
	if err != nil || d == nil {
		return s
	}
	s.permit, s.given, s.from, s.until = !d.Deny, d.Given, d.From, d.Until
	s.professions, s.classes, s.types, s.purposes, s.except = d.Professions, d.Classes, d.Types, d.Purposes, d.Except
	s.read, s.write, s.administers, s.verified = d.Read, d.Write, d.Administers, d.Verified
	s.code, s.collector, s.means, s.reason = d.CodeDigest, d.Collector, d.Means, d.Reason
	s.data = len(d.Classes) == 0 && len(d.Types) == 0 || len(d.Resources) > 0
	for _, id := range d.Actors {
		s.actors = append(s.actors, actor{id: id})
	}
	for _, ref := range d.References {
		s.actors = append(s.actors, actor{ref: ref})
	}
	return s
}

// categoryOf gives the category of a Consent; "" when it has none of ours, or several.
func categoryOf(root *element.Element) string {
	found := ""
	for c := range root.Children("category") {
		for coding := range c.Children("coding") {
			if coding.ChildValue("system") != SystemCategory {
				continue
			}
			if found != "" && found != coding.ChildValue("code") {
				return ""
			}
			found = coding.ChildValue("code")
		}
	}
	return found
}

// codesOf gives the codes of a repeating CodeableConcept.
func codesOf(e *element.Element, name string) []string {
	var all []string
	for concept := range e.Children(name) {
		for c := range concept.Children("coding") {
			if code := c.ChildValue("code"); code != "" {
				all = append(all, code)
			}
		}
	}
	return all
}

func identifierOf(e *element.Element) habilitation.Identifier {
	if e == nil {
		return habilitation.Identifier{}
	}
	return habilitation.Identifier{System: e.ChildValue("system"), Value: e.ChildValue("value")}
}

// periodOf gives a Period's bounds; the end is exclusive.
func periodOf(p *element.Element) (from, until time.Time) {
	if p == nil {
		return
	}
	return parseStart(p.ChildValue("start")), parseEnd(p.ChildValue("end"))
}

// layouts of FHIR dates, with what comes after the last instant that they mean.
var layouts = []struct {
	layout string
	next   func(time.Time) time.Time
}{
	{"2006", func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
	{"2006-01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	{"2006-01-02", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
	{time.RFC3339Nano, func(t time.Time) time.Time { return t.Add(time.Millisecond) }},
}

func parseDate(text string, end bool) time.Time {
	for _, l := range layouts {
		t, err := time.ParseInLocation(l.layout, text, zone)
		if err != nil {
			continue
		}
		if end {
			return l.next(t)
		}
		return t
	}
	return time.Time{}
}

// zone is where days begin and end.
var zone = loadZone()

func loadZone() *time.Location {
	if paris, err := time.LoadLocation("Europe/Paris"); err == nil {
		return paris
	}
	return time.UTC
}

func parseStart(text string) time.Time { return parseDate(text, false) }
func parseEnd(text string) time.Time   { return parseDate(text, true) }

// patientOf gives the logical id of the Patient that a resource's reference names, "" when none is.
func patientOf(e *element.Element) string {
	if e == nil {
		return ""
	}
	id, ok := strings.CutPrefix(e.ChildValue("reference"), "Patient/")
	if !ok || !element.IsID(id) {
		return ""
	}
	return id
}
