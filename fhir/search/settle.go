package search

import "slices"

// An access rule says "the patient is one of these, and ...; or one of those, and ...". A search that names a patient decides such memberships before any record is read: what is left of the rule for that
// patient may be nothing, and the search costs what it costs without rules.

// fact is what one conjunct says of every match: it has one of the values in the index.
type fact struct {
	indexes []string // whose values are the same for every resource
	values  [][]byte
	only    bool // resources have one value at most in each of the indexes
}

// settle decides memberships by the conjuncts that are few exact values of the same parameter. The places of the conjuncts stay: a page resumes by them.
func (p *planner) settle() {
	if !p.r.sets {
		return
	}
	for i, by := range p.conjuncts {
		f := p.factOf(by)
		if f == nil {
			continue
		}
		for k, n := range p.conjuncts {
			if k == i {
				continue
			}
			if settled := n.given(p.r, f); settled != n {
				p.conjuncts = slices.Clone(p.conjuncts)
				p.conjuncts[k] = settled
			}
		}
	}
}

// factOf gives what a conjunct of exact values says; nil for others.
func (p *planner) factOf(n *node) *fact {
	if n.kind != nodeRows && n.kind != nodeChain || n.access == nil || len(n.access.scans) == 0 || !n.exactly(n.access.scans[0].index, true) {
		return nil
	}
	var param *Param
	switch x := n.expr.(type) {
	case *Clause:
		param = x.Param
	case *Chain:
		param = x.Param
	default:
		return nil
	}
	names := p.r.e.namesOf(param)
	if n.access.scans[0].index != names.main {
		return nil // identifiers of logical references
	}
	f := &fact{indexes: append(p.sameAs(param), names.main), only: names.one}
	for i := range n.access.scans {
		f.values = append(f.values, n.access.scans[i].lo)
	}
	return f
}

// sameAs names the indexes in which resources have the same values as by the parameter (subject beside patient).
func (p *planner) sameAs(param *Param) []string {
	t := p.r.snapshot.table(p.typ)
	if t == nil {
		return nil
	}
	for _, j := range t.joins {
		if slices.Contains(j.first, param) {
			var all []string
			for _, other := range j.first {
				if other != param {
					all = append(all, p.r.e.namesOf(other).main)
				}
			}
			return all
		}
	}
	return nil
}

// given gives the condition as it is for resources of which the fact holds: the same node when it decides nothing.
func (n *node) given(r *run, f *fact) *node {
	switch n.kind {
	case nodeAmong:
		return n.member(f)
	case nodeDepends:
		return n.condition(r, f)
	case nodeNot:
		kid := n.kids[0].given(r, f)
		switch {
		case kid == n.kids[0]:
			return n
		case kid.constant(nodeAnd):
			return &node{kind: nodeOr, typ: n.typ}
		case kid.constant(nodeOr):
			return &node{kind: nodeAnd, typ: n.typ}
		}
		return &node{kind: nodeNot, typ: n.typ, kids: []*node{kid}}
	case nodeAnd, nodeOr:
		return n.givenAll(r, f)
	default:
		return n
	}
}

// constant says whether the condition always holds (nodeAnd) or never does (nodeOr).
func (n *node) constant(kind nodeKind) bool { return n.kind == kind && len(n.kids) == 0 }

func (n *node) givenAll(r *run, f *fact) *node {
	changed := false
	kids := make([]*node, 0, len(n.kids))
	for _, kid := range n.kids {
		k := kid.given(r, f)
		changed = changed || k != kid
		switch {
		case k == kid:
			kids = append(kids, k)
		case k.constant(n.kind): // holds among conditions that all must, or never among those of which one must
		case k.constant(nodeAnd), k.constant(nodeOr):
			return k
		default:
			kids = append(kids, k)
		}
	}
	switch {
	case !changed:
		return n
	case len(kids) == 1:
		return kids[0]
	}
	return &node{kind: n.kind, typ: n.typ, kids: kids}
}

// condition gives what depends on a reference as it is for the one reference that a match has. What cannot be told yet is told when the record is judged.
func (n *node) condition(r *run, f *fact) *node {
	if n.judged == nil || !f.only || len(f.values) != 1 || !slices.Contains(f.indexes, n.judged.scans[0].index) {
		return n
	}
	inner, err := r.dependent(n, f.values[0])
	if err != nil {
		return n
	}
	return inner
}

// member decides a membership: it holds when all the values that a match may have are members. It does not hold when none is and resources have no other value beside.
func (n *node) member(f *fact) *node {
	x := n.expr.(*Among)
	if x.Param == nil || !slices.Contains(f.indexes, n.judged.scans[0].index) {
		return n
	}
	in := 0
	for _, value := range f.values {
		if x.Set.has(value) {
			in++
		}
	}
	switch {
	case in == len(f.values):
		return &node{kind: nodeAnd, typ: n.typ}
	case in == 0 && f.only:
		return &node{kind: nodeOr, typ: n.typ}
	}
	return n
}
