package search

import (
	"bytes"
	"strings"
)

// Depends holds when a resource satisfies a condition that depends on what it refers to: On gives the condition for a reference that the resource has by the parameter, nil for none. Where there are several references, that of
// one of them must hold. An access rule that is another for each patient is made of it; a search that names the patient is left with that patient's condition.
type Depends struct {
	Param *Param // a reference parameter
	On    func(Ref) (Expr, error)
}

func (*Depends) expr() {}

func (r *run) compileDepends(typ string, x *Depends) *node {
	if x.Param.Resource != typ || !x.Param.indexed() {
		return &node{kind: nodeOr, typ: typ}
	}
	n := &node{kind: nodeDepends, typ: typ, expr: x}
	n.judged = &access{scans: []scan{{index: r.e.namesOf(x.Param).main}}}
	r.bind(n.judged)
	r.sets = true
	return n
}

// depends judges a record by the conditions of what it refers to.
func (r *run) depends(n *node, c *candidate) (bool, error) {
	var refs [][]byte
	c.values(&n.judged.scans[0], func(value []byte) bool {
		if bytes.IndexByte(value, separator) < 0 { // no canonical
			refs = append(refs, value)
		}
		return true
	})
	for _, ref := range refs {
		inner, err := r.dependent(n, ref)
		if err != nil {
			return false, err
		}
		if ok, err := r.decide(inner, c); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// dependent gives the compiled condition of a reference, once.
func (r *run) dependent(n *node, ref []byte) (*node, error) {
	if inner, ok := n.each[string(ref)]; ok {
		return inner, nil
	}
	typ, id, _ := strings.Cut(string(ref), "/")
	x, err := n.expr.(*Depends).On(Ref{typ, id})
	if err != nil {
		return nil, err
	}
	inner, err := r.compile(n.typ, x)
	if err != nil {
		return nil, err
	}
	if n.each == nil {
		n.each = map[string]*node{}
	}
	n.each[string(ref)] = inner
	return inner, nil
}

// depends is the same on content.
func (j *judge) depends(x *Depends, typ string, values []Value, holds func(Expr) (bool, error)) (bool, error) {
	if x.Param.Resource != typ {
		return false, nil
	}
	for i := range values {
		if values[i].RefID == "" {
			continue
		}
		inner, err := x.On(Ref{values[i].RefType, values[i].RefID})
		if err != nil {
			return false, err
		}
		if ok, err := holds(inner); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}
