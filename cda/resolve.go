package cda

import (
	"strings"

	"github.com/beevik/etree"
)

// namespaces turns the prefixes of a tree into namespace URIs (Namespaces in XML 1.0), takes the declarations out and counts elements.
type namespaces struct {
	scope    []binding
	elements int
	at       *etree.Element // where resolving stopped
}

type binding struct{ prefix, uri string }

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

func (n *namespaces) resolve(el *etree.Element) *ParseError {
	n.elements++
	outer := len(n.scope)
	if len(el.Attr) > 0 {
		if err := n.attributes(el); err != nil {
			return err
		}
	}
	uri, ok := n.uri(el.Space)
	if !ok {
		return n.unbound(el, el.Space)
	}
	el.Space = uri
	for _, t := range el.Child {
		if c, ok := t.(*etree.Element); ok {
			if err := n.resolve(c); err != nil {
				return err
			}
		}
	}
	n.scope = n.scope[:outer]
	return nil
}

// attributes takes the declarations of el into scope and out of its attributes, then resolves the others.
func (n *namespaces) attributes(el *etree.Element) *ParseError {
	kept := el.Attr[:0]
	for _, a := range el.Attr {
		switch {
		case a.Space == "" && a.Key == xmlnsLocal:
			n.scope = append(n.scope, binding{"", known(a.Value)})
		case a.Space == xmlnsLocal:
			if a.Value == "" || a.Key == xmlnsLocal {
				return n.fail(el, "a namespace prefix is bound to nothing")
			}
			n.scope = append(n.scope, binding{a.Key, known(a.Value)})
		default:
			kept = append(kept, a)
		}
	}
	el.Attr = kept
	for i := range el.Attr {
		a := &el.Attr[i]
		if a.Space == "" {
			continue
		}
		uri, ok := n.uri(a.Space)
		if !ok {
			return n.unbound(el, a.Space)
		}
		a.Space = uri
		for j := range i {
			if el.Attr[j].Key == a.Key && el.Attr[j].Space == uri {
				n.at = el
				return refuse(RuleDuplicate, 0, "an attribute occurs twice in one tag, under two prefixes of one namespace")
			}
		}
		if uri == NSXSI && a.Key == "type" {
			a.Value = n.typeName(a.Value)
		}
	}
	return nil
}

func (n *namespaces) uri(prefix string) (string, bool) {
	for i := len(n.scope) - 1; i >= 0; i-- {
		if n.scope[i].prefix == prefix {
			return n.scope[i].uri, true
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

// typeName resolves the QName of xsi:type. One that does not resolve stays as it is: no type has such a name.
func (n *namespaces) typeName(qname string) string {
	qname = strings.TrimSpace(qname)
	prefix, local, ok := strings.Cut(qname, ":")
	if !ok {
		prefix, local = "", qname
	}
	uri, bound := n.uri(prefix)
	switch {
	case !bound:
		return qname
	case uri == NS || uri == "":
		return local
	default:
		return "{" + uri + "}" + local
	}
}

func (n *namespaces) unbound(el *etree.Element, prefix string) *ParseError {
	return n.fail(el, "the namespace prefix "+clip(prefix, 40)+" is not declared")
}

func (n *namespaces) fail(el *etree.Element, text string) *ParseError {
	n.at = el
	return refuse(RuleXML, 0, text)
}
