package search

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// chained reads a chain of the query: what the reference leads to among the stored resources and, where a profile declared it, among the contained ones. ref is the reference parameter, of the type searched or derived.
func (p *parser) chained(ref *Param, target string, typed bool, tail, value string, depth int) (Expr, *problem) {
	stored, why := p.chainBy(ref, target, typed, depth, func(t string) (Expr, *problem) {
		return p.condition(t, tail, value, depth+1)
	})
	if why != nil && why.code == fault.TooCostly {
		return nil, why
	}
	var any Or
	if why == nil {
		any = append(any, stored)
	}
	for _, t := range p.containedTargets(ref) {
		if typed && t != target {
			continue
		}
		within, inside := p.within(ref, t, tail, value, depth+1)
		switch {
		case inside == nil:
			any = append(any, within)
		case inside.code == fault.TooCostly:
			return nil, inside
		case why != nil && why.ignorable && !inside.ignorable:
			why = inside // a value that cannot be read tells more than a name that is not there
		}
	}
	switch len(any) {
	case 0:
		return nil, why
	case 1:
		return any[0], nil
	}
	return any, nil
}

// containedTargets gives the types of contained resources to which declared chains lead by the reference.
func (p *parser) containedTargets(ref *Param) []string {
	t := p.snapshot.table(ref.Resource)
	if t == nil || len(t.derived) == 0 {
		return nil
	}
	var targets []string
	for _, d := range t.slots[t.plain:] {
		if d.derived.via == ref && (len(targets) == 0 || targets[len(targets)-1] != d.derived.target) {
			targets = append(targets, d.derived.target)
		}
	}
	return targets
}

// within reads what stands behind a chain's link, about the contained resources of the target type.
func (p *parser) within(ref *Param, target, name, value string, depth int) (Expr, *problem) {
	if depth > p.MaxDepth {
		return nil, &problem{fault.TooCostly, "the chain has too many links.", false}
	}
	if why := p.count(); why != nil {
		return nil, why
	}
	if names := p.snapshot.registry.alias(target, name); names != nil {
		return p.alternativesOf(names, func(n string) (Expr, *problem) { return p.within(ref, target, n, value, depth) })
	}
	head, tail, isChain := strings.Cut(name, ".")
	code, modifier, modified := strings.Cut(head, ":")
	param := p.snapshot.table(ref.Resource).derived[derivedCode(ref.Code, target, code)]
	if param == nil {
		return nil, unsupported("contained resources of type " + target + " are not indexed by this name.")
	}
	switch {
	case !isChain:
		return p.clause(param, modifier, value, depth)
	case param.Type != Reference:
		return nil, unsupported("only reference parameters can be chained.")
	}
	return p.chained(param, modifier, modified, tail, value, depth)
}

// alternativesOf reads an alias: any of the names that it stands for. What one of them lacks the others may have.
func (p *parser) alternativesOf(names []string, read func(name string) (Expr, *problem)) (Expr, *problem) {
	var any Or
	var first *problem
	for _, name := range names {
		expr, why := read(name)
		switch {
		case why == nil:
			any = append(any, expr)
		case why.code == fault.TooCostly:
			return nil, why
		case first == nil || first.ignorable && !why.ignorable:
			first = why
		}
	}
	switch len(any) {
	case 0:
		if first == nil {
			first = unsupported("the name takes no modifier of this kind.")
		}
		return nil, first
	case 1:
		return any[0], nil
	}
	return any, nil
}
