package cda

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/carnet-fhir/carnet/internal/b64"
)

// decode gives the document in UTF-8 without byte order mark; raw itself when it is so already. The byte order mark decides (XML 1.0 appendix F), then the
// encoding declaration, then UTF-8.
func decode(raw []byte, limits Limits) ([]byte, error) {
	if len(raw) > limits.Bytes {
		return nil, tooBig(limits)
	}
	switch {
	case bytes.HasPrefix(raw, []byte("\xff\xfe")), bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return convert(raw, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM), "UTF-16", "utf-16", "utf-16le", "utf-16be")
	case bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")):
		return utf8Text(raw[3:], "utf-8")
	}
	switch name := declaredEncoding(raw); name {
	case "", "utf-8", "us-ascii", "ascii":
		return utf8Text(raw, "utf-8", "us-ascii", "ascii")
	case "iso-8859-1", "latin1":
		return convert(raw, charmap.ISO8859_1, "ISO-8859-1", name)
	case "iso-8859-15", "latin9":
		return convert(raw, charmap.ISO8859_15, "ISO-8859-15", name)
	case "windows-1252":
		return convert(raw, charmap.Windows1252, "windows-1252", name)
	default:
		return nil, refuse(RuleEncoding, 1, fmt.Sprintf("the encoding %q is not read; UTF-8, ISO-8859-1, ISO-8859-15, windows-1252 and UTF-16 with a byte order mark are", clip(name, 40)))
	}
}

// convert decodes raw; the declaration of the result, if there is one, must be one of the names, as one that says otherwise would have another reader read
// another document.
func convert(raw []byte, e encoding.Encoding, label string, names ...string) ([]byte, error) {
	text, err := e.NewDecoder().Bytes(raw)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return nil, refuse(RuleEncoding, 0, "the document is not true to its encoding "+label)
	}
	return declaredAs(text, names)
}

func utf8Text(text []byte, names ...string) ([]byte, error) {
	if !b64.ValidUTF8(unsafe.String(unsafe.SliceData(text), len(text))) { //nolint:gosec // it does not outlive the call
		return nil, refuse(RuleEncoding, 0, "the document is not true to its encoding UTF-8")
	}
	return declaredAs(text, names)
}

func declaredAs(text []byte, names []string) ([]byte, error) {
	declared := declaredEncoding(text)
	if declared == "" {
		return text, nil
	}
	for _, n := range names {
		if declared == n {
			return text, nil
		}
	}
	return nil, refuse(RuleEncoding, 1, fmt.Sprintf("the document declares the encoding %q but is in %s", clip(declared, 40), names[0]))
}

// declaredEncoding reads the encoding declaration of an ASCII-compatible text, in lower case; "" when there is none.
func declaredEncoding(text []byte) string {
	if !bytes.HasPrefix(text, []byte("<?xml")) {
		return ""
	}
	declaration, _, ok := bytes.Cut(text[:min(len(text), 1024)], []byte("?>"))
	if !ok {
		return ""
	}
	_, rest, ok := bytes.Cut(declaration, []byte("encoding"))
	if !ok {
		return ""
	}
	rest = bytes.TrimLeft(rest, " \t\r\n=")
	if len(rest) == 0 || (rest[0] != '"' && rest[0] != '\'') {
		return ""
	}
	name, _, ok := bytes.Cut(rest[1:], rest[:1])
	if !ok {
		return ""
	}
	return strings.ToLower(string(name))
}

// clip keeps a quoted piece of a document short.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
