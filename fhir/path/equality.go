package path

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// equality is = and !=.
type equality struct {
	left, right node
	negate      bool
}

func (x *equality) eval(ev *evaluator) (Collection, error) {
	t, err := x.truth(ev)
	return t.collection(), err
}

func (x *equality) truth(ev *evaluator) (Truth, error) {
	mark := ev.mark()
	l, r, err := ev.sides(x.left, x.right)
	if err != nil {
		return Unknown, err
	}
	t, err := ev.equalCollections(l, r)
	ev.cut(mark)
	if x.negate {
		t = t.Not()
	}
	return t, err
}

// sides evaluates both sides of an operator, the left one first.
func (ev *evaluator) sides(left, right node) (l, r Collection, err error) {
	if l, err = left.eval(ev); err == nil {
		r, err = right.eval(ev)
	}
	return l, r, err
}

// equalCollections compares item by item, in order (N1 §6.1.1).
func (ev *evaluator) equalCollections(l, r Collection) (Truth, error) {
	switch {
	case len(l) == 0 || len(r) == 0:
		return Unknown, nil
	case len(l) != len(r):
		return False, nil
	}
	result := True
	for i := range l {
		switch ev.equal(l[i], r[i]) {
		case False:
			return False, nil
		case Unknown:
			result = Unknown
		default:
		}
	}
	return result, ev.spend(len(l))
}

// equal compares two items.
func (ev *evaluator) equal(a, b Item) Truth {
	if s, ok := textOf(a); ok {
		if t, ok := textOf(b); ok {
			ev.budget -= min(len(s), len(t)) / 64
			return truthOf(s == t)
		}
	}
	x, y := systemValue(a), systemValue(b)
	if x == nil || y == nil {
		return Unknown
	}
	switch v := x.(type) {
	case Boolean, String, TypeInfo:
		return truthOf(x == y)
	case Node:
		w, ok := y.(Node)
		return truthOf(ok && ev.equalElements(v.Element, w.Element, 0))
	case Integer:
		if w, ok := y.(Integer); ok {
			return truthOf(v == w)
		}
	}
	o, comparable := compareValues(x, y)
	switch {
	case !comparable:
		return False
	case o == unordered:
		return Unknown
	}
	return truthOf(o == same)
}

// equalElements compares complex elements: all children but ids must be equal, repetitions in order (R4, changes to operators).
func (ev *evaluator) equalElements(a, b *element.Element, depth int) bool {
	ev.budget--
	if a == b {
		return true
	}
	if a.Type != b.Type || a.HasValue != b.HasValue || depth > maxDepth || ev.budget < 0 {
		return false
	}
	if a.Type.Kind == spec.Primitive {
		return !a.HasValue || ev.equal(Node{a}, Node{b}) == True
	}
	count := 0
	for c := a.First; c != nil; c = c.Next {
		if c.Name == "id" && a.Type.Kind != spec.Resource {
			continue
		}
		count++
		other := nth(b, c.Name, ordinal(c))
		if other == nil || !ev.equalElements(c, other, depth+1) {
			return false
		}
	}
	for c := b.First; c != nil; c = c.Next {
		if c.Name != "id" || a.Type.Kind == spec.Resource {
			count--
		}
	}
	return count == 0
}

// ordinal gives the place of an element among the repetitions that stand before it.
func ordinal(e *element.Element) int {
	if e.Def != nil && e.Def.Max == 1 {
		return 0
	}
	return element.Index(e)
}

func nth(parent *element.Element, name string, n int) *element.Element {
	c := parent.Child(name)
	for ; n > 0 && c != nil; n-- {
		c = c.Next
	}
	if c == nil || c.Name != name {
		return nil
	}
	return c
}

// equivalence is ~ and !~.
type equivalence struct {
	left, right node
	negate      bool
}

func (x *equivalence) eval(ev *evaluator) (Collection, error) {
	t, err := x.truth(ev)
	return t.collection(), err
}

func (x *equivalence) truth(ev *evaluator) (Truth, error) {
	mark := ev.mark()
	l, r, err := ev.sides(x.left, x.right)
	if err != nil {
		return Unknown, err
	}
	same, err := ev.equivalentCollections(l, r)
	ev.cut(mark)
	return truthOf(same != x.negate), err
}

// equivalentCollections finds for each item an equivalent one on the other side, in any order (N1 §6.1.2).
func (ev *evaluator) equivalentCollections(l, r Collection) (bool, error) {
	if len(l) != len(r) {
		return false, nil
	}
	used := make([]bool, len(r))
	for _, a := range l {
		found := false
		for j, b := range r {
			if used[j] {
				continue
			}
			if err := ev.spend(1); err != nil {
				return false, err
			}
			if ev.equivalent(a, b, 0) {
				used[j], found = true, true
				break
			}
		}
		if !found {
			return false, nil
		}
	}
	return true, nil
}

func (ev *evaluator) equivalent(a, b Item, depth int) bool {
	if s, ok := textOf(a); ok {
		if t, ok := textOf(b); ok {
			ev.budget -= (len(s) + len(t)) / 16
			return strings.EqualFold(normalSpace(s), normalSpace(t))
		}
	}
	x, y := systemValue(a), systemValue(b)
	if x == nil || y == nil {
		return x == nil && y == nil
	}
	switch v := x.(type) {
	case Boolean, String, TypeInfo:
		return x == y
	case Node:
		w, ok := y.(Node)
		return ok && ev.equivalentElements(v.Element, w.Element, depth)
	}
	if l, r, ok := asDecimals(x, y); ok {
		return equivalentDecimals(l, r)
	}
	if l, r, ok := asQuantities(x, y); ok {
		return equivalentQuantities(l, r)
	}
	o, comparable := compareValues(x, y)
	return comparable && o == same
}

// equivalentElements compares complex elements without regard to order. Codings are equivalent by system and code, concepts by a
// coding in common (R4, changes to operators).
func (ev *evaluator) equivalentElements(a, b *element.Element, depth int) bool {
	ev.budget--
	if a == b {
		return true
	}
	if a.Type != b.Type || depth > maxDepth || ev.budget < 0 {
		return false
	}
	switch a.Type.Name {
	case "Coding":
		return a.ChildValue("system") == b.ChildValue("system") && a.ChildValue("code") == b.ChildValue("code")
	case "CodeableConcept":
		for c := range a.Children("coding") {
			for d := range b.Children("coding") {
				if ev.equivalentElements(c, d, depth+1) {
					return true
				}
			}
		}
		return false
	}
	return ev.equivalentChildren(a, b, depth)
}

func (ev *evaluator) equivalentChildren(a, b *element.Element, depth int) bool {
	used := map[*element.Element]bool{}
	count := 0
	for c := a.First; c != nil; c = c.Next {
		if c.Name == "id" {
			continue
		}
		found := false
		for d := range b.Children(c.Name) {
			if !used[d] && ev.equivalent(Node{c}, Node{d}, depth+1) {
				used[d], found = true, true
				break
			}
		}
		if !found {
			return false
		}
		count++
	}
	for d := b.First; d != nil; d = d.Next {
		if d.Name != "id" {
			count--
		}
	}
	return count == 0
}

// normalSpace folds every run of white space into one space.
func normalSpace(s string) string {
	if !strings.ContainsAny(s, "\t\r\n") && !strings.Contains(s, "  ") && strings.TrimSpace(s) == s {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}
