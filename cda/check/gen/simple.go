package main

import (
	"fmt"
	"sort"
	"strings"

	"github.com/beevik/etree"
)

// natives are the simple types that cda/check has a function for: their patterns and bounds are written there.
var natives = map[name]string{
	{hl7, "bl"}: "bl", {hl7, "st"}: "st", {hl7, "cs"}: "cs", {hl7, "oid"}: "oid", {hl7, "uuid"}: "uuid", {hl7, "ruid"}: "ruid", {hl7, "uid"}: "uid",
	{hl7, "ts"}: "ts", {hl7, "url"}: "string", {hl7, "bin"}: "string", {hl7, "int"}: "int", {hl7, "real"}: "real", {hl7, "bn"}: "bl",
	{hl7, "probability"}: "probability", {"urn:hl7-org:sdtc", "int_pos"}: "int_pos",
	{xsd, "string"}: "string", {xsd, "NMTOKEN"}: "NMTOKEN", {xsd, "NMTOKENS"}: "NMTOKENS", {xsd, "ID"}: "ID", {xsd, "IDREF"}: "IDREF", {xsd, "IDREFS"}: "IDREFS",
	{xsd, "boolean"}: "boolean", {xsd, "anyURI"}: "string", {xsd, "integer"}: "int", {xsd, "token"}: "string",
}

// simpleNamed writes a simple type by name. What a document includes without a namespace of its own has the natives of that namespace too.
func (w *writer) simpleNamed(n name) (string, error) {
	if native, ok := natives[n]; ok {
		return native, nil
	}
	if native, ok := natives[name{hl7, n.local}]; ok && n.space != xsd {
		return native, nil
	}
	d, err := w.s.find("simpleType", n)
	if err != nil {
		return "", err
	}
	expr, err := w.simple(d.el, d.target)
	if err != nil {
		return "", err
	}
	if !strings.Contains(expr, " ") {
		return expr, nil
	}
	short := w.short(n)
	w.simples[short] = expr
	return "@" + short, nil
}

// simple writes a simple type: a native, "enum values", or "list type".
func (w *writer) simple(el *etree.Element, target string) (string, error) {
	switch body := child(el, "restriction", "list", "union"); body.Tag {
	case "list":
		item, err := w.simpleNamed(resolve(body, body.SelectAttrValue("itemType", ""), target))
		return "list " + item, err
	case "restriction":
		values, enumerated := enumeration(body)
		if enumerated {
			return "enum " + strings.Join(values, " "), nil
		}
		if child(body, "pattern", "minLength", "minInclusive", "maxInclusive") != nil {
			return "", fmt.Errorf("the facets of %s are not handled", el.SelectAttrValue("name", "?"))
		}
		return w.simpleNamed(resolve(body, body.SelectAttrValue("base", ""), target))
	case "union":
		return w.union(body, target)
	}
	return "", fmt.Errorf("simple type %s is not handled", el.SelectAttrValue("name", "?"))
}

// union joins the enumerations of its members.
func (w *writer) union(body *etree.Element, target string) (string, error) {
	values := map[string]bool{}
	add := func(expr string) error {
		if named, ok := strings.CutPrefix(expr, "@"); ok {
			expr = w.simples[named]
		}
		list, ok := strings.CutPrefix(expr, "enum ")
		if !ok {
			return fmt.Errorf("a union of %q is not handled", expr)
		}
		for _, v := range strings.Fields(list) {
			values[v] = true
		}
		return nil
	}
	for _, member := range strings.Fields(body.SelectAttrValue("memberTypes", "")) {
		expr, err := w.simpleNamed(resolve(body, member, target))
		if err != nil {
			return "", err
		}
		if err := add(expr); err != nil {
			return "", err
		}
	}
	for _, inline := range body.ChildElements() {
		if inline.Tag != "simpleType" {
			continue
		}
		expr, err := w.simple(inline, target)
		if err != nil {
			return "", err
		}
		if err := add(expr); err != nil {
			return "", err
		}
	}
	return "enum " + strings.Join(sorted(values), " "), nil
}

func enumeration(restriction *etree.Element) ([]string, bool) {
	values := map[string]bool{}
	for _, facet := range restriction.ChildElements() {
		if facet.Tag == "enumeration" {
			values[facet.SelectAttrValue("value", "")] = true
		}
	}
	return sorted(values), len(values) > 0
}

func sorted(set map[string]bool) []string {
	values := make([]string, 0, len(set))
	for v := range set {
		values = append(values, v)
	}
	sort.Strings(values)
	return values
}
