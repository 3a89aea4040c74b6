package check

import (
	"sort"
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// Rules of the structure: what the schema forbids. All refuse.
const (
	RuleUnknown   = "schema-unknown"   // an element that its parent does not know
	RuleOrder     = "schema-order"     // an element in the wrong place, or more often than allowed
	RuleMissing   = "schema-missing"   // a required child is not there
	RuleAttribute = "schema-attribute" // an attribute that the element does not know, or a required one that is missing
	RuleValue     = "schema-value"     // a value that the attribute's type does not allow
	RuleText      = "schema-text"      // text where only elements may be
	RuleType      = "schema-type"      // xsi:type names a type that cannot stand here, or is missing
	RuleID        = "schema-id"        // an XML identifier twice
)

// walk checks an element of the type, and what is below it. at are the rules of its place, nil outside the header.
func (c *checker) walk(el *etree.Element, t *complexType, at *node, header bool) {
	if t.any {
		return
	}
	if t = c.actualType(el, t); t == nil {
		return
	}
	c.attributes(el, t)
	c.children(el, t, at, header)
	if header {
		c.apply(el, t, at)
	}
}

// actualType gives the type that xsi:type puts in the place of the declared one; nil when it cannot stand here.
func (c *checker) actualType(el *etree.Element, t *complexType) *complexType {
	stated := cda.XSIType(el)
	if stated == "" {
		if t.abstract {
			c.structure(RuleType, el, "@xsi:type", "%s needs an xsi:type here", el.Tag)
			return nil
		}
		return t
	}
	actual, ok := c.g.types[trim(stated)]
	if !ok || actual.any {
		c.structure(RuleType, el, "@xsi:type", "the xsi:type is no type of CDA")
		return nil
	}
	if !actual.derives(t) || actual.abstract {
		c.structure(RuleType, el, "@xsi:type", "an element of type %s cannot be of xsi:type %s", t.name, actual.name)
		return nil
	}
	return actual
}

func (c *checker) attributes(el *etree.Element, t *complexType) {
	var seen uint64
	for i := range el.Attr {
		a := &el.Attr[i]
		if a.Space == cda.NSXSI {
			continue
		}
		n := t.attribute(a.Space, a.Key)
		if n < 0 {
			c.structure(RuleAttribute, el, "@"+a.Key, "%s has an attribute %s, which %s does not know", el.Tag, clipped(a.Key), t.name)
			continue
		}
		seen |= 1 << n
		c.value(el, a, &t.attributes[n])
	}
	if missing := t.required &^ seen; missing != 0 {
		for n := range t.attributes {
			if missing&(1<<n) != 0 {
				name := t.attributes[n].name
				c.structure(RuleAttribute, el, "@"+name, "%s lacks the attribute %s: %s", el.Tag, name, t.attributes[n].allowed())
			}
		}
	}
}

func (t *complexType) attribute(space, name string) int {
	for n := range t.attributes {
		if t.attributes[n].name == name && t.attributes[n].space == space {
			return n
		}
	}
	return -1
}

func (a *attribute) allowed() string {
	if a.isFixed {
		return "it must be " + a.fixed
	}
	return "it must be " + a.simple.allowed()
}

func (c *checker) value(el *etree.Element, a *etree.Attr, declared *attribute) {
	if declared.isFixed && a.Value != declared.fixed && trim(a.Value) != declared.fixed || !declared.simple.accepts(a.Value) {
		c.structure(RuleValue, el, "@"+a.Key, "%s/@%s is %s; %s", el.Tag, a.Key, declared.shown(a.Value), declared.allowed())
		return
	}
	if declared.simple.kind == noID {
		return
	}
	if declared.simple.kind == isID {
		if c.ids == nil {
			c.ids = map[string]bool{}
		}
		if id := trim(a.Value); c.ids[id] {
			c.structure(RuleID, el, "@"+a.Key, "the XML identifier of this %s is used twice in the document", el.Tag)
		} else {
			c.ids[id] = true
		}
		return
	}
	for _, target := range strings.Fields(a.Value) {
		c.idrefs = append(c.idrefs, reference{el, "@" + a.Key, target})
	}
}

// references looks for identifiers that are used and not there. It runs after the walk. XML Schema forbids them, tools for it differ in whether they look.
func (c *checker) references() {
	r := c.r.byID["narrative-idref"]
	for _, ref := range c.idrefs {
		if !c.ids[ref.target] {
			c.report(r, ref.el, ref.below, "%s/%s names another; %s", ref.el.Tag, ref.below, r.Allowed)
		}
	}
}

// children runs the automaton of the type over the children, and walks them. After the first child out of place the order of the others is not looked at.
func (c *checker) children(el *etree.Element, t *complexType, at *node, header bool) {
	now, lost := int16(0), false
	for _, token := range el.Child {
		switch token := token.(type) {
		case *etree.CharData:
			if !t.mixed && !lost && !blank(token.Data) {
				lost = true
				c.structure(RuleText, el, "text()", "%s holds text; it may hold elements only", el.Tag)
			}
		case *etree.Element:
			s := t.symbol(token.Space, token.Tag)
			if s < 0 {
				c.unknown(el, token, t, now, lost)
				lost = true
				continue
			}
			if !lost {
				if next := t.states[now].next[s]; next != dead {
					now = next
				} else {
					lost = true
					c.misplaced(el, token, t, now, s)
				}
			}
			symbol := &t.symbols[s]
			inner, inHeader := at.child(token, header)
			c.walk(token, symbol.t, inner, inHeader)
			if !inHeader {
				c.body(el, token)
			}
		}
	}
	if t.text != nil && !t.text.accepts(cda.RawText(el)) {
		c.structure(RuleValue, el, "text()", "%s must be %s", el.Tag, t.text.allowed())
	}
	if !lost && !t.states[now].accepts {
		missing := t.missing(now, -1)
		c.structure(RuleMissing, el, missing, "%s lacks %s", el.Tag, missing)
	}
}

func blank(s string) bool {
	for i := range len(s) {
		if c := s[i]; c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}

func (c *checker) unknown(parent, el *etree.Element, t *complexType, now int16, lost bool) {
	expected := ""
	if !lost {
		expected = "; here may come: " + t.expected(now)
	}
	c.structure(RuleUnknown, el, "", "%s is no element that %s may hold%s", clipped(el.Tag), parent.Tag, expected)
}

// misplaced tells a child that comes too early, because something required is missing before it, from one that comes too late or too often.
func (c *checker) misplaced(parent, el *etree.Element, t *complexType, now int16, s int) {
	if missing := t.missing(now, s); missing != "" {
		c.structure(RuleMissing, parent, missing, "%s lacks %s before %s", parent.Tag, missing, el.Tag)
		return
	}
	c.structure(RuleOrder, el, "", "%s comes too late in %s, or too often; here may come: %s", el.Tag, parent.Tag, t.expected(now))
	c.blamed[blame{parent, el.Tag}] = true
}

// missing looks for the shortest way from a state to one where symbol s may come (s < 0: to the end) and gives the name of the first child on it, "" without a way.
func (t *complexType) missing(now int16, s int) string {
	type way struct {
		at    int16
		first int
	}
	seen := map[int16]bool{now: true}
	for queue := []way{{now, -1}}; len(queue) > 0; queue = queue[1:] {
		w := queue[0]
		if w.first >= 0 && (s < 0 && t.states[w.at].accepts || s >= 0 && t.states[w.at].next[s] != dead) {
			return t.symbols[w.first].local
		}
		for symbol, next := range t.states[w.at].next {
			if next == dead || seen[next] {
				continue
			}
			seen[next] = true
			first := w.first
			if first < 0 {
				first = symbol
			}
			queue = append(queue, way{next, first})
		}
	}
	return ""
}

// expected lists what may come in a state.
func (t *complexType) expected(now int16) string {
	const most = 12
	var names []string
	for s, next := range t.states[now].next {
		if next != dead {
			names = append(names, t.symbols[s].local)
		}
	}
	switch {
	case len(names) == 0:
		return "nothing more"
	case len(names) > most:
		names = append(names[:most:most], "...")
	}
	return strings.Join(names, ", ")
}

func sortedKeys(set map[string]bool) []string {
	keys := make([]string, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
