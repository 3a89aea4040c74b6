package check

import (
	"strings"
	"sync"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// Rule is one rule of the header or of the body: what it looks at and what it allows.
type Rule struct {
	ID       string
	Severity cda.Severity
	// Path leads from ClinicalDocument to the elements that the rule looks at, "" being ClinicalDocument; "//name" is each header element of that name, "type:II" each
	// header element of that data type. Of body rules it is for reading only.
	Path    string
	Allowed string // what is allowed, with its source where that is not the CI-SIS header rules

	test func(*checker, *Rule, *etree.Element)
}

// ruleIndex holds the rules by the place of the elements that they look at.
type ruleIndex struct {
	root   node
	byName map[string][]*Rule
	byType map[datatype][]*Rule
	byID   map[string]*Rule
	all    []Rule
}

// node is a place in the header.
type node struct {
	rules    []*Rule
	children map[string]*node
}

// child gives the place of an element below a place, nil when no rule looks there, and whether it is still in the header, which ends at the body.
func (n *node) child(el *etree.Element, header bool) (*node, bool) {
	if !header || el.Tag == "nonXMLBody" || el.Tag == "structuredBody" {
		return nil, false
	}
	if n == nil || el.Space != cda.NS {
		return nil, true
	}
	return n.children[el.Tag], true
}

// Rules lists all rules beside those of the structure (RuleUnknown and the others), in the order of the document.
func Rules() []Rule {
	all := loadRules().all
	return append([]Rule(nil), all...)
}

var loadRules = sync.OnceValue(func() *ruleIndex {
	x := &ruleIndex{byName: map[string][]*Rule{}, byType: map[datatype][]*Rule{}, byID: map[string]*Rule{}}
	for _, part := range [][]Rule{documentRules(), patientRules(), actorRules(), eventRules(), sharedRules(), bodyRules()} {
		x.all = append(x.all, part...)
	}
	for i := range x.all {
		x.add(&x.all[i])
	}
	return x
})

func (x *ruleIndex) add(r *Rule) {
	x.byID[r.ID] = r
	if r.test == nil { // the body's rules are called by name
		return
	}
	for _, path := range strings.Split(r.Path, " | ") {
		if name, ok := strings.CutPrefix(path, "//"); ok {
			x.byName[name] = append(x.byName[name], r)
			continue
		}
		if name, ok := strings.CutPrefix(path, "type:"); ok {
			x.byType[datatypes[name]] = append(x.byType[datatypes[name]], r)
			continue
		}
		at := &x.root
		for _, step := range strings.Split(path, "/") {
			if step == "" {
				continue
			}
			if at.children == nil {
				at.children = map[string]*node{}
			}
			if at.children[step] == nil {
				at.children[step] = &node{}
			}
			at = at.children[step]
		}
		at.rules = append(at.rules, r)
	}
}

// apply runs the rules of a header element's place, name and type.
func (c *checker) apply(el *etree.Element, t *complexType, at *node) {
	if at != nil {
		c.run(at.rules, el)
	}
	if el.Space == cda.NS {
		c.run(c.r.byName[el.Tag], el)
	}
	if t.kind != otherType {
		c.run(c.r.byType[t.kind], el)
	}
}

func (c *checker) run(rules []*Rule, el *etree.Element) {
	for _, r := range rules {
		r.test(c, r, el)
	}
}

// datatype tells the data types that have rules of their own.
type datatype uint8

const (
	otherType datatype = iota
	typeII
	typeTEL
	typeAD
	typeTS
)

var datatypes = map[string]datatype{"II": typeII, "TEL": typeTEL, "AD": typeAD, "TS": typeTS}

func datatypeOf(t *complexType) datatype {
	for ; t != nil; t = t.base {
		if kind, ok := datatypes[t.name]; ok {
			return kind
		}
	}
	return otherType
}
