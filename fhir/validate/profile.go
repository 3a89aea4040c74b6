package validate

import (
	"context"
	"net/http"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// Profile is a StructureDefinition that constrains a type, made ready to check resources against
// (http://hl7.org/fhir/R4/profiling.html). What it checks of each element that is not in a slice: cardinality, types,
// targets of references, fixed[x], pattern[x], maxLength, required bindings to value sets of the definitions, and
// constraints. Of slices it checks how often an extension appears; other slices are counted in Unchecked.
//
// A Profile is immutable and safe for concurrent use.
type Profile struct {
	URL  string
	Type *spec.Type
	// Unchecked is how many elements of the profile belong to slices that are not checked.
	Unchecked int

	validator *Validator
	root      *rule
}

// maxRules bounds a profile: the largest snapshots of R4 have about a thousand elements.
const maxRules = 5000

// rule is what a profile asks of one element, wherever its parent stands.
type rule struct {
	name       string // as FHIRPath sees it
	least      int
	most       int // -1 is unbounded
	types      []string
	targets    []string
	fixed      *element.Element
	pattern    *element.Element
	maxLength  int
	binding    *binding
	invariants []*invariant
	extensions []extensionSlice
	children   []*rule
}

// extensionSlice asks how often an extension of the URL appears.
type extensionSlice struct {
	url         string
	least, most int
}

// Profile reads a StructureDefinition: its snapshot, or without one its differential. The fault (422) says what is not
// usable in it. definition is kept; it must not change afterwards.
func (v *Validator) Profile(definition *element.Element) (*Profile, error) {
	p := &Profile{URL: definition.ChildValue("url"), validator: v}
	if definition.Type == nil || definition.Type.Name != "StructureDefinition" {
		return nil, fault.New(http.StatusUnprocessableEntity, fault.Invalid, "A profile is a StructureDefinition.")
	}
	if p.Type = v.defs.Types[definition.ChildValue("type")]; p.Type == nil {
		return nil, fault.At(http.StatusUnprocessableEntity, fault.NotSupported, "StructureDefinition.type",
			"The profile constrains a type that is not in FHIR R4.")
	}
	view := definition.Child("snapshot")
	if view == nil {
		view = definition.Child("differential")
	}
	r := profileReader{profile: p, rules: map[string]*rule{}}
	p.root = r.at(p.Type.Name)
	n := 0
	for def := range view.Children("element") {
		if n++; n > maxRules {
			return nil, fault.New(http.StatusUnprocessableEntity, fault.TooCostly, "The profile has too many elements.")
		}
		if err := r.read(def); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Issues checks a resource that the parser accepted against the profile, and against nothing else.
func (p *Profile) Issues(ctx context.Context, root *element.Element) []fault.Issue {
	if root == nil || root.Type == nil {
		return nil
	}
	w := &walker{v: p.validator, ctx: ctx, level: Full, root: root}
	if !root.Type.Is(p.Type.Name) {
		w.report(fault.Error, fault.Structure, root, "The profile constrains "+p.Type.Name+", which the content is not.")
		return w.issues
	}
	w.apply(root, p.root)
	return w.issues
}

// apply checks an element against its rule, then its children against theirs.
func (w *walker) apply(e *element.Element, r *rule) {
	if w.late(1 + len(r.children)) {
		return
	}
	w.content(e, r)
	for _, child := range r.children {
		n := 0
		for c := e.First; c != nil; c = c.Next {
			if c.Name == child.name {
				n++
				w.apply(c, child)
			}
		}
		w.frequency(e, child.name, n, child.least, child.most)
		for _, slice := range child.extensions {
			n := 0
			for c := range e.Children(child.name) {
				if c.ChildValue("url") == slice.url {
					n++
				}
			}
			w.frequency(e, child.name+"('"+slice.url+"')", n, slice.least, slice.most)
		}
	}
}

func (w *walker) frequency(e *element.Element, name string, n, least, most int) {
	switch {
	case n < least:
		w.report(fault.Error, fault.Required, e, "The profile asks for more of the element "+name+" than there are.")
	case most >= 0 && n > most:
		w.report(fault.Error, fault.Structure, e, "The profile allows less of the element "+name+" than there are.")
	}
}

func (w *walker) content(e *element.Element, r *rule) {
	if len(r.types) > 0 && !oneOfTypes(e.Type, r.types) {
		w.report(fault.Error, fault.Structure, e, "The profile allows only these types here: "+strings.Join(r.types, ", ")+".")
	}
	if len(r.targets) > 0 && e.Type.Name == "Reference" {
		w.target(e, r.targets)
	}
	if r.fixed != nil && !element.Equal(e, r.fixed) {
		w.report(fault.Error, fault.Value, e, "The profile fixes the value of this element to another one.")
	}
	if r.pattern != nil && !matches(e, r.pattern) {
		w.report(fault.Error, fault.Value, e, "The value does not match the pattern of the profile.")
	}
	if r.maxLength > 0 && len(e.Value) > r.maxLength && len([]rune(e.Value)) > r.maxLength {
		w.report(fault.Error, fault.TooLong, e, "The value is longer than the profile allows.")
	}
	if r.binding != nil {
		w.bound(e, r.binding)
	}
	for _, c := range r.invariants {
		w.invariant(e, c)
	}
}

func oneOfTypes(t *spec.Type, names []string) bool {
	for _, n := range names {
		if t.Is(n) {
			return true
		}
	}
	return false
}

// matches says whether all that the pattern has is in the element too (http://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_).
func matches(e, pattern *element.Element) bool {
	if pattern.HasValue && (!e.HasValue || e.Value != pattern.Value) {
		return false
	}
wanted:
	for p := pattern.First; p != nil; p = p.Next {
		for c := e.First; c != nil; c = c.Next {
			if c.Name == p.Name && matches(c, p) {
				continue wanted
			}
		}
		return false
	}
	return true
}
