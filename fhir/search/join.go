package search

import (
	"bytes"
	"slices"

	"github.com/carnet-fhir/carnet/fhir/path"
)

// Two conditions that are nearly always asked together (a patient's documents that are current) meet by leapfrogging from one's rows to the other's: a seek for each candidate, among rows that are the whole type's. A profile may declare the pair: it is indexed together, as
// the rows of a composite parameter that no query can name, and a search that has both conditions walks only rows that satisfy both.

// Join declares that two parameters of a type are indexed together.
type Join struct {
	Type string
	// First is a reference or token parameter, Second a token parameter, by code; FirstElement and SecondElement are their paths below the resource ("subject", "status").
	First, Second               string
	FirstElement, SecondElement string
	// Same are further parameters of the type whose rows have the same bytes as First's (subject beside patient).
	Same []string
}

// join is a declared pair of one type.
type join struct {
	first  []*Param
	second *Param
	param  *Param // the composite
}

// joinOf makes the composite of a declared pair; nil when its parameters are not there.
func (t *typeTable) joinOf(j *Join) *join {
	first, second := t.byCode[j.First], t.byCode[j.Second]
	if first == nil || second == nil || second.Type != Token || first.Type != Token && first.Type != Reference {
		return nil
	}
	root, err := path.Compile(t.standard.typ.Name)
	if err != nil {
		return nil
	}
	p := &Param{Resource: t.standard.typ.Name, Code: j.First + "+" + j.Second, Type: Composite, Expr: root}
	for _, part := range []struct {
		param *Param
		path  string
	}{{first, j.FirstElement}, {second, j.SecondElement}} {
		c := ComponentParam{Param: part.param}
		if err := c.compile(part.path); err != nil || c.tree == nil {
			return nil
		}
		p.Components = append(p.Components, c)
	}
	selector, ok := parseSelector(t.standard.typ.Name)
	if !ok {
		return nil
	}
	p.selector = selector
	made := &join{first: []*Param{first}, second: second, param: p}
	for _, code := range j.Same {
		if same := t.byCode[code]; same != nil {
			made.first = append(made.first, same)
		}
	}
	return made
}

// maxJoined bounds the values that a pair of conditions becomes.
const maxJoined = 64

// join replaces two conjuncts by one where a pair is declared and both are few exact values.
func (p *planner) join() {
	t := p.r.snapshot.table(p.typ)
	if t == nil {
		return
	}
	for _, j := range t.joins {
		first := slices.IndexFunc(p.conjuncts, func(n *node) bool {
			return slices.ContainsFunc(j.first, func(param *Param) bool { return n.exactly(p.r.e.namesOf(param).main, true) })
		})
		second := slices.IndexFunc(p.conjuncts, func(n *node) bool {
			c, ok := n.expr.(*Clause)
			return ok && c.Param == j.second && c.Modifier == NoModifier && n.exactly(p.r.e.namesOf(j.second).main, false)
		})
		if first < 0 || second < 0 || first == second {
			continue
		}
		a, b := p.conjuncts[first], p.conjuncts[second]
		if len(a.access.scans)*len(b.access.scans) > maxJoined {
			continue
		}
		joined := p.r.rowsNode(p.typ, And{a.expr, b.expr}, a.access.with(b.access, p.r.e.namesOf(j.param).main))
		p.conjuncts = slices.Clone(p.conjuncts)
		p.conjuncts[first] = joined
		p.conjuncts = slices.Delete(p.conjuncts, second, second+1)
	}
}

// exactly says whether rows of one index decide the node, without a test: single values, or also ranges around one.
func (n *node) exactly(index string, points bool) bool {
	if n.kind != nodeRows && (n.kind != nodeChain || !n.known) || n.access == nil || len(n.access.scans) == 0 {
		return false
	}
	return !slices.ContainsFunc(n.access.scans, func(s scan) bool {
		return s.index != index || s.test != nil || s.hi == nil || points && !s.point || s.rank > rankNear
	})
}

// with gives the access to the rows of a pair that satisfy both accesses.
func (a *access) with(b *access, index string) *access {
	both := &access{}
	for i := range a.scans {
		head := append(bytes.Clone(a.scans[i].lo), partEnd)
		for k := range b.scans {
			s := &b.scans[k]
			if s.point {
				both.scans = append(both.scans, pointScan(index, append(bytes.Clone(head), s.lo...)))
				continue
			}
			both.scans = append(both.scans, scan{index: index, lo: append(bytes.Clone(head), s.lo...), hi: append(bytes.Clone(head), s.hi...), rank: s.rank})
		}
	}
	return both
}
