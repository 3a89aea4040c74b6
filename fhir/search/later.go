package search

// Later holds when its part does. It is made ready for judging only when something has to be judged by it: for alternatives of an access rule that nearly no record needs ("not masked, or mine").
type Later struct{ Expr Expr }

func (*Later) expr() {}

// later judges by the part.
func (r *run) later(n *node, c *candidate) (bool, error) {
	inner, err := r.laterPart(n)
	if err != nil {
		return false, err
	}
	return r.decide(inner, c)
}

// laterPart gives the part, made ready at its first use.
func (r *run) laterPart(n *node) (*node, error) {
	if len(n.kids) == 0 {
		inner, err := r.compile(n.typ, n.expr.(*Later).Expr)
		if err != nil {
			return nil, err
		}
		n.kids = []*node{inner}
	}
	return n.kids[0], nil
}
