package patch

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

const (
	fhirNamespace  = "http://hl7.org/fhir"
	xhtmlNamespace = "http://www.w3.org/1999/xhtml"
	patchNamespace = "urn:ietf:params:xml:ns:patch-ops"
	maxXMLDepth    = 512
)

// applyXML applies an XML Patch (RFC 5261) to the XML form of the resource.
func applyXML(defs *spec.Definitions, current *element.Resource, body []byte) (*element.Resource, error) {
	diff, err := readXML(body)
	if err != nil {
		f := malformed("", "The XML Patch is not well-formed XML, has a document type declaration, or nests too deeply.")
		f.Cause = err
		return nil, f
	}
	root := diff.Root()
	if root == nil || root.Tag != "diff" || root.NamespaceURI() != "" && root.NamespaceURI() != patchNamespace && root.NamespaceURI() != fhirNamespace {
		return nil, malformed("", "An XML Patch is a document with the root element diff.")
	}
	doc, err := readXML(element.AppendXML(nil, current.Root))
	if err != nil {
		return nil, fmt.Errorf("patch: current resource: %w", err)
	}
	operations := root.ChildElements()
	if len(operations) > maxOperations {
		return nil, malformed("", fmt.Sprintf("A patch has at most %d operations.", maxOperations))
	}
	x := xmlEditor{doc: doc, root: doc.Root(), budget: selectBudget}
	for i, op := range operations {
		x.number, x.op = i+1, op
		if err := x.apply(); err != nil {
			return nil, err
		}
	}
	arrange(x.root, defs.Types[x.root.Tag])
	out := etree.NewDocumentWithRoot(x.root)
	out.WriteSettings.CanonicalText, out.WriteSettings.CanonicalAttrVal = true, true
	src, err := out.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("patch: encode: %w", err)
	}
	return element.ParseXML(defs, src, element.Options{ExpectType: current.Type()})
}

func readXML(src []byte) (*etree.Document, error) {
	doc := etree.NewDocument()
	doc.ReadSettings.MaxDepth = maxXMLDepth
	doc.ReadSettings.PreserveDuplicateAttrs = true
	if _, err := doc.ReadFrom(bytes.NewReader(src)); err != nil {
		return nil, err
	}
	roots := 0
	for _, t := range doc.Child {
		switch t.(type) {
		case *etree.Element:
			roots++
		case *etree.Directive:
			return nil, errDirective
		}
	}
	if roots != 1 {
		return nil, errRoots
	}
	return doc, nil
}

// xmlEditor applies operations to an XML document.
type xmlEditor struct {
	doc    *etree.Document
	root   *etree.Element
	op     *etree.Element
	number int
	budget int
}

func (x *xmlEditor) fail(what string) error {
	return unprocessable(x.root.Tag, fmt.Sprintf("Operation %d of the XML Patch %s.", x.number, what))
}

func (x *xmlEditor) malformed(what string) error {
	return malformed("", fmt.Sprintf("Operation %d of the XML Patch %s.", x.number, what))
}

func (x *xmlEditor) apply() error {
	if ns := x.op.NamespaceURI(); ns != "" && ns != patchNamespace && ns != fhirNamespace {
		return x.malformed("is in a foreign namespace")
	}
	at, err := x.find()
	if err != nil {
		return err
	}
	switch x.op.Tag {
	case "add":
		return x.add(at)
	case "replace":
		return x.replace(at)
	case "remove":
		return x.remove(at)
	}
	return x.malformed("is not add, replace or remove")
}

// add puts content into the element selected, or beside the node selected (RFC 5261, section 4.3).
func (x *xmlEditor) add(at node) error {
	pos, typ := x.op.SelectAttrValue("pos", ""), x.op.SelectAttrValue("type", "")
	if typ != "" {
		return x.addAttribute(at, typ, pos)
	}
	content, err := x.content()
	if err != nil {
		return err
	}
	switch pos {
	case "", "prepend":
		if at.kind != elementNode {
			return x.fail("must select an element to add to")
		}
		index := len(at.element.Child)
		if pos == "prepend" {
			index = 0
		}
		insert(at.element, index, content)
	case "before", "after":
		if at.kind != elementNode || at.element == x.root {
			return x.fail("can add beside an element below the root only")
		}
		index := at.element.Index()
		if pos == "after" {
			index++
		}
		insert(at.element.Parent(), index, content)
	default:
		return x.malformed("has a pos that is not prepend, before or after")
	}
	return nil
}

func (x *xmlEditor) addAttribute(at node, typ, pos string) error {
	name, isAttribute := strings.CutPrefix(typ, "@")
	if !isAttribute || name == "" || strings.Contains(name, ":") {
		return x.fail("adds something that FHIR has no use for: only attributes without namespace")
	}
	if at.kind != elementNode || pos != "" {
		return x.fail("must select an element to add an attribute to, without pos")
	}
	if at.element.SelectAttr(name) != nil {
		return x.fail("adds an attribute that is there already")
	}
	at.element.CreateAttr(name, x.op.Text())
	return nil
}

func (x *xmlEditor) replace(at node) error {
	if at.kind == attributeNode {
		if len(x.op.ChildElements()) > 0 {
			return x.malformed("replaces an attribute by an element")
		}
		at.element.SelectAttr(at.attribute).Value = x.op.Text()
		return nil
	}
	if at.kind == textNode {
		setText(at, x.op.Text())
		return nil
	}
	content, err := x.content()
	if err != nil {
		return err
	}
	var elements []*etree.Element
	for _, t := range content {
		if e, ok := t.(*etree.Element); ok {
			elements = append(elements, e)
		}
	}
	if len(elements) != 1 {
		return x.malformed("must replace an element by one element")
	}
	if at.element == x.root {
		if elements[0].Tag != x.root.Tag {
			return x.fail("changes the type of the resource")
		}
		x.root = elements[0]
		x.doc.SetRoot(x.root)
		return nil
	}
	parent, index := at.element.Parent(), at.element.Index()
	parent.RemoveChildAt(index)
	insert(parent, index, []etree.Token{elements[0]})
	return nil
}

// remove takes a node out, and the parents that it leaves empty.
func (x *xmlEditor) remove(at node) error {
	switch at.kind {
	case attributeNode:
		at.element.RemoveAttr(at.attribute)
		x.prune(at.element)
		return nil
	case textNode:
		setText(at, "")
		return nil
	}
	if at.element == x.root {
		return x.fail("removes the resource itself")
	}
	parent := at.element.Parent()
	parent.RemoveChild(at.element)
	x.prune(parent)
	return nil
}

// prune removes an element without content, and so on upwards: FHIR has no empty elements.
func (x *xmlEditor) prune(e *etree.Element) {
	for e != x.root && e.Parent() != nil && e.NamespaceURI() == fhirNamespace && len(e.ChildElements()) == 0 && !hasAttributes(e) {
		parent := e.Parent()
		parent.RemoveChild(e)
		e = parent
	}
}

func hasAttributes(e *etree.Element) bool {
	for _, a := range e.Attr {
		if a.Space != "xmlns" && (a.Space != "" || a.Key != "xmlns") {
			return true
		}
	}
	return false
}

func insert(parent *etree.Element, index int, content []etree.Token) {
	for i, t := range content {
		parent.InsertChildAt(index+i, t)
	}
}
