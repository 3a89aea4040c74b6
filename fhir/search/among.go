package search

import (
	"bytes"
	"slices"
	"strings"
)

// Among holds when a value of a parameter is one of a set. It says what a Clause with as many operands says, for sets of hundreds and thousands of values that many searches share: a record is judged by one look in the set
// for each of its values, whatever the set's size. Access rules are made of it.
type Among struct {
	// Param is a reference or token parameter; nil: the resource itself is in the set, which is one of references then.
	Param *Param
	// Identifier looks at the identifiers of a reference parameter's logical references, in a set of tokens.
	Identifier bool
	Set        *Set
}

func (*Among) expr() {}

// Set is a set of references or of tokens. It cannot be changed, so that conditions share it.
type Set struct {
	rows   map[string]struct{} // as index values
	sorted [][]byte            // the same, ascending
	codes  map[string]struct{} // folded codes in any system
	least  []byte              // bounds of the rows as index values; nil: open
	beyond []byte
}

// Ref is a reference to a resource of this server.
type Ref struct{ Type, ID string }

// ReferenceSet makes a set of references.
func ReferenceSet(refs []Ref) *Set {
	s := &Set{rows: make(map[string]struct{}, len(refs))}
	for _, ref := range refs {
		if ref.Type != "" && ref.ID != "" && !unclean(ref.Type, ref.ID) {
			s.rows[string(appendReference(nil, ref.Type, ref.ID, "", ""))] = struct{}{}
		}
	}
	s.order()
	return s
}

// Code is a token. AnySystem finds the code in every system, and where there is none.
type Code struct {
	System, Code string
	AnySystem    bool
}

// TokenSet makes a set of tokens; codes compare as FoldCode has it.
func TokenSet(codes []Code) *Set {
	s := &Set{rows: make(map[string]struct{}, len(codes))}
	for i := range codes {
		c := &codes[i]
		switch {
		case c.Code == "" || unclean(c.System, c.Code):
		case c.AnySystem:
			if s.codes == nil {
				s.codes = map[string]struct{}{}
			}
			s.codes[string(appendPart(nil, FoldCode(c.Code)))] = struct{}{}
		default:
			s.rows[string(appendToken(nil, c.System, c.Code))] = struct{}{}
		}
	}
	s.order()
	return s
}

func (s *Set) order() {
	s.sorted = make([][]byte, 0, len(s.rows))
	for row := range s.rows {
		s.sorted = append(s.sorted, []byte(row))
	}
	slices.SortFunc(s.sorted, bytes.Compare)
	if len(s.codes) == 0 && len(s.sorted) > 0 {
		s.least, s.beyond = s.sorted[0], next(s.sorted[len(s.sorted)-1])
	}
}

// Len is the number of members.
func (s *Set) Len() int { return len(s.rows) + len(s.codes) }

// HasRef says whether a reference is a member.
func (s *Set) HasRef(ref Ref) bool {
	return s.has(appendReference(make([]byte, 0, 96), ref.Type, ref.ID, "", ""))
}

// has judges an index value.
func (s *Set) has(value []byte) bool {
	if _, ok := s.rows[string(value)]; ok {
		return true
	}
	if len(s.codes) == 0 {
		return false
	}
	code, _, _ := bytes.Cut(value, []byte{separator})
	_, ok := s.codes[string(code)]
	return ok
}

// scans gives the ranges in which the members stand, ascending.
func (s *Set) scans(index string) []scan {
	all := make([]scan, 0, s.Len())
	for _, row := range s.sorted {
		all = append(all, pointScan(index, row))
	}
	for code := range s.codes {
		all = append(all, prefixScan(index, append([]byte(code), separator)))
	}
	if len(s.codes) > 0 {
		slices.SortFunc(all, func(a, b scan) int { return bytes.Compare(a.lo, b.lo) })
	}
	return all
}

// ids are the members of a type.
func (s *Set) ids(typ string) []string {
	var all []string
	for _, row := range s.sorted {
		if id, ok := strings.CutPrefix(string(row), typ+"/"); ok {
			all = append(all, id)
		}
	}
	return all
}

// matchAmong judges the membership on the content.
func (s *Snapshot) matchAmong(c *Among, typ, id string, values []Value) bool {
	if c.Param == nil {
		return id != "" && c.Set.HasRef(Ref{typ, id})
	}
	for i := range values {
		v := &values[i]
		switch {
		case c.Identifier:
			if v.IdentifierValue != "" && c.Set.hasToken(v.IdentifierSystem, v.IdentifierValue) {
				return true
			}
		case c.Param.Type == Reference:
			if v.RefID != "" && c.Set.HasRef(Ref{v.RefType, v.RefID}) {
				return true
			}
		case v.Code != "" && c.Set.hasToken(v.System, v.Code):
			return true
		}
	}
	return false
}

func (s *Set) hasToken(system, code string) bool { return s.has(appendToken(nil, system, code)) }

// compileAmong prepares a membership: it is judged on a record's values between the least and the greatest member.
func (r *run) compileAmong(typ string, x *Among) *node {
	n := &node{kind: nodeAmong, typ: typ, expr: x}
	if x.Param == nil {
		return n
	}
	if x.Param.Resource != typ || !x.Param.indexed() {
		return &node{kind: nodeOr, typ: typ}
	}
	names := r.e.namesOf(x.Param)
	index := names.main
	if x.Identifier {
		index = names.identifier
	}
	set := x.Set
	judged := scan{index: index, lo: set.least, hi: set.beyond, test: func(value []byte) verdict { return verdictOf(set.has(value)) }}
	n.judged = &access{scans: []scan{judged}}
	r.bind(n.judged)
	r.sets = true
	return n
}

// among judges a membership by a record's rows.
func (n *node) among(c *candidate) verdict {
	x := n.expr.(*Among)
	if x.Param == nil {
		return verdictOf(c.id != "" && x.Set.HasRef(Ref{c.typ, c.id}))
	}
	if x.Set.Len() == 0 {
		return no
	}
	return n.judged.judge(c)
}

// driveOfAmong finds the members' records. It is a way to answer of the last resort, as it costs a seek for each member: nodes are marked for it, or run.setsDrive is set.
func (r *run) driveOfAmong(n *node) (*drive, error) {
	if !n.drives && !r.setsDrive {
		return nil, nil
	}
	x := n.expr.(*Among)
	if x.Param == nil {
		ids := &node{kind: nodeIDs, typ: n.typ, expr: x, ids: x.Set.ids(n.typ)}
		d, err := r.driveOf(ids)
		if d != nil {
			d.n = n
		}
		return d, err
	}
	if n.access == nil {
		n.access = &access{scans: x.Set.scans(n.judged.scans[0].index)}
		r.bind(n.access)
	}
	return scansDrive(n, n.access), nil
}

// letSetsDrive has memberships give candidates where nothing else does; it says whether there are any.
func (p *planner) letSetsDrive() bool {
	if !p.r.sets || p.candidates() > 0 {
		return false
	}
	marked := false
	for _, n := range p.conjuncts {
		marked = n.mark() || marked
	}
	return marked
}

func (n *node) mark() bool {
	switch n.kind {
	case nodeAmong:
		was := n.drives
		n.drives = true
		return !was
	case nodeAnd, nodeOr:
		marked := false
		for _, kid := range n.kids {
			marked = kid.mark() || marked
		}
		return marked
	default:
		return false
	}
}

// hasSets says whether a condition contains a membership.
func (n *node) hasSets() bool {
	return n.kind == nodeAmong || slices.ContainsFunc(n.kids, (*node).hasSets)
}
