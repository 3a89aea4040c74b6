package search

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// filter reads _filter (http://hl7.org/fhir/R4/search_filter.html):
//
//	filter = term { ("and" | "or") term }        from left to right, without precedence
//	term   = "(" filter ")" | "not" "(" filter ")" | path SP operator SP value
//	path   = "_has:" Type ":" code ":" path | code [":" Type] [ "[" filter "]" ] [ "." path ]
//	value  = JSON string | any characters but white space, ")" and "]"
//
// "code[filter].path" follows a reference to one resource that satisfies both. Names are search parameters, the same as elsewhere; "id" is _id.
func (p *parser) filter(typ, text string) (Expr, *problem) {
	r := filterReader{parser: p, text: text}
	expr, why := r.expression(typ, 0)
	if why != nil {
		return nil, why
	}
	if r.space(); r.at < len(r.text) {
		return nil, invalid("the filter goes on where it should end, or a parenthesis is closed that was not opened.")
	}
	return expr, nil
}

type filterReader struct {
	parser *parser
	text   string
	at     int
}

// space skips white space and says whether there was any.
func (r *filterReader) space() bool {
	start := r.at
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n", r.text[r.at]) >= 0 {
		r.at++
	}
	return r.at > start
}

// take skips a character when it is next.
func (r *filterReader) take(c byte) bool {
	if r.at < len(r.text) && r.text[r.at] == c {
		r.at++
		return true
	}
	return false
}

// name takes a name: a letter or '_', then letters, digits, '_' and '-'.
func (r *filterReader) name() string {
	start := r.at
	for r.at < len(r.text) {
		c := r.text[r.at]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (r.at == start || c != '-' && (c < '0' || c > '9')) {
			break
		}
		r.at++
	}
	return r.text[start:r.at]
}

// word takes a word when it is next and ends there.
func (r *filterReader) word(word string) bool {
	start := r.at
	if r.name() == word {
		return true
	}
	r.at = start
	return false
}

func (r *filterReader) expression(typ string, depth int) (Expr, *problem) {
	if depth > r.parser.MaxDepth {
		return nil, &problem{fault.TooCostly, "the filter nests too deep.", false}
	}
	left, why := r.term(typ, depth)
	if why != nil {
		return nil, why
	}
	for {
		r.space()
		switch {
		case r.word("and"):
			right, why := r.term(typ, depth)
			if why != nil {
				return nil, why
			}
			if all, ok := left.(And); ok {
				left = append(all, right)
			} else {
				left = And{left, right}
			}
		case r.word("or"):
			right, why := r.term(typ, depth)
			if why != nil {
				return nil, why
			}
			if any, ok := left.(Or); ok {
				left = append(any, right)
			} else {
				left = Or{left, right}
			}
		default:
			return left, nil
		}
	}
}

func (r *filterReader) term(typ string, depth int) (Expr, *problem) {
	r.space()
	start := r.at
	negated := false
	if r.word("not") {
		if r.space(); r.at < len(r.text) && r.text[r.at] == '(' {
			negated = true
		} else {
			r.at = start
		}
	}
	if !r.take('(') {
		return r.test(typ, depth)
	}
	inner, why := r.expression(typ, depth+1)
	if why != nil {
		return nil, why
	}
	if r.space(); !r.take(')') {
		return nil, invalid("a parenthesis of the filter is not closed.")
	}
	if negated {
		return Not{inner}, nil
	}
	// Parentheses keep what they hold together: the And or Or inside must not swallow what follows.
	if all, ok := inner.(And); ok {
		return And{all}, nil
	}
	if any, ok := inner.(Or); ok {
		return Or{any}, nil
	}
	return inner, nil
}

// filterStep is one step of a path.
type filterStep struct {
	has          string // source type of _has
	code, target string
	typed        bool
	inner        func(target string) (Expr, *problem) // the filter in brackets
}

// test reads a path, an operator and a value. The path is read first, its conditions are made from behind when the operator and value are known.
func (r *filterReader) test(typ string, depth int) (Expr, *problem) {
	steps, why := r.path(depth)
	if why != nil {
		return nil, why
	}
	if !r.space() {
		return nil, invalid("the filter is not a test of the form \"parameter operator value\".")
	}
	operator := r.name()
	if !r.space() {
		return nil, invalid("an operator of the filter has no value behind it.")
	}
	value, why := r.value()
	if why != nil {
		return nil, why
	}
	return r.parser.filterSteps(typ, steps, operator, value, depth)
}

func (r *filterReader) path(depth int) ([]filterStep, *problem) {
	var steps []filterStep
	for {
		if len(steps) > r.parser.MaxDepth {
			return nil, &problem{fault.TooCostly, "a path of the filter has too many links.", false}
		}
		s := filterStep{code: r.name()}
		if s.code == "" {
			return nil, invalid("the name of a search parameter is missing in the filter.")
		}
		if s.code == "_has" {
			ok := r.take(':')
			s.has = r.name()
			ok = ok && r.take(':')
			s.code = r.name()
			if !ok || !r.take(':') {
				return nil, invalid("in the filter _has is written _has:Type:reference:parameter.")
			}
			steps = append(steps, s)
			continue
		}
		if r.take(':') {
			s.target, s.typed = r.name(), true
		}
		if r.take('[') {
			if why := r.bracket(&s, depth); why != nil {
				return nil, why
			}
		}
		steps = append(steps, s)
		if !r.take('.') {
			if s.inner != nil {
				return nil, invalid("a filter in brackets is followed by '.' and a parameter.")
			}
			return steps, nil
		}
	}
}

// bracket finds the end of the filter in brackets. It is read when the type that it is about is known, once for each that it could be.
func (r *filterReader) bracket(s *filterStep, depth int) *problem {
	start := r.at
	open, quoted := 1, false
	for ; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; {
		case quoted && c == '\\':
			r.at++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			open++
		case c == ']':
			open--
		}
		if open == 0 {
			break
		}
	}
	if open > 0 {
		return invalid("a bracket of the filter is not closed.")
	}
	text := r.text[start:r.at]
	r.at++
	s.inner = func(target string) (Expr, *problem) {
		inner := filterReader{parser: r.parser, text: text}
		expr, why := inner.expression(target, depth+1)
		if why == nil {
			if inner.space(); inner.at < len(text) {
				why = invalid("a filter in brackets goes on where it should end.")
			}
		}
		return expr, why
	}
	return nil
}

// filterSteps makes the condition of a path: chains and _has around the test of its last parameter.
func (p *parser) filterSteps(typ string, steps []filterStep, operator string, value filterValue, depth int) (Expr, *problem) {
	if why := p.count(); why != nil {
		return nil, why
	}
	s, rest := steps[0], steps[1:]
	if s.has != "" {
		ref, why := p.hasReference(typ, s.has, s.code)
		if why != nil {
			return nil, why
		}
		inner, why := p.filterSteps(s.has, rest, operator, value, depth+1)
		if why != nil {
			return nil, why
		}
		return &Has{Source: s.has, Param: ref, Inner: inner}, nil
	}
	if len(rest) == 0 {
		if s.typed {
			return nil, unsupported("in a filter ':' is followed by a type and a further parameter.")
		}
		return p.filterTest(typ, s.code, operator, value)
	}
	return p.chain(typ, s.code, s.target, s.typed, depth, func(target string) (Expr, *problem) {
		expr, why := p.filterSteps(target, rest, operator, value, depth+1)
		if why != nil || s.inner == nil {
			return expr, why
		}
		both, why := s.inner(target)
		if why != nil {
			return nil, why
		}
		return And{both, expr}, nil
	})
}
