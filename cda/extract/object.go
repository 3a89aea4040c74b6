package extract

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// object is a JSON object whose members keep their order. Values are string, number, bool, object, *object, list or raw.
type object []member

type member struct {
	name  string
	value any
}

// number is a decimal or an integer as it stands in the document: its precision is kept.
type number string

// list is a JSON array.
type list []any

// raw is JSON that was made before.
type raw []byte

// set adds a member, unless the value is empty or the member is there already: of several that a document gives where FHIR takes one, the first counts.
func (o *object) set(name string, value any) {
	if !empty(value) && !o.has(name) {
		o.grow()
		*o = append(*o, member{name, value})
	}
}

// add appends to the array of that name.
func (o *object) add(name string, value any) {
	if empty(value) {
		return
	}
	for i := range *o {
		if (*o)[i].name == name {
			(*o)[i].value = append((*o)[i].value.(list), value)
			return
		}
	}
	o.grow()
	*o = append(*o, member{name, list{value}})
}

// grow makes room for one more member: objects have three or four, resources a dozen.
func (o *object) grow() {
	if n := len(*o); n == cap(*o) {
		*o = append(make(object, 0, max(4, 3*n)), *o...)
	}
}

// get gives a member's value, nil when there is none.
func (o object) get(name string) any {
	for i := range o {
		if o[i].name == name {
			return o[i].value
		}
	}
	return nil
}

func (o object) has(name string) bool { return o.get(name) != nil }

func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case number:
		return v == ""
	case object:
		return len(v) == 0
	case list:
		return len(v) == 0
	case raw:
		return len(v) == 0
	}
	return false
}

func appendJSON(dst []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		return appendString(dst, v)
	case number:
		return append(dst, v...)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case bool:
		return strconv.AppendBool(dst, v)
	case raw:
		return append(dst, v...)
	case list:
		dst = append(dst, '[')
		for i, item := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, item)
		}
		return append(dst, ']')
	case object:
		dst = append(dst, '{')
		for i := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, v[i].name), ':')
			dst = appendJSON(dst, v[i].value)
		}
		return append(dst, '}')
	}
	return append(dst, "null"...)
}

const hexDigits = "0123456789abcdef"

func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		if from = i + 1; c < 0x20 {
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		} else {
			dst = append(dst, '\\', c)
		}
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}
