package search

import (
	"math"
	"slices"
	"sort"
	"strings"
)

// A chain or reverse chain is answered in one of two ways. Resolved: the inner search is run first, and what it finds becomes exact values of the reference (or ids). Followed: each
// candidate's own links are followed and the inner condition is judged at their other end.

// follow judges a chain on what the candidate refers to.
func (r *run) follow(n *node, c *candidate) (bool, error) {
	var ids []string
	c.values(&n.link.prefix, func(value []byte) bool {
		ids = append(ids, string(value[len(n.link.other)+1:]))
		return true
	})
	for _, id := range ids {
		ok, err := r.satisfies(n, id)
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// satisfies judges the inner condition on the record at the other end of a chain, once for each.
func (r *run) satisfies(n *node, id string) (bool, error) {
	if ok, known := n.link.answers[id]; known {
		return ok, nil
	}
	rec, err := r.read(n.link.other, id, n)
	if err != nil {
		return false, err
	}
	ok := false
	if rec != nil {
		if ok, err = r.judge(n.link.inner, newCandidate(rec)); err != nil {
			return false, err
		}
	}
	if n.link.answers == nil {
		n.link.answers = map[string]bool{}
	}
	n.link.answers[id] = ok
	return ok, nil
}

// referred judges a reverse chain: is there a source that refers to the candidate and satisfies the inner condition?
func (r *run) referred(n *node, c *candidate) (bool, error) {
	if !n.link.prefix.known || c.id == "" {
		return false, nil
	}
	s := pointScan(n.link.prefix.index, appendReference(nil, c.typ, c.id, "", ""))
	s.id, s.known = n.link.prefix.id, true
	cur := r.scan(&s, n)
	for {
		ok, err := cur.next()
		if !ok || err != nil {
			return false, err
		}
		rec, err := r.get(cur.RID(), n)
		if err != nil {
			return false, err
		}
		if rec == nil {
			continue
		}
		if ok, err = r.judge(n.link.inner, newCandidate(rec)); ok || err != nil {
			return ok, err
		}
	}
}

// resolve runs the inner search of a chain or reverse chain, when it ends within the budget for inner matches. Chains nested in the inner condition are resolved in the same way, as they are planned.
func (r *run) resolve(n *node) error {
	if n.known || n.link.inner == nil {
		return nil
	}
	r.depth++
	defer func() { r.depth-- }()
	found, ended, err := r.collect(n.link.other, n.link.inner)
	if err != nil || !ended {
		return err
	}
	n.known = true
	if n.kind == nodeHas {
		n.resolveHas(found)
		return nil
	}
	n.resolveChain(found)
	r.bind(n.access)
	r.bind(n.judged)
	return nil
}

// resolveChain makes the ids found the exact values of the reference; from the record's side they are a set.
func (n *node) resolveChain(found []*candidate) {
	ids := make([]string, len(found))
	set := make(map[string]bool, len(found))
	for i, c := range found {
		ids[i] = c.id
		set[c.id] = true
	}
	sort.Strings(ids)
	n.access = &access{}
	for _, id := range ids {
		n.access.scans = append(n.access.scans, pointScan(n.link.prefix.index, appendReference(nil, n.link.other, id, "", "")))
	}
	s, skip := n.link.prefix, len(n.link.other)+1
	s.test = func(value []byte) verdict { return verdictOf(set[string(value[skip:])]) }
	n.judged = &access{scans: []scan{s}}
}

// resolveHas turns the sources found into the ids that they refer to.
func (n *node) resolveHas(found []*candidate) {
	for _, c := range found {
		c.values(&n.link.prefix, func(value []byte) bool {
			n.ids = append(n.ids, strings.Clone(string(value[len(n.typ)+1:])))
			return true
		})
	}
	slices.Sort(n.ids)
	n.ids = slices.Compact(n.ids)
	n.kind = nodeIDs
}

// collect gives all records of a type that satisfy a condition; ended is false when there are more than the budget allows, or when finding them costs too large a part of it.
func (r *run) collect(typ string, n *node) (found []*candidate, ended bool, err error) {
	whole := r.budget
	r.budget.Rows = min(whole.Rows, r.rows+max(whole.Rows/4, 1))
	r.budget.Records = min(whole.Records, r.records+innerCandidates*whole.Inner)
	found, ended, err = r.gather(typ, n, whole.Inner)
	r.budget = whole
	if isTooCostly(err) && r.ctx.Err() == nil {
		return nil, false, nil
	}
	return found, ended, err
}

// worse says whether reading so many candidates for an inner match costs more than following the links of the records that a page meets, given what part of their type the candidates are.
func (r *run) worse(typ string, candidates int) bool {
	all, ok := r.view.Count(typ)
	if !ok || r.want > int(all) {
		return false
	}
	return 2*r.want*int(all) < candidates*candidates
}

// innerCandidates is how many candidates may be judged for each inner match that the budget allows.
const innerCandidates = 4

// gather counts the candidates by their rows before it reads any: a chain over half of all patients is given up without reading them.
func (r *run) gather(typ string, n *node, limit int) ([]*candidate, bool, error) {
	want := r.want
	r.want = math.MaxInt
	m, err := r.plan(typ, n, nil)
	r.want = want
	if err != nil {
		return nil, false, err
	}
	if m.stream != nil {
		most := limit
		if m.rest != nil {
			most *= innerCandidates
		}
		rids, ok, err := drain(m.stream, most)
		if !ok || err != nil || r.worse(typ, len(rids)) {
			return nil, false, err
		}
		m.stream = &listStream{rids: rids}
	}
	var found []*candidate
	for {
		c, err := m.next()
		if err != nil || c == nil {
			return found, err == nil, err
		}
		if len(found) == limit {
			return nil, false, nil
		}
		if err := c.ready(r); err != nil {
			return nil, false, err
		}
		c.root = nil
		found = append(found, c)
	}
}
