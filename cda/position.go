package cda

import (
	"bytes"
	"sort"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// Line gives the line of an element's start tag in the document as received, from 1; 0 when el is nil or not of this document.
func (d *Document) Line(el *etree.Element) int {
	if el == nil || d.place.top == nil {
		return 0
	}
	p := &d.place
	p.mu.Lock()
	defer p.mu.Unlock()
	n, ok := p.ordinal(el)
	if !ok || n >= len(p.starts) {
		return 0
	}
	if p.newlines == nil {
		p.newlines = lineEnds(p.text)
	}
	offset := p.starts[n]
	return 1 + sort.Search(len(p.newlines), func(i int) bool { return p.newlines[i] >= offset })
}

// lookupsBeforeMap is how often the tree is walked for an element before a map of all elements pays.
const lookupsBeforeMap = 8

// ordinal gives the position of el among the elements in document order.
func (p *place) ordinal(el *etree.Element) (int, bool) {
	if p.ordinals != nil {
		n, ok := p.ordinals[el]
		return int(n), ok
	}
	if p.lookups++; p.lookups > lookupsBeforeMap {
		p.ordinals = make(map[*etree.Element]int32, len(p.starts))
		p.number(p.top)
		return p.ordinal(el)
	}
	n := 0
	return n, seek(p.top, el, &n)
}

func (p *place) number(el *etree.Element) {
	p.ordinals[el] = int32(len(p.ordinals))
	for c := range Elements(el) {
		p.number(c)
	}
}

// seek counts in n the elements from el on that come before want.
func seek(el, want *etree.Element, n *int) bool {
	if el == want {
		return true
	}
	*n++
	for _, t := range el.Child {
		if c, ok := t.(*etree.Element); ok && seek(c, want, n) {
			return true
		}
	}
	return false
}

func lineEnds(text []byte) []uint32 {
	ends := make([]uint32, 0, bytes.Count(text, []byte("\n")))
	for at := 0; ; {
		n := bytes.IndexByte(text[at:], '\n')
		if n < 0 {
			return ends
		}
		ends = append(ends, uint32(at+n))
		at += n + 1
	}
}

// Path gives the XPath of an element from ClinicalDocument down: names of the CDA namespace without prefix, those of the usual extensions with their usual
// prefix (sdtc, lab, pharm, ps3-20), and an index where siblings share the name, as in /ClinicalDocument/author[2]/assignedAuthor/id.
func (d *Document) Path(el *etree.Element) string {
	if el == nil {
		return ""
	}
	var steps []string
	for e := el; e != nil && e.Tag != ""; e = e.Parent() {
		steps = append(steps, d.place.step(e))
		if e == d.Root {
			break
		}
	}
	var b strings.Builder
	for i := len(steps) - 1; i >= 0; i-- {
		b.WriteByte('/')
		b.WriteString(steps[i])
	}
	return b.String()
}

// manySiblings is from how many on siblings are counted once for all of them: a document that is wrong everywhere must not cost the square of its length.
const manySiblings = 64

func (p *place) step(el *etree.Element) string {
	name := readableName(el)
	parent := el.Parent()
	if parent == nil {
		return name
	}
	at := sibling{}
	if len(parent.Child) < manySiblings {
		for c := range Elements(parent) {
			if c.Tag == el.Tag && c.Space == el.Space {
				at.total++
				if c == el {
					at.place = at.total
				}
			}
		}
	} else {
		at = p.sibling(parent, el)
	}
	if at.total < 2 {
		return name
	}
	return name + "[" + strconv.Itoa(at.place) + "]"
}

// sibling is the place of an element among those of its name.
type sibling struct{ place, total int }

func (p *place) sibling(parent, el *etree.Element) sibling {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.siblings[el]; !ok {
		if p.siblings == nil {
			p.siblings = map[*etree.Element]sibling{}
		}
		total := map[[2]string]int{}
		for c := range Elements(parent) {
			total[[2]string{c.Space, c.Tag}]++
			p.siblings[c] = sibling{place: total[[2]string{c.Space, c.Tag}]}
		}
		for c := range Elements(parent) {
			p.siblings[c] = sibling{p.siblings[c].place, total[[2]string{c.Space, c.Tag}]}
		}
	}
	return p.siblings[el]
}

// readableName gives the local name, with the usual prefix for namespaces beside that of CDA.
func readableName(el *etree.Element) string {
	switch el.Space {
	case NS, "":
		return el.Tag
	case NSSDTC:
		return "sdtc:" + el.Tag
	case NSLab:
		return "lab:" + el.Tag
	case NSPharm:
		return "pharm:" + el.Tag
	case NSDICOM:
		return "ps3-20:" + el.Tag
	case NSXSL:
		return "xsl:" + el.Tag
	}
	return "*:" + el.Tag
}
