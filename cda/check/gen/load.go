package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/beevik/etree"
)

const (
	xsd = "http://www.w3.org/2001/XMLSchema"
	xsl = "http://www.w3.org/1999/XSL/Transform"
	hl7 = "urn:hl7-org:v3"
)

// name is a qualified name.
type name struct{ space, local string }

// definition is a top-level component and the namespace that its document has, which an included document without one takes from its includer.
type definition struct {
	el     *etree.Element
	target string
}

// schemas are the components of all documents, by kind ("complexType", "simpleType", "element", "group", "attributeGroup", "attribute") and name.
type schemas struct {
	seen map[name]bool // file and target namespace
	defs map[string]map[name]definition
}

func newSchemas() *schemas {
	return &schemas{seen: map[name]bool{}, defs: map[string]map[name]definition{}}
}

// load reads a document and all that it includes or imports. The schema of XSLT is left out: what is around a ClinicalDocument is not checked.
func (s *schemas) load(file, inherited string) error {
	doc := etree.NewDocument()
	if err := doc.ReadFromFile(file); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	root := doc.Root()
	target := root.SelectAttrValue("targetNamespace", inherited)
	if key := (name{file, target}); s.seen[key] {
		return nil
	} else {
		s.seen[key] = true
	}
	for _, el := range root.ChildElements() {
		if err := s.component(el, file, target); err != nil {
			return err
		}
	}
	return nil
}

func (s *schemas) component(el *etree.Element, file, target string) error {
	if el.NamespaceURI() != xsd {
		return nil
	}
	switch el.Tag {
	case "include", "import":
		location := el.SelectAttrValue("schemaLocation", "")
		if location == "" || el.SelectAttrValue("namespace", "") == xsl || strings.HasPrefix(location, "http") {
			return nil
		}
		inherited := ""
		if el.Tag == "include" {
			inherited = target
		}
		return s.load(filepath.Join(filepath.Dir(file), filepath.FromSlash(location)), inherited)
	case "annotation":
		return nil
	}
	kind := s.defs[el.Tag]
	if kind == nil {
		kind = map[name]definition{}
		s.defs[el.Tag] = kind
	}
	key := name{target, el.SelectAttrValue("name", "")}
	if _, twice := kind[key]; !twice {
		kind[key] = definition{el, target}
	}
	return nil
}

// find gives a top-level component.
func (s *schemas) find(kind string, n name) (definition, error) {
	d, ok := s.defs[kind][n]
	if !ok {
		return definition{}, fmt.Errorf("%s %s of %s is not defined", kind, n.local, n.space)
	}
	return d, nil
}

// resolve turns a QName in an attribute of el into a name. Without a prefix and a default namespace it is of the document's own namespace.
func resolve(el *etree.Element, qname, target string) name {
	prefix, local, ok := strings.Cut(qname, ":")
	if !ok {
		prefix, local = "", qname
	}
	for e := el; e != nil; e = e.Parent() {
		for _, a := range e.Attr {
			if prefix == "" && a.Space == "" && a.Key == "xmlns" || prefix != "" && a.Space == "xmlns" && a.Key == prefix {
				return name{a.Value, local}
			}
		}
	}
	return name{target, local}
}
