package patch

import (
	"bytes"
	"strings"

	"github.com/cockroachdb/apd/v3"
	"github.com/go-json-experiment/json/jsontext"
)

// value is a JSON value that keeps what it does not change as it was written: numbers with their digits, members in their order.
type value struct {
	kind    jsontext.Kind // 'n', 't' or 'f', '"', '0', '{', '['
	text    string        // of a string, decoded; of a number, as written
	names   []string      // of an object's members
	items   []*value      // of an object or array
	trimmed bool          // something was removed from it
}

// maxJSONDepth bounds the nesting of documents and patches.
const maxJSONDepth = 200

// parseJSON reads one JSON value.
func parseJSON(src []byte) (*value, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(src))
	v, err := readValue(dec)
	if err != nil {
		return nil, err
	}
	if _, err := dec.ReadToken(); err == nil {
		return nil, errTrailing
	}
	return v, nil
}

func readValue(dec *jsontext.Decoder) (*value, error) {
	t, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	if dec.StackDepth() > maxJSONDepth {
		return nil, errTooDeep
	}
	v := &value{kind: t.Kind()}
	switch v.kind {
	case '"', '0':
		v.text = t.String()
	case '{':
		for dec.PeekKind() != '}' {
			name, err := dec.ReadToken()
			if err != nil {
				return nil, err
			}
			text := name.String()
			item, err := readValue(dec)
			if err != nil {
				return nil, err
			}
			v.names, v.items = append(v.names, text), append(v.items, item)
		}
		_, err = dec.ReadToken()
	case '[':
		for dec.PeekKind() != ']' {
			item, err := readValue(dec)
			if err != nil {
				return nil, err
			}
			v.items = append(v.items, item)
		}
		_, err = dec.ReadToken()
	}
	return v, err
}

// member finds a member of an object, -1 for none.
func (v *value) member(name string) int {
	for i, n := range v.names {
		if n == name {
			return i
		}
	}
	return -1
}

func (v *value) get(name string) *value {
	if i := v.member(name); i >= 0 {
		return v.items[i]
	}
	return nil
}

// count gives the number of values, this one included.
func (v *value) count() int {
	n := 1
	for _, i := range v.items {
		n += i.count()
	}
	return n
}

func (v *value) clone() *value {
	c := &value{kind: v.kind, text: v.text}
	if len(v.names) > 0 {
		c.names = append([]string(nil), v.names...)
	}
	if len(v.items) > 0 {
		c.items = make([]*value, len(v.items))
		for i, item := range v.items {
			c.items[i] = item.clone()
		}
	}
	return c
}

// equal compares as RFC 6902 section 4.6 says: numbers by value, objects without regard to order.
func (v *value) equal(w *value) bool {
	if v.kind != w.kind || len(v.items) != len(w.items) {
		return false
	}
	switch v.kind {
	case '"':
		return v.text == w.text
	case '0':
		return equalNumbers(v.text, w.text)
	case '{':
		for i, name := range v.names {
			other := w.get(name)
			if other == nil || !v.items[i].equal(other) {
				return false
			}
		}
	case '[':
		for i := range v.items {
			if !v.items[i].equal(w.items[i]) {
				return false
			}
		}
	}
	return true
}

func equalNumbers(a, b string) bool {
	if a == b {
		return true
	}
	// beyond these sizes the digits must be the same: comparing could cost more than it is worth
	if len(a) > 256 || len(b) > 256 {
		return false
	}
	x, _, errX := apd.NewFromString(a)
	y, _, errY := apd.NewFromString(b)
	return errX == nil && errY == nil && x.Cmp(y) == 0
}

// prune removes what removals left empty, which FHIR does not write: "name": [] and "name": {}.
func (v *value) prune() {
	kept := 0
	for i, item := range v.items {
		item.prune()
		if item.trimmed && len(item.items) == 0 {
			v.trimmed = true
			continue
		}
		v.items[kept] = item
		if v.kind == '{' {
			v.names[kept] = v.names[i]
		}
		kept++
	}
	v.items = v.items[:kept]
	if v.kind == '{' {
		v.names = v.names[:kept]
	}
}

// append writes the value without white space.
func (v *value) append(dst []byte) []byte {
	switch v.kind {
	case 'n':
		return append(dst, "null"...)
	case 't':
		return append(dst, "true"...)
	case 'f':
		return append(dst, "false"...)
	case '0':
		return append(dst, v.text...)
	case '"':
		return appendString(dst, v.text)
	case '[':
		dst = append(dst, '[')
		for i, item := range v.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.append(dst)
		}
		return append(dst, ']')
	}
	dst = append(dst, '{')
	for i, item := range v.items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, v.names[i]), ':')
		dst = item.append(dst)
	}
	return append(dst, '}')
}

func appendString(dst []byte, s string) []byte {
	out, err := jsontext.AppendQuote(dst, s)
	if err != nil {
		// only invalid UTF-8 fails, which the decoder does not let in
		out, _ = jsontext.AppendQuote(dst, strings.ToValidUTF8(s, "\uFFFD"))
	}
	return out
}
