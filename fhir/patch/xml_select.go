package patch

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

type nodeKind uint8

const (
	elementNode nodeKind = iota + 1
	attributeNode
	textNode
)

// node is what a selector selects.
type node struct {
	kind      nodeKind
	element   *etree.Element // the element, or the one that has the attribute or text
	attribute string
	text      etree.Token
}

// selectBudget bounds how many nodes the selectors of one patch may look at.
const selectBudget = 2_000_000

// find evaluates the operation's sel, which must select exactly one node (RFC 5261, section 4.1).
func (x *xmlEditor) find() (node, error) {
	text := x.op.SelectAttrValue("sel", "")
	if text == "" {
		return node{}, x.malformed("has no sel")
	}
	if len(text) > 2048 {
		return node{}, x.malformed("has a sel that is too long")
	}
	s := selector{x: x, rest: text}
	steps, err := s.steps()
	if err != nil {
		return node{}, err
	}
	at, err := x.walk(steps)
	if err != nil {
		return node{}, err
	}
	if len(at) != 1 {
		return node{}, x.fail(fmt.Sprintf("selects %d nodes where exactly one is needed", len(at)))
	}
	return at[0], nil
}

// xstep is one step of a selector: a child element, an attribute (the last step only) or text.
type xstep struct {
	name       string // "*" for any
	space      string // the namespace; "" where the selector has no prefix and the diff no default, which is any
	attribute  bool
	text       bool
	predicates []predicate
}

// predicate is [3], or [path/@attribute='literal'], or [path='literal'], which compares the text of an element.
type predicate struct {
	position  int
	path      []xstep // without the attribute
	attribute string
	literal   string
}

// selector parses the subset of XPath that RFC 5261 allows in sel, with predicates over paths in addition.
type selector struct {
	x    *xmlEditor
	rest string
}

func (s *selector) bad(what string) error {
	return s.x.malformed("has a sel that the server cannot read: " + what)
}

func (s *selector) accept(prefix string) bool {
	if strings.HasPrefix(s.rest, prefix) {
		s.rest = s.rest[len(prefix):]
		return true
	}
	return false
}

func (s *selector) steps() ([]xstep, error) {
	s.accept("/")
	var steps []xstep
	for {
		st, err := s.step()
		if err != nil {
			return nil, err
		}
		steps = append(steps, st)
		if s.rest == "" {
			return steps, nil
		}
		if !s.accept("/") || st.attribute || st.text {
			return nil, s.bad("a step of the path was expected")
		}
	}
}

func (s *selector) step() (xstep, error) {
	st, err := s.nodeTest()
	if err != nil {
		return st, err
	}
	for s.accept("[") {
		p, err := s.predicate()
		if err != nil {
			return st, err
		}
		if len(st.predicates) == 8 {
			return st, s.bad("it has too many predicates")
		}
		st.predicates = append(st.predicates, p)
	}
	return st, nil
}

// nodeTest reads "prefix:name", "name", "*", "@name" or "text()".
func (s *selector) nodeTest() (xstep, error) {
	if s.accept("text()") {
		return xstep{text: true}, nil
	}
	if s.accept("@") {
		name := s.name()
		if name == "" || strings.HasPrefix(s.rest, ":") {
			return xstep{}, s.bad("an attribute without prefix was expected")
		}
		return xstep{name: name, attribute: true}, nil
	}
	if s.accept("*") {
		return xstep{name: "*"}, nil
	}
	name := s.name()
	if name == "" {
		return xstep{}, s.bad("a name was expected")
	}
	if !s.accept(":") {
		return xstep{name: name, space: s.defaultSpace()}, nil
	}
	space, ok := s.space(name)
	if !ok {
		return xstep{}, s.bad("a prefix is not declared")
	}
	name = s.name()
	if name == "" && s.accept("*") {
		name = "*"
	}
	if name == "" {
		return xstep{}, s.bad("a name was expected")
	}
	return xstep{name: name, space: space}, nil
}

func (s *selector) name() string {
	n := 0
	for n < len(s.rest) && (isNameByte(s.rest[n]) || n > 0 && (s.rest[n] == '-' || s.rest[n] == '.')) {
		n++
	}
	name := s.rest[:n]
	s.rest = s.rest[n:]
	return name
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// space finds what a prefix stands for at the operation.
func (s *selector) space(prefix string) (string, bool) {
	for e := s.x.op; e != nil; e = e.Parent() {
		if a := e.SelectAttr("xmlns:" + prefix); a != nil {
			return a.Value, true
		}
	}
	return "", false
}

// defaultSpace gives the namespace of names without prefix. The patch's own namespace as the default says nothing of the document.
func (s *selector) defaultSpace() string {
	for e := s.x.op; e != nil; e = e.Parent() {
		for _, a := range e.Attr {
			if a.Space == "" && a.Key == "xmlns" && a.Value != patchNamespace {
				return a.Value
			}
		}
	}
	return ""
}

func (s *selector) predicate() (predicate, error) {
	s.spaces()
	if n := len(s.rest) - len(strings.TrimLeft(s.rest, "0123456789")); n > 0 {
		position, err := strconv.Atoi(s.rest[:n])
		if err != nil || position < 1 {
			return predicate{}, s.bad("a position counts from 1")
		}
		s.rest = s.rest[n:]
		return predicate{position: position}, s.closing()
	}
	var p predicate
	s.accept("./")
	for {
		st, err := s.nodeTest()
		if err != nil {
			return p, err
		}
		if st.text {
			return p, s.bad("text() cannot stand in a predicate")
		}
		if st.attribute {
			p.attribute = st.name
			break
		}
		p.path = append(p.path, st)
		if !s.accept("/") {
			break
		}
	}
	s.spaces()
	if !s.accept("=") {
		return p, s.bad("a predicate is a position or a comparison with =")
	}
	s.spaces()
	if s.rest == "" || s.rest[0] != '\'' && s.rest[0] != '"' {
		return p, s.bad("a predicate compares with a quoted text")
	}
	quote := s.rest[:1]
	literal, rest, closed := strings.Cut(s.rest[1:], quote)
	if !closed {
		return p, s.bad("a quote is not closed")
	}
	p.literal, s.rest = literal, rest
	return p, s.closing()
}

func (s *selector) closing() error {
	s.spaces()
	if !s.accept("]") {
		return s.bad("a predicate is not closed")
	}
	return nil
}

func (s *selector) spaces() { s.rest = strings.TrimLeft(s.rest, " \t\r\n") }

// walk follows the steps from the document.
func (x *xmlEditor) walk(steps []xstep) ([]node, error) {
	at := []*etree.Element{&x.doc.Element}
	for _, st := range steps {
		switch {
		case st.attribute:
			return attributes(at, st.name), nil
		case st.text:
			return texts(at), nil
		}
		var next []*etree.Element
		for _, e := range at {
			found, err := x.children(e, st)
			if err != nil {
				return nil, err
			}
			next = append(next, found...)
		}
		at = next
	}
	out := make([]node, len(at))
	for i, e := range at {
		out[i] = node{kind: elementNode, element: e}
	}
	return out, nil
}

// children gives the child elements that a step selects.
func (x *xmlEditor) children(e *etree.Element, st xstep) ([]*etree.Element, error) {
	var found []*etree.Element
	all := e.ChildElements()
	if x.budget -= len(all) + 1; x.budget < 0 {
		return nil, fault.New(http.StatusUnprocessableEntity, fault.TooCostly, "The selectors of the XML Patch cost too much to evaluate.")
	}
	for _, c := range all {
		if (st.name == "*" || st.name == c.Tag) && (st.space == "" || st.space == c.NamespaceURI()) {
			found = append(found, c)
		}
	}
	for _, p := range st.predicates {
		if p.position > 0 {
			if p.position > len(found) {
				return nil, nil
			}
			found = found[p.position-1 : p.position]
			continue
		}
		var kept []*etree.Element
		for _, c := range found {
			ok, err := x.holds(c, p)
			if err != nil {
				return nil, err
			}
			if ok {
				kept = append(kept, c)
			}
		}
		found = kept
	}
	return found, nil
}

func (x *xmlEditor) holds(e *etree.Element, p predicate) (bool, error) {
	at := []*etree.Element{e}
	for _, st := range p.path {
		var next []*etree.Element
		for _, e := range at {
			found, err := x.children(e, st)
			if err != nil {
				return false, err
			}
			next = append(next, found...)
		}
		at = next
	}
	for _, e := range at {
		if p.attribute == "" && e.Text() == p.literal {
			return true, nil
		}
		if a := e.SelectAttr(p.attribute); p.attribute != "" && a != nil && a.Value == p.literal {
			return true, nil
		}
	}
	return false, nil
}

func attributes(at []*etree.Element, name string) []node {
	var out []node
	for _, e := range at {
		if e.SelectAttr(name) != nil {
			out = append(out, node{kind: attributeNode, element: e, attribute: name})
		}
	}
	return out
}

func texts(at []*etree.Element) []node {
	var out []node
	for _, e := range at {
		for _, t := range e.Child {
			if c, ok := t.(*etree.CharData); ok {
				out = append(out, node{kind: textNode, element: e, text: c})
			}
		}
	}
	return out
}
