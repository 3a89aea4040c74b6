package search

import (
	"bytes"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
)

// Depends holds when a resource satisfies a condition that depends on what it refers to: On gives the condition for a reference that the resource has by the parameter, nil for none. Where there are several references, that of
// one of them must hold. An access rule that is another for each patient is made of it; a search that names the patient is left with that patient's condition.
type Depends struct {
	// Param is a reference parameter; nil: the resource itself, as a reference to it.
	Param *Param
	On    func(Ref) (Expr, error)
}

func (*Depends) expr() {}

func (r *run) compileDepends(typ string, x *Depends) *node {
	n := &node{kind: nodeDepends, typ: typ, expr: x}
	if x.Param == nil {
		return n
	}
	if x.Param.Resource != typ || !x.Param.indexed() {
		return &node{kind: nodeOr, typ: typ}
	}
	n.judged = &access{scans: []scan{{index: r.e.namesOf(x.Param).main}}}
	r.bind(n.judged)
	r.sets = true
	return n
}

// depends judges a record by the conditions of what it refers to.
func (r *run) depends(n *node, c *candidate) (bool, error) {
	var refs [][]byte
	if n.judged == nil {
		refs = append(refs, appendReference(nil, c.typ, c.id, "", ""))
		return r.dependsOn(n, c, refs)
	}
	c.values(&n.judged.scans[0], func(value []byte) bool {
		if bytes.IndexByte(value, separator) < 0 { // no canonical
			refs = append(refs, value)
		}
		return true
	})
	return r.dependsOn(n, c, refs)
}

func (r *run) dependsOn(n *node, c *candidate, refs [][]byte) (bool, error) {
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
func (j *judge) depends(x *Depends, root *element.Element) (bool, error) {
	var values []Value
	switch {
	case x.Param == nil:
		values = []Value{{RefType: root.Type.Name, RefID: root.ChildValue("id")}}
	case x.Param.Resource == root.Type.Name:
		values = j.snapshot.ValuesOf(x.Param, root)
	}
	for i := range values {
		if values[i].RefID == "" {
			continue
		}
		inner, err := x.On(Ref{values[i].RefType, values[i].RefID})
		if err != nil {
			return false, err
		}
		if ok, err := j.match(inner, root); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}
