package extraction

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// maxLine is the longest line that is read; those of the real files have under 2 KB.
const maxLine = 64 << 10

// lines reads a file line by line and knows where each begins. Lines that are no UTF-8 are taken for Windows-1252, which holds ISO-8859-1: both are met in the wild.
type lines struct {
	r      *bufio.Reader
	start  int64 // of the current line
	offset int64 // of the next line
	number int   // of the current line, from 1
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, maxLine)} }

var errLongLine = errors.New("the line is longer than 64 KB")

// next gives a line without its end; io.EOF at the end. errLongLine leaves the reader behind that line.
func (l *lines) next() (string, error) {
	raw, err := l.r.ReadSlice('\n')
	l.start = l.offset
	l.offset += int64(len(raw))
	l.number++
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", l.skip()
	case errors.Is(err, io.EOF) && len(raw) == 0:
		l.number--
		return "", io.EOF
	case err != nil && !errors.Is(err, io.EOF):
		return "", err
	}
	if l.number == 1 {
		raw = []byte(strings.TrimPrefix(string(raw), "\ufeff"))
	}
	for len(raw) > 0 && (raw[len(raw)-1] == '\n' || raw[len(raw)-1] == '\r') {
		raw = raw[:len(raw)-1]
	}
	if !utf8.Valid(raw) {
		if raw, err = charmap.Windows1252.NewDecoder().Bytes(raw); err != nil {
			return "", fmt.Errorf("neither UTF-8 nor Windows-1252: %w", err)
		}
	}
	return string(raw), nil
}

func (l *lines) skip() error {
	for {
		raw, err := l.r.ReadSlice('\n')
		l.offset += int64(len(raw))
		if !errors.Is(err, bufio.ErrBufferFull) {
			return errLongLine
		}
	}
}

// fields cuts a line at a separator into dst; empty ends (the files end lines with a separator) count as a field.
func fields(dst []string, line string, sep byte) []string {
	dst = dst[:0]
	for {
		i := strings.IndexByte(line, sep)
		if i < 0 {
			return append(dst, plain(line))
		}
		dst = append(dst, plain(line[:i]))
		line = line[i+1:]
	}
}

// plain takes space off the ends of a field; runs of space and control characters inside of it, which FHIR codes do not hold and names do not mean, become one space.
func plain(field string) string {
	field = strings.TrimSpace(field)
	if !strings.Contains(field, "  ") && !strings.ContainsFunc(field, odd) {
		return field
	}
	return strings.Join(strings.FieldsFunc(field, func(r rune) bool { return r == ' ' || odd(r) }), " ")
}

// odd says of a character that it is space of another kind, or none that is seen.
func odd(r rune) bool { return r != ' ' && (unicode.IsSpace(r) || unicode.IsControl(r)) }
