package search

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
)

// Secured holds of a Binary as its securityContext says (http://hl7.org/fhir/R4/binary.html#security): when the resource that it names exists for the caller. By gives the caller's condition on a type, nil for none.
type Secured struct {
	By func(typ string) (Expr, error)
	// Without is what holds for a resource that has no securityContext, Nowhere for one whose securityContext names nothing that is there.
	Without, Nowhere bool
}

func (*Secured) expr() {}

// context gives what the securityContext names; without says that there is none. A Binary does not secure another.
func (x *Secured) context(root *element.Element) (ref Ref, without bool) {
	context := root.Child("securityContext")
	if context == nil {
		return Ref{}, true
	}
	text, _, _ := strings.Cut(context.ChildValue("reference"), "/_history/")
	typ, id, ok := strings.Cut(text, "/")
	if !ok || !element.IsID(id) || typ == "Binary" {
		return Ref{}, false
	}
	return Ref{typ, id}, false
}

// secured judges what a Binary's securityContext names.
func (r *run) secured(n *node, c *candidate) (bool, error) {
	x := n.expr.(*Secured)
	root, err := c.tree(r)
	if err != nil {
		return false, err
	}
	ref, without := x.context(root)
	if without {
		return x.Without, nil
	}
	if !r.snapshot.IsType(ref.Type) {
		return x.Nowhere, nil
	}
	rule, err := x.By(ref.Type)
	if err != nil {
		return false, err
	}
	rec, err := r.read(ref.Type, ref.ID, n)
	if err != nil {
		return false, err
	}
	if rec == nil {
		return x.Nowhere && rule == nil, nil
	}
	if rule == nil {
		return true, nil
	}
	inner, err := r.compile(ref.Type, rule)
	if err != nil {
		return false, err
	}
	return r.judge(inner, newCandidate(rec))
}

// secured is the same on content.
func (j *judge) secured(x *Secured, root *element.Element) (bool, error) {
	ref, without := x.context(root)
	if without {
		return x.Without, nil
	}
	if j.source == nil || !j.snapshot.IsType(ref.Type) {
		return x.Nowhere, nil
	}
	rule, err := x.By(ref.Type)
	if err != nil {
		return false, err
	}
	target, err := j.source.Resource(ref.Type, ref.ID)
	if err != nil {
		return false, err
	}
	if target == nil {
		return x.Nowhere && rule == nil, nil
	}
	return j.match(rule, target)
}
