package render

import (
	"strconv"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// pdfCopyTemplate is the section that carries the document once more as a PDF, to be shown before the structured text
// (CI-SIS FR-Document-PDF-copie).
const pdfCopyTemplate = "1.2.250.1.213.1.1.2.243"

// body reads what the document says, whatever its level.
func (p *page) body(root *etree.Element, o Options) {
	component := cda.Child(root, "component")
	if text := cda.Descend(component, "nonXMLBody", "text"); text != nil {
		p.payload = readAttachment(text, o)
		if address, ok := payloadLink(o.PayloadURL); ok && p.payload.state == present {
			p.payload.url = address
		}
		return
	}
	structured := cda.Child(component, "structuredBody")
	if structured == nil {
		return
	}
	byID, byElement := collectMedia(structured, o)
	b := bodyReader{narrator: newNarrator(structured, byID), media: byElement}
	var first, rest []*section
	for c := range cda.Children(structured, "component") {
		for el := range cda.Children(c, "section") {
			s := b.section(el, 1)
			if hasTemplate(el, pdfCopyTemplate) {
				first = append(first, s)
			} else {
				rest = append(rest, s)
			}
		}
	}
	p.sections = append(first, rest...)
	b.leftovers()
	settle(p.sections)
}

type bodyReader struct {
	narrator *narrator
	media    map[*etree.Element]*attachment
	count    int
	own      []ownMedia
}

// ownMedia are the media of a section's entries: those that no narrative shows are listed below the section's text once all are read.
type ownMedia struct {
	section *section
	media   []*attachment
}

func (b *bodyReader) section(el *etree.Element, depth int) *section {
	b.count++
	s := &section{anchor: "s" + strconv.Itoa(b.count), title: sectionTitle(el), text: b.narrator.narrative(cda.Child(el, "text"))}
	s.lang = foreign(cda.Attr(cda.Child(el, "languageCode"), "code"))
	var media []*attachment
	for entry := range cda.Children(el, "entry") {
		s.entries++
		walk(entry, func(inner *etree.Element) {
			if a := b.media[inner]; a != nil {
				media = append(media, a)
			}
		})
	}
	b.own = append(b.own, ownMedia{section: s, media: media})
	for c := range cda.Children(el, "component") {
		for sub := range cda.Children(c, "section") {
			if depth < maxSectionDepth {
				s.children = append(s.children, b.section(sub, depth+1))
			} else {
				s.text.children = append(s.text.children, &node{kind: paragraph, children: []*node{{kind: textNode, text: cda.Text(sub)}}})
			}
		}
	}
	return s
}

func (b *bodyReader) leftovers() {
	for _, o := range b.own {
		for _, a := range o.media {
			if !a.shown {
				a.shown = true
				o.section.loose = append(o.section.loose, a)
			}
		}
	}
}

// sectionTitle is the title of a section, or the label of its code.
func sectionTitle(el *etree.Element) string {
	if t := cda.Text(cda.Child(el, "title")); t != "" {
		return t
	}
	if t := label(cda.Child(el, "code")); t != "" {
		return t
	}
	return "Section sans titre"
}

func hasTemplate(el *etree.Element, root string) bool {
	for t := range cda.Children(el, "templateId") {
		if cda.Attr(t, "root") == root {
			return true
		}
	}
	return false
}

// label is how a coded value reads: its display name, else what the original text says, else the code.
func label(code *etree.Element) string {
	if code == nil {
		return ""
	}
	if s := cda.Attr(code, "displayName"); hasInk(s) {
		return s
	}
	if s := cda.Text(cda.Child(code, "originalText")); s != "" {
		return s
	}
	return cda.Attr(code, "code")
}
