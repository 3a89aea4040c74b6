package path

import (
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// Expr is a compiled expression. It is immutable and safe for concurrent use.
type Expr struct {
	text string
	root node
	plan []alternative // of plain paths, see Elements; nil when the expression needs the evaluator
}

// String gives the expression's text.
func (x *Expr) String() string { return x.text }

// errata are expressions of the R4 definitions that are wrong as published, with the reading that R4B and later give them: the
// elements meant are FHIR primitives, whose names begin in lower case.
var errata = map[string]string{
	// SearchParameter Observation-code-value-date and -component-code-value... (component)
	"value.as(DateTime) | value.as(Period)": "value.as(dateTime) | value.as(Period)",
	// invariant que-7
	"operator = 'exists' implies (answer is Boolean)": "operator = 'exists' implies (answer is boolean)",
}

// Compile reads an expression. Errors are faults (400, invalid) that give the position of what is wrong.
func Compile(expr string) (*Expr, error) {
	text := expr
	if corrected, ok := errata[expr]; ok {
		text = corrected
	}
	a, err := parse(text)
	if err != nil {
		return nil, err
	}
	c := compiler{defs: spec.R4()}
	root, err := c.compile(a)
	if err != nil {
		return nil, err
	}
	return &Expr{text: expr, root: root, plan: c.plan(a)}, nil
}

// MustCompile is Compile for expressions that are part of the program; it panics on an error.
func MustCompile(expr string) *Expr {
	x, err := Compile(expr)
	if err != nil {
		panic(err)
	}
	return x
}

type compiler struct{ defs *spec.Definitions }

func (c *compiler) compile(a *ast) (node, error) {
	switch a.kind {
	case astLiteral:
		return literal{Collection{a.item}}, nil
	case astEmpty:
		return literal{}, nil
	case astThis:
		return dollar(a.name), nil
	case astVariable:
		return &variable{name: a.name, pos: a.pos, value: knownVariable(a.name)}, nil
	case astMember:
		return c.path(a)
	case astCall:
		return c.call(a)
	case astIndex:
		parts, err := c.all(a.base, a.args[0])
		if err != nil {
			return nil, err
		}
		return &indexer{base: parts[0], index: parts[1], pos: a.pos}, nil
	case astUnary:
		base, err := c.compile(a.base)
		if err != nil {
			return nil, err
		}
		return &polarity{operand: base, negative: a.name == "-", pos: a.pos}, nil
	case astUnion:
		parts, err := c.all(a.args...)
		if err != nil {
			return nil, err
		}
		return &union{parts: parts}, nil
	case astType:
		return c.typeOperator(a)
	default:
		return c.binary(a)
	}
}

func (c *compiler) all(parts ...*ast) ([]node, error) {
	nodes := make([]node, len(parts))
	for i, p := range parts {
		n, err := c.compile(p)
		if err != nil {
			return nil, err
		}
		nodes[i] = n
	}
	return nodes, nil
}

// path joins a chain of member names into one node.
func (c *compiler) path(a *ast) (node, error) {
	var names []string
	for a.kind == astMember && a.base != nil {
		names = append(names, a.name)
		a = a.base
	}
	p := &pathNode{}
	if a.kind == astMember {
		if t := c.headType(a.name); t != nil {
			p.head = t
		} else {
			names = append(names, a.name)
		}
	} else {
		base, err := c.compile(a)
		if err != nil {
			return nil, err
		}
		p.base = base
	}
	for i := len(names) - 1; i >= 0; i-- {
		p.names = append(p.names, names[i])
	}
	return p, nil
}

// headType gives the type that a name means at the beginning of an expression: "Patient.name" begins at a Patient.
func (c *compiler) headType(name string) *spec.Type {
	if name == "" || name[0] < 'A' || name[0] > 'Z' {
		return nil
	}
	if t := c.defs.Types[name]; t != nil && t.Kind != spec.Backbone {
		return t
	}
	return nil
}

func (c *compiler) call(a *ast) (node, error) {
	fn, ok := functions[a.name]
	if !ok {
		return nil, syntaxFault(a.pos, "there is no function %q", clip(a.name))
	}
	call := &call{fn: fn, name: a.name, pos: a.pos, free: a.base == nil}
	if isTypeFunction(a.name) {
		t, err := resolveType(c.defs, a.typ, a.pos)
		if err != nil {
			return nil, err
		}
		call.typ = t
	} else if len(a.args) < fn.min || len(a.args) > fn.max {
		return nil, syntaxFault(a.pos, "the function %s takes %s", a.name, fn.arity())
	}
	args, err := c.all(a.args...)
	if err != nil {
		return nil, err
	}
	call.args = args
	if a.base != nil {
		if call.base, err = c.compile(a.base); err != nil {
			return nil, err
		}
		if a.name == "is" && endsInResolve(a.base) {
			return c.resolvesTo(call.base, call.typ), nil
		}
	}
	if err := call.prepare(a.args); err != nil {
		return nil, err
	}
	if p, ok := call.base.(*pathNode); ok && len(args) == 0 && (a.name == "exists" || a.name == "empty") {
		return &existence{path: p, empty: a.name == "empty"}, nil
	}
	return call, nil
}

// prepare compiles a regular expression that is given as a literal.
func (c *call) prepare(args []*ast) error {
	if c.name != "matches" && c.name != "replaceMatches" || args[0].kind != astLiteral {
		return nil
	}
	s, ok := args[0].item.(String)
	if !ok {
		return syntaxFault(args[0].pos, "the regular expression must be a string")
	}
	re, err := compileRegexp(string(s))
	if err != nil {
		return syntaxFault(args[0].pos, "this is not a regular expression that the server can run")
	}
	c.regexp = re
	return nil
}

func (c *compiler) typeOperator(a *ast) (node, error) {
	t, err := resolveType(c.defs, a.typ, a.pos)
	if err != nil {
		return nil, err
	}
	base, err := c.compile(a.base)
	if err != nil {
		return nil, err
	}
	if a.name == "is" && endsInResolve(a.base) {
		return c.resolvesTo(base, t), nil
	}
	return &call{fn: functions[a.name], name: a.name, base: base, typ: t, pos: a.pos}, nil
}

// endsInResolve recognises "resolve()" and "x.resolve()".
func endsInResolve(a *ast) bool {
	return a.kind == astCall && a.name == "resolve" && len(a.args) == 0
}

// resolvesTo makes the test of "x.resolve() is T".
func (c *compiler) resolvesTo(base node, t typeTest) node {
	resolve, ok := base.(*call)
	if !ok {
		return &call{fn: functions["is"], name: "is", base: base, typ: t}
	}
	return &resolvesTo{references: resolve.base, typ: t}
}

func (c *compiler) binary(a *ast) (node, error) {
	parts, err := c.all(a.base, a.args[0])
	if err != nil {
		return nil, err
	}
	l, r := parts[0], parts[1]
	switch a.name {
	case "=", "!=":
		return &equality{left: l, right: r, negate: a.name == "!="}, nil
	case "~", "!~":
		return &equivalence{left: l, right: r, negate: a.name == "!~"}, nil
	case "<", ">", "<=", ">=":
		return &comparison{left: l, right: r, op: a.name, pos: a.pos}, nil
	case "and", "or", "xor", "implies":
		return &logic{left: l, right: r, op: a.name}, nil
	case "in":
		return &membership{item: l, collection: r, pos: a.pos}, nil
	case "contains":
		return &membership{item: r, collection: l, pos: a.pos}, nil
	case "&":
		return &concatenation{left: l, right: r, pos: a.pos}, nil
	default:
		return &arithmetic{left: l, right: r, op: a.name, pos: a.pos}, nil
	}
}
