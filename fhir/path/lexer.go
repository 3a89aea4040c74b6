package path

import (
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokenEOF tokenKind = iota
	tokenIdentifier
	tokenDelimited // an identifier in backquotes
	tokenString
	tokenNumber
	tokenDate
	tokenDateTime
	tokenTime
	tokenVariable // %name
	tokenDollar   // $this, $index, $total
	tokenOperator
)

// token is one lexical element. Text is decoded: no quotes, no escapes, no % or @.
type token struct {
	kind tokenKind
	text string
	pos  int
}

// maxLength and maxTokens bound what Compile reads. The longest expression of R4 has 3,500 characters.
const (
	maxLength = 16 << 10
	maxTokens = 8 << 10
)

type lexer struct {
	src string
	pos int
}

// lex splits an expression into tokens, ended by one of kind tokenEOF.
func lex(src string) ([]token, error) {
	if len(src) > maxLength {
		return nil, syntaxFault(maxLength, "it is longer than %d characters", maxLength)
	}
	if !utf8.ValidString(src) {
		return nil, syntaxFault(0, "it is not valid UTF-8")
	}
	l := lexer{src: src}
	tokens := make([]token, 0, len(src)/4+2)
	for {
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		if t.kind == tokenEOF {
			return tokens, nil
		}
		if len(tokens) > maxTokens {
			return nil, syntaxFault(t.pos, "it has more than %d parts", maxTokens)
		}
	}
}

func (l *lexer) next() (token, error) {
	if err := l.skip(); err != nil {
		return token{}, err
	}
	start := l.pos
	if start == len(l.src) {
		return token{kind: tokenEOF, pos: start}, nil
	}
	switch c := l.src[start]; {
	case isLetter(c):
		return token{tokenIdentifier, l.identifier(), start}, nil
	case c >= '0' && c <= '9':
		return token{tokenNumber, l.number(), start}, nil
	case c == '\'':
		s, err := l.quoted('\'')
		return token{tokenString, s, start}, err
	case c == '`':
		s, err := l.quoted('`')
		return token{tokenDelimited, s, start}, err
	case c == '"':
		return token{}, syntaxFault(start, "strings are written in single quotes")
	case c == '@':
		return l.temporal()
	case c == '%':
		return l.variable()
	case c == '$':
		l.pos++
		name := l.identifier()
		if name != "this" && name != "index" && name != "total" {
			return token{}, syntaxFault(start, "only $this, $index and $total begin with $")
		}
		return token{tokenDollar, name, start}, nil
	}
	return l.operator()
}

// skip passes over white space and comments.
func (l *lexer) skip() error {
	for l.pos < len(l.src) {
		rest := l.src[l.pos:]
		switch {
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\n' || rest[0] == '\r':
			l.pos++
		case strings.HasPrefix(rest, "//"):
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest)
			}
			l.pos += end
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				return syntaxFault(l.pos, "a comment is not closed")
			}
			l.pos += end + 4
		default:
			return nil
		}
	}
	return nil
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (l *lexer) identifier() string {
	start := l.pos
	for l.pos < len(l.src) && (isLetter(l.src[l.pos]) || l.pos > start && isDigit(l.src[l.pos])) {
		l.pos++
	}
	return l.src[start:l.pos]
}

// number reads digits with an optional fraction; "1.first()" ends before the point.
func (l *lexer) number() string {
	start := l.pos
	l.digits()
	if l.pos+1 < len(l.src) && l.src[l.pos] == '.' && isDigit(l.src[l.pos+1]) {
		l.pos++
		l.digits()
	}
	return l.src[start:l.pos]
}

func (l *lexer) digits() {
	for l.pos < len(l.src) && isDigit(l.src[l.pos]) {
		l.pos++
	}
}

// quoted reads up to the closing quote and decodes escapes.
func (l *lexer) quoted(quote byte) (string, error) {
	start := l.pos
	l.pos++
	var b strings.Builder
	from := l.pos
	for l.pos < len(l.src) {
		switch l.src[l.pos] {
		case quote:
			b.WriteString(l.src[from:l.pos])
			l.pos++
			return b.String(), nil
		case '\\':
			b.WriteString(l.src[from:l.pos])
			r, err := l.escape()
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
			from = l.pos
		default:
			l.pos++
		}
	}
	return "", syntaxFault(start, "a quote is not closed")
}

// escape decodes one escape sequence. An unknown one stands for its character: R4's own invariants write "\." in places.
func (l *lexer) escape() (rune, error) {
	start := l.pos
	if start+1 >= len(l.src) {
		return 0, syntaxFault(start, "an escape sequence is not complete")
	}
	c := l.src[start+1]
	l.pos += 2
	switch c {
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'f':
		return '\f', nil
	case 'u':
		high, ok := l.hex4()
		if !ok {
			return 0, syntaxFault(start, "\\u needs four hexadecimal digits")
		}
		return l.surrogate(high), nil
	}
	if c >= utf8.RuneSelf {
		r, size := utf8.DecodeRuneInString(l.src[start+1:])
		l.pos = start + 1 + size
		return r, nil
	}
	return rune(c), nil
}

// surrogate joins a high surrogate with the low one that follows.
func (l *lexer) surrogate(high rune) rune {
	if high < 0xD800 || high > 0xDFFF {
		return high
	}
	back := l.pos
	if high < 0xDC00 && strings.HasPrefix(l.src[l.pos:], `\u`) {
		l.pos += 2
		if low, ok := l.hex4(); ok && low >= 0xDC00 && low <= 0xDFFF {
			return (high-0xD800)<<10 | (low - 0xDC00) + 0x10000
		}
	}
	l.pos = back
	return utf8.RuneError
}

func (l *lexer) hex4() (rune, bool) {
	if l.pos+4 > len(l.src) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(l.src[l.pos : l.pos+4]) {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	l.pos += 4
	return r, true
}

// temporal reads @2012, @2012-04-15, @2012-04-15T10:00:00+01:00, @T10:00.
func (l *lexer) temporal() (token, error) {
	start := l.pos
	l.pos++
	kind := tokenDate
	l.accept("0123456789-")
	if l.pos < len(l.src) && l.src[l.pos] == 'T' {
		kind = tokenDateTime
		if l.pos == start+1 {
			kind = tokenTime
			l.pos++
			start++
		} else {
			l.pos++
		}
		l.clock()
		if kind == tokenDateTime {
			l.zone()
		}
	}
	return token{kind, l.src[start+1 : l.pos], start}, nil
}

func (l *lexer) accept(set string) {
	for l.pos < len(l.src) && strings.IndexByte(set, l.src[l.pos]) >= 0 {
		l.pos++
	}
}

// clock reads hours, minutes, seconds and a fraction; a point without digits belongs to what follows.
func (l *lexer) clock() {
	l.accept("0123456789:")
	if l.pos+1 < len(l.src) && l.src[l.pos] == '.' && isDigit(l.src[l.pos+1]) {
		l.pos++
		l.digits()
	}
}

func (l *lexer) zone() {
	rest := l.src[l.pos:]
	if rest == "" {
		return
	}
	if rest[0] == 'Z' {
		l.pos++
		return
	}
	if (rest[0] == '+' || rest[0] == '-') && len(rest) >= 6 && isDigit(rest[1]) && isDigit(rest[2]) && rest[3] == ':' {
		l.pos += 6
	}
}

// variable reads %name, %`name`, %'name', and the older %vs-name and %ext-name.
func (l *lexer) variable() (token, error) {
	start := l.pos
	l.pos++
	if l.pos < len(l.src) && (l.src[l.pos] == '`' || l.src[l.pos] == '\'') {
		s, err := l.quoted(l.src[l.pos])
		return token{tokenVariable, s, start}, err
	}
	from := l.pos
	name := l.identifier()
	if (name == "vs" || name == "ext") && l.pos < len(l.src) && l.src[l.pos] == '-' {
		for l.pos < len(l.src) && (l.src[l.pos] == '-' || isLetter(l.src[l.pos]) || isDigit(l.src[l.pos])) {
			l.pos++
		}
		name = l.src[from:l.pos]
	}
	if name == "" {
		return token{}, syntaxFault(start, "a name must follow %%")
	}
	return token{tokenVariable, name, start}, nil
}

func (l *lexer) operator() (token, error) {
	start := l.pos
	rest := l.src[start:]
	for _, op := range [...]string{"<=", ">=", "!=", "!~"} {
		if strings.HasPrefix(rest, op) {
			l.pos += 2
			return token{tokenOperator, op, start}, nil
		}
	}
	if strings.IndexByte("+-*/&|<>=~.,()[]{}", rest[0]) < 0 {
		return token{}, syntaxFault(start, "this character cannot stand here")
	}
	l.pos++
	return token{tokenOperator, rest[:1], start}, nil
}
