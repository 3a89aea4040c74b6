package balp

import (
	"bytes"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/store"
)

// leaves are the paths that are read in a type's resources: where it names its patients, where labels stand.
type leaves struct {
	root                            *node
	patients, labels, within, items []*node
}

// indirect are types that belong to a patient through another resource.
var indirect = map[string]string{"Binary": "securityContext.reference", "Provenance": "target.reference"}

// subjectPaths gives, for each type of R4, the elements by which a resource says whose it is: those of its search parameter patient, and where it has none those of the parameters of the patient compartment.
func subjectPaths(defs *spec.Definitions) map[string]*leaves {
	expressions := map[string]map[string]string{}
	for _, p := range defs.SearchParameters {
		for _, typ := range p.Base {
			if expressions[typ] == nil {
				expressions[typ] = map[string]string{}
			}
			expressions[typ][p.Code] = p.Expression
		}
	}
	out := make(map[string]*leaves, len(defs.Resources))
	for _, typ := range defs.Resources {
		var found []string
		if typ == "AuditEvent" {
			found = []string{"entity.what"} // the patient who acted is not whose trace it is
		} else if x, ok := expressions[typ]["patient"]; ok {
			found = elementsOf(typ, x)
		} else {
			for _, code := range defs.Compartments["Patient"].Params[typ] {
				found = append(found, elementsOf(typ, expressions[typ][code])...)
			}
		}
		out[typ] = newLeaves(typ, found)
	}
	return out
}

// elementsOf gives the paths below a type that an expression of references names; parts that are no plain path are left out.
func elementsOf(typ, expression string) []string {
	var out []string
	for part := range strings.SplitSeq(expression, "|") {
		part, _, _ = strings.Cut(strings.TrimSpace(part), ".where(")
		part = strings.Trim(part, "() ")
		part, _, _ = strings.Cut(part, " as ")
		if path, ok := strings.CutPrefix(part, typ+"."); ok && !strings.ContainsAny(path, "()= ") {
			out = append(out, path)
		}
	}
	return out
}

func newLeaves(typ string, elements []string) *leaves {
	l := &leaves{root: &node{}}
	add := func(path string) *node {
		at := l.root
		for name := range strings.SplitSeq(path, ".") {
			at = at.child(name)
		}
		at.leaf = true
		return at
	}
	slices.Sort(elements)
	for _, e := range slices.Compact(elements) {
		l.patients = append(l.patients, add(e+".reference"))
	}
	if path, ok := indirect[typ]; ok {
		l.within = append(l.within, add(path))
	}
	if typ == "List" { // a set is hidden with any of its documents
		l.items = append(l.items, add("entry.item.reference"))
	}
	l.labels = append(l.labels, add("meta.security.code"))
	if typ == "DocumentReference" {
		l.labels = append(l.labels, add("securityLabel.coding.code"))
	}
	return l
}

// facts are what a trace needs to know of a resource.
type facts struct {
	patients []string // logical ids, each once
	labels   []string // codes of TRE_A07 that hide
	// document is the DocumentReference that a Binary belongs to, "" for none.
	document string
}

func (f *facts) patient(id string) {
	if id != "" && !slices.Contains(f.patients, id) {
		f.patients = append(f.patients, id)
	}
}

func (f *facts) label(code string) {
	if (code == HiddenFromPatient || code == HiddenFromRepresentatives) && !slices.Contains(f.labels, code) {
		f.labels = append(f.labels, code)
	}
}

func (f *facts) add(other *facts) {
	for _, p := range other.patients {
		f.patient(p)
	}
	for _, l := range other.labels {
		f.label(l)
	}
}

// maxTargets bounds how many resources are looked up for what belongs to a patient through others.
const maxTargets = 20

// maxItems bounds how many documents of a List are looked at for their labels.
const maxItems = 500

// factsOf reads a record. That of a deletion is known by the version before it.
func (t *Trace) factsOf(rec *store.Record) facts {
	var f facts
	if rec.Type == "Patient" {
		f.patient(rec.ID)
	}
	body := rec.Body
	if body == nil {
		body = t.before(rec)
	}
	l := t.subjects[rec.Type]
	if l == nil || body == nil {
		return f
	}
	targets, items := 0, 0
	scan(body, l.root, func(leaf *node, value []byte) {
		switch {
		case slices.Contains(l.patients, leaf):
			if typ, id := t.target(value); typ == "Patient" {
				f.patient(id)
			}
		case slices.Contains(l.labels, leaf):
			f.label(string(value))
		case slices.Contains(l.items, leaf):
			if items++; items <= maxItems {
				t.labelled(value, &f)
			}
		case targets < maxTargets:
			targets++
			t.through(rec.Type, value, &f)
		}
	})
	return f
}

// labelled adds the labels of a document.
func (t *Trace) labelled(reference []byte, f *facts) {
	typ, id := t.target(reference)
	if typ != "DocumentReference" {
		return
	}
	if rec := t.stored(typ, id); rec != nil {
		document := t.factsOf(rec)
		for _, l := range document.labels {
			f.label(l)
		}
	}
}

// labelsOf gives the labels of the resources that a request names by their ids and of which it is not told what was read: by the URL of a history or an operation, or in a search. What hides them hides that they were asked for.
func (t *Trace) labelsOf(x *access) []string {
	if t.store == nil || t.subjects[x.typ] == nil {
		return nil
	}
	ids := make([]string, 0, 1)
	if x.id != "" {
		ids = append(ids, x.id)
	}
	for _, list := range x.query["_id"] {
		ids = append(ids, strings.SplitN(list, ",", maxTargets+1)...)
	}
	var f facts
	for _, id := range ids[:min(len(ids), maxTargets)] {
		if rec := t.stored(x.typ, id); rec != nil {
			named := t.factsOf(rec)
			for _, l := range named.labels {
				f.label(l)
			}
		}
	}
	return f.labels
}

// through adds what is known of the resource that another one belongs to.
func (t *Trace) through(from string, reference []byte, f *facts) {
	typ, id := t.target(reference)
	switch {
	case typ == "Patient":
		f.patient(id)
		return
	case typ == "" || indirect[typ] != "":
		return
	case from == "Binary" && typ == "DocumentReference":
		f.document = id
	}
	if rec := t.stored(typ, id); rec != nil {
		inner := t.factsOf(rec)
		f.add(&inner)
	}
}

// target reads a reference to a resource of this server.
func (t *Trace) target(reference []byte) (typ, id string) {
	// The usual relative reference is told apart without the repository's care for absolute ones.
	if i := bytes.IndexByte(reference, '/'); i > 0 && bytes.IndexByte(reference[i+1:], '/') < 0 && reference[0] >= 'A' && reference[0] <= 'Z' {
		return string(reference[:i]), string(reference[i+1:])
	}
	typ, id, ok := t.repo.Target(string(reference))
	if !ok {
		return "", ""
	}
	return typ, id
}

// stored reads the current version of a resource, or the last one before it was deleted; nil when there is none. It is the server's own look, whatever the caller may see.
func (t *Trace) stored(typ, id string) *store.Record {
	view, err := t.store.View(0)
	if err != nil {
		return nil
	}
	defer view.Close()
	rec, err := view.Read(typ, id)
	if err != nil {
		return nil
	}
	if rec.Method == store.Deleted && rec.Version > 1 {
		if rec, err = view.Version(typ, id, rec.Version-1); err != nil {
			return nil
		}
	}
	return rec
}

// deletion gives the version that says that a resource is deleted, nothing when none does.
func (t *Trace) deletion(typ, id string) []*store.Record {
	view, err := t.store.View(0)
	if err != nil {
		return nil
	}
	defer view.Close()
	rec, err := view.Read(typ, id)
	if err != nil || rec.Method != store.Deleted {
		return nil
	}
	return []*store.Record{rec}
}

// before gives the content of the version that a deletion ended.
func (t *Trace) before(rec *store.Record) []byte {
	if rec.Version < 2 {
		return nil
	}
	view, err := t.store.View(0)
	if err != nil {
		return nil
	}
	defer view.Close()
	old, err := view.Version(rec.Type, rec.ID, rec.Version-1)
	if err != nil {
		return nil
	}
	return old.Body
}
