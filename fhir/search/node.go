package search

import (
	"net/http"
	"slices"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// nodeKind says how a node of a compiled condition is judged.
type nodeKind uint8

const (
	nodeAnd     nodeKind = iota // all kids
	nodeOr                      // any kid
	nodeNot                     // not the one kid
	nodeRows                    // by the record's entries
	nodeContent                 // by the matcher on the content
	nodeUpdated                 // by the commit time (_lastUpdated)
	nodeIDs                     // by the logical id
	nodeChain                   // by what the record refers to
	nodeHas                     // by what refers to the record
	nodeLater                   // by a part that is made ready when it is asked
	nodeDepends                 // by a condition that depends on what the record refers to
	nodeSecured                 // by the resource that a Binary's securityContext names
	nodeAmong                   // by a look in a set for each of the record's values
)

// node is a condition compiled for one resource type and one view.
type node struct {
	kind nodeKind
	typ  string // of the resource judged
	kids []*node
	expr Expr // what the matcher judges and what names the node

	// access finds (and, with judged nil, judges) by rows.
	access *access
	judged *access

	ids    []string         // nodeIDs: sorted
	rids   []store.RID      // nodeIDs: their records, newest first, once asked for
	link   *link2           // nodeChain, nodeHas
	known  bool             // nodeChain, nodeHas: resolved
	drives bool             // nodeAmong: may give candidates
	each   map[string]*node // nodeDepends: the condition of each reference
}

// link2 is what a chain or reverse chain needs.
type link2 struct {
	other  string // the type at the other end
	inner  *node
	prefix scan // the rows of the reference that lead to the type that counts
	// answers remembers which records at the other end satisfy the inner condition.
	answers map[string]bool
}

// maxDepth bounds how deep chains and access rules nest.
const maxDepth = 200

// compile makes the node of a condition on a type; the condition has been restricted already.
func (r *run) compile(typ string, x Expr) (*node, error) {
	if r.depth++; r.depth > maxDepth {
		return nil, fault.New(http.StatusForbidden, fault.TooCostly, "The search has conditions nested too deeply.")
	}
	defer func() { r.depth-- }()
	switch x := x.(type) {
	case nil:
		return &node{kind: nodeAnd, typ: typ}, nil
	case And:
		return r.compileAll(typ, nodeAnd, x)
	case Or:
		return r.compileAll(typ, nodeOr, x)
	case Not:
		return r.compileAll(typ, nodeNot, []Expr{x.Expr})
	case *Clause:
		return r.compileClause(typ, x)
	case *Chain:
		return r.compileChain(typ, x)
	case *Has:
		return r.compileHas(typ, x)
	case *Later:
		return &node{kind: nodeLater, typ: typ, expr: x}, nil
	case *Depends:
		return r.compileDepends(typ, x), nil
	case *Secured:
		return &node{kind: nodeSecured, typ: typ, expr: x}, nil
	case *Among:
		return r.compileAmong(typ, x), nil
	case IDIn:
		return &node{kind: nodeIDs, typ: typ, expr: x, ids: sortedStrings(x.IDs)}, nil
	case InList:
		return r.compileList(typ, x)
	case InCompartment:
		value := appendMember(nil, x.ID, typ)
		return r.rowsNode(typ, x, &access{scans: []scan{pointScan(compartmentIndex(x.Type), value)}}), nil
	default:
		return &node{kind: nodeContent, typ: typ, expr: x}, nil
	}
}

func (r *run) compileAll(typ string, kind nodeKind, parts []Expr) (*node, error) {
	n := &node{kind: kind, typ: typ, kids: make([]*node, 0, len(parts))}
	for _, part := range parts {
		kid, err := r.compile(typ, part)
		if err != nil {
			return nil, err
		}
		if kid.kind == kind && kind != nodeNot {
			n.kids = append(n.kids, kid.kids...)
			continue
		}
		n.kids = append(n.kids, kid)
	}
	if len(n.kids) == 1 && kind != nodeNot {
		return n.kids[0], nil
	}
	return n, nil
}

func (r *run) rowsNode(typ string, x Expr, a *access) *node {
	r.bind(a)
	return &node{kind: nodeRows, typ: typ, expr: x, access: a}
}

// bind finds the store's numbers of the indexes.
func (r *run) bind(a *access) {
	for i := range a.scans {
		s := &a.scans[i]
		s.id, s.known = r.view.Index(s.index)
	}
}

func (r *run) compileClause(typ string, c *Clause) (*node, error) {
	if c.Param.Resource != typ {
		return &node{kind: nodeOr, typ: typ}, nil // never holds, as the matcher has it
	}
	if c.Param.Code == "_lastUpdated" && c.Modifier == NoModifier {
		return &node{kind: nodeUpdated, typ: typ, expr: c}, nil
	}
	if c.Modifier == ModifierMissing {
		return r.compileMissing(typ, c), nil
	}
	a := r.e.accessOf(c)
	if a == nil {
		return &node{kind: nodeContent, typ: typ, expr: c}, nil
	}
	return r.rowsNode(typ, c, a), nil
}

// compileMissing makes :missing=false the presence of a row, and :missing=true its absence.
func (r *run) compileMissing(typ string, c *Clause) *node {
	a := r.e.presence(c.Param)
	if a == nil {
		return &node{kind: nodeContent, typ: typ, expr: c}
	}
	present := r.rowsNode(typ, c, a)
	any := &node{kind: nodeOr, typ: typ}
	for i := range c.Operands {
		if c.Operands[i].Bool {
			any.kids = append(any.kids, &node{kind: nodeNot, typ: typ, kids: []*node{present}})
		} else {
			any.kids = append(any.kids, present)
		}
	}
	if len(any.kids) == 1 {
		return any.kids[0]
	}
	return any
}

// compileChain prepares a chain. Its inner condition is restricted to what the caller may see of the target type.
func (r *run) compileChain(typ string, c *Chain) (*node, error) {
	if c.Param.Resource != typ {
		return &node{kind: nodeOr, typ: typ}, nil
	}
	inner, err := r.compile(c.Target, c.Inner)
	if err != nil {
		return nil, err
	}
	names := r.e.namesOf(c.Param)
	l := &link2{other: c.Target, inner: inner, prefix: prefixScan(names.main, []byte(c.Target+"/"))}
	l.prefix.id, l.prefix.known = r.view.Index(names.main)
	return &node{kind: nodeChain, typ: typ, expr: c, link: l}, nil
}

// compileHas prepares a reverse chain.
func (r *run) compileHas(typ string, h *Has) (*node, error) {
	inner, err := r.compile(h.Source, h.Inner)
	if err != nil {
		return nil, err
	}
	names := r.e.namesOf(h.Param)
	l := &link2{other: h.Source, inner: inner, prefix: prefixScan(names.main, []byte(typ+"/"))}
	l.prefix.id, l.prefix.known = r.view.Index(names.main)
	return &node{kind: nodeHas, typ: typ, expr: h, link: l}, nil
}

// compileList reads the List: what it refers to is known by ids.
func (r *run) compileList(typ string, x InList) (*node, error) {
	n := &node{kind: nodeIDs, typ: typ, expr: x}
	rec, err := r.read("List", x.ID, n)
	if err != nil || rec == nil {
		return n, err
	}
	item, ok := r.snapshot.Param("List", "item")
	if !ok {
		return n, nil
	}
	list := newCandidate(rec)
	if err := list.ready(r); err != nil {
		return nil, err
	}
	refs := prefixScan(r.e.namesOf(item).main, []byte(typ+"/"))
	refs.id, refs.known = r.view.Index(refs.index)
	list.values(&refs, func(value []byte) bool {
		n.ids = append(n.ids, string(value[len(typ)+1:]))
		return true
	})
	slices.Sort(n.ids)
	return n, nil
}

func sortedStrings(all []string) []string {
	all = slices.Clone(all)
	slices.Sort(all)
	return slices.Compact(all)
}

// glance judges a candidate by what needs no reading: its entries, id and time. The candidate must be ready.
func (n *node) glance(c *candidate) verdict {
	switch n.kind {
	case nodeAnd:
		worst := yes
		for _, kid := range n.kids {
			if worst = min(worst, kid.glance(c)); worst == no {
				return no
			}
		}
		return worst
	case nodeOr:
		best := no
		for _, kid := range n.kids {
			if best = max(best, kid.glance(c)); best == yes {
				return yes
			}
		}
		return best
	case nodeNot:
		return yes - n.kids[0].glance(c)
	case nodeRows:
		return n.judging().judge(c)
	case nodeAmong:
		return n.among(c)
	case nodeUpdated:
		return n.updated(c)
	case nodeIDs:
		_, found := slices.BinarySearch(n.ids, c.id)
		return verdictOf(found)
	case nodeChain:
		if n.known {
			return n.judging().judge(c)
		}
		if c.stands(&n.link.prefix) == no {
			return no
		}
		return maybe
	default:
		return maybe
	}
}

func (n *node) judging() *access {
	if n.judged != nil {
		return n.judged
	}
	return n.access
}

// updated judges _lastUpdated. meta.lastUpdated is an instant of milliseconds.
func (n *node) updated(c *candidate) verdict {
	if c.rec == nil {
		return maybe
	}
	return verdictOf(updatedMatches(n.expr.(*Clause), c.rec.Time))
}

func updatedMatches(c *Clause, t store.Time) bool {
	low := t.Wall().UnixMicro()
	for i := range c.Operands {
		if matchDate(c.Operands[i].Prefix, low, low+1, &c.Operands[i]) {
			return true
		}
	}
	return false
}

// judge says whether a candidate satisfies the condition, reading what it must: other records, then the content.
func (r *run) judge(n *node, c *candidate) (bool, error) {
	if err := c.ready(r); err != nil {
		return false, err
	}
	return r.decide(n, c)
}

func (r *run) decide(n *node, c *candidate) (bool, error) {
	if v := n.glance(c); v != maybe {
		return v == yes, nil
	}
	switch n.kind {
	case nodeAnd, nodeOr:
		for _, kid := range n.kids {
			ok, err := r.decide(kid, c)
			if err != nil {
				return false, err
			}
			if ok == (n.kind == nodeOr) {
				return ok, nil
			}
		}
		return n.kind == nodeAnd, nil
	case nodeNot:
		ok, err := r.decide(n.kids[0], c)
		return !ok && err == nil, err
	case nodeChain:
		return r.follow(n, c)
	case nodeHas:
		return r.referred(n, c)
	case nodeLater:
		return r.later(n, c)
	case nodeDepends:
		return r.depends(n, c)
	case nodeSecured:
		return r.secured(n, c)
	default:
		root, err := c.tree(r)
		if err != nil {
			return false, err
		}
		return r.snapshot.MatchAlone(n.expr, root), nil
	}
}
