package cda

import (
	"strings"

	"github.com/beevik/etree"
)

// attributes reads those of a tag, and its end; closed says that the element is empty.
func (r *reader) attributes() (closed bool, err error) {
	r.raw = r.raw[:0]
	for {
		spaced := r.space()
		switch c := r.peek(); {
		case c == '>':
			r.pos++
			return false, nil
		case c == '/':
			r.pos++
			if r.peek() != '>' {
				return false, r.malformed("a / in a tag is not followed by >")
			}
			r.pos++
			return true, nil
		case !spaced:
			return false, r.malformed("there is no white space before an attribute, or a tag does not end")
		}
		if err := r.attribute(); err != nil {
			return false, err
		}
	}
}

func (r *reader) attribute() error {
	var a rawAttr
	a.name, a.prefix, a.local, a.ok = r.name()
	r.space()
	if a.name == "" || r.peek() != '=' {
		return r.malformed("an attribute has no name or no value")
	}
	r.pos++
	r.space()
	if err := r.value(&a); err != nil {
		return err
	}
	for i := range r.raw {
		if r.raw[i].name == a.name {
			return refuse(RuleDuplicate, r.line(), "the attribute "+clip(a.name, 40)+" occurs twice in one tag")
		}
	}
	if r.raw = append(r.raw, a); len(r.raw) > r.limits.Attributes {
		return r.limit("an element has more than %d attributes", r.limits.Attributes)
	}
	return r.node()
}

// value reads the quoted value of an attribute.
func (r *reader) value(a *rawAttr) error {
	quote := r.peek()
	if quote != '"' && quote != '\'' {
		return r.malformed("the value of an attribute is not in quotes")
	}
	r.pos++
	from, plain := r.pos, true
	end := min(len(r.text), from+r.limits.AttributeBytes+1)
	i := from
	for ; i < end && r.text[i] != quote; i++ {
		if c := r.text[i]; c == '&' || c == '<' || c < ' ' {
			plain = false
		}
	}
	switch {
	case i < end:
	case i == len(r.text):
		return r.malformed("the document ends within the value of an attribute")
	default:
		return r.limit("the value of an attribute is longer than %d bytes", r.limits.AttributeBytes)
	}
	a.value, r.pos = r.text[from:i], i+1
	if plain {
		return nil
	}
	value, ok := unescape(a.value, true)
	if !ok {
		r.pos = from
		return r.malformed("the value of an attribute has a < or a reference that is neither to a character of XML nor to lt, gt, amp, apos or quot")
	}
	a.value = value
	return nil
}

// resolveAttributes takes the declarations of the tag at hand into scope, then resolves the other attributes (Namespaces in XML 1.0).
func (r *reader) resolveAttributes() ([]etree.Attr, error) {
	declared := 0
	for i := range r.raw {
		a := &r.raw[i]
		switch {
		case a.name == xmlnsLocal:
			r.scope = append(r.scope, binding{"", known(a.value)})
		case a.prefix != xmlnsLocal:
			continue
		case !a.ok || a.value == "" || a.local == xmlnsLocal || a.local == "xml" && a.value != nsXML:
			return nil, r.malformed("a namespace declaration binds no prefix or no namespace")
		default:
			r.scope = append(r.scope, binding{a.local, known(a.value)})
		}
		a.name = ""
		declared++
	}
	if declared == len(r.raw) {
		return nil, nil
	}
	attrs := r.newAttrs(len(r.raw) - declared)
	for _, a := range r.raw {
		switch {
		case a.name == "":
		case a.ok && a.prefix == "":
			attrs = append(attrs, etree.Attr{Key: a.local, Value: a.value})
		default:
			resolved, err := r.resolveAttribute(a, attrs)
			if err != nil {
				return nil, err
			}
			attrs = append(attrs, resolved)
		}
	}
	return attrs, nil
}

func (r *reader) resolveAttribute(a rawAttr, others []etree.Attr) (etree.Attr, error) {
	if !a.ok {
		return etree.Attr{}, r.malformed("the name of an attribute is none")
	}
	local := a.local
	uri, ok := r.uri(a.prefix)
	if !ok {
		return etree.Attr{}, r.unbound(a.prefix)
	}
	for i := range others {
		if others[i].Key == local && others[i].Space == uri {
			return etree.Attr{}, refuse(RuleDuplicate, r.line(), "an attribute occurs twice in one tag, under two prefixes of one namespace")
		}
	}
	if uri == NSXSI && local == "type" {
		a.value = r.typeName(a.value)
	}
	return etree.Attr{Space: uri, Key: local, Value: a.value}, nil
}

func (r *reader) uri(prefix string) (string, bool) {
	for i := len(r.scope) - 1; i >= 0; i-- {
		if r.scope[i].prefix == prefix {
			return r.scope[i].uri, true
		}
	}
	switch prefix {
	case "":
		return "", true
	case "xml":
		return nsXML, true
	}
	return "", false
}

func (r *reader) unbound(prefix string) *ParseError {
	return r.malformed("the namespace prefix " + clip(prefix, 40) + " is not declared")
}

// typeName resolves the QName of xsi:type. One that does not resolve stays as it is: no type has such a name.
func (r *reader) typeName(qname string) string {
	qname = strings.TrimSpace(qname)
	prefix, local, ok := strings.Cut(qname, ":")
	if !ok {
		prefix, local = "", qname
	}
	uri, bound := r.uri(prefix)
	switch {
	case !bound:
		return qname
	case uri == NS || uri == "":
		return local
	default:
		return "{" + uri + "}" + local
	}
}

// known shares one string per namespace, which makes comparing them cheap.
func known(uri string) string {
	switch uri {
	case NS:
		return NS
	case NSSDTC:
		return NSSDTC
	case NSXSI:
		return NSXSI
	case NSLab:
		return NSLab
	case NSPharm:
		return NSPharm
	case NSDICOM:
		return NSDICOM
	case NSXSL:
		return NSXSL
	}
	return uri
}

// slabs hand out nodes many at a time.
type slabs struct {
	elements []etree.Element
	texts    []etree.CharData
	attrs    []etree.Attr
	tokens   []etree.Token
}

const slab = 256

func (s *slabs) newElement() *etree.Element {
	if len(s.elements) == 0 {
		s.elements = make([]etree.Element, slab)
	}
	el := &s.elements[0]
	s.elements = s.elements[1:]
	return el
}

func (s *slabs) newText() *etree.CharData {
	if len(s.texts) == 0 {
		s.texts = make([]etree.CharData, slab)
	}
	t := &s.texts[0]
	s.texts = s.texts[1:]
	return t
}

// newAttrs gives an empty slice with room for n.
func (s *slabs) newAttrs(n int) []etree.Attr {
	if len(s.attrs) < n {
		s.attrs = make([]etree.Attr, max(slab, n))
	}
	a := s.attrs[:0:n]
	s.attrs = s.attrs[n:]
	return a
}

// newTokens gives an empty slice with room for n.
func (s *slabs) newTokens(n int) []etree.Token {
	if len(s.tokens) < n {
		s.tokens = make([]etree.Token, max(slab, n))
	}
	t := s.tokens[:0:n]
	s.tokens = s.tokens[n:]
	return t
}
