package element

import "strings"

// xmlScanner reads XML 1.0 with namespaces, strictly, one token at a time, over a string; it keeps byte positions and slices of the
// source, which encoding/xml does not, and refuses what that lets pass: duplicate attributes, several roots, unbound prefixes,
// any DTD. It serves both the XML format and the narratives inside JSON.
type xmlScanner struct {
	src      string
	pos      int
	maxDepth int

	// The token last read.
	kind  xmlKind
	start int       // where the token begins
	tag   xmlName   // of a start or end tag
	attrs []xmlAttr // of a start tag, namespace declarations excluded
	text  string    // raw source of text; empty tags end with selfClosed
	cdata bool      // the text is a CDATA section

	selfClosed bool
	open       []openTag
	bindings   []binding
	lowest     int // the lowest index in bindings that was used since it was last set
	rootDone   bool
	fail       *syntaxFault
}

type xmlKind uint8

const (
	xmlStart xmlKind = iota + 1
	xmlEnd
	xmlText
	xmlComment
	xmlInstruction
	xmlEOF
)

// xmlName is a name in its namespace; raw is as written, with its prefix.
type xmlName struct{ raw, space, local string }

type xmlAttr struct {
	xmlName
	value  string // raw source, entities not replaced
	offset int
}

type openTag struct {
	name     xmlName
	bindings int // how many were in scope outside
}

type binding struct{ prefix, space string }

const (
	fhirNamespace  = "http://hl7.org/fhir"
	xhtmlNamespace = "http://www.w3.org/1999/xhtml"
	xmlNamespace   = "http://www.w3.org/XML/1998/namespace"
	xsiNamespace   = "http://www.w3.org/2001/XMLSchema-instance"
	xmlnsNamespace = "http://www.w3.org/2000/xmlns/"
	maxAttributes  = 64
	maxBindings    = 128 // in scope together: each name is looked up among them
)

func (x *xmlScanner) failAt(offset int, text string) bool {
	if x.fail == nil {
		x.fail = &syntaxFault{offset: offset, text: text}
	}
	return false
}

// next reads one token; false at a syntax fault. The end of the source is a token.
func (x *xmlScanner) next() bool {
	if x.selfClosed {
		x.selfClosed = false
		return x.endTag(x.tag.raw)
	}
	x.start = x.pos
	if x.pos >= len(x.src) {
		if len(x.open) > 0 {
			return x.failAt(x.pos, "The content ends before all elements are closed.")
		}
		if !x.rootDone {
			return x.failAt(x.pos, "There is no element in the content.")
		}
		x.kind = xmlEOF
		return true
	}
	rest := x.src[x.pos:]
	if rest[0] != '<' {
		return x.characters()
	}
	switch {
	case strings.HasPrefix(rest, "<!--"):
		return x.comment()
	case strings.HasPrefix(rest, "<![CDATA["):
		return x.section()
	case strings.HasPrefix(rest, "<!"):
		return x.failAt(x.pos, "Document type declarations and entities are not allowed.")
	case strings.HasPrefix(rest, "<?"):
		return x.instruction()
	case strings.HasPrefix(rest, "</"):
		return x.closing()
	}
	return x.startTag()
}

// characters reads text up to the next markup.
func (x *xmlScanner) characters() bool {
	end := strings.IndexByte(x.src[x.pos:], '<')
	if end < 0 {
		end = len(x.src) - x.pos
	}
	x.kind, x.text, x.cdata = xmlText, x.src[x.pos:x.pos+end], false
	if i := strings.Index(x.text, "]]>"); i >= 0 {
		return x.failAt(x.pos+i, "The sequence ]]> is not allowed in text.")
	}
	if len(x.open) == 0 && !blank(x.text) {
		return x.failAt(x.pos, "Text is not allowed outside of the root element.")
	}
	if !x.sound(x.text, x.pos) {
		return false
	}
	x.pos += end
	return true
}

func (x *xmlScanner) comment() bool {
	body := x.src[x.pos+4:]
	end := strings.Index(body, "--")
	if end < 0 || !strings.HasPrefix(body[end:], "-->") {
		return x.failAt(x.pos, "A comment must end with --> and hold no -- inside.")
	}
	x.kind, x.text = xmlComment, body[:end]
	if !x.characterRange(x.text, x.pos+4) {
		return false
	}
	x.pos += 4 + end + 3
	return true
}

func (x *xmlScanner) section() bool {
	if len(x.open) == 0 {
		return x.failAt(x.pos, "Text is not allowed outside of the root element.")
	}
	body := x.src[x.pos+9:]
	end := strings.Index(body, "]]>")
	if end < 0 {
		return x.failAt(x.pos, "A CDATA section is not closed.")
	}
	x.kind, x.text, x.cdata = xmlText, body[:end], true
	if !x.characterRange(x.text, x.pos+9) {
		return false
	}
	x.pos += 9 + end + 3
	return true
}

// instruction reads a processing instruction; the XML declaration is one that may only stand first and must say UTF-8.
func (x *xmlScanner) instruction() bool {
	body := x.src[x.pos+2:]
	end := strings.Index(body, "?>")
	if end < 0 {
		return x.failAt(x.pos, "A processing instruction is not closed.")
	}
	body = body[:end]
	n := nameLength(body)
	if n == 0 || n < len(body) && !isXMLSpace(body[n]) {
		return x.failAt(x.pos, "A processing instruction has no name.")
	}
	if strings.EqualFold(body[:n], "xml") {
		if x.pos != 0 || body[:n] != "xml" {
			return x.failAt(x.pos, "The XML declaration is only allowed at the very beginning.")
		}
		if !declaresUTF8(body[n:]) {
			return x.failAt(x.pos, "The XML declaration must say version 1.0 and, if any, encoding UTF-8.")
		}
	}
	if !x.characterRange(body, x.pos+2) {
		return false
	}
	x.kind, x.text = xmlInstruction, body
	x.pos += 2 + end + 2
	return true
}

// declaresUTF8 reads the pseudo attributes of an XML declaration.
func declaresUTF8(s string) bool {
	for part := 0; ; part++ {
		s = strings.TrimLeft(s, " \t\r\n")
		if s == "" {
			return part > 0
		}
		name, rest, ok := strings.Cut(s, "=")
		rest = strings.TrimLeft(rest, " \t\r\n")
		if !ok || len(rest) < 2 || rest[0] != '"' && rest[0] != '\'' {
			return false
		}
		end := strings.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return false
		}
		value := rest[1 : 1+end]
		switch name = strings.TrimRight(name, " \t\r\n"); {
		case name == "version" && part == 0 && value == "1.0":
		case name == "encoding" && part == 1 && (strings.EqualFold(value, "utf-8") || strings.EqualFold(value, "us-ascii")):
		case name == "standalone" && part > 0 && (value == "yes" || value == "no"):
		default:
			return false
		}
		s = rest[end+2:]
	}
}

func (x *xmlScanner) closing() bool {
	x.pos += 2
	raw, ok := x.name()
	if !ok {
		return false
	}
	x.space()
	if x.pos >= len(x.src) || x.src[x.pos] != '>' {
		return x.failAt(x.pos, "A > is expected at the end of a tag.")
	}
	x.pos++
	return x.endTag(raw)
}

func (x *xmlScanner) endTag(raw string) bool {
	if len(x.open) == 0 || x.open[len(x.open)-1].name.raw != raw {
		return x.failAt(x.start, "An end tag does not match the element that is open.")
	}
	top := x.open[len(x.open)-1]
	x.open = x.open[:len(x.open)-1]
	x.bindings = x.bindings[:top.bindings]
	x.kind, x.tag = xmlEnd, top.name
	x.rootDone = len(x.open) == 0
	return true
}

func (x *xmlScanner) space() bool {
	from := x.pos
	for x.pos < len(x.src) && isXMLSpace(x.src[x.pos]) {
		x.pos++
	}
	return x.pos > from
}

func (x *xmlScanner) name() (string, bool) {
	n := nameLength(x.src[x.pos:])
	if n == 0 {
		return "", x.failAt(x.pos, "The name of an element or attribute is expected here.")
	}
	name := x.src[x.pos : x.pos+n]
	x.pos += n
	return name, true
}
