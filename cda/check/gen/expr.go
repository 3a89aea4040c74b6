package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// particle writes a content model: "name=type" for an element ("name=#type" of a simple type, "name=*" of any), "( … )" for a sequence, "( … | … )" for a choice, "any" for one element of another namespace,
// each with ?, *, + or {min,max} behind it where it does not stand once.
func (w *writer) particle(el *etree.Element, target string) (string, error) {
	occurs, none, err := occurrence(el)
	if err != nil || none {
		return "", err
	}
	switch el.Tag {
	case "element":
		declared, err := w.element(el, target)
		return declared + occurs, err
	case "any":
		return "any" + occurs, nil
	case "group":
		d, err := w.s.find("group", resolve(el, el.SelectAttrValue("ref", ""), target))
		if err != nil {
			return "", err
		}
		inner, err := w.particle(child(d.el, "sequence", "choice"), d.target)
		return "( " + inner + " )" + occurs, err
	case "sequence", "choice":
		return w.list(el, target, occurs)
	}
	return "", fmt.Errorf("%s is not handled", el.Tag)
}

func (w *writer) list(el *etree.Element, target, occurs string) (string, error) {
	separator := " "
	if el.Tag == "choice" {
		separator = " | "
	}
	var parts []string
	for _, c := range el.ChildElements() {
		if c.Tag == "annotation" {
			continue
		}
		part, err := w.particle(c, target)
		if err != nil {
			return "", err
		}
		if part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return "", nil
	}
	if el.Tag == "sequence" && occurs == "" {
		return strings.Join(parts, separator), nil
	}
	return "( " + strings.Join(parts, separator) + " )" + occurs, nil
}

// element writes one element declaration and notes its type.
func (w *writer) element(el *etree.Element, target string) (string, error) {
	n := name{target, el.SelectAttrValue("name", "")}
	declared := el
	if ref := el.SelectAttrValue("ref", ""); ref != "" {
		n = resolve(el, ref, target)
		d, err := w.s.find("element", n)
		if err != nil {
			return "", err
		}
		declared, target = d.el, d.target
	}
	var t name
	switch inline := child(declared, "complexType"); {
	case inline != nil:
		t = name{n.space, "(" + n.local + ")"}
		w.anonymous[t] = definition{inline, target}
	case declared.SelectAttr("type") != nil:
		t = resolve(declared, declared.SelectAttrValue("type", ""), target)
		if _, simple := w.s.defs["simpleType"][t]; simple || t.space == xsd {
			expr, err := w.simpleNamed(t)
			return w.short(n) + "=#" + expr, err
		}
	default:
		return w.short(n) + "=*", nil // anyType
	}
	w.want(t)
	return w.short(n) + "=" + w.short(t), nil
}

func occurrence(el *etree.Element) (suffix string, none bool, err error) {
	least, most := el.SelectAttrValue("minOccurs", "1"), el.SelectAttrValue("maxOccurs", "1")
	if most == "0" {
		return "", true, nil
	}
	switch least + "," + most {
	case "1,1":
		return "", false, nil
	case "0,1":
		return "?", false, nil
	case "0,unbounded":
		return "*", false, nil
	case "1,unbounded":
		return "+", false, nil
	}
	if most == "unbounded" {
		most = ""
	}
	if _, err := strconv.Atoi(least); err != nil {
		return "", false, err
	}
	return "{" + least + "," + most + "}", false, nil
}
