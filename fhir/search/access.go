package search

import (
	"bytes"

	"github.com/carnet-fhir/carnet/store"
)

// verdict is what an index says of a condition. Where it says maybe, the content decides.
type verdict int8

const (
	no verdict = iota
	maybe
	yes
)

func verdictOf(b bool) verdict {
	if b {
		return yes
	}
	return no
}

// rank orders access paths by how many rows they are expected to read, when measuring did not tell.
type rank int8

const (
	rankPoint rank = iota // rows of one value, in RID order
	rankNear              // a range around one value
	rankRange             // a range with one open end
	rankWalk              // the whole index
)

// scan is a range of an index with a test on the values in it. It is used from both sides: to find the rows that satisfy a condition, and to judge the entries of a record.
type scan struct {
	index string
	// id is the store's number for the index; known is false when no record ever stood in it.
	id    store.IndexID
	known bool
	// lo <= value < hi as bytes; hi nil is the end of the index. point says that the range holds the one value lo.
	lo, hi []byte
	point  bool
	// test judges a value in the range; nil: yes.
	test func(value []byte) verdict
	rank rank
}

func (s *scan) judge(value []byte) verdict {
	if s.test == nil {
		return yes
	}
	return s.test(value)
}

func (s *scan) over() store.Range { return store.Range{Index: s.id, Lo: s.lo, Hi: s.hi} }

// point makes a scan of one value.
func pointScan(index string, value []byte) scan {
	return scan{index: index, lo: value, hi: next(value), point: true, rank: rankPoint}
}

// prefixScan makes a scan of all values that begin with the prefix.
func prefixScan(index string, prefix []byte) scan {
	return scan{index: index, lo: prefix, hi: after(prefix), rank: rankNear}
}

// walkScan makes a scan of a whole index.
func walkScan(index string, test func([]byte) verdict) scan {
	return scan{index: index, test: test, rank: rankWalk}
}

// cond is a condition on the main value bytes of one parameter: a scan without an index. A composite judges its parts by conds.
type cond struct {
	lo, hi []byte
	point  bool
	test   func(value []byte) verdict
	rank   rank
}

func (c *cond) admits(value []byte) verdict {
	if bytes.Compare(value, c.lo) < 0 || c.hi != nil && bytes.Compare(value, c.hi) >= 0 {
		return no
	}
	if c.test == nil {
		return yes
	}
	return c.test(value)
}

func (c *cond) on(index string) scan {
	return scan{index: index, lo: c.lo, hi: c.hi, point: c.point, test: c.test, rank: c.rank}
}

func pointCond(value []byte) cond {
	return cond{lo: value, hi: next(value), point: true, rank: rankPoint}
}

func prefixCond(prefix []byte) cond { return cond{lo: prefix, hi: after(prefix), rank: rankNear} }

// access is how the index finds and judges a condition: the union of its scans. A condition that no index knows has none.
type access struct {
	scans []scan
}

// rank of a union is that of its worst scan.
func (a *access) rank() rank {
	worst := rankPoint
	for i := range a.scans {
		worst = max(worst, a.scans[i].rank)
	}
	return worst
}

// accessOf gives the access path of a clause on a parameter that has rows; nil when only the content can tell.
func (e *Engine) accessOf(c *Clause) *access {
	names := e.namesOf(c.Param)
	a := &access{}
	for i := range c.Operands {
		if !e.addOperand(a, c, names, &c.Operands[i]) {
			return nil
		}
	}
	return a
}

// presence finds every record with a value; nil when no index knows.
func (e *Engine) presence(p *Param) *access {
	if !p.indexed() {
		return nil
	}
	names := e.namesOf(p)
	a := &access{scans: []scan{walkScan(names.main, nil)}}
	if names.long != "" {
		a.scans = append(a.scans, walkScan(names.long, nil))
	}
	return a
}

// addOperand adds the scans of one operand; false when no index knows them.
func (e *Engine) addOperand(a *access, c *Clause, names *indexNames, o *Operand) bool {
	switch {
	case !c.Param.indexed():
		return false
	case c.Param.Type == Reference && c.Modifier == ModifierIdentifier:
		conds, ok := tokenConds(NoModifier, o)
		return a.add(names.identifier, conds, ok)
	case c.Param.Type == Token && c.Modifier == ModifierOfType:
		a.ofType(names, o)
	case c.Param.Type == Token:
		conds, ok := tokenConds(c.Modifier, o)
		return a.add(names.main, conds, ok)
	case c.Param.Type == String:
		conds, ok := stringConds(c.Modifier, o)
		return a.add(names.main, conds, ok)
	case c.Param.Type == URI:
		conds, ok := uriConds(c.Modifier, o)
		return a.add(names.main, conds, ok)
	case c.Param.Type == Reference:
		conds, ok := e.referenceConds(c.Param, c.Modifier, c.TypeModifier, o)
		return a.add(names.main, conds, ok)
	case c.Modifier != NoModifier:
		return false
	case c.Param.Type == Date:
		a.date(names, o)
	case c.Param.Type == Number, c.Param.Type == Quantity:
		a.number(c.Param.Type, names, o)
	case c.Param.Type == Composite:
		return e.addComposite(a, c.Param, names, o)
	case c.Param.Type == Special && c.Param.Code == "near":
		a.near(names, o)
	default:
		return false
	}
	return true
}

func (a *access) add(index string, conds []cond, ok bool) bool {
	for i := range conds {
		a.scans = append(a.scans, conds[i].on(index))
	}
	return ok
}

// partConds gives the conditions, any of which may hold, of an operand on the main value bytes of a component; ok is false when the bytes cannot tell.
func (e *Engine) partConds(p *Param, o *Operand) (conds []cond, ok bool) {
	switch p.Type {
	case Token:
		return tokenConds(NoModifier, o)
	case String:
		return stringConds(NoModifier, o)
	case URI:
		return uriConds(NoModifier, o)
	case Reference:
		return e.referenceConds(p, NoModifier, "", o)
	case Date:
		return partDateConds(o), true
	case Number, Quantity:
		return partNumberConds(p.Type, o), true
	default:
		return nil, false
	}
}
