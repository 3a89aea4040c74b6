package validate

import (
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// typePlan is what to check on every element of a type.
type typePlan struct {
	invariants []*invariant
	resource   bool // a resource starts a scope of its own for #references
	reference  bool
	primitive  bool
}

// elementPlan is what to check on an element because of its place.
type elementPlan struct {
	invariants []*invariant
	binding    *binding
	targets    []string // resource types that the Reference may point to; empty is any
	contained  bool     // the element holds contained resources, which share the scope of their container
}

// plan lays out the checks beside the definitions, so that the walk looks them up by number.
func plan(defs *spec.Definitions) *Validator {
	v := &Validator{defs: defs, types: make([]typePlan, len(defs.Types))}
	most := 0
	for _, t := range defs.Types {
		for _, e := range t.Elements {
			most = max(most, e.ID)
		}
	}
	v.elements = make([]elementPlan, most+1)
	shared := planner{defs: defs, invariants: map[string]*invariant{}, bindings: map[spec.Binding]*binding{}}
	for _, t := range defs.Types {
		p := typePlan{resource: t.Kind == spec.Resource, reference: t.Name == "Reference", primitive: t.Kind == spec.Primitive}
		for base := t; base != nil; base = base.Base {
			p.invariants = append(p.invariants, shared.checks(base.Invariants)...)
		}
		v.types[t.ID] = p
		for _, e := range t.Elements {
			v.elements[e.ID] = shared.element(e)
		}
	}
	v.own = make(map[string]bool, len(shared.invariants))
	for id := range shared.invariants {
		v.own[id] = true
	}
	return v
}

// planner shares equal checks between the places that need them: a FHIRPath is compiled once for all.
type planner struct {
	defs       *spec.Definitions
	invariants map[string]*invariant // by key and expression: a few keys name two invariants
	bindings   map[spec.Binding]*binding
}

func (p *planner) checks(list []spec.Invariant) []*invariant {
	var out []*invariant
	for _, s := range list {
		if structural(s.Key) {
			continue
		}
		id := s.Key + "\n" + s.Expression
		c := p.invariants[id]
		if c == nil {
			c = newInvariant(s)
			p.invariants[id] = c
		}
		out = append(out, c)
	}
	return out
}

func (p *planner) element(e *spec.Element) elementPlan {
	plan := elementPlan{invariants: p.checks(e.Invariants), contained: e.Path == "DomainResource.contained"}
	if e.Binding != nil {
		plan.binding = p.binding(*e.Binding)
	}
	for _, ref := range e.Types {
		if ref.Type.Name == "Reference" {
			plan.targets = ref.Targets
		}
	}
	return plan
}

// binding gives nil where nothing can be checked: the strength only suggests, or the definitions do not hold the codes.
func (p *planner) binding(s spec.Binding) *binding {
	if s.Strength != "required" && s.Strength != "extensible" {
		return nil
	}
	set := p.defs.CodeSets[s.ValueSet]
	if set == nil || !set.Complete {
		return nil
	}
	b := p.bindings[s]
	if b == nil {
		b = newBinding(s, set)
		p.bindings[s] = b
	}
	return b
}
