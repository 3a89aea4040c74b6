package element

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

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
	end := strings.Index(x.src[x.pos:], "?>")
	if end < 0 {
		return x.failAt(x.pos, "A processing instruction is not closed.")
	}
	body := x.src[x.pos+2 : x.pos+end]
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
	x.pos += end + 2
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

func (x *xmlScanner) startTag() bool {
	x.start = x.pos
	if x.rootDone {
		return x.failAt(x.pos, "There is a second root element.")
	}
	if len(x.open) >= x.maxDepth {
		x.failAt(x.pos, "The content nests deeper than the server accepts.")
		x.fail.limit = true
		return false
	}
	x.pos++
	raw, ok := x.name()
	if !ok {
		return false
	}
	outside := len(x.bindings)
	x.attrs = x.attrs[:0]
	for {
		spaced := x.space()
		if x.pos >= len(x.src) {
			return x.failAt(x.start, "A tag is not closed.")
		}
		if c := x.src[x.pos]; c == '>' || c == '/' {
			break
		}
		if !spaced {
			return x.failAt(x.pos, "Whitespace is required before an attribute.")
		}
		if !x.attribute(outside) {
			return false
		}
	}
	if x.src[x.pos] == '/' {
		x.pos++
		if x.pos >= len(x.src) || x.src[x.pos] != '>' {
			return x.failAt(x.pos, "A > is expected behind the / of an empty element.")
		}
		x.selfClosed = true
	}
	x.pos++
	x.kind = xmlStart
	return x.resolveAll(raw, outside)
}

// attribute reads one attribute or namespace declaration.
func (x *xmlScanner) attribute(outside int) bool {
	at := x.pos
	raw, ok := x.name()
	if !ok {
		return false
	}
	x.space()
	if x.pos >= len(x.src) || x.src[x.pos] != '=' {
		return x.failAt(x.pos, "An = is expected behind the name of an attribute.")
	}
	x.pos++
	x.space()
	if x.pos >= len(x.src) || x.src[x.pos] != '"' && x.src[x.pos] != '\'' {
		return x.failAt(x.pos, "The value of an attribute must be in quotes.")
	}
	from := x.pos + 1
	end := strings.IndexByte(x.src[from:], x.src[x.pos])
	if end < 0 {
		return x.failAt(x.pos, "The value of an attribute is not closed.")
	}
	value := x.src[from : from+end]
	x.pos = from + end + 1
	if strings.IndexByte(value, '<') >= 0 {
		return x.failAt(from, "The character < is not allowed in the value of an attribute.")
	}
	if !x.sound(value, from) {
		return false
	}
	if raw == "xmlns" || strings.HasPrefix(raw, "xmlns:") {
		return x.declare(strings.TrimPrefix(strings.TrimPrefix(raw, "xmlns"), ":"), unescapeXML(value, true), at, outside)
	}
	if len(x.attrs) >= maxAttributes {
		x.failAt(at, "An element has more attributes than the server accepts.")
		x.fail.limit = true
		return false
	}
	x.attrs = append(x.attrs, xmlAttr{xmlName: xmlName{raw: raw}, value: value, offset: at})
	return true
}

// declare brings a namespace prefix into scope.
func (x *xmlScanner) declare(prefix, space string, at, outside int) bool {
	if len(x.bindings) >= maxBindings {
		x.failAt(at, "There are more namespaces in scope than the server accepts.")
		x.fail.limit = true
		return false
	}
	for _, b := range x.bindings[outside:] {
		if b.prefix == prefix {
			return x.failAt(at, "An attribute appears twice in one element.")
		}
	}
	switch {
	case prefix == "xmlns", space == xmlnsNamespace, (prefix == "xml") != (space == xmlNamespace):
		return x.failAt(at, "The prefixes xml and xmlns cannot be declared otherwise.")
	case prefix != "" && space == "":
		return x.failAt(at, "A namespace prefix cannot be undeclared.")
	}
	x.bindings = append(x.bindings, binding{prefix, space})
	return true
}

// resolveAll finds the namespaces of a start tag and its attributes, and that no attribute is there twice.
func (x *xmlScanner) resolveAll(raw string, outside int) bool {
	tag, ok := x.resolve(raw, true, x.start)
	if !ok {
		return false
	}
	x.tag = tag
	x.open = append(x.open, openTag{tag, outside})
	for i := range x.attrs {
		a := &x.attrs[i]
		if a.xmlName, ok = x.resolve(a.raw, false, a.offset); !ok {
			return false
		}
		for j := range x.attrs[:i] {
			if x.attrs[j].local == a.local && x.attrs[j].space == a.space {
				return x.failAt(a.offset, "An attribute appears twice in one element.")
			}
		}
	}
	return true
}

func (x *xmlScanner) resolve(raw string, element bool, at int) (xmlName, bool) {
	prefix, local, prefixed := strings.Cut(raw, ":")
	if !prefixed {
		prefix, local = "", raw
		if !element {
			return xmlName{raw, "", raw}, true
		}
	}
	if prefixed && (prefix == "" || local == "" || strings.IndexByte(local, ':') >= 0 || nameLength(local) == 0) {
		return xmlName{}, x.failAt(at, "A name has one colon at most, with a name on both sides.")
	}
	if prefix == "xml" {
		return xmlName{raw, xmlNamespace, local}, true
	}
	for i := len(x.bindings) - 1; i >= 0; i-- {
		if x.bindings[i].prefix == prefix {
			x.lowest = min(x.lowest, i)
			return xmlName{raw, x.bindings[i].space, local}, true
		}
	}
	if prefixed {
		return xmlName{}, x.failAt(at, "A namespace prefix is not declared.")
	}
	return xmlName{raw, "", local}, true
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

// nameLength gives how many bytes of s are an XML name. Beyond ASCII any character passes: no name of FHIR or XHTML has one, so
// such a name is refused as unknown.
func nameLength(s string) int {
	i := 0
	for ; i < len(s); i++ {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' || c >= 0x80
		if !letter && (i == 0 || !isDigit(c) && c != '-' && c != '.') {
			break
		}
	}
	return i
}

func isXMLSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func blank(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isXMLSpace(s[i]) {
			return false
		}
	}
	return true
}

// sound checks characters and references of text or of an attribute's value.
func (x *xmlScanner) sound(s string, at int) bool {
	if !x.characterRange(s, at) {
		return false
	}
	for i := strings.IndexByte(s, '&'); i >= 0; {
		if _, n := reference(s[i:]); n == 0 {
			return x.failAt(at+i, "Only the entities of XML itself (&amp; &lt; &gt; &quot; &apos;) and character references are allowed; "+
				"an ampersand is written &amp;.")
		}
		next := strings.IndexByte(s[i+1:], '&')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return true
}

// characterRange refuses the characters that XML cannot carry.
func (x *xmlScanner) characterRange(s string, at int) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' && !isXMLSpace(c) || c == 0xEF && (strings.HasPrefix(s[i:], "\uFFFE") || strings.HasPrefix(s[i:], "\uFFFF")) {
			return x.failAt(at+i, "There is a character that XML does not allow.")
		}
	}
	return true
}

// reference decodes the entity or character reference at the start of s, and gives its length; 0 when it is none.
func reference(s string) (rune, int) {
	end := strings.IndexByte(s[:min(len(s), 16)], ';')
	if end < 2 {
		return 0, 0
	}
	body := s[1:end]
	switch body {
	case "amp":
		return '&', end + 1
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "quot":
		return '"', end + 1
	case "apos":
		return '\'', end + 1
	}
	if body[0] != '#' || len(body) < 2 {
		return 0, 0
	}
	digits, base := body[1:], 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	if digits == "" || digits[0] == '+' || digits[0] == '-' {
		return 0, 0
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || !xmlRune(rune(n)) {
		return 0, 0
	}
	return rune(n), end + 1
}

func xmlRune(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r < 0xD800 || r > 0xDFFF && r <= 0x10FFFF && r != 0xFFFE && r != 0xFFFF
}

// unescapeXML replaces references, and normalises white space as XML 1.0 asks: line ends to \n (section 2.11), and in
// attributes every literal tab and line end to a space (section 3.3.3).
func unescapeXML(s string, attribute bool) string {
	special := "&\r"
	if attribute {
		special = "&\r\n\t"
	}
	i := strings.IndexAny(s, special)
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for {
		b.WriteString(s[:i])
		s = s[i:]
		n := 1
		switch c := s[0]; {
		case c == '&':
			var r rune
			if r, n = reference(s); n == 0 {
				r, n = utf8.RuneError, 1 // cannot be: sound was asked first
			}
			b.WriteRune(r)
		default:
			if c == '\r' && len(s) > 1 && s[1] == '\n' {
				n = 2
			}
			if attribute {
				b.WriteByte(' ')
			} else {
				b.WriteByte('\n')
			}
		}
		s = s[n:]
		if i = strings.IndexAny(s, special); i < 0 {
			b.WriteString(s)
			return b.String()
		}
	}
}
