package path

import (
	"sync"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
)

// Context is what an evaluation knows besides its focus. The zero value is useful; nil stands for it.
type Context struct {
	// Resource is %resource: the resource that holds the focus, found by itself when nil. RootResource is %rootResource: the one that
	// contains it, the same when it is not contained.
	Resource, RootResource *element.Element
	// Variables are further environment variables, by name without %.
	Variables map[string]Collection
	// Resolve finds what a reference (relative, absolute, canonical) points to; nil when it cannot. References to
	// contained resources and within a Bundle's entries are resolved without it.
	Resolve func(ref string) *element.Element
	// MemberOf says whether a code, Coding or CodeableConcept is in a value set.
	MemberOf func(it Item, valueSet string) Truth
	// ConformsTo says whether an element conforms to a profile.
	ConformsTo func(e *element.Element, profile string) Truth
	// Subsumes says whether the first code or Coding subsumes the second.
	Subsumes func(a, b Item) Truth
	// Trace receives what the trace function passes by.
	Trace func(name string, values Collection)
	// Now is the clock of now, today and timeOfDay; nil is the machine's.
	Now func() time.Time
	// Budget is how many steps an evaluation may take; 0 is DefaultBudget.
	Budget int
}

// Limits of an evaluation. A step is about the look at one element; a million takes some tens of milliseconds.
const (
	DefaultBudget = 1_000_000
	maxItems      = 1 << 20 // items held at a time
	maxText       = 1 << 20 // bytes of one computed string
)

// Eval evaluates the expression on a focus: usually one element; none is the empty collection. The result may be kept.
func (x *Expr) Eval(ctx *Context, focus ...*element.Element) (Collection, error) {
	ev := newEvaluator(ctx, focus)
	defer ev.release()
	c, err := x.root.eval(ev)
	if err != nil || len(c) == 0 {
		return nil, err
	}
	return append(make(Collection, 0, len(c)), c...), nil
}

// Test evaluates the expression as a condition: a single item that is no Boolean is true, the empty collection is Unknown,
// several items are an error (N1 §4.5, singleton evaluation). An invariant holds when the result is True.
func (x *Expr) Test(ctx *Context, focus *element.Element) (Truth, error) {
	ev := newEvaluator(ctx, nil)
	defer ev.release()
	ev.single[0] = Node{focus}
	ev.scope.this = ev.single[:]
	ev.focus = ev.scope.this
	return ev.truth(x.root)
}

// scope is what the variables of the language stand for at one point of an evaluation.
type scope struct {
	this  Collection
	index int // -1 outside of a function that iterates
	total Collection
}

// evaluator is the state of one evaluation. Collections are laid on its stack: whoever needs a collection only for a while cuts
// the stack back afterwards, so that evaluations hardly allocate.
type evaluator struct {
	ctx    *Context
	scope  scope
	focus  Collection
	stack  []Item
	budget int
	now    time.Time
	single [1]Item
}

var evaluators = sync.Pool{New: func() any { return &evaluator{stack: make([]Item, 0, 64)} }}

var noContext Context

func newEvaluator(ctx *Context, focus []*element.Element) *evaluator {
	ev, _ := evaluators.Get().(*evaluator)
	if ctx == nil {
		ctx = &noContext
	}
	ev.ctx = ctx
	ev.budget = ctx.Budget
	if ev.budget <= 0 {
		ev.budget = DefaultBudget
	}
	switch len(focus) {
	case 0:
		ev.scope.this = nil
	case 1:
		ev.single[0] = Node{focus[0]}
		ev.scope.this = ev.single[:]
	default:
		for _, e := range focus {
			ev.stack = append(ev.stack, Node{e})
		}
		ev.scope.this = ev.stack[:len(focus):len(focus)]
	}
	ev.scope.index = -1
	ev.focus = ev.scope.this
	return ev
}

func (ev *evaluator) release() {
	if cap(ev.stack) > 1024 {
		return
	}
	clear(ev.stack[:cap(ev.stack)])
	*ev = evaluator{stack: ev.stack[:0]}
	evaluators.Put(ev)
}

// spend takes steps from the budget.
func (ev *evaluator) spend(n int) error {
	ev.budget -= n
	if ev.budget < 0 {
		return costFault("it takes too many steps")
	}
	return nil
}

// mark, since and cut are the discipline of the stack: what is pushed after a mark is a collection, or is thrown away.
func (ev *evaluator) mark() int { return len(ev.stack) }

func (ev *evaluator) since(mark int) Collection {
	return ev.stack[mark:len(ev.stack):len(ev.stack)]
}

func (ev *evaluator) cut(mark int) { ev.stack = ev.stack[:mark] }

func (ev *evaluator) push(it Item) error {
	if len(ev.stack) >= maxItems {
		return costFault("its result has too many items")
	}
	ev.budget--
	ev.stack = append(ev.stack, it)
	return nil
}

// keep throws away what a part left on the stack since the mark, but keeps the part's result on top.
func (ev *evaluator) keep(mark int, c Collection) error {
	if mark+len(c) > maxItems {
		return costFault("its result has too many items")
	}
	ev.budget -= len(c)
	ev.stack = append(ev.stack[:mark], c...)
	return nil
}

// one lays a single item on the stack.
func (ev *evaluator) one(it Item) Collection {
	ev.stack = append(ev.stack, it)
	n := len(ev.stack)
	return ev.stack[n-1 : n : n]
}

// node is one part of a compiled expression.
type node interface {
	eval(ev *evaluator) (Collection, error)
}

// condition is a part that can tell its truth without making a collection.
type condition interface {
	truth(ev *evaluator) (Truth, error)
}

// truth evaluates a part as a condition.
func (ev *evaluator) truth(n node) (Truth, error) {
	if c, ok := n.(condition); ok {
		return c.truth(ev)
	}
	mark := ev.mark()
	c, err := n.eval(ev)
	if err != nil {
		return Unknown, err
	}
	t, err := singleTruth(c)
	ev.cut(mark)
	return t, err
}

func singleTruth(c Collection) (Truth, error) {
	switch len(c) {
	case 0:
		return Unknown, nil
	case 1:
	default:
		return Unknown, evalFault(0, "a condition has %d items where one is allowed", len(c))
	}
	switch v := c[0].(type) {
	case Boolean:
		return truthOf(bool(v)), nil
	case Node:
		if v.HasValue && v.Type.Name == "boolean" {
			return truthOf(v.Value == "true"), nil
		}
	}
	return True, nil
}

// clock gives the one time of this evaluation.
func (ev *evaluator) clock() time.Time {
	if ev.now.IsZero() {
		if ev.ctx.Now != nil {
			ev.now = ev.ctx.Now()
		} else {
			ev.now = time.Now()
		}
	}
	return ev.now
}

// resource is the resource that holds the element which the evaluation began with.
func (ev *evaluator) resource() *element.Element {
	if ev.ctx.Resource != nil {
		return ev.ctx.Resource
	}
	if len(ev.focus) == 0 {
		return nil
	}
	if n, ok := ev.focus[0].(Node); ok {
		return n.Resource()
	}
	return nil
}

// rootResource is the container of a contained resource, otherwise the resource itself.
func (ev *evaluator) rootResource() *element.Element {
	if ev.ctx.RootResource != nil {
		return ev.ctx.RootResource
	}
	return container(ev.resource())
}

func container(r *element.Element) *element.Element {
	for r != nil && r.Name == "contained" && r.Parent != nil {
		r = r.Parent.Resource()
	}
	return r
}
