package cda

import (
	"sync"

	"github.com/beevik/etree"
)

// Envelope is what a ClinicalDocument is wrapped in.
type Envelope string

// Envelopes (CI-SIS, general structure of CDA documents).
const (
	Bare            Envelope = ""
	AutoPresentable Envelope = "auto-presentable" // in a style sheet that shows it
	Signed          Envelope = "signed"           // in an enveloping XML signature, which nobody has verified here
)

// Document is a parsed CDA document.
type Document struct {
	Raw      []byte         // as received
	Root     *etree.Element // ClinicalDocument
	Envelope Envelope
	Header   Header
	Body     Body

	place place
}

// Parse reads a document. The error is a *ParseError for anything that the bytes are to blame for. Raw is kept, not copied, and must not be changed afterwards. What a well-formed ClinicalDocument
// lacks or has wrong is no error here: absent parts are zero values.
func Parse(raw []byte, limits Limits) (*Document, error) {
	limits = limits.withDefaults()
	text, err := decode(raw, limits)
	if err != nil {
		return nil, err
	}
	root, starts, err := readTree(text, limits)
	if err != nil {
		return nil, err
	}
	d := &Document{Raw: raw, place: place{text: text, starts: starts, top: root}}
	if d.Root, d.Envelope, err = clinicalDocument(root); err != nil {
		return nil, err
	}
	d.Header = readHeader(d.Root)
	d.Body = readBody(d.Root)
	return d, nil
}

// clinicalDocument finds the ClinicalDocument: the root, or the one descendant of a style sheet or of a signature.
func clinicalDocument(root *etree.Element) (*etree.Element, Envelope, error) {
	var envelope Envelope
	switch {
	case Is(root, NS, "ClinicalDocument"):
		return root, Bare, nil
	case Is(root, NSXSL, "stylesheet"), Is(root, NSXSL, "transform"):
		envelope = AutoPresentable
	case Is(root, NSXMLDSig, "Signature"):
		envelope = Signed
	default:
		return nil, "", refuse(RuleRoot, 0, "the root is neither ClinicalDocument of urn:hl7-org:v3, nor a style sheet or a signature around one")
	}
	found := findDocuments(root, nil)
	if len(found) != 1 {
		return nil, "", refuse(RuleRoot, 0, "a style sheet or a signature must hold exactly one ClinicalDocument of urn:hl7-org:v3")
	}
	return found[0], envelope, nil
}

func findDocuments(el *etree.Element, found []*etree.Element) []*etree.Element {
	for c := range Elements(el) {
		if Is(c, NS, "ClinicalDocument") {
			found = append(found, c)
			continue
		}
		found = findDocuments(c, found)
	}
	return found
}

// place knows where elements are.
type place struct {
	text   []byte
	starts []uint32
	top    *etree.Element

	mu       sync.Mutex
	lookups  int
	ordinals map[*etree.Element]int32
	newlines []uint32
	siblings map[*etree.Element]sibling
}
