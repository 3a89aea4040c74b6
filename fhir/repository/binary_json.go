package repository

import (
	"bufio"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonSplitter takes a Binary's JSON apart while it streams: all but the value of the root's "data" is kept (and bounded), the data goes to a sink.
// It checks no more JSON than it needs to find its way; the strict parser judges what is kept, where a placeholder stands for the data, so that
// a second "data" is still a duplicate key.
type jsonSplitter struct {
	src   *bufio.Reader
	rest  []byte
	limit int
	sink  func(io.Reader) error // takes the characters of data, base64 without white space
	depth int
	key   bool // the next string is a member name of the root
}

// dataPlaceholder stands in the kept part for what went to the sink.
const dataPlaceholder = "AAAA"

func (s *jsonSplitter) run() error {
	for {
		c, err := s.src.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.keep(c); err != nil {
			return err
		}
		switch c {
		case '{', '[':
			s.depth++
			s.key = s.depth == 1 && c == '{'
		case '}', ']':
			s.depth--
		case ',':
			s.key = s.depth == 1
		case ':':
			s.key = false
		case '"':
			if err := s.text(); err != nil {
				return err
			}
		}
	}
}

func (s *jsonSplitter) keep(b ...byte) error {
	if len(s.rest)+len(b) > s.limit {
		return errRestTooLong
	}
	s.rest = append(s.rest, b...)
	return nil
}

// text copies a string, whose opening quote was kept already; behind the name "data" of the root it sends the value to the sink.
func (s *jsonSplitter) text() error {
	start := len(s.rest) - 1
	for escaped := false; ; {
		c, err := s.src.ReadByte()
		if err != nil {
			return unexpectedEnd(err)
		}
		if err := s.keep(c); err != nil {
			return err
		}
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"':
			if s.key && s.isData(s.rest[start:]) {
				return s.data()
			}
			return nil
		}
	}
}

func (s *jsonSplitter) isData(quoted []byte) bool {
	if string(quoted) == `"data"` {
		return true
	}
	name, err := jsontext.AppendUnquote(nil, quoted)
	return err == nil && string(name) == "data"
}

// data copies the colon and hands the string behind it to the sink. Anything but a string is left to the parser.
func (s *jsonSplitter) data() error {
	s.key = false
	for {
		c, err := s.src.ReadByte()
		if err != nil {
			return unexpectedEnd(err)
		}
		switch c {
		case ' ', '\t', '\r', '\n', ':':
			if err := s.keep(c); err != nil {
				return err
			}
		case '"':
			if err := s.sink(&base64Chars{next: s.chunk}); err != nil {
				return err
			}
			return s.keep([]byte(`"` + dataPlaceholder + `"`)...)
		default:
			return s.src.UnreadByte()
		}
	}
}

// chunk gives the next characters of the string being read, io.EOF behind its closing quote. The slice is valid until the next call.
func (s *jsonSplitter) chunk() ([]byte, error) {
	b, err := peekSome(s.src)
	if err != nil {
		return nil, unexpectedEnd(err)
	}
	for i, c := range b {
		switch {
		case c == '"':
			if i > 0 {
				_, _ = s.src.Discard(i)
				return b[:i], nil
			}
			_, _ = s.src.Discard(1)
			return nil, io.EOF
		case c == '\\':
			if i > 0 {
				_, _ = s.src.Discard(i)
				return b[:i], nil
			}
			return s.escape()
		case c < ' ':
			return nil, errBadData
		}
	}
	_, _ = s.src.Discard(len(b))
	return b, nil
}

// escape decodes one escape sequence: writers of JSON may escape any character, and some always escape the slash.
func (s *jsonSplitter) escape() ([]byte, error) {
	n := 2
	b, err := s.src.Peek(2)
	if err != nil {
		return nil, unexpectedEnd(err)
	}
	if b[1] == 'u' {
		n = 6
		if b, err = s.src.Peek(6); err != nil {
			return nil, unexpectedEnd(err)
		}
	}
	quoted := append(append([]byte{'"'}, b...), '"')
	out, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return nil, errBadData
	}
	_, _ = s.src.Discard(n)
	return out, nil
}
