package search

import (
	"maps"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
)

// A chain follows references to other resources of the server. Resources that are contained in the one searched have no identity there, no rows and no search of their own
// (http://hl7.org/fhir/R4/references.html#contained), yet profiles make authors contained and ask for author.family. So the chains that a profile declares are extracted from the contained resources when the container is indexed, as
// derived parameters of the container: "author:Practitioner.family" of a DocumentReference holds the family names of the Practitioners that are contained in it and that author points to ("#p1").
//
// A derived parameter is like any other for encoding, planning and matching. It cannot be named in a query by itself: a chain that the client writes means both, the stored resources and the contained ones.

// derivation says where the values of a derived parameter come from.
type derivation struct {
	via    *Param // the reference parameter of the container, itself derived in longer chains
	target string // the type of the contained resources
	inner  *Param // their parameter
	// links and values are the selectors of via (of its inner parameter, when via is derived) and inner as trees with the one slot 0; nil for expressions that have no such form.
	links, values *selectNode
}

// derivedCode names a derived parameter as a query would write the chain.
func derivedCode(via, target, inner string) string { return via + ":" + target + "." + inner }

// derive adds the parameter of a declared chain, and those that it goes through; nil when it leads nowhere.
func (t *typeTable) derive(r *Registry, typ, chain string) *Param {
	if p := t.derived[chain]; p != nil {
		return p
	}
	dot := strings.LastIndexByte(chain, '.')
	if dot < 0 {
		return nil
	}
	head, code := chain[:dot], chain[dot+1:]
	colon := strings.LastIndexByte(head, ':')
	if colon < 0 {
		return nil
	}
	via := t.byCode[head[:colon]]
	if strings.Contains(head[:colon], ".") {
		via = t.derive(r, typ, head[:colon])
	}
	target := head[colon+1:]
	inner := t.origin.standardParam(target, code)
	if via == nil || via.Type != Reference || inner == nil || inner.Type == Composite || !inner.indexed() {
		return nil
	}
	links := via
	if via.derived != nil {
		links = via.derived.inner
	}
	p := &Param{
		Resource: typ, Code: derivedCode(via.Code, target, code), Type: inner.Type, Expr: inner.Expr, Targets: inner.Targets, results: inner.results, codes: inner.codes,
		derived: &derivation{via: via, target: target, inner: inner, links: treeOf(links), values: treeOf(inner)},
	}
	t.derived[p.Code] = p
	return p
}

func treeOf(p *Param) *selectNode {
	if p.selector == nil {
		return nil
	}
	n := &selectNode{}
	n.add(p.selector, 0)
	return n
}

// standardParam finds a parameter of R4 or of a profile.
func (s *Snapshot) standardParam(typ, code string) *Param {
	t := s.types[typ]
	if t == nil {
		return nil
	}
	for _, p := range t.standard.get(s.registry) {
		if p.Code == code {
			return p
		}
	}
	return nil
}

// derivedOf gives the declared chains of a type in the order of their codes.
func (t *typeTable) derivedOf() []*Param {
	all := slices.Collect(maps.Values(t.derived))
	slices.SortFunc(all, func(a, b *Param) int { return strings.Compare(a.Code, b.Code) })
	return all
}

// hasContained says whether a resource contains others; most do not.
func hasContained(root *element.Element) bool { return root.Child("contained") != nil }

// derivedValues appends the values of a derived parameter.
func (x *extractor) derivedValues(values []Value, p *Param) []Value {
	for _, c := range x.contained(p.derived) {
		if p.derived.values == nil {
			values = x.generic(values, p.derived.inner, p.derived.inner.Expr, c)
			continue
		}
		for _, h := range p.derived.values.find(c, nil) {
			values = x.element(values, p.derived.inner, h.element)
		}
	}
	return values
}

// contained gives the contained resources of the target type to which the derivation's references lead, each once.
func (x *extractor) contained(d *derivation) []*element.Element {
	var found []*element.Element
	add := func(from *element.Element) {
		for _, e := range x.linksIn(d, from) {
			id, isLocal := strings.CutPrefix(e.ChildValue("reference"), "#")
			if !isLocal || id == "" {
				continue
			}
			if c := containedResource(x.root, id); c != nil && c.Type.Name == d.target && !slices.Contains(found, c) {
				found = append(found, c)
			}
		}
	}
	if d.via.derived == nil {
		add(x.root)
		return found
	}
	for _, c := range x.contained(d.via.derived) {
		add(c)
	}
	return found
}

// linksIn gives the references of a resource that the derivation follows.
func (x *extractor) linksIn(d *derivation, from *element.Element) []*element.Element {
	if d.links == nil {
		return nil
	}
	hits := d.links.find(from, nil)
	links := make([]*element.Element, len(hits))
	for i, h := range hits {
		links[i] = h.element
	}
	return links
}

func containedResource(root *element.Element, id string) *element.Element {
	for c := range root.Children("contained") {
		if c.ChildValue("id") == id {
			return c
		}
	}
	return nil
}
