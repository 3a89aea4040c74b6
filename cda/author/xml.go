package author

import (
	"strings"
	"unicode/utf8"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/check"
)

// put adds an element with attributes, given as pairs of name and value. A pair with an empty value is left out.
func put(parent *etree.Element, tag string, pairs ...string) *etree.Element {
	el := parent.CreateElement(tag)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			el.CreateAttr(pairs[i], clean(pairs[i+1]))
		}
	}
	return el
}

// putText adds an element with a text, unless the text is empty.
func putText(parent *etree.Element, tag, text string, pairs ...string) *etree.Element {
	if text == "" {
		return nil
	}
	el := put(parent, tag, pairs...)
	el.SetText(clean(text))
	return el
}

// null adds an element that says why there is no value.
func null(parent *etree.Element, tag, flavor string) *etree.Element {
	return put(parent, tag, "nullFlavor", flavor)
}

// clean leaves out what XML has no characters for (XML 1.0, 2.2).
func clean(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, unwritable) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unwritable(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

func unwritable(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
}

func templates(el *etree.Element, roots ...string) {
	for _, r := range roots {
		put(el, "templateId", "root", r)
	}
}

// newDocument begins a document in the order of the schema.
func newDocument() (*etree.Document, *etree.Element) {
	doc := etree.NewDocument()
	doc.CreateProcInst("xml", `version="1.0" encoding="UTF-8"`)
	root := doc.CreateElement("ClinicalDocument")
	root.CreateAttr("xmlns", "urn:hl7-org:v3")
	root.CreateAttr("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
	root.CreateAttr("xmlns:sdtc", "urn:hl7-org:sdtc")
	return doc, root
}

// serialize writes a document: UTF-8, two blanks a level, line feeds. What it gives has passed the server's own checks: an error of theirs is the last
// fence, for what the reading of the input let through (a PDF that is cut short, for instance).
func serialize(doc *etree.Document) ([]byte, error) {
	s := etree.NewIndentSettings()
	s.Spaces, s.PreserveLeafWhitespace = 2, true
	doc.IndentWithSettings(s)
	raw, err := doc.WriteToBytes()
	if err != nil {
		return nil, err
	}
	parsed, err := cda.Parse(raw, cda.Limits{})
	if err != nil {
		return nil, err
	}
	d := &defects{}
	for _, f := range check.Check(parsed) {
		if f.Severity == cda.Error {
			d.wrong(f.Path, f.Message)
		}
	}
	if err := d.err(); err != nil {
		return nil, err
	}
	return raw, nil
}
