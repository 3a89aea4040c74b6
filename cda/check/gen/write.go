package main

import (
	"fmt"
	"sort"
	"strings"
)

const header = `# Made by cda/check/gen. Do not edit.
# The grammar of ClinicalDocument: facts of the HL7 CDA R2 schema (POCD_MT000040, HL7 v3 data types) with the extensions that the French framework
# CI-SIS adds to it (IHE laboratory and pharmacy, SDTC, DICOM PS3.20), as of February 2025. Derivation is resolved.
#
#   namespace PREFIX URI
#   simple NAME enum VALUE... | list TYPE
#   type NAME [base=NAME] [mixed] [abstract]
#    @NAME TYPE [required] [fixed=VALUE]
#    content model: NAME=TYPE (NAME=#TYPE of a simple type, NAME=* of any), ( sequence ), ( choice | choice ), any; each with ?, *, + or {min,max}
#   root NAME=TYPE
`

// prefixes are the namespaces of the tables.
var prefixes = map[string]string{
	hl7: "", "": "", "urn:hl7-org:sdtc": "sdtc:", "urn:oid:1.3.6.1.4.1.19376.1.3.2": "lab:", "urn:ihe:pharm:medication": "pharm:", "urn:dicom-org:ps3-20": "dicom:",
	"http://www.w3.org/XML/1998/namespace": "xml:",
}

type writer struct {
	s         *schemas
	anonymous map[name]definition
	types     map[name]*complexType
	pending   []name
	wanted    map[name]bool
	simples   map[string]string
}

func newWriter(s *schemas) *writer {
	return &writer{s: s, anonymous: map[name]definition{}, types: map[name]*complexType{}, wanted: map[name]bool{}, simples: map[string]string{}}
}

func (w *writer) short(n name) string {
	prefix, ok := prefixes[n.space]
	if !ok {
		return "?" + n.space + ":" + n.local
	}
	return prefix + n.local
}

func (w *writer) want(n name) {
	if !w.wanted[n] {
		w.wanted[n] = true
		w.pending = append(w.pending, n)
	}
}

// resolved gives a complex type by name.
func (w *writer) resolved(n name) (*complexType, error) {
	if t, ok := w.types[n]; ok {
		return t, nil
	}
	d, ok := w.anonymous[n]
	if !ok {
		var err error
		if d, err = w.s.find("complexType", n); err != nil {
			return nil, err
		}
	}
	t, err := w.complexTypeOf(d)
	if err != nil {
		return nil, fmt.Errorf("type %s: %w", n.local, err)
	}
	w.types[n] = t
	if t.base != nil {
		w.want(*t.base)
	}
	return t, nil
}

// write gives the table of all types that a document with this root can have: those of its elements, and those that xsi:type may put in their place.
func (w *writer) write(root name) (string, error) {
	d, err := w.s.find("element", root)
	if err != nil {
		return "", err
	}
	top := resolve(d.el, d.el.SelectAttrValue("type", ""), d.target)
	w.want(top)
	for len(w.pending) > 0 {
		if err := w.drain(); err != nil {
			return "", err
		}
		if err := w.derived(); err != nil {
			return "", err
		}
	}
	return w.format(w.short(root) + "=" + w.short(top)), nil
}

func (w *writer) drain() error {
	for len(w.pending) > 0 {
		n := w.pending[0]
		w.pending = w.pending[1:]
		if _, err := w.resolved(n); err != nil {
			return err
		}
	}
	return nil
}

// derived wants each type whose base is wanted.
func (w *writer) derived() error {
	for n, d := range w.s.defs["complexType"] {
		content := child(d.el, "complexContent")
		if content == nil || w.wanted[n] {
			continue
		}
		derivation := child(content, "extension", "restriction")
		if w.wanted[resolve(derivation, derivation.SelectAttrValue("base", ""), d.target)] {
			w.want(n)
		}
	}
	return nil
}

func (w *writer) format(root string) string {
	var b strings.Builder
	b.WriteString(header)
	for _, uri := range []string{"urn:hl7-org:sdtc", "urn:oid:1.3.6.1.4.1.19376.1.3.2", "urn:ihe:pharm:medication", "urn:dicom-org:ps3-20"} {
		fmt.Fprintf(&b, "namespace %s %s\n", prefixes[uri], uri)
	}
	simples := map[string]bool{}
	for n := range w.simples {
		simples[n] = true
	}
	for _, n := range sorted(simples) {
		fmt.Fprintf(&b, "simple %s %s\n", n, w.simples[n])
	}
	names := make([]name, 0, len(w.types))
	for n := range w.types {
		names = append(names, n)
	}
	sort.Slice(names, func(i, j int) bool { return w.short(names[i]) < w.short(names[j]) })
	for _, n := range names {
		w.formatType(&b, n, w.types[n])
	}
	b.WriteString("root " + root + "\n")
	return b.String()
}

func (w *writer) formatType(b *strings.Builder, n name, t *complexType) {
	b.WriteString("type " + w.short(n))
	if t.base != nil {
		b.WriteString(" base=" + w.short(*t.base))
	}
	if t.mixed {
		b.WriteString(" mixed")
	}
	if t.abstract {
		b.WriteString(" abstract")
	}
	b.WriteString("\n")
	for _, a := range t.attributes {
		b.WriteString(" @" + w.short(name{a.name.space, a.name.local}) + " " + a.simple)
		if a.required {
			b.WriteString(" required")
		}
		if a.isFixed {
			b.WriteString(" fixed=" + a.fixed)
		}
		b.WriteString("\n")
	}
	if t.content != "" {
		b.WriteString(" " + t.content + "\n")
	}
}
