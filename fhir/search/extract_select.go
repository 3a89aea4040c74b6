package search

import (
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// selector is a search expression in the form that nearly all have: a union of plain paths with a few kinds of filter. All selectors of a type are merged into one
// tree of names (selectNode), so that a resource is walked once for all its parameters. What does not fit goes to fhir/path.
type selector []branch

// branch is one path of the union; root is the type name that it began with ("" when relative).
type branch struct {
	root  string
	steps []step
}

// step goes to the children of a name that pass all of its filters.
type step struct {
	name string
	// as keeps elements of the type ("value as Quantity").
	as string
	// refersTo keeps references to the resource type (where(resolve() is Patient)).
	refersTo string
	// child and value keep elements with a child of that value (where(system='phone')).
	child, value string
	// index keeps the one at this place; -1 keeps all.
	index int
}

// parseSelector reads an expression of the form; ok is false for any other, which is not an error.
func parseSelector(text string) (s selector, ok bool) {
	for _, part := range splitUnion(text) {
		b, ok := parseBranch(strings.TrimSpace(part))
		if !ok {
			return nil, false
		}
		s = append(s, b)
	}
	return s, len(s) > 0
}

// splitUnion splits an expression at the '|' that stand outside parentheses and quotes.
func splitUnion(text string) []string {
	var parts []string
	depth, start, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '|' && depth == 0:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

func parseBranch(text string) (branch, bool) {
	b, rest, ok := parsePrimary(text)
	if !ok {
		return b, false
	}
	for rest != "" {
		if as, isAs := strings.CutPrefix(rest, " as "); isAs {
			name, after := cutIdentifier(strings.TrimSpace(as))
			if name == "" || after != "" || !b.filterType(name) {
				return b, false
			}
			return b, true
		}
		if rest, ok = b.parseInvocation(rest); !ok {
			return b, false
		}
	}
	return b, true
}

// parsePrimary reads the start of a path: a type name, a first step or a path in parentheses.
func parsePrimary(text string) (b branch, rest string, ok bool) {
	if inner, isGroup := strings.CutPrefix(text, "("); isGroup {
		end := strings.IndexByte(inner, ')')
		if end < 0 || strings.ContainsAny(inner[:end], "(|") {
			return b, "", false
		}
		b, ok = parseBranch(strings.TrimSpace(inner[:end]))
		return b, inner[end+1:], ok
	}
	name, rest := cutIdentifier(text)
	if name == "" {
		return b, "", false
	}
	if name[0] >= 'A' && name[0] <= 'Z' {
		b.root = name
		return b, rest, true
	}
	b.steps = append(b.steps, step{name: name, index: -1})
	return b, rest, !strings.HasPrefix(rest, "(")
}

// parseInvocation reads ".name", ".as(T)", ".ofType(T)", ".where(...)" or "[n]".
func (b *branch) parseInvocation(text string) (rest string, ok bool) {
	if after, isIndex := strings.CutPrefix(text, "["); isIndex {
		digits, rest, found := strings.Cut(after, "]")
		n, err := strconv.Atoi(digits)
		if !found || err != nil || n < 0 || len(b.steps) == 0 {
			return "", false
		}
		// A filter before the index would change what it counts.
		last := &b.steps[len(b.steps)-1]
		if len(b.steps) != 1 || *last != (step{name: last.name, index: -1}) {
			return "", false
		}
		last.index = n
		return rest, true
	}
	after, isDot := strings.CutPrefix(text, ".")
	if !isDot {
		return "", false
	}
	name, rest := cutIdentifier(after)
	if name == "" {
		return "", false
	}
	if !strings.HasPrefix(rest, "(") {
		b.steps = append(b.steps, step{name: name, index: -1})
		return rest, true
	}
	argument, rest, ok := cutArgument(rest)
	if !ok {
		return "", false
	}
	switch name {
	case "as", "ofType":
		id, after := cutIdentifier(argument)
		return rest, id != "" && after == "" && b.filterType(id)
	case "where":
		return rest, b.filterWhere(argument)
	}
	return "", false
}

// cutArgument cuts "(...)" at the start, with what it holds.
func cutArgument(text string) (argument, rest string, ok bool) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return strings.TrimSpace(text[1:i]), text[i+1:], true
			}
		}
	}
	return "", "", false
}

func (b *branch) filterType(name string) bool {
	if len(b.steps) == 0 || b.steps[len(b.steps)-1].as != "" {
		return false
	}
	b.steps[len(b.steps)-1].as = typeName(name)
	return true
}

// typeName corrects the one slip of the R4 definitions: "DateTime" for the primitive dateTime.
func typeName(name string) string {
	if name == "DateTime" {
		return "dateTime"
	}
	return name
}

func (b *branch) filterWhere(condition string) bool {
	if len(b.steps) == 0 {
		return false
	}
	last := &b.steps[len(b.steps)-1]
	if target, isType := strings.CutPrefix(condition, "resolve() is "); isType {
		name, after := cutIdentifier(strings.TrimSpace(target))
		last.refersTo = name
		return name != "" && after == ""
	}
	child, quoted, found := strings.Cut(condition, "=")
	child, quoted = strings.TrimSpace(child), strings.TrimSpace(quoted)
	name, after := cutIdentifier(child)
	if !found || name == "" || after != "" || len(quoted) < 3 || quoted[0] != '\'' || quoted[len(quoted)-1] != '\'' {
		return false
	}
	last.child, last.value = name, quoted[1:len(quoted)-1]
	return !strings.ContainsAny(last.value, "'\\")
}

func cutIdentifier(text string) (name, rest string) {
	i := 0
	for i < len(text) && (text[i] >= 'a' && text[i] <= 'z' || text[i] >= 'A' && text[i] <= 'Z' || text[i] == '_' || i > 0 && text[i] >= '0' && text[i] <= '9') {
		i++
	}
	return text[:i], text[i:]
}

// selectNode is one place in the merged tree of names.
type selectNode struct {
	// slots are the parameters that index the elements found here.
	slots []int32
	edges []selectEdge
}

type selectEdge struct {
	step
	to *selectNode
}

// add makes the selector's paths lead to the slot.
func (n *selectNode) add(s selector, slot int32) {
	for _, b := range s {
		at := n
		for _, st := range b.steps {
			at = at.follow(st)
		}
		at.slots = append(at.slots, slot)
	}
}

func (n *selectNode) follow(s step) *selectNode {
	for i := range n.edges {
		if n.edges[i].step == s {
			return n.edges[i].to
		}
	}
	to := &selectNode{}
	n.edges = append(n.edges, selectEdge{step: s, to: to})
	return to
}

// hit is an element that a parameter indexes.
type hit struct {
	slot    int32
	element *element.Element
}

// find appends the hits in e: e itself for a path without steps ("Observation"), and those below.
func (n *selectNode) find(e *element.Element, hits []hit) []hit {
	for _, slot := range n.slots {
		hits = append(hits, hit{slot, e})
	}
	return n.walk(e, hits)
}

// walk appends the hits below e.
func (n *selectNode) walk(e *element.Element, hits []hit) []hit {
	for c := e.First; c != nil; c = c.Next {
		for i := range n.edges {
			edge := &n.edges[i]
			if edge.name != c.Name || !edge.admits(c) {
				continue
			}
			for _, slot := range edge.to.slots {
				hits = append(hits, hit{slot, c})
			}
			if len(edge.to.edges) > 0 {
				hits = edge.to.walk(c, hits)
			}
		}
	}
	return hits
}

func (s *step) admits(e *element.Element) bool {
	if s.as != "" && !e.Type.Is(s.as) {
		return false
	}
	if s.index >= 0 && element.Index(e) != s.index {
		return false
	}
	if s.refersTo != "" && referredType(e) != s.refersTo {
		return false
	}
	if s.child == "" {
		return true
	}
	for c := e.First; c != nil; c = c.Next {
		if c.Name == s.child && c.Value == s.value {
			return true
		}
	}
	return false
}

// results gives the types that the selector's elements can have, by the definitions; nil when they are not known.
func (s selector) results(root *spec.Type) []spec.TypeRef {
	var all []spec.TypeRef
	for _, b := range s {
		refs := []spec.TypeRef{{Type: root}}
		for _, st := range b.steps {
			refs = st.results(refs)
		}
		all = append(all, refs...)
	}
	return all
}

func (s *step) results(from []spec.TypeRef) []spec.TypeRef {
	var to []spec.TypeRef
	for _, parent := range from {
		for _, e := range parent.Type.Elements {
			if e.Name != s.name {
				continue
			}
			for _, ref := range e.Types {
				if s.as != "" && !ref.Type.Is(s.as) {
					continue
				}
				if s.refersTo != "" {
					ref.Targets = []string{s.refersTo}
				}
				to = append(to, ref)
			}
		}
	}
	return to
}
