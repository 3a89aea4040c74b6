package spec

import (
	"fmt"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// typeLoader builds the types in two passes: the first makes every Type and Element with the names of their types, the
// second, when all types exist, links them and adds what they inherit.
type typeLoader struct {
	types    map[string]*Type
	order    []*Type
	bases    map[*Type]string
	pending  []pendingElement
	lastType *Type
	lastElem *Element
	bindings map[string]*Binding
}

type pendingElement struct {
	element *Element
	types   string
}

func loadTypes(d *Definitions, text string) error {
	l := &typeLoader{types: d.Types, bases: make(map[*Type]string, 1024), bindings: map[string]*Binding{}}
	l.pending = make([]pendingElement, 0, 8192)
	if err := eachLine(text, l.row); err != nil {
		return err
	}
	if err := l.link(); err != nil {
		return err
	}
	for _, t := range l.order {
		if t.Kind == Resource && !t.Abstract {
			d.Resources = append(d.Resources, t.Name)
		}
	}
	sort.Strings(d.Resources)
	return nil
}

func (l *typeLoader) row(cells []string) error {
	switch cells[0] {
	case "T":
		return l.typeRow(cells)
	case "I":
		return l.invariantRow(cells)
	case "E":
		return l.elementRow(cells)
	}
	return fmt.Errorf("unexpected row %q", cells[0])
}

func (l *typeLoader) typeRow(cells []string) error {
	if err := wantCells(cells, 4); err != nil {
		return err
	}
	kind := kindOf(cells[2])
	if kind == 0 {
		return fmt.Errorf("kind %q", cells[2])
	}
	t := &Type{ID: len(l.order), Name: cells[1], Kind: kind, Abstract: len(cells) > 4}
	l.types[t.Name] = t
	l.order = append(l.order, t)
	l.bases[t] = cells[3]
	l.lastType, l.lastElem = t, nil
	return nil
}

func kindOf(cell string) Kind {
	switch cell {
	case "primitive":
		return Primitive
	case "complex":
		return Complex
	case "backbone":
		return Backbone
	case "resource":
		return Resource
	}
	return 0
}

func (l *typeLoader) invariantRow(cells []string) error {
	if err := wantCells(cells, 5); err != nil {
		return err
	}
	inv := Invariant{Key: cells[1], Severity: cells[2], Human: cells[3], Expression: cells[4]}
	if l.lastElem != nil {
		l.lastElem.Invariants = append(l.lastElem.Invariants, inv)
	} else {
		l.lastType.Invariants = append(l.lastType.Invariants, inv)
	}
	return nil
}

func (l *typeLoader) elementRow(cells []string) error {
	if err := wantCells(cells, 5); err != nil {
		return err
	}
	least, most, err := parseCardinality(cells[2])
	if err != nil {
		return err
	}
	name, choice := strings.CutSuffix(cells[1], "[x]")
	e := &Element{
		ID: len(l.pending), Name: name, Path: l.lastType.Name + "." + cells[1], Choice: choice, Min: least, Max: most,
		Summary:      strings.Contains(cells[3], "s"),
		Modifier:     strings.Contains(cells[3], "m"),
		XMLAttribute: strings.Contains(cells[3], "a"),
	}
	if len(cells) > 5 {
		if e.Binding, err = l.binding(cells[5]); err != nil {
			return err
		}
	}
	l.lastType.Elements = append(l.lastType.Elements, e)
	l.pending = append(l.pending, pendingElement{element: e, types: cells[4]})
	l.lastElem = e
	return nil
}

func (l *typeLoader) binding(cell string) (*Binding, error) {
	if b := l.bindings[cell]; b != nil {
		return b, nil
	}
	strength, valueSet, ok := strings.Cut(cell, " ")
	if !ok {
		return nil, fmt.Errorf("binding %q", cell)
	}
	b := &Binding{Strength: strength, ValueSet: valueSet}
	l.bindings[cell] = b
	return b, nil
}

// link resolves names to types. The table lists bases before the types that descend from them.
func (l *typeLoader) link() error {
	for _, p := range l.pending {
		names := strings.Split(p.types, " ")
		p.element.Types = make([]TypeRef, len(names))
		for i, cell := range names {
			name, targets, _ := strings.Cut(cell, ">")
			t := l.types[name]
			if t == nil {
				return fmt.Errorf("%s: unknown type %q", p.element.Path, name)
			}
			p.element.Types[i].Type = t
			if targets != "" {
				p.element.Types[i].Targets = strings.Split(targets, "|")
			}
		}
	}
	for _, t := range l.order {
		if base := l.bases[t]; base != "" {
			if t.Base = l.types[base]; t.Base == nil {
				return fmt.Errorf("%s: unknown base %q", t.Name, base)
			}
		}
		t.Elements = inherit(t)
		t.properties = properties(t)
	}
	return nil
}

// inherit puts the base's elements before the type's own. One of the same name takes the place of the base's, or, with a
// cardinality of 0..0, removes it (xhtml has no extension).
func inherit(t *Type) []*Element {
	if t.Base == nil {
		return t.Elements
	}
	all := make([]*Element, 0, len(t.Base.Elements)+len(t.Elements))
	all = append(all, t.Base.Elements...)
own:
	for _, e := range t.Elements {
		for i, b := range all {
			if b.Name == e.Name {
				if all[i] = e; e.Max == 0 {
					all = append(all[:i], all[i+1:]...)
				}
				continue own
			}
		}
		all = append(all, e)
	}
	return all
}

// properties indexes the JSON member names: an element's own, or for a choice one for each of its types.
func properties(t *Type) map[string]Property {
	n := 0
	for _, e := range t.Elements {
		n += len(e.Types)
	}
	index := make(map[string]Property, n)
	for _, e := range t.Elements {
		for i := range e.Types {
			ref := &e.Types[i]
			name := e.Name
			if e.Choice {
				name += capitalised(ref.Type.Name)
			}
			index[name] = Property{Element: e, Type: ref.Type, Ref: ref}
		}
	}
	return index
}

func capitalised(name string) string {
	r, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(r)) + name[size:]
}
