package path

import (
	"slices"
	"strconv"
	"strings"
)

type astKind uint8

const (
	astLiteral  astKind = iota + 1
	astEmpty            // {}
	astThis             // $this, $index, $total by name
	astVariable         // %name
	astMember           // base.name; base may be nil
	astCall             // base.name(args); base may be nil
	astIndex            // base[args[0]]
	astUnary            // name is + or -
	astBinary           // base name args[0]
	astUnion            // args, flattened
	astType             // base is/as typ
)

// ast is one node of a parsed expression.
type ast struct {
	kind astKind
	pos  int
	name string
	base *ast
	args []*ast
	item Item
	typ  string // a type specifier, dots included
	// depth is the length of the longest way down from here.
	depth int
}

// maxDepth bounds the nesting of an expression, chains of operators and of dots included.
const maxDepth = 256

type parser struct {
	tokens []token
	at     int
	depth  int
}

// parse reads a whole expression (the grammar of N1, appendix "Formal Specifications").
func parse(src string) (*ast, error) {
	tokens, err := lex(src)
	if err != nil {
		return nil, err
	}
	p := parser{tokens: tokens}
	a, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tokenEOF {
		return nil, syntaxFault(t.pos, "an operator or the end was expected here")
	}
	return a, nil
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != tokenEOF {
		p.at++
	}
	return t
}

func (p *parser) is(op string) bool {
	t := p.peek()
	return t.kind == tokenOperator && t.text == op
}

func (p *parser) expect(op string) error {
	if !p.is(op) {
		return syntaxFault(p.peek().pos, "%q was expected here", op)
	}
	p.next()
	return nil
}

// enter counts one level of recursion, so that a hostile text cannot exhaust the stack.
func (p *parser) enter() error {
	p.depth++
	if p.depth > maxDepth {
		return syntaxFault(p.peek().pos, "it nests deeper than %d", maxDepth)
	}
	return nil
}

// expression reads operators that bind tighter than the level given.
func (p *parser) expression(above int) (*ast, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	left, err := p.unary()
	if err != nil {
		return nil, err
	}
	for {
		t := p.peek()
		level := binaryLevel(t)
		if level <= above {
			return left, nil
		}
		p.next()
		if level == levelType {
			name, err := p.typeSpecifier()
			if err != nil {
				return nil, err
			}
			left = &ast{kind: astType, pos: t.pos, name: t.text, base: left, typ: name}
		} else {
			right, err := p.expression(level)
			if err != nil {
				return nil, err
			}
			left = join(t, left, right)
		}
		if err := left.measure(); err != nil {
			return nil, err
		}
	}
}

// join makes a binary node; unions become flat, since R4 has some of a hundred terms.
func join(t token, left, right *ast) *ast {
	if t.text != "|" {
		return &ast{kind: astBinary, pos: t.pos, name: t.text, base: left, args: []*ast{right}}
	}
	if left.kind == astUnion {
		left.args = append(left.args, right)
		return left
	}
	return &ast{kind: astUnion, pos: t.pos, args: []*ast{left, right}}
}

// measure sets the depth from the parts and refuses what is too deep.
func (a *ast) measure() error {
	deepest := 0
	if a.base != nil {
		deepest = a.base.depth
	}
	for _, x := range a.args {
		deepest = max(deepest, x.depth)
	}
	a.depth = deepest + 1
	if a.depth > maxDepth {
		return syntaxFault(a.pos, "it nests deeper than %d", maxDepth)
	}
	return nil
}

func (p *parser) unary() (*ast, error) {
	t := p.peek()
	if !p.is("+") && !p.is("-") {
		return p.postfix()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	p.next()
	operand, err := p.unary()
	if err != nil {
		return nil, err
	}
	a := &ast{kind: astUnary, pos: t.pos, name: t.text, base: operand}
	return a, a.measure()
}

// postfix reads a term and the invocations and indexers that follow it.
func (p *parser) postfix() (*ast, error) {
	left, err := p.term()
	if err != nil {
		return nil, err
	}
	for {
		t := p.peek()
		switch {
		case p.is("."):
			p.next()
			left, err = p.invocation(left)
		case p.is("["):
			p.next()
			left, err = p.indexer(left, t.pos)
		default:
			return left, nil
		}
		if err == nil {
			err = left.measure()
		}
		if err != nil {
			return nil, err
		}
	}
}

func (p *parser) indexer(base *ast, pos int) (*ast, error) {
	index, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	return &ast{kind: astIndex, pos: pos, base: base, args: []*ast{index}}, p.expect("]")
}

// invocation reads what may follow a dot: a member, a function, $this, $index or $total.
func (p *parser) invocation(base *ast) (*ast, error) {
	t := p.next()
	switch t.kind {
	case tokenDollar:
		return nil, syntaxFault(t.pos, "$%s cannot follow a dot", t.text)
	case tokenIdentifier, tokenDelimited:
	default:
		return nil, syntaxFault(t.pos, "a name was expected here")
	}
	if !p.is("(") || t.kind == tokenDelimited {
		return &ast{kind: astMember, pos: t.pos, name: t.text, base: base}, nil
	}
	p.next()
	return p.call(base, t)
}

// call reads a function's arguments. Those of is, as and ofType are types.
func (p *parser) call(base *ast, name token) (*ast, error) {
	a := &ast{kind: astCall, pos: name.pos, name: name.text, base: base}
	if isTypeFunction(name.text) {
		typ, err := p.typeSpecifier()
		if err != nil {
			return nil, err
		}
		a.typ = typ
		return a, p.expect(")")
	}
	for !p.is(")") {
		if len(a.args) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		arg, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		a.args = append(a.args, arg)
	}
	p.next()
	return a, a.measure()
}

func isTypeFunction(name string) bool { return name == "is" || name == "as" || name == "ofType" }

func (p *parser) typeSpecifier() (string, error) {
	var parts []string
	for {
		t := p.next()
		if t.kind != tokenIdentifier && t.kind != tokenDelimited {
			return "", syntaxFault(t.pos, "the name of a type was expected here")
		}
		parts = append(parts, t.text)
		if !p.is(".") || len(parts) == 2 {
			return strings.Join(parts, "."), nil
		}
		// "x as Quantity.value" is no type: only a namespace may stand before a dot
		if !slices.Contains([]string{"FHIR", "System"}, t.text) {
			return parts[0], nil
		}
		p.next()
	}
}

func (p *parser) term() (*ast, error) {
	t := p.peek()
	switch t.kind {
	case tokenIdentifier:
		switch t.text {
		case "true", "false":
			p.next()
			return &ast{kind: astLiteral, pos: t.pos, item: Boolean(t.text == "true"), depth: 1}, nil
		case "and", "or", "xor", "implies", "div", "mod":
			return nil, syntaxFault(t.pos, "a value was expected before the operator %q", t.text)
		}
		return p.invocation(nil)
	case tokenDelimited:
		return p.invocation(nil)
	case tokenOperator:
		return p.bracket()
	case tokenEOF:
		return nil, syntaxFault(t.pos, "it ends where a value was expected")
	case tokenVariable:
		p.next()
		return &ast{kind: astVariable, pos: t.pos, name: t.text, depth: 1}, nil
	case tokenDollar:
		p.next()
		return &ast{kind: astThis, pos: t.pos, name: t.text, depth: 1}, nil
	default:
		return p.literal()
	}
}

// bracket reads a parenthesised expression or the empty collection.
func (p *parser) bracket() (*ast, error) {
	t := p.next()
	switch t.text {
	case "(":
		a, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		return a, p.expect(")")
	case "{":
		return &ast{kind: astEmpty, pos: t.pos, depth: 1}, p.expect("}")
	}
	return nil, syntaxFault(t.pos, "a value was expected here")
}

func (p *parser) literal() (*ast, error) {
	t := p.next()
	a := &ast{kind: astLiteral, pos: t.pos, depth: 1}
	ok := true
	switch t.kind {
	case tokenString:
		a.item = String(t.text)
	case tokenNumber:
		return p.number(t)
	case tokenDate:
		a.item, ok = parseDate(t.text)
	case tokenDateTime:
		a.item, ok = parseDateTime(t.text)
	default:
		a.item, ok = parseTime(t.text)
	}
	if !ok {
		return nil, syntaxFault(t.pos, "this is not a valid date or time")
	}
	return a, nil
}

// number reads an integer, a decimal or a quantity.
func (p *parser) number(t token) (*ast, error) {
	a := &ast{kind: astLiteral, pos: t.pos, depth: 1}
	unit, isQuantity := p.unit()
	if !isQuantity && !strings.Contains(t.text, ".") {
		n, err := strconv.ParseInt(t.text, 10, 32)
		if err != nil {
			return nil, syntaxFault(t.pos, "this integer is larger than 2147483647")
		}
		a.item = Integer(n)
		return a, nil
	}
	d, ok := parseDecimal(t.text)
	if !ok {
		return nil, syntaxFault(t.pos, "this number has too many digits")
	}
	a.item = d
	if isQuantity {
		a.item = Quantity{Value: d, Unit: unit}
	}
	return a, nil
}

// unit takes the unit that may follow a number.
func (p *parser) unit() (string, bool) {
	t := p.peek()
	switch t.kind {
	case tokenString:
		p.next()
		return t.text, true
	case tokenIdentifier:
		if name := calendarName(t.text); name != "" {
			p.next()
			return name, true
		}
	default:
	}
	return "", false
}
