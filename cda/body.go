package cda

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/internal/b64"
)

// Level of a document's body.
type Level string

// Levels (CI-SIS): N1 is a file in the body, N3 coded sections. A body of sections is N3 here even when none has entries.
const (
	N1 Level = "N1"
	N3 Level = "N3"
)

// Body is what component holds: one of the two, or none in a broken document.
type Body struct {
	NonXML     *NonXML
	Structured *Structured
}

// Level gives N1 or N3, "" without a body.
func (b *Body) Level() Level {
	switch {
	case b.NonXML != nil:
		return N1
	case b.Structured != nil:
		return N3
	}
	return ""
}

// NonXML is the body of an N1 document.
type NonXML struct {
	Element  *etree.Element // nonXMLBody
	Language CD
	Content  ED // of text
}

// Structured is the body of an N3 document.
type Structured struct {
	Element  *etree.Element // structuredBody
	Sections []*Section
}

// Section is one section of a structured body.
type Section struct {
	Element     *etree.Element
	TemplateIDs []II
	ID          II
	Code        CD
	Title       ST
	Narrative   *etree.Element // text, nil when absent
	Language    CD
	Entries     []Entry
	Sections    []*Section
}

// Entry is one entry of a section.
type Entry struct {
	Element   *etree.Element // entry
	TypeCode  string         // DRIV, COMP
	Statement *etree.Element // act, observation, substanceAdministration, ...; nil when absent
}

// HasTemplate says whether the section carries a template id of that root.
func (s *Section) HasTemplate(root string) bool {
	for i := range s.TemplateIDs {
		if s.TemplateIDs[i].Root == root {
			return true
		}
	}
	return false
}

// Walk calls f for every section, outer before inner, in document order.
func (s *Structured) Walk(f func(*Section)) {
	if s == nil {
		return
	}
	for _, section := range s.Sections {
		section.walk(f)
	}
}

func (s *Section) walk(f func(*Section)) {
	f(s)
	for _, inner := range s.Sections {
		inner.walk(f)
	}
}

func readBody(root *etree.Element) Body {
	component := Child(root, "component")
	return Body{optional(Child(component, "nonXMLBody"), readNonXML), optional(Child(component, "structuredBody"), readStructured)}
}

func readNonXML(el *etree.Element) NonXML {
	return NonXML{el, ReadCD(Child(el, "languageCode")), ReadED(Child(el, "text"))}
}

func readStructured(el *etree.Element) Structured { return Structured{el, readSections(el)} }

func readSections(el *etree.Element) []*Section {
	var sections []*Section
	for c := range Children(el, "component") {
		for s := range Children(c, "section") {
			sections = append(sections, readSection(s))
		}
	}
	return sections
}

func readSection(el *etree.Element) *Section {
	return &Section{
		Element: el, TemplateIDs: each(el, "templateId", ReadII), ID: ReadII(Child(el, "id")), Code: ReadCD(Child(el, "code")),
		Title: ReadST(Child(el, "title")), Narrative: Child(el, "text"), Language: ReadCD(Child(el, "languageCode")),
		Entries: each(el, "entry", readEntry), Sections: readSections(el),
	}
}

func readEntry(el *etree.Element) Entry {
	return Entry{el, Attr(el, "typeCode"), Child(el, "observation", "act", "organizer", "substanceAdministration", "supply", "procedure", "encounter", "observationMedia", "regionOfInterest")}
}

// ED is encapsulated data: a text, or bytes in base64.
type ED struct {
	MediaType      string // as stated; "" when absent (the schema's default is text/plain)
	Representation string // "B64", "TXT" or "" (the schema's default is TXT)
	Language       string
	Compression    string
	Reference      string // reference/@value
	NullFlavor     NullFlavor
	Element        *etree.Element // nil when absent
}

// ReadED reads an element of type ED; of nil, the zero ED. Its content stays in the tree.
func ReadED(el *etree.Element) ED {
	if el == nil {
		return ED{}
	}
	return ED{
		Attr(el, "mediaType"), Attr(el, "representation"), Attr(el, "language"), Attr(el, "compression"),
		Attr(Child(el, "reference"), "value"), nullFlavor(el), el,
	}
}

// Present says whether the element is there.
func (e ED) Present() bool { return e.Element != nil }

// ErrBase64 is what content that is not clean base64 gives: a character outside the alphabet and white space, missing or misplaced padding, trailing data.
var ErrBase64 = errors.New("the content is not base64")

// Reader gives what Bytes gives, decoded at the first Read: damage anywhere is told before the first byte is out.
func (e ED) Reader() io.Reader { return &decoding{of: e} }

type decoding struct {
	of   ED
	from *bytes.Reader
}

func (d *decoding) Read(p []byte) (int, error) {
	if d.from == nil {
		content, err := d.of.Bytes()
		if err != nil {
			return 0, err
		}
		d.from = bytes.NewReader(content)
	}
	return d.from.Read(p)
}

// Bytes gives the content: decoded when the representation is B64, else the text. Cost: one buffer of three quarters of the text.
func (e ED) Bytes() ([]byte, error) { return e.AppendBytes(nil) }

// AppendBytes is Bytes into memory that there is already.
func (e ED) AppendBytes(dst []byte) ([]byte, error) {
	text := RawText(e.Element)
	if e.Representation != "B64" {
		return append(dst, text...), nil
	}
	// The decoder passes over ends of lines by itself.
	out, err := b64.AppendDecode(dst, text)
	if err != nil && strings.ContainsAny(text, " \t") {
		out, err = b64.AppendDecode(dst, strings.NewReplacer(" ", "", "\t", "").Replace(text))
	}
	if err != nil {
		return nil, ErrBase64
	}
	return out, nil
}
