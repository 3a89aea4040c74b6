package cda

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/beevik/etree"
)

// reader builds the tree of a document in one pass over its text: it knows XML 1.0 with namespaces and without document type declarations, refuses whatever is
// not well-formed, and holds the limits before anything is kept. etree's own reader (encoding/xml below it) lets duplicate attributes and several roots pass, has
// no limits beside depth, knows no positions and takes five times as long; it is the oracle of the tests: what this reader takes, etree takes, and both give the
// same tree but for what readTree says.
//
// Names, values and texts are pieces of the document's one string. Nodes come out of slabs.
type reader struct {
	text   string
	limits Limits
	pos    int
	nodes  int
	root   *etree.Element
	starts []uint32 // offset of each start tag, in document order

	open    []frame
	pending []etree.Token // children of the open elements, innermost last
	scope   []binding
	raw     []rawAttr // of the tag at hand
	slabs
}

// frame is an element that is open.
type frame struct {
	el        *etree.Element
	name      string // as written
	children  int    // where its children begin in pending
	scope     int    // bindings outside it
	narrative bool   // in a text element, where white space between elements counts
}

// rawAttr is an attribute as written; ok says that its name is a QName.
type rawAttr struct {
	name, prefix, local string
	ok                  bool
	value               string
}

// binding binds a prefix, "" the default, to a namespace.
type binding struct{ prefix, uri string }

// readTree reads a text that is valid UTF-8. The tree is made of pieces of it: it must not be changed afterwards. White space between elements is dropped but within narratives (the element text), as are comments and processing
// instructions.
func readTree(raw []byte, limits Limits) (root *etree.Element, starts []uint32, err error) {
	text := unsafe.String(unsafe.SliceData(raw), len(raw)) //nolint:gosec // the document keeps raw, which nobody changes
	r := reader{text: text, limits: limits, starts: make([]uint32, 0, min(len(text)/64, limits.Elements)+16)}
	if at := forbiddenCharacter(raw); at >= 0 {
		r.pos = at
		return nil, nil, r.malformed("there is a character that XML does not allow")
	}
	if err := r.declaration(); err != nil {
		return nil, nil, err
	}
	for r.pos < len(text) {
		if err := r.step(); err != nil {
			return nil, nil, err
		}
	}
	switch {
	case len(r.open) > 0:
		return nil, nil, r.malformed("the document ends before all its elements are closed")
	case r.root == nil:
		return nil, nil, refuse(RuleRoot, 0, "there is no element; a ClinicalDocument is expected")
	}
	return r.root, r.starts, nil
}

func (r *reader) malformed(text string) *ParseError { return refuse(RuleXML, r.line(), text) }

func (r *reader) line() int { return 1 + strings.Count(r.text[:min(r.pos, len(r.text))], "\n") }

func (r *reader) limit(format string, most int) *ParseError {
	return refuse(RuleLimit, r.line(), fmt.Sprintf(format, most))
}

func (r *reader) node() error {
	if r.nodes++; r.nodes > r.limits.Nodes {
		return r.limit("the document has more than %d elements, attributes and texts", r.limits.Nodes)
	}
	return nil
}

// declaration passes the XML declaration. Its encoding has been seen to.
func (r *reader) declaration() error {
	const begin = "<?xml"
	if !strings.HasPrefix(r.text, begin) || len(r.text) == len(begin) || !isSpace(r.text[len(begin)]) {
		return nil
	}
	inner, _, ok := strings.Cut(r.text[len(begin):], "?>")
	inner = strings.TrimLeft(inner, " \t\r\n")
	if !ok || !strings.HasPrefix(inner, `version="1.0"`) && !strings.HasPrefix(inner, `version='1.0'`) {
		return r.malformed("the XML declaration is not one of version 1.0")
	}
	r.pos = strings.Index(r.text, "?>") + 2
	return nil
}

// step passes the text before the next markup, and that markup.
func (r *reader) step() error {
	next := strings.IndexByte(r.text[r.pos:], '<')
	if next < 0 {
		next = len(r.text) - r.pos
	}
	if next > 0 {
		if err := r.characters(r.text[r.pos : r.pos+next]); err != nil {
			return err
		}
		r.pos += next
	}
	if r.pos+1 >= len(r.text) {
		if r.pos < len(r.text) {
			return r.malformed("the document ends within a tag")
		}
		return nil
	}
	switch r.text[r.pos+1] {
	case '/':
		return r.endTag()
	case '!':
		return r.exclamation()
	case '?':
		return r.instruction()
	default:
		return r.startTag()
	}
}

func (r *reader) exclamation() error {
	rest := r.text[r.pos:]
	switch {
	case strings.HasPrefix(rest, "<!--"):
		n := strings.Index(rest[4:], "--")
		if n < 0 || len(rest) < 4+n+3 || rest[4+n+2] != '>' {
			return r.malformed("a comment does not end, or has -- in it")
		}
		r.pos += 4 + n + 3
		return r.node()
	case strings.HasPrefix(rest, "<![CDATA[") && len(r.open) > 0:
		n := strings.Index(rest[9:], "]]>")
		if n < 0 {
			return r.malformed("a CDATA section does not end")
		}
		r.pos += 9 + n + 3
		return r.addText(newlines(rest[9 : 9+n]))
	}
	return refuse(RuleDTD, r.line(), "a document type declaration is not allowed, and no entities beside those of XML itself")
}

func (r *reader) instruction() error {
	inner, _, ok := strings.Cut(r.text[r.pos+2:], "?>")
	target := inner
	if i := strings.IndexAny(inner, " \t\r\n"); i >= 0 {
		target = inner[:i]
	}
	if !ok || !isNCName(target) || strings.EqualFold(target, "xml") {
		return r.malformed("a processing instruction does not end, has no name, or is an XML declaration out of place")
	}
	r.pos += 2 + len(inner) + 2
	return r.node()
}

// characters takes the text between two tags.
func (r *reader) characters(s string) error {
	blank := isBlank(s)
	if len(r.open) == 0 {
		if !blank {
			return r.malformed("there is text outside the root element")
		}
		return nil
	}
	if blank && !r.open[len(r.open)-1].narrative {
		return nil
	}
	if strings.Contains(s, "]]>") {
		return r.malformed("there is ]]> in a text")
	}
	s, ok := unescape(s, false)
	if !ok {
		return r.malformed("a reference is neither to a character of XML nor to lt, gt, amp, apos or quot")
	}
	return r.addText(s)
}

func (r *reader) addText(s string) error {
	if s == "" {
		return nil
	}
	t := r.newText()
	t.Data = s
	r.pending = append(r.pending, t)
	return r.node()
}

func (r *reader) startTag() error {
	if err := r.countElement(); err != nil {
		return err
	}
	at := r.pos
	r.pos++
	name, prefix, local, ok := r.name()
	f := frame{name: name, scope: len(r.scope)}
	if !ok {
		return r.malformed("a < is followed by no element name")
	}
	closed, err := r.attributes()
	if err != nil {
		return err
	}
	end := r.pos
	r.pos = at
	f.el = r.newElement()
	f.el.Tag = local
	if f.el.Attr, err = r.resolveAttributes(); err != nil {
		return err
	}
	uri, ok := r.uri(prefix)
	if !ok {
		return r.unbound(prefix)
	}
	f.el.Space = uri
	f.narrative = local == "text" && uri == NS
	if n := len(r.open); n > 0 {
		f.narrative = f.narrative || r.open[n-1].narrative
		r.pending = append(r.pending, f.el)
	} else {
		r.root = f.el
	}
	r.pos = end
	f.children = len(r.pending)
	r.open = append(r.open, f)
	if closed {
		r.close()
	}
	return nil
}

// countElement notes a start tag and holds the limits.
func (r *reader) countElement() error {
	if len(r.open) == 0 && r.root != nil {
		return r.malformed("there is a second root element")
	}
	if len(r.open) >= r.limits.Depth {
		return r.limit("elements are nested deeper than %d", r.limits.Depth)
	}
	if r.starts = append(r.starts, uint32(r.pos)); len(r.starts) > r.limits.Elements {
		return r.limit("the document has more than %d elements", r.limits.Elements)
	}
	return r.node()
}

func (r *reader) endTag() error {
	n := len(r.open)
	if n == 0 {
		return r.malformed("an element is closed that was not opened")
	}
	at := r.pos
	r.pos += 2
	name, _, _, _ := r.name()
	r.space()
	if name != r.open[n-1].name || r.peek() != '>' {
		r.pos = at
		return r.malformed("an end tag is not that of the element which is open")
	}
	r.pos++
	r.close()
	return nil
}

// close ends the innermost element and hands it its children.
func (r *reader) close() {
	f := r.open[len(r.open)-1]
	r.open = r.open[:len(r.open)-1]
	r.scope = r.scope[:f.scope]
	children := r.pending[f.children:]
	if len(children) > 0 {
		f.el.Child = r.newTokens(len(children))
		for _, c := range children {
			f.el.AddChild(c)
		}
		clear(children)
		r.pending = r.pending[:f.children]
	}
}
