package search

import (
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// condition reads one criterion on a type. The name's grammar (http://hl7.org/fhir/R4/search.html#modifiers, #chaining, #has), which recurs behind each '.' and inside _has:
//
//	name  = "_has:" Type ":" code ":" name          a resource of Type points here by code, and satisfies name
//	      | code [":" Type] "." name                what code points to satisfies name
//	      | code [":" modifier | ":" Type]
func (p *parser) condition(typ, name, value string, depth int) (Expr, *problem) {
	if depth > p.MaxDepth {
		return nil, &problem{fault.TooCostly, "the chain has too many links.", false}
	}
	if why := p.count(); why != nil {
		return nil, why
	}
	if rest, isHas := strings.CutPrefix(name, "_has:"); isHas {
		return p.has(typ, rest, value, depth)
	}
	if names := p.snapshot.registry.alias(typ, name); names != nil {
		return p.alternativesOf(names, func(n string) (Expr, *problem) { return p.condition(typ, n, value, depth+1) })
	}
	head, tail, chained := strings.Cut(name, ".")
	code, modifier, modified := strings.Cut(head, ":")
	if chained {
		ref, why := p.chainable(typ, code)
		if why != nil {
			return nil, why
		}
		return p.chained(ref, modifier, modified, tail, value, depth)
	}
	if modified && modifier == "" {
		return nil, unsupported("a ':' is followed by a modifier.")
	}
	if expr, found, why := p.special(typ, code, modifier, value, depth); found || why != nil {
		return expr, why
	}
	param, why := p.param(typ, code)
	if why != nil {
		return nil, why
	}
	return p.clause(param, modifier, value, depth)
}

// param finds a parameter that can be searched.
func (p *parser) param(typ, code string) (*Param, *problem) {
	param, ok := p.snapshot.Param(typ, code)
	if !ok || param.Expr == nil {
		return nil, unsupported(typ + " has no search parameter of this name.")
	}
	if param.Building {
		return nil, &problem{fault.Incomplete, "the search parameter " + typ + "." + code + " is still being built; search by it when its index is complete.", false}
	}
	return param, nil
}

// has reads what follows "_has:".
func (p *parser) has(typ, rest, value string, depth int) (Expr, *problem) {
	parts := strings.SplitN(rest, ":", 3)
	if len(parts) != 3 || parts[2] == "" {
		return nil, unsupported("_has is written _has:Type:reference:parameter.")
	}
	ref, why := p.hasReference(typ, parts[0], parts[1])
	if why != nil {
		return nil, why
	}
	inner, why := p.condition(parts[0], parts[2], value, depth+1)
	if why != nil {
		return nil, why
	}
	return &Has{Source: parts[0], Param: ref, Inner: inner}, nil
}

// hasReference finds the reference parameter of the source by which it points to the type.
func (p *parser) hasReference(typ, source, code string) (*Param, *problem) {
	if !p.snapshot.IsType(source) {
		return nil, unsupported("_has is followed by the name of a resource type.")
	}
	ref, why := p.param(source, code)
	if why != nil {
		return nil, why
	}
	if ref.Type != Reference {
		return nil, unsupported("_has names a reference parameter behind the type; " + source + "." + code + " is of type " + string(ref.Type) + ".")
	}
	if !ref.canTarget(typ) {
		return nil, unsupported(source + "." + code + " cannot point to " + typ + ".")
	}
	return ref, nil
}

func (p *Param) canTarget(typ string) bool {
	return len(p.Targets) == 0 || slices.Contains(p.Targets, typ)
}

// chain follows a reference parameter. Without a type it goes to every type that the parameter can point to and for which the rest of the chain has a meaning; the condition holds when it
// does for any of them.
func (p *parser) chain(typ, code, target string, typed bool, depth int, inner func(target string) (Expr, *problem)) (Expr, *problem) {
	ref, why := p.chainable(typ, code)
	if why != nil {
		return nil, why
	}
	return p.chainBy(ref, target, typed, depth, inner)
}

// chainable finds a reference parameter that begins a chain.
func (p *parser) chainable(typ, code string) (*Param, *problem) {
	ref, why := p.param(typ, code)
	if why == nil && ref.Type != Reference {
		why = unsupported("only reference parameters can be chained; " + typ + "." + code + " is of type " + string(ref.Type) + ".")
	}
	return ref, why
}

// chainBy is chain by a parameter that was found.
func (p *parser) chainBy(ref *Param, target string, typed bool, depth int, inner func(target string) (Expr, *problem)) (Expr, *problem) {
	if depth >= p.MaxDepth {
		return nil, &problem{fault.TooCostly, "the chain has too many links.", false}
	}
	targets := ref.Targets
	if typed {
		if !p.snapshot.IsType(target) {
			return nil, unsupported("in a chain ':' is followed by the name of a resource type.")
		}
		if !ref.canTarget(target) {
			return nil, unsupported(ref.Resource + "." + ref.Code + " cannot point to " + target + ".")
		}
		targets = []string{target}
	} else if len(targets) == 0 {
		targets = p.snapshot.registry.options.Definitions.Resources
	}
	var any Or
	var first *problem
	for _, t := range targets {
		if !p.snapshot.IsType(t) {
			continue
		}
		expr, why := inner(t)
		if why != nil && why.code == fault.TooCostly {
			return nil, why
		}
		if why == nil {
			any = append(any, &Chain{Param: ref, Target: t, Inner: expr})
		} else if first == nil || first.ignorable && !why.ignorable {
			// Of several types the reason that tells most: a value that cannot be read rather than a name that one type lacks.
			first = why
		}
	}
	if first != nil && len(any) == 0 {
		return nil, first
	}
	if len(any) == 1 {
		return any[0], nil
	}
	return any, nil
}

// special reads the criteria that are not parameters of their own type; found is false for any other.
func (p *parser) special(typ, code, modifier, value string, depth int) (expr Expr, found bool, why *problem) {
	switch code {
	case "_id":
		expr, why = p.id(modifier, value)
	case "_text", "_content":
		expr, why = p.text(code == "_content", value)
	case "_list":
		expr, why = p.list(value)
	case "_filter":
		if depth > 0 {
			why = unsupported("_filter cannot be chained; write the chain inside the filter.")
		} else {
			expr, why = p.filter(typ, value)
		}
	case "_query":
		why = unsupported("the server has no named queries.")
	case "_type":
		why = unsupported("_type cannot be chained.")
	default:
		return nil, false, nil
	}
	if why == nil && modifier != "" && code != "_id" {
		why = unsupported("it takes no modifier.")
	}
	return expr, true, why
}

// id reads _id, whose values match exactly, with case.
func (p *parser) id(modifier, value string) (Expr, *problem) {
	if modifier == string(ModifierMissing) {
		missing, why := parseMissing(value)
		if why != nil {
			return nil, why
		}
		if missing { // every resource has an id
			return Or{}, nil
		}
		return And{}, nil
	}
	parts, why := p.alternatives(value)
	if why != nil {
		return nil, why
	}
	ids := make([]string, 0, len(parts))
	for _, part := range parts {
		id, ok := unescape(part)
		if !ok || id == "" {
			return nil, invalid("a value is not a logical id.")
		}
		// What cannot be an id is no error: nothing has it (R4: "the server SHOULD process the search").
		ids = append(ids, id)
	}
	switch modifier {
	case "":
		return IDIn{IDs: ids}, nil
	case "not":
		return Not{IDIn{IDs: ids}}, nil
	}
	return nil, unsupported("_id takes the modifiers :missing and :not only.")
}

func (p *parser) list(value string) (Expr, *problem) {
	if strings.HasPrefix(value, "$") {
		return nil, unsupported("the server keeps no functional lists; name a List by its id.")
	}
	parts, why := p.alternatives(value)
	if why != nil {
		return nil, why
	}
	var any Or
	for _, part := range parts {
		any = append(any, InList{ID: strings.TrimPrefix(part, "List/")})
	}
	if len(any) == 1 {
		return any[0], nil
	}
	return any, nil
}
