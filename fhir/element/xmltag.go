package element

import "strings"

func (x *xmlScanner) startTag() bool {
	x.start = x.pos
	if x.rootDone {
		return x.failAt(x.pos, "There is a second root element.")
	}
	if len(x.open) >= x.maxDepth {
		x.failAt(x.pos, "The content nests deeper than the server accepts.")
		x.fail.limit = true
		return false
	}
	x.pos++
	raw, ok := x.name()
	if !ok {
		return false
	}
	outside := len(x.bindings)
	x.attrs = x.attrs[:0]
	for {
		spaced := x.space()
		if x.pos >= len(x.src) {
			return x.failAt(x.start, "A tag is not closed.")
		}
		if c := x.src[x.pos]; c == '>' || c == '/' {
			break
		}
		if !spaced {
			return x.failAt(x.pos, "Whitespace is required before an attribute.")
		}
		if !x.attribute(outside) {
			return false
		}
	}
	if x.src[x.pos] == '/' {
		x.pos++
		if x.pos >= len(x.src) || x.src[x.pos] != '>' {
			return x.failAt(x.pos, "A > is expected behind the / of an empty element.")
		}
		x.selfClosed = true
	}
	x.pos++
	x.kind = xmlStart
	return x.resolveAll(raw, outside)
}

// attribute reads one attribute or namespace declaration.
func (x *xmlScanner) attribute(outside int) bool {
	at := x.pos
	raw, ok := x.name()
	if !ok {
		return false
	}
	x.space()
	if x.pos >= len(x.src) || x.src[x.pos] != '=' {
		return x.failAt(x.pos, "An = is expected behind the name of an attribute.")
	}
	x.pos++
	x.space()
	if x.pos >= len(x.src) || x.src[x.pos] != '"' && x.src[x.pos] != '\'' {
		return x.failAt(x.pos, "The value of an attribute must be in quotes.")
	}
	from := x.pos + 1
	end := strings.IndexByte(x.src[from:], x.src[x.pos])
	if end < 0 {
		return x.failAt(x.pos, "The value of an attribute is not closed.")
	}
	value := x.src[from : from+end]
	x.pos = from + end + 1
	if strings.IndexByte(value, '<') >= 0 {
		return x.failAt(from, "The character < is not allowed in the value of an attribute.")
	}
	if !x.sound(value, from) {
		return false
	}
	if raw == "xmlns" || strings.HasPrefix(raw, "xmlns:") {
		return x.declare(strings.TrimPrefix(strings.TrimPrefix(raw, "xmlns"), ":"), unescapeXML(value, true), at, outside)
	}
	if len(x.attrs) >= maxAttributes {
		x.failAt(at, "An element has more attributes than the server accepts.")
		x.fail.limit = true
		return false
	}
	x.attrs = append(x.attrs, xmlAttr{xmlName: xmlName{raw: raw}, value: value, offset: at})
	return true
}

// declare brings a namespace prefix into scope.
func (x *xmlScanner) declare(prefix, space string, at, outside int) bool {
	if len(x.bindings) >= maxBindings {
		x.failAt(at, "There are more namespaces in scope than the server accepts.")
		x.fail.limit = true
		return false
	}
	for _, b := range x.bindings[outside:] {
		if b.prefix == prefix {
			return x.failAt(at, "An attribute appears twice in one element.")
		}
	}
	switch {
	case prefix == "xmlns", space == xmlnsNamespace, (prefix == "xml") != (space == xmlNamespace):
		return x.failAt(at, "The prefixes xml and xmlns cannot be declared otherwise.")
	case prefix != "" && space == "":
		return x.failAt(at, "A namespace prefix cannot be undeclared.")
	}
	x.bindings = append(x.bindings, binding{prefix, space})
	return true
}

// resolveAll finds the namespaces of a start tag and its attributes, and that no attribute is there twice.
func (x *xmlScanner) resolveAll(raw string, outside int) bool {
	tag, ok := x.resolve(raw, true, x.start)
	if !ok {
		return false
	}
	x.tag = tag
	x.open = append(x.open, openTag{tag, outside})
	for i := range x.attrs {
		a := &x.attrs[i]
		if a.xmlName, ok = x.resolve(a.raw, false, a.offset); !ok {
			return false
		}
		for j := range x.attrs[:i] {
			if x.attrs[j].local == a.local && x.attrs[j].space == a.space {
				return x.failAt(a.offset, "An attribute appears twice in one element.")
			}
		}
	}
	return true
}

func (x *xmlScanner) resolve(raw string, element bool, at int) (xmlName, bool) {
	prefix, local, prefixed := strings.Cut(raw, ":")
	if !prefixed {
		prefix, local = "", raw
		if !element {
			return xmlName{raw, "", raw}, true
		}
	}
	if prefixed && (prefix == "" || local == "" || strings.IndexByte(local, ':') >= 0 || nameLength(local) == 0) {
		return xmlName{}, x.failAt(at, "A name has one colon at most, with a name on both sides.")
	}
	if prefix == "xml" {
		return xmlName{raw, xmlNamespace, local}, true
	}
	for i := len(x.bindings) - 1; i >= 0; i-- {
		if x.bindings[i].prefix == prefix {
			x.lowest = min(x.lowest, i)
			return xmlName{raw, x.bindings[i].space, local}, true
		}
	}
	if prefixed {
		return xmlName{}, x.failAt(at, "A namespace prefix is not declared.")
	}
	return xmlName{raw, "", local}, true
}
