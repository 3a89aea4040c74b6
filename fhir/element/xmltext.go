package element

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// nameLength gives how many bytes of s are an XML name. Beyond ASCII any character passes: no name of FHIR or XHTML has one, so
// such a name is refused as unknown.
func nameLength(s string) int {
	i := 0
	for ; i < len(s); i++ {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' || c >= 0x80
		if !letter && (i == 0 || !isDigit(c) && c != '-' && c != '.') {
			break
		}
	}
	return i
}

func isXMLSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func blank(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isXMLSpace(s[i]) {
			return false
		}
	}
	return true
}

// sound checks characters and references of text or of an attribute's value.
func (x *xmlScanner) sound(s string, at int) bool {
	if !x.characterRange(s, at) {
		return false
	}
	for i := strings.IndexByte(s, '&'); i >= 0; {
		if _, n := reference(s[i:]); n == 0 {
			return x.failAt(at+i, "Only the entities of XML itself (&amp; &lt; &gt; &quot; &apos;) and character references are allowed; "+
				"an ampersand is written &amp;.")
		}
		next := strings.IndexByte(s[i+1:], '&')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return true
}

// characterRange refuses the characters that XML cannot carry.
func (x *xmlScanner) characterRange(s string, at int) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' && !isXMLSpace(c) || c == 0xEF && (strings.HasPrefix(s[i:], "\uFFFE") || strings.HasPrefix(s[i:], "\uFFFF")) {
			return x.failAt(at+i, "There is a character that XML does not allow.")
		}
	}
	return true
}

// reference decodes the entity or character reference at the start of s, and gives its length; 0 when it is none.
func reference(s string) (rune, int) {
	end := strings.IndexByte(s[:min(len(s), 16)], ';')
	if end < 2 {
		return 0, 0
	}
	body := s[1:end]
	switch body {
	case "amp":
		return '&', end + 1
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "quot":
		return '"', end + 1
	case "apos":
		return '\'', end + 1
	}
	if body[0] != '#' || len(body) < 2 {
		return 0, 0
	}
	digits, base := body[1:], 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	if digits == "" || digits[0] == '+' || digits[0] == '-' {
		return 0, 0
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || !xmlRune(rune(n)) {
		return 0, 0
	}
	return rune(n), end + 1
}

func xmlRune(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r < 0xD800 || r > 0xDFFF && r <= 0x10FFFF && r != 0xFFFE && r != 0xFFFF
}

// unescapeXML replaces references, and normalises white space as XML 1.0 asks: line ends to \n (section 2.11), and in
// attributes every literal tab and line end to a space (section 3.3.3).
func unescapeXML(s string, attribute bool) string {
	special := "&\r"
	if attribute {
		special = "&\r\n\t"
	}
	i := strings.IndexAny(s, special)
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for {
		b.WriteString(s[:i])
		s = s[i:]
		n := 1
		switch c := s[0]; {
		case c == '&':
			var r rune
			if r, n = reference(s); n == 0 {
				r, n = utf8.RuneError, 1 // cannot be: sound was asked first
			}
			b.WriteRune(r)
		default:
			if c == '\r' && len(s) > 1 && s[1] == '\n' {
				n = 2
			}
			if attribute {
				b.WriteByte(' ')
			} else {
				b.WriteByte('\n')
			}
		}
		s = s[n:]
		if i = strings.IndexAny(s, special); i < 0 {
			b.WriteString(s)
			return b.String()
		}
	}
}
