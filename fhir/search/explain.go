package search

import "strings"

// Plan is the explanation of a search (__explain=true), one line a step, with estimates and the real cost. It names parameters, never values.
type Plan struct {
	Steps         []PlanStep
	Rows, Records int
}

// PlanStep is one step of a Plan: a driver, a merge, a filter on entries, a check on the content, a sort.
type PlanStep struct {
	Type     string // resource type
	Kind     string // driver, intersect, filter, verify, sort, chain, has, include, count
	Detail   string // parameter and access path
	Estimate int    // rows, -1 unknown
	Rows     int    // rows or records read
}

// String gives the plan as text, one step a line.
func (p *Plan) String() string {
	var b strings.Builder
	for _, s := range p.Steps {
		b.WriteString(s.Type + " " + s.Kind + ": " + s.Detail)
		if s.Estimate >= 0 {
			b.WriteString(" (" + itoa(s.Estimate) + ")")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// step notes a step of the plan, when somebody wants to know.
func (r *run) step(typ, kind, detail string, estimate int) *PlanStep {
	s := &PlanStep{Type: typ, Kind: kind, Detail: detail, Estimate: estimate}
	if r.explain {
		r.steps = append(r.steps, s)
	}
	return s
}

// note counts what was read for a condition.
func (r *run) note(n int, what describer) {
	if what == nil {
		return
	}
	if r.reads == nil {
		r.reads = make(map[string]int)
	}
	r.reads[what.describe()] += n
}

// planned gives the plan as it was carried out. What was read for a condition counts for the first step that names it: of several conditions of one intersection, the sum.
func (r *run) planned() *Plan {
	p := &Plan{Rows: r.rows, Records: r.records}
	for _, s := range r.steps {
		p.Steps = append(p.Steps, *s)
	}
	for what, n := range r.reads {
		for i := range p.Steps {
			if s := &p.Steps[i]; s.is(what) {
				s.Rows += n
				break
			}
		}
	}
	return p
}

// is says whether the step is about a condition, alone or among others.
func (s *PlanStep) is(what string) bool {
	switch {
	case what == (everything{}).describe():
		return s.Detail == everythingStep
	case what == (&matches{typ: s.Type}).describe():
		return s.Kind == "driver" || s.Kind == "intersect"
	case what == (*includer)(nil).describe():
		return s.Kind == "include"
	case strings.HasPrefix(what, "sorting "+s.Type+" by "):
		return s.Kind == "sort"
	}
	rest := s.Detail
	for {
		i := strings.Index(rest, what)
		if i < 0 {
			return false
		}
		before, after := rest[:i], rest[i+len(what):]
		if (before == "" || strings.HasSuffix(before, " and ")) && (after == "" || after[0] == ',' || strings.HasPrefix(after, " and ") || strings.HasPrefix(after, " by ")) {
			return true
		}
		rest = after
	}
}

// everything names the walk over all records of a type.
type everything struct{}

func (everything) describe() string { return "a walk over all resources of the type" }

const everythingStep = "all resources of the type"

// describe names the search of a type by what drives it.
func (m *matches) describe() string { return "the search of " + m.typ + " resources" }

func (p *planner) describeStreams() string {
	var parts []string
	for _, i := range p.streamed {
		parts = append(parts, p.conjuncts[i].describe())
	}
	return strings.Join(parts, " and ")
}

func (d *drive) describe() string { return d.n.describe() + " by " + d.rank.String() }

// String names a rank.
func (r rank) String() string {
	switch r {
	case rankPoint:
		return "value"
	case rankNear:
		return "narrow range"
	case rankRange:
		return "range"
	default:
		return "walk of the index"
	}
}

// describe names the condition by its parameters and modifiers.
func (n *node) describe() string {
	switch n.kind {
	case nodeAnd:
		if len(n.kids) == 0 {
			return "everything"
		}
		return n.join(" and ")
	case nodeOr:
		if len(n.kids) == 0 {
			return "nothing"
		}
		return "(" + n.join(" or ") + ")"
	case nodeNot:
		return "not " + n.kids[0].describe()
	default:
		return describeExpr(n.typ, n.expr)
	}
}

func (n *node) join(word string) string {
	parts := make([]string, len(n.kids))
	for i, kid := range n.kids {
		parts[i] = kid.describe()
	}
	return strings.Join(parts, word)
}

func describeExpr(typ string, x Expr) string {
	switch x := x.(type) {
	case *Clause:
		return describeClause(x)
	case *Chain:
		return x.Param.Resource + "." + x.Param.Code + " to " + x.Target
	case *Has:
		return "_has of " + x.Source + "." + x.Param.Code
	case *Later:
		return describeExpr(typ, x.Expr)
	case *Depends:
		if x.Param == nil {
			return typ + ", each its condition"
		}
		return x.Param.Resource + "." + x.Param.Code + ", each its condition"
	case *Secured:
		return "the securityContext"
	case *Among:
		if x.Param == nil {
			return typ + " among " + itoa(x.Set.Len()) + " resources"
		}
		return x.Param.Resource + "." + x.Param.Code + " among " + itoa(x.Set.Len()) + " values"
	case IDIn:
		return typ + "._id"
	case InList:
		return "_list"
	case InCompartment:
		return "the " + x.Type + " compartment"
	case Text:
		if x.Content {
			return "_content"
		}
		return "_text"
	default:
		return "a condition"
	}
}

func describeClause(c *Clause) string {
	text := c.Param.Resource + "." + c.Param.Code
	if c.TypeModifier != "" {
		text += ":" + c.TypeModifier
	}
	if c.Modifier != NoModifier {
		text += ":" + string(c.Modifier)
	}
	if len(c.Operands) > 1 {
		text += " of " + itoa(len(c.Operands)) + " values"
	}
	return text
}
