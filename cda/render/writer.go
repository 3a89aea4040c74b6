package render

import (
	"io"
	"strconv"
	"strings"
)

// markup is HTML that this package wrote itself. raw takes nothing else, and only constants become markup: what comes from a document can only
// pass through text, attr and number, which escape.
type markup string

// writer writes HTML up to a limit. The first error stays, and later writes do nothing.
type writer struct {
	out   io.Writer
	buf   []byte
	left  int
	limit int
	err   error
}

const flushAt = 32 << 10

func newWriter(out io.Writer, limit int) *writer {
	return &writer{out: out, buf: make([]byte, 0, flushAt+4096), left: limit, limit: limit}
}

func (w *writer) raw(parts ...markup) {
	for _, m := range parts {
		w.add(string(m))
	}
}

func (w *writer) add(s string) {
	if w.err != nil {
		return
	}
	if w.left -= len(s); w.left < 0 {
		w.err = tooCostly(w.limit)
		return
	}
	w.buf = append(w.buf, s...)
	if len(w.buf) >= flushAt {
		w.flush()
	}
}

func (w *writer) flush() {
	if w.err == nil && len(w.buf) > 0 {
		_, w.err = w.out.Write(w.buf)
	}
	w.buf = w.buf[:0]
}

// escaper leaves nothing that could end a text or a quoted attribute value, and no character that HTML does not allow.
var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

func (w *writer) text(s string) {
	if strings.ContainsFunc(s, forbidden) {
		s = strings.Map(func(r rune) rune {
			if forbidden(r) {
				return '\ufffd'
			}
			return r
		}, s)
	}
	w.add(escaper.Replace(s))
}

// forbidden are the characters that HTML has no place for: controls and non-characters.
func forbidden(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\f' && r != '\r' || r >= 0x7f && r < 0xa0 || r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef
}

func (w *writer) attr(name markup, value string) {
	w.raw(" ", name, `="`)
	w.text(value)
	w.raw(`"`)
}

func (w *writer) number(name markup, value int) { w.attr(name, strconv.Itoa(value)) }
