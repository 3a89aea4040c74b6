package extraction

import (
	"unicode/utf8"

	"github.com/carnet-fhir/carnet/internal/nos"
)

// writer appends JSON. It puts commas where they are needed; text is escaped.
type writer struct{ b []byte }

func (w *writer) comma() {
	switch w.b[len(w.b)-1] {
	case '{', '[', ':':
	default:
		w.b = append(w.b, ',')
	}
}

func (w *writer) key(name string) {
	w.comma()
	w.b = append(append(append(w.b, '"'), name...), '"', ':')
}

// open begins a member or, with the name "", an item; what is '{' or '['.
func (w *writer) open(name string, what byte) {
	if name != "" {
		w.key(name)
	} else if len(w.b) > 0 {
		w.comma()
	}
	w.b = append(w.b, what)
}

func (w *writer) close(what byte) { w.b = append(w.b, what) }

// text writes a member, or an item with the name ""; an empty value writes nothing.
func (w *writer) text(name, value string) {
	if value == "" {
		return
	}
	if name != "" {
		w.key(name)
	} else {
		w.comma()
	}
	w.b = appendString(w.b, value)
}

// raw writes a member whose value is JSON already.
func (w *writer) raw(name, value string) {
	w.key(name)
	w.b = append(w.b, value...)
}

func (w *writer) coding(c nos.Concept) {
	w.open("", '{')
	w.text("system", c.System)
	w.text("code", c.Code)
	w.text("display", c.Display)
	w.close('}')
}

// concept writes an item that is a CodeableConcept; concepts without a code are left out.
func (w *writer) concept(codings ...nos.Concept) {
	some := false
	for _, c := range codings {
		some = some || c.Code != ""
	}
	if !some {
		return
	}
	w.open("", '{')
	w.open("coding", '[')
	for _, c := range codings {
		if c.Code != "" {
			w.coding(c)
		}
	}
	w.close(']')
	w.close('}')
}

// identifier writes an item; without a value nothing.
func (w *writer) identifier(code, system, value string) {
	if value == "" {
		return
	}
	w.open("", '{')
	w.text("use", "official")
	if code != "" {
		w.open("type", '{')
		w.open("coding", '[')
		w.coding(nos.Concept{System: nos.IdentifierTypes, Code: code})
		w.close(']')
		w.close('}')
	}
	w.text("system", system)
	w.text("value", value)
	w.close('}')
}

func (w *writer) contact(system, value string) {
	if value == "" {
		return
	}
	w.open("", '{')
	w.text("system", system)
	w.text("value", value)
	w.text("use", "work")
	w.close('}')
}

func (w *writer) reference(name, typ, id string) {
	w.open(name, '{')
	w.text("reference", typ+"/"+id)
	w.close('}')
}

// begin starts a resource.
func (w *writer) begin(typ, id, source, profile string) {
	w.b = w.b[:0]
	w.open("", '{')
	w.text("resourceType", typ)
	w.text("id", id)
	if source == "" {
		return
	}
	w.open("meta", '{')
	w.text("source", source)
	if profile != "" {
		w.open("profile", '[')
		w.text("", profile)
		w.close(']')
	}
	w.close('}')
}

// end finishes the resource and gives a copy of its JSON. Empty arrays, which FHIR does not know, are not written by construction of the callers.
func (w *writer) end() []byte {
	w.close('}')
	return append([]byte(nil), w.b...)
}

// appendString writes a JSON string. Control characters, which FHIR strings do not hold, become spaces, and bytes that are no UTF-8 the replacement character.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
			i++
		case c < 0x20 || c == 0x7f:
			b = append(b, ' ')
			i++
		case c < utf8.RuneSelf:
			b = append(b, c)
			i++
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += size
		}
	}
	return append(b, '"')
}
