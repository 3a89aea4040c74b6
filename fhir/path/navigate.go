package path

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// literal is a constant; no collection is {}.
type literal struct{ value Collection }

func (l literal) eval(*evaluator) (Collection, error) { return l.value, nil }

// dollar is $this, $index or $total.
type dollar string

func (d dollar) eval(ev *evaluator) (Collection, error) {
	switch d {
	case "this":
		return ev.scope.this, nil
	case "total":
		return ev.scope.total, nil
	}
	if ev.scope.index < 0 {
		return nil, nil
	}
	return ev.one(Integer(ev.scope.index)), nil
}

// variable is an environment variable.
type variable struct {
	name  string
	pos   int
	value Collection // of the variables whose value the standard fixes
}

// knownVariable gives the variables that always mean the same (http://hl7.org/fhir/R4/fhirpath.html#variables).
func knownVariable(name string) Collection {
	switch name {
	case "ucum":
		return Collection{String(ucumSystem)}
	case "sct":
		return Collection{String("http://snomed.info/sct")}
	case "loinc":
		return Collection{String("http://loinc.org")}
	}
	if set, ok := strings.CutPrefix(name, "vs-"); ok {
		return Collection{String("http://hl7.org/fhir/ValueSet/" + set)}
	}
	if ext, ok := strings.CutPrefix(name, "ext-"); ok {
		return Collection{String("http://hl7.org/fhir/StructureDefinition/" + ext)}
	}
	return nil
}

func (v *variable) eval(ev *evaluator) (Collection, error) {
	if v.value != nil {
		return v.value, nil
	}
	switch v.name {
	case "context":
		return ev.focus, nil
	case "resource":
		return ev.element(ev.resource()), nil
	case "rootResource":
		return ev.element(ev.rootResource()), nil
	}
	c, ok := ev.ctx.Variables[v.name]
	if !ok {
		return nil, evalFault(v.pos, "there is no variable %%%s", clip(v.name))
	}
	return c, nil
}

func (ev *evaluator) element(e *element.Element) Collection {
	if e == nil {
		return nil
	}
	return ev.one(Node{e})
}

// pathNode is a chain of member names: from its base (nil is $this) or from the type named at its head.
type pathNode struct {
	base  node
	head  *spec.Type
	names []string
}

func (p *pathNode) input(ev *evaluator) (Collection, error) {
	if p.base == nil {
		return ev.scope.this, nil
	}
	return p.base.eval(ev)
}

func (p *pathNode) eval(ev *evaluator) (Collection, error) {
	in, err := p.input(ev)
	if err != nil {
		return nil, err
	}
	out := ev.mark()
	for _, it := range in {
		switch v := it.(type) {
		case Node:
			if p.head == nil || descends(v.Type, p.head) {
				err = p.walk(ev, v.Element, p.names)
			}
		case TypeInfo:
			err = p.reflect(ev, v)
		}
		if err != nil {
			return nil, err
		}
	}
	return ev.since(out), ev.spend(1)
}

// reflect gives the members of a TypeInfo.
func (p *pathNode) reflect(ev *evaluator, t TypeInfo) error {
	if p.head != nil || len(p.names) != 1 {
		return nil
	}
	switch p.names[0] {
	case "name":
		return ev.push(String(t.Name))
	case "namespace":
		return ev.push(String(t.Namespace))
	}
	return nil
}

func (p *pathNode) walk(ev *evaluator, e *element.Element, names []string) error {
	if len(names) == 0 {
		return ev.push(Node{e})
	}
	seen := 1
	c := e.First
	for ; c != nil && c.Name != names[0]; c = c.Next {
		seen++
	}
	// repetitions are neighbours
	for ; c != nil && c.Name == names[0]; c = c.Next {
		seen++
		if err := p.walk(ev, c, names[1:]); err != nil {
			return err
		}
	}
	return ev.spend(seen)
}

// existence is path.exists() or path.empty(), which stop at the first element found.
type existence struct {
	path  *pathNode
	empty bool
}

func (x *existence) eval(ev *evaluator) (Collection, error) {
	t, err := x.truth(ev)
	return t.collection(), err
}

func (x *existence) truth(ev *evaluator) (Truth, error) {
	mark := ev.mark()
	in, err := x.path.input(ev)
	if err != nil {
		return Unknown, err
	}
	found, p := false, x.path
	for _, it := range in {
		switch v := it.(type) {
		case Node:
			found = (p.head == nil || descends(v.Type, p.head)) && p.any(ev, v.Element, p.names)
		case TypeInfo:
			found = p.head == nil && len(p.names) == 1 && (p.names[0] == "name" || p.names[0] == "namespace")
		}
		if found {
			break
		}
	}
	ev.cut(mark)
	return truthOf(found != x.empty), ev.spend(1)
}

func (p *pathNode) any(ev *evaluator, e *element.Element, names []string) bool {
	if len(names) == 0 {
		return true
	}
	for c := e.First; c != nil; c = c.Next {
		ev.budget--
		if c.Name == names[0] && p.any(ev, c, names[1:]) {
			return true
		}
	}
	return false
}

// indexer is base[index].
type indexer struct {
	base, index node
	pos         int
}

func (x *indexer) eval(ev *evaluator) (Collection, error) {
	in, err := x.base.eval(ev)
	if err != nil {
		return nil, err
	}
	i, known, err := ev.integer(x.index, x.pos)
	if err != nil || !known || i < 0 || i >= len(in) {
		return nil, err
	}
	return in[i : i+1 : i+1], nil
}

// union merges collections without repeating equal items.
type union struct{ parts []node }

func (u *union) eval(ev *evaluator) (Collection, error) {
	out := ev.mark()
	for _, p := range u.parts {
		m := ev.mark()
		c, err := p.eval(ev)
		if err != nil {
			return nil, err
		}
		if err := ev.keep(m, c); err != nil {
			return nil, err
		}
	}
	return ev.distinct(out)
}
