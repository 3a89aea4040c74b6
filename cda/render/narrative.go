package render

import (
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// narrator turns the narrative blocks of a document into nodes: an allow-list walk that never copies markup. It remembers what all narratives
// of the document share: which IDs are pointed at, the footnotes, the media.
type narrator struct {
	media   map[string]*attachment // by ID of the observationMedia (or of its region of interest)
	targets map[string]string      // ID in the document -> anchor on the page, for IDs that something points at
	notes   map[string]int         // ID of a footnote -> its number
	count   int                    // footnotes so far
}

// newNarrator looks through the body for what links and footnote references point at.
func newNarrator(body *etree.Element, attachments map[string]*attachment) *narrator {
	n := &narrator{media: attachments, targets: map[string]string{}, notes: map[string]int{}}
	walk(body, func(el *etree.Element) {
		if el.Space != cda.NS {
			return
		}
		switch el.Tag {
		case "linkHtml":
			if id, ok := strings.CutPrefix(strings.TrimSpace(cda.Attr(el, "href")), "#"); ok && id != "" {
				n.target(id)
			}
		case "footnoteRef":
			if id := strings.TrimSpace(cda.Attr(el, "IDREF")); id != "" {
				n.target(id)
			}
		}
	})
	return n
}

func (n *narrator) target(id string) {
	if _, known := n.targets[id]; !known {
		n.targets[id] = "r" + strconv.Itoa(len(n.targets)+1)
	}
}

// walk calls visit for an element and all below it.
func walk(el *etree.Element, visit func(*etree.Element)) {
	if el == nil {
		return
	}
	visit(el)
	for c := range cda.Elements(el) {
		walk(c, visit)
	}
}

// narrative reads the text of a section.
func (n *narrator) narrative(text *etree.Element) *node {
	if text == nil {
		return &node{kind: fragment}
	}
	return &node{kind: fragment, children: n.children(text, 0)}
}

// children reads all that an element holds, in order.
func (n *narrator) children(el *etree.Element, depth int) []*node {
	if depth >= maxNarrativeDepth {
		return []*node{{kind: textNode, text: cda.RawText(el)}}
	}
	var nodes []*node
	for _, t := range el.Child {
		switch t := t.(type) {
		case *etree.CharData:
			nodes = appendText(nodes, t.Data)
		case *etree.Element:
			nodes = append(nodes, n.element(t, depth+1)...)
		}
	}
	return nodes
}

// appendText adds text, joining it to a text before it: CDATA sections and comments cut the text of a source into pieces.
func appendText(nodes []*node, s string) []*node {
	if s == "" {
		return nodes
	}
	if last := len(nodes) - 1; last >= 0 && nodes[last].kind == textNode {
		nodes[last].text += s
		return nodes
	}
	return append(nodes, &node{kind: textNode, text: s})
}

// simple are the elements that become one node with what they hold (CDA R2 4.3.5).
var simple = map[string]kind{
	"content": inline, "paragraph": paragraph, "sub": subscript, "sup": superscript, "caption": caption, "item": item,
}

// element reads one element of a narrative. Its children count when it is unknown.
func (n *narrator) element(el *etree.Element, depth int) []*node {
	if el.Space != cda.NS {
		return n.children(el, depth)
	}
	switch el.Tag {
	case "br":
		return append([]*node{{kind: lineBreak}}, n.children(el, depth)...)
	case "linkHtml":
		return n.link(el, depth)
	case "renderMultiMedia":
		return n.multiMedia(el, depth)
	case "footnote":
		return n.footnote(el, depth)
	case "footnoteRef":
		return n.footnoteRef(el, depth)
	case "list":
		return n.list(el, depth)
	case "table":
		return n.table(el, depth)
	}
	k, known := simple[el.Tag]
	if !known {
		return n.children(el, depth)
	}
	out := n.node(k, el)
	if k == inline {
		switch strings.ToLower(cda.Attr(el, "revised")) {
		case "insert":
			out.kind = inserted
		case "delete":
			out.kind = deleted
		}
	}
	if k == item || k == paragraph {
		return n.withCaption(out, el, depth)
	}
	out.children = n.children(el, depth)
	return []*node{out}
}

// node begins a node with what all elements of a narrative may carry: an ID and a style.
func (n *narrator) node(k kind, el *etree.Element) *node {
	s, marker := parseStyle(cda.Attr(el, "styleCode"))
	s |= parseAlign(cda.Attr(el, "align"), cda.Attr(el, "valign"))
	return &node{kind: k, style: s, marker: marker, anchor: n.anchor(el)}
}

// anchor takes the anchor of an element that something points at, once: an ID used twice names the first.
func (n *narrator) anchor(el *etree.Element) string {
	id := cda.Attr(el, "ID")
	if id == "" {
		return ""
	}
	anchor := n.targets[id]
	if anchor == "" || strings.HasSuffix(anchor, "*") {
		return ""
	}
	n.targets[id] = anchor + "*"
	return anchor
}

// href is the anchor that a reference to an ID leads to.
func (n *narrator) href(id string) string { return strings.TrimSuffix(n.targets[id], "*") }

// withCaption reads an item or a paragraph, whose caption is set in bold before the rest.
func (n *narrator) withCaption(out *node, el *etree.Element, depth int) []*node {
	out.children = n.children(el, depth)
	for _, c := range out.children {
		if c.kind == caption {
			c.kind, c.style = inline, c.style|bold
			c.children = append(c.children, &node{kind: textNode, text: " "})
		}
	}
	return []*node{out}
}

func (n *narrator) link(el *etree.Element, depth int) []*node {
	out := n.node(inline, el)
	out.children = n.children(el, depth)
	href := strings.TrimSpace(cda.Attr(el, "href"))
	if id, ok := strings.CutPrefix(href, "#"); ok && n.href(id) != "" {
		out.kind, out.target = link, "#"+n.href(id)
	} else if address, ok := safeLink(href); ok {
		out.kind, out.target = link, address
	}
	if out.blank() && href != "" && !strings.HasPrefix(href, "#") {
		out.children = appendText(out.children, href)
	}
	return []*node{out}
}

// multiMedia reads a reference to media; each ID it names is shown, and what it holds (a caption) stands below.
func (n *narrator) multiMedia(el *etree.Element, depth int) []*node {
	nodes := make([]*node, 0, 1)
	for _, id := range strings.Fields(cda.Attr(el, "referencedObject")) {
		a := n.media[id]
		if a == nil {
			a = &attachment{state: missing}
		}
		a.shown = true
		nodes = append(nodes, &node{kind: media, media: a})
	}
	if below := n.children(el, depth); len(below) > 0 {
		c := &node{kind: paragraph, style: italic, children: below}
		for _, b := range below {
			if b.kind == caption {
				b.kind = inline
			}
		}
		if !c.blank() {
			nodes = append(nodes, c)
		}
	}
	return nodes
}

func (n *narrator) footnote(el *etree.Element, depth int) []*node {
	out := n.node(footnote, el)
	out.number = n.noteNumber(cda.Attr(el, "ID"))
	out.children = n.children(el, depth)
	return []*node{out}
}

func (n *narrator) footnoteRef(el *etree.Element, depth int) []*node {
	id := strings.TrimSpace(cda.Attr(el, "IDREF"))
	out := n.node(footnoteRef, el)
	out.number = n.noteNumber(id)
	if anchor := n.href(id); anchor != "" {
		out.target = "#" + anchor
	}
	return append([]*node{out}, n.children(el, depth)...)
}

// noteNumber numbers footnotes in the order in which they, or references to them, come.
func (n *narrator) noteNumber(id string) int {
	if number, known := n.notes[id]; known && id != "" {
		return number
	}
	n.count++
	n.notes[id] = n.count
	return n.count
}

// list reads a list. What stands between its items is kept as an item.
func (n *narrator) list(el *etree.Element, depth int) []*node {
	out := n.node(list, el)
	out.ordered = cda.Attr(el, "listType") == "ordered"
	switch {
	case out.ordered && !isOrdered(out.marker):
		out.marker = "1"
	case !out.ordered && isOrdered(out.marker):
		out.marker = ""
	}
	var before []*node
	for _, c := range n.children(el, depth) {
		switch {
		case c.kind == item:
			out.children = append(out.children, c)
		case c.kind == caption && len(out.children) == 0:
			before = append(before, &node{kind: paragraph, style: bold, anchor: c.anchor, children: c.children})
		case !c.blank():
			out.children = append(out.children, &node{kind: item, children: []*node{c}})
		}
	}
	return append(before, out)
}

// settle takes the address from links that lead to no place on the page: the ID is not there, or on something that has no place of its own.
func settle(sections []*section) {
	anchors := map[string]bool{}
	eachNode(sections, func(n *node) {
		if n.anchor != "" {
			anchors["#"+n.anchor] = true
		}
	})
	eachNode(sections, func(n *node) {
		if !strings.HasPrefix(n.target, "#") || anchors[n.target] {
			return
		}
		n.target = ""
		if n.kind == link {
			n.kind = inline
		}
	})
}

func eachNode(sections []*section, visit func(*node)) {
	var walk func([]*node)
	walk = func(nodes []*node) {
		for _, n := range nodes {
			visit(n)
			walk(n.children)
		}
	}
	for _, s := range sections {
		walk(s.text.children)
		eachNode(s.children, visit)
	}
}
