package element

import (
	"math/bits"

	"github.com/carnet-fhir/carnet/internal/b64"
)

// nodeKind is the kind of a JSON value on the tape.
type nodeKind uint8

const (
	nodeObject nodeKind = iota + 1
	nodeArray
	nodeString
	nodeNumber
	nodeTrue
	nodeFalse
	nodeNull
	nodeKey
)

const (
	flagEscaped    uint8 = 1 << iota // the string holds backslash escapes
	flagWide                         // the string holds bytes beyond ASCII
	flagDuplicate                    // the key was already used in its object
	flagUnderscore                   // the object has a key that begins with an underscore
)

// node is one JSON token on the tape. An object is followed by key, value, key, value...; an array by its values.
type node struct {
	start, end uint32 // source bytes; a string's or key's without the quotes
	next       uint32 // the tape index behind the node and all it holds
	kind       nodeKind
	flags      uint8
}

// scanner turns JSON text into a tape, once, strictly by RFC 8259 (and by I-JSON for duplicate keys).
// It knows nothing of FHIR. A tape is flat and holds no pointers, so it costs the collector nothing.
type scanner struct {
	src      string
	pos      int
	tape     []node
	depth    int
	maxDepth int
	values   int // of all kinds
	arrays   int // of them
	maxNodes int
	spaced   bool // insignificant whitespace was met
	fail     *syntaxFault
}

// syntaxFault says what broke the grammar, and where.
type syntaxFault struct {
	offset int
	text   string
	limit  bool // a limit of the server, not the grammar, was broken
}

// scan reads one JSON value that must be an object and must be all there is.
func (s *scanner) scan() bool {
	s.space()
	if s.pos >= len(s.src) {
		return s.failAt(s.pos, "The content is empty; a JSON object is expected.")
	}
	if s.src[s.pos] != '{' {
		return s.failAt(s.pos, "A FHIR resource in JSON is an object; the content begins with something else.")
	}
	if !s.value() {
		return false
	}
	s.space()
	if s.pos < len(s.src) {
		return s.failAt(s.pos, "There is more content behind the end of the JSON object.")
	}
	return true
}

func (s *scanner) failAt(offset int, text string) bool {
	if s.fail == nil {
		s.fail = &syntaxFault{offset: offset, text: text}
	}
	return false
}

func (s *scanner) space() {
	i := s.pos
	for i < len(s.src) {
		if c := s.src[i]; c > ' ' || (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
			break
		}
		i++
	}
	if i != s.pos {
		s.pos, s.spaced = i, true
	}
}

func (s *scanner) push(k nodeKind, start int) int {
	at := len(s.tape)
	s.tape = append(s.tape, node{start: uint32(start), kind: k})
	return at
}

func (s *scanner) close(at, end int) {
	n := &s.tape[at]
	n.end, n.next = uint32(end), uint32(len(s.tape))
}

func (s *scanner) value() bool {
	if s.pos >= len(s.src) {
		return s.failAt(s.pos, "The content ends where a JSON value is expected.")
	}
	if s.values++; s.values > s.maxNodes {
		s.failAt(s.pos, "The content holds more elements than the server accepts.")
		s.fail.limit = true
		return false
	}
	switch c := s.src[s.pos]; c {
	case '"':
		return s.text(nodeString)
	case '{':
		return s.object()
	case '[':
		return s.array()
	case 't':
		return s.literal("true", nodeTrue)
	case 'f':
		return s.literal("false", nodeFalse)
	case 'n':
		return s.literal("null", nodeNull)
	default:
		if c == '-' || (c >= '0' && c <= '9') {
			return s.number()
		}
		return s.failAt(s.pos, "A JSON value is expected here.")
	}
}

func (s *scanner) enter() bool {
	if s.depth++; s.depth > s.maxDepth {
		s.failAt(s.pos, "The content nests deeper than the server accepts.")
		s.fail.limit = true
		return false
	}
	return true
}

func (s *scanner) object() bool {
	if !s.enter() {
		return false
	}
	at := s.push(nodeObject, s.pos)
	s.pos++
	s.space()
	if s.pos < len(s.src) && s.src[s.pos] == '}' {
		s.pos++
		s.depth--
		s.close(at, s.pos)
		return true
	}
	keys := keySet{object: at}
	for {
		if s.pos >= len(s.src) || s.src[s.pos] != '"' {
			return s.failAt(s.pos, "A member name in double quotes is expected here.")
		}
		key := len(s.tape)
		if !s.text(nodeKey) {
			return false
		}
		keys.add(s, key)
		s.space()
		if s.pos >= len(s.src) || s.src[s.pos] != ':' {
			return s.failAt(s.pos, "A colon is expected behind the member name.")
		}
		s.pos++
		s.space()
		if !s.value() {
			return false
		}
		s.space()
		if s.pos >= len(s.src) {
			return s.failAt(s.pos, "The content ends inside of a JSON object.")
		}
		c := s.src[s.pos]
		if c != ',' && c != '}' {
			return s.failAt(s.pos, "A comma or a closing brace is expected here.")
		}
		s.pos++
		if c == '}' {
			break
		}
		s.space()
	}
	s.depth--
	s.close(at, s.pos)
	return true
}

func (s *scanner) array() bool {
	if !s.enter() {
		return false
	}
	s.arrays++
	at := s.push(nodeArray, s.pos)
	s.pos++
	s.space()
	if s.pos < len(s.src) && s.src[s.pos] == ']' {
		s.pos++
		s.depth--
		s.close(at, s.pos)
		return true
	}
	for {
		if !s.value() {
			return false
		}
		s.space()
		if s.pos >= len(s.src) {
			return s.failAt(s.pos, "The content ends inside of a JSON array.")
		}
		c := s.src[s.pos]
		if c != ',' && c != ']' {
			return s.failAt(s.pos, "A comma or a closing bracket is expected here.")
		}
		s.pos++
		if c == ']' {
			break
		}
		s.space()
	}
	s.depth--
	s.close(at, s.pos)
	return true
}

func (s *scanner) literal(word string, k nodeKind) bool {
	if len(s.src)-s.pos < len(word) || s.src[s.pos:s.pos+len(word)] != word {
		return s.failAt(s.pos, "A JSON value is expected here; the only bare words are true, false and null.")
	}
	at := s.push(k, s.pos)
	s.pos += len(word)
	s.close(at, s.pos)
	return true
}

// number checks the grammar of RFC 8259 section 6; the literal itself is kept, never converted.
func (s *scanner) number() bool {
	start := s.pos
	i := skipNumber(s.src, start)
	if i < 0 {
		return s.failAt(start, "This number is not written as JSON wants it.")
	}
	at := s.push(nodeNumber, start)
	s.pos = i
	s.close(at, i)
	return true
}

// skipNumber gives the index behind the JSON number that starts at i, or -1.
func skipNumber(s string, i int) int {
	if i < len(s) && s[i] == '-' {
		i++
	}
	digits := func() bool {
		from := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(s) && s[i] == '0' {
		i++
	} else if !digits() {
		return -1
	}
	if i < len(s) && s[i] == '.' {
		if i++; !digits() {
			return -1
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if !digits() {
			return -1
		}
	}
	if i < len(s) && s[i] >= '0' && s[i] <= '9' {
		return -1 // a leading zero
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// longText is where a string is taken to be a document in base64, of which letters are passed over faster. It is one more than a multiple of eight: the quote is counted.
const longText = 129

// text reads a string. Eight bytes at a time are looked at together: a word is plain unless one of its bytes is
// a quote, a backslash, a control character or beyond ASCII.
func (s *scanner) text(k nodeKind) bool {
	src := s.src
	i := s.pos + 1
	at := s.push(k, i)
	var flags uint8
	for {
		for i+8 <= len(src) {
			w := word(src, i)
			quote := w ^ (ones * '"')
			slash := w ^ (ones * '\\')
			hit := ((w - ones*0x20) | (quote - ones) | (slash - ones) | w) & highs
			if hit != 0 {
				// The lowest flagged byte is exact; borrows only blur those above it.
				i += bits.TrailingZeros64(hit) >> 3
				break
			}
			if i += 8; i-s.pos == longText {
				i += b64.Letters(src[i:])
			}
		}
		if i >= len(src) {
			return s.failAt(s.pos, "The content ends inside of a string.")
		}
		switch c := src[i]; {
		case c == '"':
			s.tape[at].flags = flags
			s.close(at, i)
			s.pos = i + 1
			return true
		case c == '\\':
			n := escapeLength(src, i)
			if n == 0 {
				return s.failAt(i, "This is not an escape sequence of JSON.")
			}
			flags |= flagEscaped
			i += n
		case c < ' ':
			return s.failAt(i, "A control character must be written as an escape sequence in a JSON string.")
		case c >= 0x80:
			flags |= flagWide
			i++
		default:
			i++
		}
	}
}

// word loads eight bytes, the first one lowest; the compiler makes one load of it.
func word(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
