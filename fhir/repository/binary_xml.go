package repository

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
)

// xmlSplitter does for XML what jsonSplitter does for JSON: the value attribute of the root's child "data" goes to a sink, the rest is kept.
type xmlSplitter struct {
	src   *bufio.Reader
	rest  []byte
	limit int
	sink  func(io.Reader) error
	depth int
	quote byte // that ends the attribute being read
}

func (s *xmlSplitter) run() error {
	for {
		c, err := s.src.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if c != '<' {
			if err := s.keep(c); err != nil {
				return err
			}
			continue
		}
		if err := s.markup(); err != nil {
			return err
		}
	}
}

func (s *xmlSplitter) keep(b ...byte) error {
	if len(s.rest)+len(b) > s.limit {
		return errRestTooLong
	}
	s.rest = append(s.rest, b...)
	return nil
}

// markup copies what begins with "<" (already read): a comment, a section, an instruction or a tag.
func (s *xmlSplitter) markup() error {
	if err := s.keep('<'); err != nil {
		return err
	}
	for _, m := range []struct{ begin, end string }{{"!--", "-->"}, {"![CDATA[", "]]>"}, {"?", "?>"}, {"!", ">"}} {
		if b, _ := s.src.Peek(len(m.begin)); string(b) == m.begin {
			return s.until(m.end)
		}
	}
	return s.tag()
}

// until copies up to and including the end mark.
func (s *xmlSplitter) until(end string) error {
	start := len(s.rest)
	for !bytes.HasSuffix(s.rest[start:], []byte(end)) {
		c, err := s.src.ReadByte()
		if err != nil {
			return unexpectedEnd(err)
		}
		if err := s.keep(c); err != nil {
			return err
		}
	}
	return nil
}

// tag copies a start or end tag and keeps the depth.
func (s *xmlSplitter) tag() error {
	start := len(s.rest)
	name, inName := "", true
	var previous byte
	for {
		c, err := s.src.ReadByte()
		if err != nil {
			return unexpectedEnd(err)
		}
		if inName && (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '>' || (c == '/' && len(s.rest) > start)) {
			name, inName = string(s.rest[start:]), false
		}
		if err := s.keep(c); err != nil {
			return err
		}
		switch c {
		case '>':
			switch {
			case len(name) > 0 && name[0] == '/':
				s.depth--
			case previous != '/':
				s.depth++
			}
			return nil
		case '"', '\'':
			if err := s.attribute(c, s.depth == 1 && localName(name) == "data"); err != nil {
				return err
			}
		}
		previous = c
	}
}

// attribute copies an attribute's value behind its opening quote; the value of data goes to the sink.
func (s *xmlSplitter) attribute(quote byte, ofData bool) error {
	if ofData && s.attributeName() == "value" {
		s.quote = quote
		if err := s.sink(&base64Chars{next: s.chunk}); err != nil {
			return err
		}
		return s.keep(append([]byte(dataPlaceholder), quote)...)
	}
	return s.until(string(quote))
}

// attributeName is the word before `="`, which was just kept.
func (s *xmlSplitter) attributeName() string {
	b := bytes.TrimRight(s.rest[:len(s.rest)-1], " \t\r\n")
	b, found := bytes.CutSuffix(b, []byte("="))
	if !found {
		return ""
	}
	b = bytes.TrimRight(b, " \t\r\n")
	return string(b[bytes.LastIndexAny(b, " \t\r\n")+1:])
}

// chunk gives the next characters of the attribute, io.EOF behind its closing quote.
func (s *xmlSplitter) chunk() ([]byte, error) {
	b, err := peekSome(s.src)
	if err != nil {
		return nil, unexpectedEnd(err)
	}
	for i, c := range b {
		if c != s.quote && c != '&' && c != '<' {
			continue
		}
		if i > 0 {
			_, _ = s.src.Discard(i)
			return b[:i], nil
		}
		switch c {
		case s.quote:
			_, _ = s.src.Discard(1)
			return nil, io.EOF
		case '&':
			return s.characterReference()
		default:
			return nil, errBadData
		}
	}
	_, _ = s.src.Discard(len(b))
	return b, nil
}

// characterReference decodes "&#10;" or "&#x2F;": writers escape the line breaks of wrapped base64 so.
func (s *xmlSplitter) characterReference() ([]byte, error) {
	const longest = 10
	b, err := s.src.Peek(longest)
	end := bytes.IndexByte(b, ';')
	if end < 3 || b[1] != '#' {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return nil, errBadData
	}
	digits, base := string(b[2:end]), 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 7)
	if err != nil {
		return nil, errBadData
	}
	_, _ = s.src.Discard(end + 1)
	return []byte{byte(n)}, nil
}

func localName(name string) string {
	if i := bytes.IndexByte([]byte(name), ':'); i >= 0 {
		return name[i+1:]
	}
	return name
}
