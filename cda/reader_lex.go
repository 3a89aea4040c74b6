package cda

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/carnet-fhir/carnet/internal/b64"
)

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func isBlank(s string) bool {
	for i := range len(s) {
		if !isSpace(s[i]) {
			return false
		}
	}
	return true
}

// forbiddenCharacter finds a character outside production Char of XML 1.0 in valid UTF-8, -1 when there is none: controls, U+FFFE, U+FFFF.
func forbiddenCharacter(text []byte) int {
	// Eight bytes at a time: a byte below 0x20 leaves its high bit set in the difference.
	const low, high = 0x2020202020202020, 0x8080808080808080
	i := 0
	for ; i+8 <= len(text); i += 8 {
		word := binary.LittleEndian.Uint64(text[i:])
		if (word-low)&^word&high == 0 {
			if i%256 == 0 { // of a document around a file, nearly all is base64
				i += b64.LettersOf(text[i+8:])
			}
			continue
		}
		if at := control(text[i : i+8]); at >= 0 {
			return i + at
		}
	}
	if at := control(text[i:]); at >= 0 {
		return i + at
	}
	if at := bytes.Index(text, []byte("\ufffe")); at >= 0 {
		return at
	}
	return bytes.Index(text, []byte("\uffff"))
}

func control(text []byte) int {
	for i, c := range text {
		if c < 0x20 && !isSpace(c) {
			return i
		}
	}
	return -1
}

// space passes white space and says whether there was some.
func (r *reader) space() bool {
	start := r.pos
	for r.pos < len(r.text) && isSpace(r.text[r.pos]) {
		r.pos++
	}
	return r.pos > start
}

// peek gives the next byte, 0 at the end.
func (r *reader) peek() byte {
	if r.pos < len(r.text) {
		return r.text[r.pos]
	}
	return 0
}

// classes of bytes within tags.
const (
	delimiter   = iota // ends a name
	nameStart          // begins or follows in a name
	nameFollow         // follows only
	nameColon          // parts prefix and local name
	nameComplex        // beyond ASCII, or in no name: a closer look decides
)

// class is a table of the classes of all bytes.
var class = func() (table [256]uint8) {
	for c := range table {
		switch {
		case strings.IndexByte(" \t\r\n/>=<\"'", byte(c)) >= 0:
			table[c] = delimiter
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_':
			table[c] = nameStart
		case '0' <= c && c <= '9' || c == '-' || c == '.':
			table[c] = nameFollow
		case c == ':':
			table[c] = nameColon
		default:
			table[c] = nameComplex
		}
	}
	return table
}()

// name passes what ends before white space or a delimiter of tags, and splits it as a QName; ok is false when it is none.
func (r *reader) name() (whole, prefix, local string, ok bool) {
	start, colon, simple := r.pos, -1, true
	for r.pos < len(r.text) {
		switch class[r.text[r.pos]] {
		case delimiter:
			return r.qname(start, colon, simple)
		case nameStart:
		case nameFollow:
			simple = simple && r.pos > start && r.pos != colon+1
		case nameColon:
			simple = simple && colon < 0
			colon = r.pos
		default:
			simple = false
		}
		r.pos++
	}
	return r.qname(start, colon, simple)
}

func (r *reader) qname(start, colon int, simple bool) (whole, prefix, local string, ok bool) {
	whole = r.text[start:r.pos]
	switch {
	case !simple:
		prefix, local, ok = splitName(whole)
		return whole, prefix, local, ok
	case colon < 0:
		return whole, "", whole, whole != ""
	default:
		return whole, r.text[start:colon], r.text[colon+1 : r.pos], colon > start && colon+1 < r.pos
	}
}

// splitName splits a QName; ok is false when it is none.
func splitName(name string) (prefix, local string, ok bool) {
	if i := strings.IndexByte(name, ':'); i >= 0 {
		return name[:i], name[i+1:], isNCName(name[:i]) && isNCName(name[i+1:])
	}
	return "", name, isNCName(name)
}

// isNCName says whether s is a name without colon (Namespaces in XML 1.0, NCName).
func isNCName(s string) bool {
	if s == "" {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_':
		case i > 0 && ('0' <= c && c <= '9' || c == '-' || c == '.'):
		case c >= utf8.RuneSelf:
			return isWideName(s)
		default:
			return false
		}
	}
	return true
}

// isWideName is isNCName beyond ASCII (XML 1.0, productions NameStartChar and NameChar).
func isWideName(s string) bool {
	for i, c := range s {
		start := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' ||
			in(c, 0xC0, 0xD6) || in(c, 0xD8, 0xF6) || in(c, 0xF8, 0x2FF) || in(c, 0x370, 0x37D) || in(c, 0x37F, 0x1FFF) || in(c, 0x200C, 0x200D) ||
			in(c, 0x2070, 0x218F) || in(c, 0x2C00, 0x2FEF) || in(c, 0x3001, 0xD7FF) || in(c, 0xF900, 0xFDCF) || in(c, 0xFDF0, 0xFFFD) || in(c, 0x10000, 0xEFFFF)
		follow := in(c, '0', '9') || c == '-' || c == '.' || c == 0xB7 || in(c, 0x300, 0x36F) || in(c, 0x203F, 0x2040)
		if !start && (i == 0 || !follow) {
			return false
		}
	}
	return true
}

func in(c, from, to rune) bool { return from <= c && c <= to }

// unescape replaces references, and ends of lines by \n (XML 1.0 §2.11). In an attribute, white space becomes blanks (§3.3.3) and there must be no <.
func unescape(s string, attribute bool) (string, bool) {
	if attribute && strings.IndexByte(s, '<') >= 0 {
		return "", false
	} else if !attribute && strings.IndexByte(s, '&') < 0 {
		return newlines(s), true
	}
	s = newlines(s)
	if attribute {
		s = strings.Map(func(c rune) rune {
			if c == '\n' || c == '\t' {
				return ' '
			}
			return c
		}, s)
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "&")
		b.WriteString(before)
		if !ok {
			return b.String(), true
		}
		name, after, ok := strings.Cut(rest[:min(len(rest), maxReference)], ";")
		c, known := referred(name)
		if !ok || !known {
			return "", false
		}
		b.WriteRune(c)
		s = rest[len(rest[:min(len(rest), maxReference)])-len(after):]
	}
}

// maxReference is the longest reference with its semicolon, leading zeros included.
const maxReference = 16

func newlines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// referred gives the character of a reference's name.
func referred(name string) (rune, bool) {
	switch name {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "apos":
		return '\'', true
	case "quot":
		return '"', true
	}
	digits, ok := strings.CutPrefix(name, "#")
	base := 10
	if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
		digits, base = hex, 16
	}
	if !ok || digits == "" || !isHexDigits(digits) {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, base, 32)
	c := rune(n)
	if err != nil || n > 0x10FFFF || !(c == '\t' || c == '\n' || c == '\r' || in(c, 0x20, 0xD7FF) || in(c, 0xE000, 0xFFFD) || in(c, 0x10000, 0x10FFFF)) {
		return 0, false
	}
	return c, true
}

func isHexDigits(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		default:
			return false
		}
	}
	return true
}
