package search

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// text reads _text and _content (http://hl7.org/fhir/R4/search.html#text): words that must all occur, joined by OR where either will do, with parentheses, and "NOT" before what must not occur:
// "(bone OR liver) and metastases". Operators are the words and, or, not in upper or lower case; words match whole, without case and accents.
func (p *parser) text(content bool, value string) (Expr, *problem) {
	parts, why := p.alternatives(value)
	if why != nil {
		return nil, why
	}
	var any Or
	for _, part := range parts {
		text, ok := unescape(part)
		if !ok {
			return nil, invalid(badEscape)
		}
		r := textReader{parser: p, content: content, rest: text}
		expr, why := r.or(0)
		if why == nil && r.next() != "" {
			why = invalid("a parenthesis is closed that was not opened.")
		}
		if why != nil {
			return nil, why
		}
		any = append(any, expr)
	}
	if len(any) == 1 {
		return any[0], nil
	}
	return any, nil
}

type textReader struct {
	parser  *parser
	content bool
	rest    string
}

// next shows the next word or parenthesis without taking it; "" at the end.
func (r *textReader) next() string {
	r.rest = strings.TrimLeft(r.rest, " \t\r\n")
	if r.rest == "" {
		return ""
	}
	end := strings.IndexAny(r.rest, " \t\r\n()")
	switch end {
	case -1:
		return r.rest
	case 0:
		return r.rest[:1]
	}
	return r.rest[:end]
}

func (r *textReader) take(word string) { r.rest = r.rest[len(word):] }

func isOperator(word, operator string) bool {
	return word == operator || word == strings.ToLower(operator)
}

func (r *textReader) or(depth int) (Expr, *problem) {
	if depth > r.parser.MaxDepth {
		return nil, &problem{fault.TooCostly, "its parentheses nest too deep.", false}
	}
	var any Or
	for {
		all, why := r.and(depth)
		if why != nil {
			return nil, why
		}
		any = append(any, all)
		word := r.next()
		if !isOperator(word, "OR") {
			break
		}
		r.take(word)
	}
	if len(any) == 1 {
		return any[0], nil
	}
	return any, nil
}

func (r *textReader) and(depth int) (Expr, *problem) {
	var all And
	words := Text{Content: r.content}
	for {
		word := r.next()
		if word == "" || word == ")" || isOperator(word, "OR") {
			break
		}
		r.take(word)
		switch {
		case isOperator(word, "AND"):
		case word == "(":
			inner, why := r.or(depth + 1)
			if why == nil && r.next() != ")" {
				why = invalid("a parenthesis is not closed.")
			}
			if why != nil {
				return nil, why
			}
			r.take(")")
			all = append(all, inner)
		case isOperator(word, "NOT"):
			not, why := r.not(depth)
			if why != nil {
				return nil, why
			}
			all = append(all, not)
		default:
			words.Words = append(words.Words, textWords(word)...)
		}
		if why := r.parser.count(); why != nil {
			return nil, why
		}
	}
	if len(words.Words) > 0 {
		all = append(all, words)
	}
	switch len(all) {
	case 0:
		return nil, invalid("a word is missing.")
	case 1:
		return all[0], nil
	}
	return all, nil
}

// not reads what follows NOT: a word or a parenthesis.
func (r *textReader) not(depth int) (Expr, *problem) {
	word := r.next()
	switch word {
	case "", ")":
		return nil, invalid("a word is missing behind NOT.")
	case "(":
		r.take(word)
		inner, why := r.or(depth + 1)
		if why == nil && r.next() != ")" {
			why = invalid("a parenthesis is not closed.")
		}
		if why != nil {
			return nil, why
		}
		r.take(")")
		return Not{inner}, nil
	}
	r.take(word)
	return Not{Text{Content: r.content, Words: textWords(word)}}, nil
}

// textWords folds a word; punctuation inside makes it several.
func textWords(text string) []string { return strings.Fields(Fold(text)) }
