package element

import (
	"strings"
)

// AppendXML writes the element in the XML format: elements in the order of their definition, the root in the FHIR namespace, the
// narrative in that of XHTML. There is no XML declaration (UTF-8 is what XML has without one).
func AppendXML(dst []byte, e *Element) []byte { return AppendXMLIndent(dst, e, "") }

// AppendXMLIndent is AppendXML with each element on its own line; indent is the white space of one level.
func AppendXMLIndent(dst []byte, e *Element, indent string) []byte {
	w := xmlWriter{dst: dst, indent: indent}
	name := memberName(e)
	if e.IsResource() {
		name = e.Type.Name
	}
	w.element(e, name, ` xmlns="`+fhirNamespace+`"`)
	return w.dst
}

type xmlWriter struct {
	dst    []byte
	indent string
	level  int
}

func (w *xmlWriter) line() {
	if w.indent == "" || len(w.dst) == 0 {
		return
	}
	w.dst = append(w.dst, '\n')
	for range w.level {
		w.dst = append(w.dst, w.indent...)
	}
}

func (w *xmlWriter) element(e *Element, name, declaration string) {
	w.line()
	if e.IsPrimitive() && e.Type.Name == "xhtml" {
		w.dst = append(w.dst, e.Value...)
		return
	}
	w.dst = append(w.dst, '<')
	w.dst = append(w.dst, name...)
	w.dst = append(w.dst, declaration...)
	inner := false
	for c := e.First; c != nil; c = c.Next {
		if c.Def == nil || !c.Def.XMLAttribute {
			inner = inner || !hollow(c)
		} else if c.HasValue {
			w.attribute(c.Name, c.Value)
		}
	}
	if e.IsPrimitive() && e.HasValue {
		w.attribute("value", e.Value)
	}
	if !inner {
		w.dst = append(w.dst, '/', '>')
		return
	}
	w.dst = append(w.dst, '>')
	w.level++
	w.children(e)
	w.level--
	w.closing(name)
}

func (w *xmlWriter) closing(name string) {
	w.line()
	w.dst = append(w.dst, '<', '/')
	w.dst = append(w.dst, name...)
	w.dst = append(w.dst, '>')
}

// children writes the children that are elements, in the order of the definition.
func (w *xmlWriter) children(e *Element) {
	for _, d := range e.Type.Elements {
		if d.XMLAttribute {
			continue
		}
		for c := e.First; c != nil; c = c.Next {
			if c.Name != d.Name || hollow(c) {
				continue
			}
			if c.IsResource() {
				w.line()
				w.dst = append(w.dst, '<')
				w.dst = append(w.dst, c.Name...)
				w.dst = append(w.dst, '>')
				w.level++
				w.element(c, c.Type.Name, "")
				w.level--
				w.closing(c.Name)
				continue
			}
			w.element(c, memberName(c), "")
		}
	}
}

func (w *xmlWriter) attribute(name, value string) {
	w.dst = append(w.dst, ' ')
	w.dst = append(w.dst, name...)
	w.dst = append(w.dst, '=', '"')
	w.dst = appendAttribute(w.dst, value)
	w.dst = append(w.dst, '"')
}

// appendAttribute escapes what would not come back from an attribute: markup, and the white space that XML normalises.
// Characters that XML cannot carry at all (only values that the server did not check can have them) become U+FFFD.
func appendAttribute(dst []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		var with string
		switch c := s[i]; {
		case c == '&':
			with = "&amp;"
		case c == '<':
			with = "&lt;"
		case c == '>':
			with = "&gt;"
		case c == '"':
			with = "&quot;"
		case c == '\n':
			with = "&#10;"
		case c == '\r':
			with = "&#13;"
		case c == '\t':
			with = "&#9;"
		case c < ' ':
			with = "\uFFFD"
		default:
			continue
		}
		dst = append(dst, s[from:i]...)
		dst = append(dst, with...)
		from = i + 1
	}
	return append(dst, s[from:]...)
}

// standalone rewrites a narrative whose namespaces are declared outside of it, so that it needs nothing from there: the div
// declares XHTML as the default namespace, and prefixes go. The markup was scanned before; bindings are those in scope around it.
func standalone(markup string, bindings []binding) string {
	x := xmlScanner{src: markup, maxDepth: maxNarrativeDepth * 4, bindings: bindings}
	var b strings.Builder
	closed := false
	for x.next() && x.kind != xmlEOF {
		switch x.kind {
		case xmlStart:
			b.WriteString("<" + x.tag.local)
			if len(x.open) == 1 {
				b.WriteString(` xmlns="` + xhtmlNamespace + `"`)
			}
			for _, a := range x.attrs {
				name := a.local
				if a.space == xmlNamespace {
					name = "xml:" + name
				}
				b.WriteString(" " + name + `="` + strings.ReplaceAll(a.value, `"`, "&quot;") + `"`)
			}
			if closed = x.selfClosed; closed {
				b.WriteByte('/')
			}
			b.WriteByte('>')
		case xmlEnd:
			if !closed {
				b.WriteString("</" + x.tag.local + ">")
			}
			closed = false
		default:
			b.WriteString(markup[x.start:x.pos])
		}
	}
	return b.String()
}
