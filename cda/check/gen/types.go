package main

import (
	"fmt"
	"strings"

	"github.com/beevik/etree"
)

// complexType is a type with its derivation resolved.
type complexType struct {
	base            *name
	mixed, abstract bool
	content         string // expression, see expr.go
	attributes      []attribute
}

type attribute struct {
	name       name
	simple     string // expression of a simple type
	required   bool
	prohibited bool
	fixed      string
	isFixed    bool
}

// complexTypeOf resolves a type definition.
func (w *writer) complexTypeOf(d definition) (*complexType, error) {
	t := &complexType{mixed: d.el.SelectAttrValue("mixed", "") == "true", abstract: d.el.SelectAttrValue("abstract", "") == "true"}
	body := d.el
	content := child(d.el, "complexContent")
	if content == nil {
		return t, w.fill(t, body, d.target)
	}
	if content.SelectAttrValue("mixed", "") == "true" {
		t.mixed = true
	}
	derivation := child(content, "extension", "restriction")
	base := resolve(derivation, derivation.SelectAttrValue("base", ""), d.target)
	t.base = &base
	parent, err := w.resolved(base)
	if err != nil {
		return nil, err
	}
	t.attributes = append(t.attributes, parent.attributes...)
	if derivation.Tag == "extension" {
		t.mixed = t.mixed || parent.mixed
		t.content = parent.content
	}
	return t, w.fill(t, derivation, d.target)
}

// fill adds the particles and attributes that stand directly in body.
func (w *writer) fill(t *complexType, body *etree.Element, target string) error {
	if particle := child(body, "sequence", "choice", "group", "all"); particle != nil {
		expr, err := w.particle(particle, target)
		if err != nil {
			return err
		}
		t.content = joined(t.content, expr)
	}
	return w.attributes(t, body, target)
}

func (w *writer) attributes(t *complexType, body *etree.Element, target string) error {
	for _, el := range body.ChildElements() {
		switch el.Tag {
		case "attributeGroup":
			group := resolve(el, el.SelectAttrValue("ref", ""), target)
			d, err := w.s.find("attributeGroup", group)
			if err != nil {
				return err
			}
			if err := w.attributes(t, d.el, d.target); err != nil {
				return err
			}
		case "attribute":
			a, err := w.attribute(el, target)
			if err != nil {
				return err
			}
			t.set(a)
		case "anyAttribute":
			return fmt.Errorf("anyAttribute is not handled")
		}
	}
	return nil
}

// set adds an attribute or replaces the one of the same name that a base type has.
func (t *complexType) set(a attribute) {
	attributes := make([]attribute, 0, len(t.attributes)+1)
	for _, old := range t.attributes {
		if old.name != a.name {
			attributes = append(attributes, old)
		}
	}
	if !a.prohibited {
		attributes = append(attributes, a)
	}
	t.attributes = attributes
}

func (w *writer) attribute(el *etree.Element, target string) (attribute, error) {
	use := el.SelectAttrValue("use", "optional")
	a := attribute{name: name{"", el.SelectAttrValue("name", "")}, required: use == "required", prohibited: use == "prohibited"}
	declared := el
	if ref := el.SelectAttrValue("ref", ""); ref != "" {
		a.name = resolve(el, ref, target)
		d, err := w.s.find("attribute", a.name)
		if err != nil {
			return a, err
		}
		declared, target = d.el, d.target
	}
	if fixed := declared.SelectAttr("fixed"); fixed != nil {
		a.fixed, a.isFixed = fixed.Value, true
	}
	var err error
	switch inline := child(declared, "simpleType"); {
	case inline != nil:
		a.simple, err = w.inline(a.name.local, inline, target)
	case declared.SelectAttr("type") != nil:
		a.simple, err = w.simpleNamed(resolve(declared, declared.SelectAttrValue("type", ""), target))
	default:
		a.simple = "string"
	}
	return a, err
}

// inline writes a simple type that has no name, under the name of the attribute and, where those of that name differ, a number.
func (w *writer) inline(attribute string, el *etree.Element, target string) (string, error) {
	expr, err := w.simple(el, target)
	if err != nil || !strings.Contains(expr, " ") {
		return expr, err
	}
	short := attribute
	for n := 2; w.simples[short] != "" && w.simples[short] != expr; n++ {
		short = fmt.Sprintf("%s.%d", attribute, n)
	}
	w.simples[short] = expr
	return "@" + short, nil
}

// child gives the first child of one of these names.
func child(el *etree.Element, tags ...string) *etree.Element {
	for _, c := range el.ChildElements() {
		for _, tag := range tags {
			if c.Tag == tag {
				return c
			}
		}
	}
	return nil
}

func joined(a, b string) string { return strings.TrimSpace(a + " " + b) }
