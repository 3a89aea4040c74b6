package cda

import (
	"bytes"
	"fmt"
)

// guard scans a document once before the tree is built, so that what is too big, too deep or forbidden costs nothing but the scan. It refuses document type
// declarations, duplicate attributes and anything beside one root, which the decoder below etree lets through, and notes where start tags are. It is no full
// parser: what it lets pass must still please the decoder, and both must count the same elements.
type guard struct {
	text   []byte
	limits Limits
	pos    int
	depth  int
	nodes  int
	roots  int
	starts []uint32 // offset of each start tag, in document order
	names  [][]byte // of the attributes of the tag at hand
}

// scan gives the offsets of all start tags.
func scan(text []byte, limits Limits) ([]uint32, error) {
	g := guard{text: text, limits: limits, starts: make([]uint32, 0, min(len(text)/64, limits.Elements)+16)}
	for g.pos < len(text) {
		if err := g.step(); err != nil {
			return nil, err
		}
	}
	switch {
	case g.depth > 0:
		return nil, g.malformed("the document ends before all its elements are closed")
	case g.roots == 0:
		return nil, refuse(RuleRoot, 0, "there is no element; a ClinicalDocument is expected")
	}
	return g.starts, nil
}

func (g *guard) malformed(text string) error { return refuse(RuleXML, g.line(), text) }

func (g *guard) line() int { return 1 + bytes.Count(g.text[:min(g.pos, len(g.text))], []byte("\n")) }

// step passes the text before the next markup, and that markup.
func (g *guard) step() error {
	next := bytes.IndexByte(g.text[g.pos:], '<')
	if next < 0 {
		next = len(g.text) - g.pos
	}
	if next > 0 {
		if g.depth == 0 && len(bytes.Trim(g.text[g.pos:g.pos+next], " \t\r\n")) > 0 {
			return g.malformed("there is text outside the root element")
		}
		if err := g.node(); err != nil {
			return err
		}
		g.pos += next
	}
	rest := g.text[g.pos:]
	switch {
	case len(rest) == 0:
		return nil
	case bytes.HasPrefix(rest, []byte("<!--")):
		return g.skip(4, "-->", "comment")
	case bytes.HasPrefix(rest, []byte("<![CDATA[")) && g.depth > 0:
		return g.skip(9, "]]>", "CDATA section")
	case bytes.HasPrefix(rest, []byte("<!")):
		return refuse(RuleDTD, g.line(), "a document type declaration is not allowed, and no entities beside those of XML itself")
	case bytes.HasPrefix(rest, []byte("<?")):
		return g.skip(2, "?>", "processing instruction")
	case bytes.HasPrefix(rest, []byte("</")):
		g.depth--
		if g.depth < 0 {
			return g.malformed("an element is closed that was not opened")
		}
		return g.skip(2, ">", "end tag")
	default:
		return g.startTag()
	}
}

func (g *guard) node() error {
	if g.nodes++; g.nodes > g.limits.Nodes {
		return refuse(RuleLimit, g.line(), fmt.Sprintf("the document has more than %d elements, attributes and texts", g.limits.Nodes))
	}
	return nil
}

func (g *guard) skip(from int, end, what string) error {
	if err := g.node(); err != nil {
		return err
	}
	n := bytes.Index(g.text[g.pos+from:], []byte(end))
	if n < 0 {
		return g.malformed("the document ends within a " + what)
	}
	g.pos += from + n + len(end)
	return nil
}

func (g *guard) startTag() error {
	g.starts = append(g.starts, uint32(g.pos))
	if err := g.open(); err != nil {
		return err
	}
	g.pos++
	if g.name() == nil {
		return g.malformed("a < is followed by no element name")
	}
	g.names = g.names[:0]
	for {
		spaced := g.space()
		switch c := g.peek(); {
		case c == '>':
			g.pos++
			return nil
		case c == '/':
			g.pos++
			if g.peek() != '>' {
				return g.malformed("a / in a tag is not followed by >")
			}
			g.pos++
			g.depth--
			return nil
		case !spaced:
			return g.malformed("there is no white space before an attribute, or a tag does not end")
		}
		if err := g.attribute(); err != nil {
			return err
		}
	}
}

// open counts a start tag.
func (g *guard) open() error {
	if g.depth == 0 {
		if g.roots++; g.roots > 1 {
			return g.malformed("there is a second root element")
		}
	}
	if g.depth++; g.depth > g.limits.Depth {
		return refuse(RuleLimit, g.line(), fmt.Sprintf("elements are nested deeper than %d", g.limits.Depth))
	}
	if len(g.starts) > g.limits.Elements {
		return refuse(RuleLimit, g.line(), fmt.Sprintf("the document has more than %d elements", g.limits.Elements))
	}
	return g.node()
}

func (g *guard) attribute() error {
	name := g.name()
	g.space()
	if name == nil || g.peek() != '=' {
		return g.malformed("an attribute has no name or no value")
	}
	g.pos++
	g.space()
	quote := g.peek()
	if quote != '"' && quote != '\'' {
		return g.malformed("the value of an attribute is not in quotes")
	}
	g.pos++
	n := bytes.IndexByte(g.text[g.pos:], quote)
	switch {
	case n > g.limits.AttributeBytes || n < 0 && len(g.text)-g.pos > g.limits.AttributeBytes:
		return refuse(RuleLimit, g.line(), fmt.Sprintf("the value of an attribute is longer than %d bytes", g.limits.AttributeBytes))
	case n < 0:
		return g.malformed("the document ends within the value of an attribute")
	}
	for _, other := range g.names {
		if bytes.Equal(other, name) {
			return refuse(RuleDuplicate, g.line(), fmt.Sprintf("the attribute %s occurs twice in one tag", clip(string(name), 40)))
		}
	}
	if g.names = append(g.names, name); len(g.names) > g.limits.Attributes {
		return refuse(RuleLimit, g.line(), fmt.Sprintf("an element has more than %d attributes", g.limits.Attributes))
	}
	g.pos += n + 1
	return g.node()
}

// name passes a name, nil when there is none.
func (g *guard) name() []byte {
	start := g.pos
	for g.pos < len(g.text) {
		switch g.text[g.pos] {
		case ' ', '\t', '\r', '\n', '/', '>', '=', '<', '"', '\'':
		default:
			g.pos++
			continue
		}
		break
	}
	if g.pos == start {
		return nil
	}
	return g.text[start:g.pos]
}

// space passes white space and says whether there was some.
func (g *guard) space() bool {
	start := g.pos
	for g.pos < len(g.text) {
		switch g.text[g.pos] {
		case ' ', '\t', '\r', '\n':
			g.pos++
			continue
		}
		break
	}
	return g.pos > start
}

// peek gives the next byte, 0 at the end.
func (g *guard) peek() byte {
	if g.pos < len(g.text) {
		return g.text[g.pos]
	}
	return 0
}
