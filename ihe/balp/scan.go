package balp

import "strings"

// A trace must know whose resources an answer carries. Stored resources are JSON that the server wrote, so a few members are found in them without reading the rest: a tree of each of a page's resources would cost more than the search.

// node is a member that is looked for on the way to a leaf; several paths share their beginnings.
type node struct {
	name  string
	inner []*node
	leaf  bool
}

// paths makes the tree of paths such as "subject.reference".
func paths(list ...string) *node {
	root := &node{}
	for _, path := range list {
		at := root
		for name := range strings.SplitSeq(path, ".") {
			at = at.child(name)
		}
		at.leaf = true
	}
	return root
}

func (n *node) child(name string) *node {
	for _, c := range n.inner {
		if c.name == name {
			return c
		}
	}
	c := &node{name: name}
	n.inner = append(n.inner, c)
	return c
}

// scan calls yield with the strings at the leaves, as the JSON spells them, in the order of the text. Lists are walked through. What is no JSON ends the scan where that shows.
func scan(body []byte, root *node, yield func(leaf *node, value []byte)) {
	s := scanner{b: body, yield: yield}
	s.value(root, 0)
}

// maxScanDepth bounds the paths that are followed, which are a few members long.
const maxScanDepth = 32

type scanner struct {
	b     []byte
	i     int
	bad   bool
	yield func(leaf *node, value []byte)
}

// space moves to the next byte that is none, and says whether there is one.
func (s *scanner) space() bool {
	for ; s.i < len(s.b); s.i++ {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
		default:
			return !s.bad
		}
	}
	s.bad = true
	return false
}

// value reads one value under a node; nil: it is stepped over.
func (s *scanner) value(n *node, depth int) {
	if !s.space() || depth > maxScanDepth {
		s.bad = true
		return
	}
	if n == nil {
		s.skip()
		return
	}
	switch s.b[s.i] {
	case '{':
		s.object(n, depth)
	case '[':
		s.list(n, depth)
	case '"':
		if text := s.text(); n.leaf && !s.bad {
			s.yield(n, text)
		}
	default:
		s.skip()
	}
}

func (s *scanner) object(n *node, depth int) {
	s.i++
	for s.space() {
		switch s.b[s.i] {
		case '}':
			s.i++
			return
		case ',':
			s.i++
			continue
		case '"':
		default:
			s.bad = true
			return
		}
		name := s.text()
		if !s.space() || s.b[s.i] != ':' {
			s.bad = true
			return
		}
		s.i++
		var next *node
		for _, c := range n.inner {
			if c.name == string(name) {
				next = c
				break
			}
		}
		s.value(next, depth+1)
	}
}

func (s *scanner) list(n *node, depth int) {
	s.i++
	for s.space() {
		switch s.b[s.i] {
		case ']':
			s.i++
			return
		case ',':
			s.i++
		default:
			before := s.i
			if s.value(n, depth+1); s.i == before { // no value begins with that
				s.bad = true
			}
		}
	}
}

// text reads a string and gives what stands between its quotes.
func (s *scanner) text() []byte {
	s.i++
	start := s.i
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case '\\':
			s.i += 2
		case '"':
			s.i++
			return s.b[start : s.i-1]
		default:
			s.i++
		}
	}
	s.bad = true
	return nil
}

// skip steps over a value of any kind.
func (s *scanner) skip() {
	depth := 0
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case '"':
			s.text()
			if s.bad || depth == 0 {
				return
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return // the end of what holds the value
			}
			if depth--; depth == 0 {
				s.i++
				return
			}
		case ',':
			if depth == 0 {
				return
			}
		}
		s.i++
	}
	s.bad = true
}
