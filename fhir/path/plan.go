package path

import (
	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// alternative is one way down from a root to the elements that an expression selects: a type that the root must have (nil is
// any) and steps. It does without an evaluator, which is what makes indexing cheap.
type alternative struct {
	head  *spec.Type
	steps []step
}

type stepKind uint8

const (
	stepChild   stepKind = iota + 1 // the children of a name
	stepType                        // as, ofType: the element itself when it is of the type
	stepEquals                      // where(name = 'text'): the element itself when it has such a child
	stepResolve                     // where(resolve() is T): the reference itself when it points to the type
)

type step struct {
	kind stepKind
	name string // of the child, for stepChild and stepEquals
	text string // for stepEquals
	typ  typeTest
}

// maxAlternatives bounds how many ways a union in front of further steps may fan out into.
const maxAlternatives = 512

// plan finds the alternatives of an expression; nil when it needs the evaluator.
func (c *compiler) plan(a *ast) []alternative {
	switch a.kind {
	case astUnion:
		var all []alternative
		for _, arg := range a.args {
			p := c.plan(arg)
			if p == nil || len(all)+len(p) > maxAlternatives {
				return nil
			}
			all = append(all, p...)
		}
		return all
	case astThis:
		if a.name == "this" {
			return []alternative{{}}
		}
	case astMember:
		return c.planMember(a)
	case astType:
		if a.name == "as" {
			return c.planType(a)
		}
	case astCall:
		switch a.name {
		case "as", "ofType":
			return c.planType(a)
		case "where":
			return c.planWhere(a)
		case "extension":
			return c.planExtension(a)
		}
	default:
	}
	return nil
}

// planBase plans what stands before a dot; nothing is the root itself.
func (c *compiler) planBase(a *ast) []alternative {
	if a == nil {
		return []alternative{{}}
	}
	return c.plan(a)
}

func then(base []alternative, steps ...step) []alternative {
	for i := range base {
		base[i].steps = append(base[i].steps[:len(base[i].steps):len(base[i].steps)], steps...)
	}
	return base
}

func (c *compiler) planMember(a *ast) []alternative {
	if a.base == nil {
		if t := c.headType(a.name); t != nil {
			return []alternative{{head: t}}
		}
	}
	return then(c.planBase(a.base), step{kind: stepChild, name: a.name})
}

func (c *compiler) planType(a *ast) []alternative {
	t, err := resolveType(c.defs, a.typ, a.pos)
	if err != nil {
		return nil
	}
	return then(c.planBase(a.base), step{kind: stepType, typ: t})
}

// planWhere plans where(name = 'text') and where(resolve() is T).
func (c *compiler) planWhere(a *ast) []alternative {
	if a.base == nil || len(a.args) != 1 {
		return nil
	}
	criterion := a.args[0]
	switch {
	case criterion.kind == astBinary && criterion.name == "=":
		l, r := criterion.base, criterion.args[0]
		if l.kind != astMember || l.base != nil || c.headType(l.name) != nil || r.kind != astLiteral {
			return nil
		}
		if s, ok := r.item.(String); ok {
			return then(c.planBase(a.base), step{kind: stepEquals, name: l.name, text: string(s)})
		}
	case criterion.kind == astType && criterion.name == "is" && endsInResolve(criterion.base) && criterion.base.base == nil:
		if t, err := resolveType(c.defs, criterion.typ, criterion.pos); err == nil {
			return then(c.planBase(a.base), step{kind: stepResolve, typ: t})
		}
	}
	return nil
}

func (c *compiler) planExtension(a *ast) []alternative {
	if len(a.args) != 1 || a.args[0].kind != astLiteral {
		return nil
	}
	url, ok := a.args[0].item.(String)
	if !ok {
		return nil
	}
	return then(c.planBase(a.base), step{kind: stepChild, name: "extension"}, step{kind: stepEquals, name: "url", text: string(url)})
}

// Elements calls yield for every element that the expression selects, in order. It is Eval for indexing: paths, unions, where with a
// comparison to a literal or with "resolve() is", as and ofType are walked without allocation, and an element that two terms
// of a union select, or two elements that are equal, are given twice. Computed values are given as detached elements
// of the FHIR type that fits (a condition gives a boolean).
//
// An expression that fails on this content selects nothing; that is no error to who stores it, but the fault tells why.
func (x *Expr) Elements(root *element.Element, yield func(*element.Element)) error {
	if x.plan == nil {
		return x.computed(root, yield)
	}
	for i := range x.plan {
		a := &x.plan[i]
		if a.head == nil || descends(root.Type, a.head) {
			a.walk(root, root, a.steps, yield)
		}
	}
	return nil
}

func (a *alternative) walk(root, e *element.Element, steps []step, yield func(*element.Element)) {
	for i := range steps {
		s := &steps[i]
		switch s.kind {
		case stepChild:
			c := e.First
			for ; c != nil && c.Name != s.name; c = c.Next {
			}
			for ; c != nil && c.Name == s.name; c = c.Next {
				a.walk(root, c, steps[i+1:], yield)
			}
			return
		case stepType:
			if s.typ.fhir == nil || !descends(e.Type, s.typ.fhir) {
				return
			}
		case stepEquals:
			if !hasText(e, s.name, s.text) {
				return
			}
		case stepResolve:
			if !pointsTo(e, s.typ.fhir) {
				return
			}
		}
	}
	yield(e)
}

// hasText says whether the one child of the name is a string primitive with the text.
func hasText(e *element.Element, name, text string) bool {
	c := e.Child(name)
	if c == nil || !c.HasValue || c.Value != text || kindOf(c.Type) != stringValue {
		return false
	}
	return c.Next == nil || c.Next.Name != name
}

// pointsTo says whether a reference points to a resource of the type: by its text or type element, or, when it is contained or in the
// same Bundle, by what it finds there.
func pointsTo(e *element.Element, t *spec.Type) bool {
	if t == nil {
		return false
	}
	if found := targetType(Node{e}); found != nil {
		return descends(found, t)
	}
	ev := evaluator{ctx: &noContext, budget: DefaultBudget, focus: Collection{Node{e}}}
	target, err := ev.resolveItem(Node{e})
	return err == nil && target != nil && descends(target.Type, t)
}

// computed evaluates an expression that is not a plain path.
func (x *Expr) computed(root *element.Element, yield func(*element.Element)) error {
	ev := newEvaluator(nil, nil)
	defer ev.release()
	ev.single[0] = Node{root}
	ev.scope.this, ev.focus = ev.single[:], ev.single[:]
	c, err := x.root.eval(ev)
	if err != nil {
		return err
	}
	for _, it := range c {
		if e := Detached(it); e != nil {
			yield(e)
		}
	}
	return nil
}

// Detached gives an item as an element: a node's own, or for a system value a new element of the FHIR type that fits. A Quantity and a
// TypeInfo have none.
func Detached(it Item) *element.Element {
	var name string
	switch v := it.(type) {
	case Node:
		return v.Element
	case Boolean:
		name = "boolean"
	case Integer:
		name = "integer"
	case Decimal:
		name = "decimal"
	case String:
		name = "string"
	case Date:
		name = "date"
	case DateTime:
		name = "dateTime"
	case Time:
		name = "time"
	default:
		return nil
	}
	t := spec.R4().Types[name]
	return &element.Element{Name: name, Type: t, Value: it.String(), HasValue: true, Offset: -1}
}
