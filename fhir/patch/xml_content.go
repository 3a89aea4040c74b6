package patch

import (
	"errors"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/fhir/spec"
)

var (
	errDirective = errors.New("patch: document type declaration")
	errRoots     = errors.New("patch: not one root element")
)

// content copies what an operation holds, in the form that the document has: no prefixes, and a namespace declared where it changes.
func (x *xmlEditor) content() ([]etree.Token, error) {
	var out []etree.Token
	for _, t := range x.op.Child {
		switch v := t.(type) {
		case *etree.Element:
			e, err := x.adopt(v, fhirNamespace)
			if err != nil {
				return nil, err
			}
			out = append(out, e)
		case *etree.CharData:
			if strings.TrimSpace(v.Data) != "" {
				out = append(out, etree.NewText(v.Data))
			}
		}
	}
	return out, nil
}

// adopt copies an element. One without namespace is taken as one of FHIR: a diff without a default namespace is the usual case.
func (x *xmlEditor) adopt(e *etree.Element, around string) (*etree.Element, error) {
	space := e.NamespaceURI()
	if space == "" || space == patchNamespace {
		space = around
	}
	if space != fhirNamespace && space != xhtmlNamespace {
		return nil, x.fail("adds an element that is neither of FHIR nor of XHTML")
	}
	c := etree.NewElement(e.Tag)
	if space != around || e.Tag == "div" && space == xhtmlNamespace && around == fhirNamespace {
		c.CreateAttr("xmlns", space)
	}
	for _, a := range e.Attr {
		switch {
		case a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns":
		case a.Space == "" || a.Space == "xml":
			c.Attr = append(c.Attr, etree.Attr{Space: a.Space, Key: a.Key, Value: a.Value})
		default:
			return nil, x.fail("adds an attribute that FHIR does not have")
		}
	}
	for _, t := range e.Child {
		switch v := t.(type) {
		case *etree.Element:
			child, err := x.adopt(v, space)
			if err != nil {
				return nil, err
			}
			c.AddChild(child)
		case *etree.CharData:
			c.AddChild(etree.NewText(v.Data))
		}
	}
	return c, nil
}

// setText gives the element's text node another text.
func setText(at node, text string) {
	for i, t := range at.element.Child {
		if t == at.text {
			at.element.RemoveChildAt(i)
			if text != "" {
				at.element.InsertChildAt(i, etree.NewText(text))
			}
			return
		}
	}
}

// arrange puts the elements of FHIR into the order of their definition, which is the order of the XML format: who adds an element to
// a resource by XML Patch need not know what stands before it. Repetitions keep their order.
func arrange(e *etree.Element, t *spec.Type) {
	if t == nil || t.Kind == spec.Primitive && e.Tag == "div" {
		return
	}
	place := make(map[*etree.Element]int)
	var elements []*etree.Element
	for _, c := range e.ChildElements() {
		place[c] = len(t.Elements)
		elements = append(elements, c)
		p, ok := t.Property(c.Tag)
		if !ok {
			continue
		}
		place[c] = slices.Index(t.Elements, p.Element)
		switch {
		case p.Type.Kind != spec.Resource:
			arrange(c, p.Type)
		case len(c.ChildElements()) == 1:
			inner := c.ChildElements()[0]
			arrange(inner, spec.R4().Types[inner.Tag])
		}
	}
	if slices.IsSortedFunc(elements, func(a, b *etree.Element) int { return place[a] - place[b] }) {
		return
	}
	slices.SortStableFunc(elements, func(a, b *etree.Element) int { return place[a] - place[b] })
	for _, c := range elements {
		e.RemoveChild(c)
	}
	for _, c := range elements {
		e.AddChild(c)
	}
}
