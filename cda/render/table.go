package render

import (
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

const (
	maxColSpan = 100
	maxRowSpan = 1000
)

// table reads a table into rows of cells, whatever the source made of it: rows outside of a body get one, and what stands where only rows or
// cells may stand comes after the table as a paragraph, or becomes a cell, so that nothing a reader should see is lost.
func (n *narrator) table(el *etree.Element, depth int) []*node {
	t := tableReader{n: n, out: n.node(table, el)}
	for _, c := range el.Child {
		switch c := c.(type) {
		case *etree.CharData:
			t.stray(&node{kind: textNode, text: c.Data})
		case *etree.Element:
			t.part(c, depth+1)
		}
	}
	t.footLast()
	nodes := append([]*node{}, t.before...)
	if len(t.out.children) > 0 {
		nodes = append(nodes, t.out)
	}
	return append(nodes, t.after...)
}

// footLast moves the feet to the end, where HTML wants them and readers look for them.
func (t *tableReader) footLast() {
	var parts, feet []*node
	for _, c := range t.out.children {
		if c.kind == tableFoot {
			feet = append(feet, c)
		} else {
			parts = append(parts, c)
		}
	}
	t.out.children = append(parts, feet...)
}

type tableReader struct {
	n             *narrator
	out           *node
	before, after []*node
}

func (t *tableReader) part(el *etree.Element, depth int) {
	if depth >= maxNarrativeDepth || el.Space != cda.NS {
		t.stray(t.n.children(el, depth)...)
		return
	}
	switch el.Tag {
	case "caption":
		c := t.n.node(caption, el)
		c.children = t.n.children(el, depth)
		if len(t.out.children) > 0 || c.hasBlock() {
			c.kind, c.style = paragraph, c.style|bold
			t.before = append(t.before, c)
			return
		}
		t.out.children = append(t.out.children, c)
	case "thead":
		t.group(tableHead, el, depth)
	case "tbody":
		t.group(tableBody, el, depth)
	case "tfoot":
		t.group(tableFoot, el, depth)
	case "tr":
		t.bareRow(el, depth)
	default: // col and colgroup say nothing; anything else is out of place
		t.stray(t.n.children(el, depth)...)
	}
}

// stray keeps what is out of place after the table.
func (t *tableReader) stray(nodes ...*node) {
	for _, c := range nodes {
		if !c.blank() {
			t.after = append(t.after, &node{kind: paragraph, children: []*node{c}})
		}
	}
}

// bareRow puts a row that stands directly in the table into a body.
func (t *tableReader) bareRow(el *etree.Element, depth int) {
	last := len(t.out.children) - 1
	if last < 0 || t.out.children[last].kind != tableBody {
		t.out.children = append(t.out.children, &node{kind: tableBody})
		last++
	}
	body := t.out.children[last]
	body.children = append(body.children, t.row(el, depth, false))
}

func (t *tableReader) group(k kind, el *etree.Element, depth int) {
	g := t.n.node(k, el)
	for _, c := range el.Child {
		switch c := c.(type) {
		case *etree.CharData:
			t.stray(&node{kind: textNode, text: c.Data})
		case *etree.Element:
			if cda.Is(c, cda.NS, "tr") && depth+1 < maxNarrativeDepth {
				g.children = append(g.children, t.row(c, depth+1, k == tableHead))
			} else {
				t.stray(t.n.children(c, depth+1)...)
			}
		}
	}
	if len(g.children) > 0 {
		t.out.children = append(t.out.children, g)
	}
}

func (t *tableReader) row(el *etree.Element, depth int, head bool) *node {
	r := t.n.node(row, el)
	for _, c := range el.Child {
		switch c := c.(type) {
		case *etree.CharData:
			if hasInk(c.Data) {
				r.children = append(r.children, &node{kind: dataCell, children: []*node{{kind: textNode, text: c.Data}}})
			}
		case *etree.Element:
			if cell := t.cell(c, depth+1); cell != nil {
				r.children = append(r.children, cell)
			}
		}
	}
	scopeOf(r, head)
	return r
}

// cell reads a cell; what stands between cells becomes one.
func (t *tableReader) cell(el *etree.Element, depth int) *node {
	k := dataCell
	switch {
	case cda.Is(el, cda.NS, "th"):
		k = headerCell
	case !cda.Is(el, cda.NS, "td"):
		c := &node{kind: dataCell, children: t.n.children(el, depth)}
		if c.blank() {
			return nil
		}
		return c
	}
	c := t.n.node(k, el)
	c.colSpan, c.rowSpan = span(cda.Attr(el, "colspan"), maxColSpan), span(cda.Attr(el, "rowspan"), maxRowSpan)
	c.children = t.n.children(el, depth)
	return c
}

// scopeOf notes in marker what the header cells of a row are headers of.
func scopeOf(r *node, head bool) {
	onlyHeaders := true
	for _, c := range r.children {
		onlyHeaders = onlyHeaders && c.kind == headerCell
	}
	for _, c := range r.children {
		if c.kind != headerCell {
			continue
		}
		switch {
		case (head || onlyHeaders) && c.colSpan > 1:
			c.marker = "colgroup"
		case head || onlyHeaders:
			c.marker = "col"
		default:
			c.marker = "row"
		}
	}
}

// span reads a number of columns or rows. What is not a number from 1 to most counts as one.
func span(s string, most int) int {
	v, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || v < 1 {
		return 1
	}
	return min(v, most)
}
