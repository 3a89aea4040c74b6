package cda

import (
	"iter"
	"strings"

	"github.com/beevik/etree"
)

// Namespaces that occur in CI-SIS documents.
const (
	NS         = "urn:hl7-org:v3"                            // CDA R2
	NSSDTC     = "urn:hl7-org:sdtc"                          // HL7 Structured Documents extensions
	NSLab      = "urn:oid:1.3.6.1.4.1.19376.1.3.2"           // IHE laboratory
	NSPharm    = "urn:ihe:pharm:medication"                  // IHE pharmacy
	NSDICOM    = "urn:dicom-org:ps3-20"                      // DICOM PS3.20
	NSXSI      = "http://www.w3.org/2001/XMLSchema-instance" // xsi:type, xsi:nil
	NSXSL      = "http://www.w3.org/1999/XSL/Transform"      // root of auto-presentable documents
	NSXMLDSig  = "http://www.w3.org/2000/09/xmldsig#"        // root of enveloping signatures
	nsXML      = "http://www.w3.org/XML/1998/namespace"
	nsXMLNS    = "http://www.w3.org/2000/xmlns/"
	xmlnsLocal = "xmlns"
)

// Is says whether el is the element local of the namespace.
func Is(el *etree.Element, namespace, local string) bool {
	return el != nil && el.Tag == local && el.Space == namespace
}

// Child gives the first child of the CDA namespace with one of the local names, nil when there is none or el is nil.
func Child(el *etree.Element, locals ...string) *etree.Element {
	return ChildNS(el, NS, locals...)
}

// ChildNS is Child for any namespace.
func ChildNS(el *etree.Element, namespace string, locals ...string) *etree.Element {
	if el == nil {
		return nil
	}
	for _, t := range el.Child {
		c, ok := t.(*etree.Element)
		if !ok || c.Space != namespace {
			continue
		}
		for _, local := range locals {
			if c.Tag == local {
				return c
			}
		}
	}
	return nil
}

// Children gives the children of the CDA namespace with that local name, in document order; of el nil there are none.
func Children(el *etree.Element, local string) iter.Seq[*etree.Element] {
	return ChildrenNS(el, NS, local)
}

// ChildrenNS is Children for any namespace.
func ChildrenNS(el *etree.Element, namespace, local string) iter.Seq[*etree.Element] {
	return func(yield func(*etree.Element) bool) {
		if el == nil {
			return
		}
		for _, t := range el.Child {
			if c, ok := t.(*etree.Element); ok && c.Tag == local && c.Space == namespace && !yield(c) {
				return
			}
		}
	}
}

// Elements gives the child elements of any namespace, in document order.
func Elements(el *etree.Element) iter.Seq[*etree.Element] {
	return func(yield func(*etree.Element) bool) {
		if el == nil {
			return
		}
		for _, t := range el.Child {
			if c, ok := t.(*etree.Element); ok && !yield(c) {
				return
			}
		}
	}
}

// Descend follows a path of local names of the CDA namespace, at each step the first child of that name; nil when a step is missing.
func Descend(el *etree.Element, path ...string) *etree.Element {
	for _, local := range path {
		if el = Child(el, local); el == nil {
			return nil
		}
	}
	return el
}

// Attr gives the value of an attribute without namespace, "" when it is absent or el is nil.
func Attr(el *etree.Element, name string) string {
	v, _ := LookupAttr(el, name)
	return v
}

// LookupAttr gives the value of an attribute without namespace, and whether it is there.
func LookupAttr(el *etree.Element, name string) (string, bool) {
	if el == nil {
		return "", false
	}
	for i := range el.Attr {
		if el.Attr[i].Key == name && el.Attr[i].Space == "" {
			return el.Attr[i].Value, true
		}
	}
	return "", false
}

// XSIType gives the resolved xsi:type: the bare name of a type of the HL7 namespace, "{uri}Name" of another, "" without the attribute.
func XSIType(el *etree.Element) string {
	if el == nil {
		return ""
	}
	for i := range el.Attr {
		if el.Attr[i].Key == "type" && el.Attr[i].Space == NSXSI {
			return el.Attr[i].Value
		}
	}
	return ""
}

// Text gives all character data below el, in document order, with runs of white space made one blank and the ends trimmed.
func Text(el *etree.Element) string {
	raw := RawText(el)
	if !needsFolding(raw) {
		return raw
	}
	return strings.Join(strings.Fields(raw), " ")
}

// RawText gives all character data below el as it stands.
func RawText(el *etree.Element) string {
	if el == nil {
		return ""
	}
	if len(el.Child) == 1 {
		if c, ok := el.Child[0].(*etree.CharData); ok {
			return c.Data
		}
	}
	var b strings.Builder
	appendText(&b, el)
	return b.String()
}

func appendText(b *strings.Builder, el *etree.Element) {
	for _, t := range el.Child {
		switch t := t.(type) {
		case *etree.CharData:
			b.WriteString(t.Data)
		case *etree.Element:
			appendText(b, t)
		}
	}
}

// needsFolding says whether white space of s is other than single blanks between words.
func needsFolding(s string) bool {
	blank := true
	for _, c := range s {
		switch {
		case c == ' ':
			if blank {
				return true
			}
			blank = true
		case c == '\n' || c == '\t' || c == '\r' || c == '\u00a0' || c == '\u0085':
			return true
		default:
			blank = false
		}
	}
	return blank && s != ""
}
