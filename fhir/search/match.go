package search

import (
	"iter"

	"github.com/carnet-fhir/carnet/fhir/element"
)

// Matcher says what a condition means, by looking at the content of resources alone. It shares parsing and extraction with the executor, and nothing else: it is the executor's oracle, and the
// way to judge a single resource (access rules, subscriptions).
type Matcher struct {
	Registry *Registry
	// Source has the other resources, for chains, _has and _list; nil: there are none.
	Source Source
}

// Source gives the resources that a condition may lead to.
type Source interface {
	// Resource gives the current content of a resource, nil when there is none.
	Resource(typ, id string) (*element.Element, error)
	// Resources walks all resources of a type.
	Resources(typ string) iter.Seq2[*element.Element, error]
}

// Match says whether the resource satisfies the condition. Errors are the Source's.
func (m *Matcher) Match(condition Expr, root *element.Element) (bool, error) {
	j := judge{snapshot: m.Registry.Snapshot(), source: m.Source}
	return j.match(condition, root)
}

// judge is one judgement against one state of the registry.
type judge struct {
	snapshot *Snapshot
	source   Source
}

func (j *judge) match(condition Expr, root *element.Element) (bool, error) {
	switch c := condition.(type) {
	case nil:
		return true, nil
	case And:
		for _, part := range c {
			if ok, err := j.match(part, root); !ok || err != nil {
				return false, err
			}
		}
		return true, nil
	case Or:
		for _, part := range c {
			if ok, err := j.match(part, root); ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	case Not:
		ok, err := j.match(c.Expr, root)
		return !ok && err == nil, err
	case *Chain:
		return j.chain(c, root)
	case *Has:
		return j.has(c, root)
	case InList:
		return j.inList(c, root)
	case *Secured:
		return j.secured(c, root)
	case *Later:
		return j.match(c.Expr, root)
	case *Depends:
		return j.depends(c, root)
	default:
		return j.snapshot.MatchAlone(condition, root), nil
	}
}

// MatchAlone judges a condition that looks at the resource itself only (Clause, Among, Text, IDIn, InCompartment, and And, Or and Not of them). Of Chain, Has, InList, Secured and Depends it says that they do
// not hold.
func (s *Snapshot) MatchAlone(condition Expr, root *element.Element) bool {
	switch c := condition.(type) {
	case nil:
		return true
	case And:
		for _, part := range c {
			if !s.MatchAlone(part, root) {
				return false
			}
		}
		return true
	case Or:
		for _, part := range c {
			if s.MatchAlone(part, root) {
				return true
			}
		}
		return false
	case Not:
		return !s.MatchAlone(c.Expr, root)
	case *Clause:
		return s.MatchClause(c, root)
	case IDIn:
		id := root.ChildValue("id")
		for _, want := range c.IDs {
			if id == want {
				return true
			}
		}
		return false
	case *Later:
		return s.MatchAlone(c.Expr, root)
	case *Among:
		return s.among(c, root)
	case InCompartment:
		return s.inCompartment(c, root)
	case Text:
		return matchText(c, root)
	default:
		return false
	}
}

// MatchClause judges one clause on a resource of its parameter's type.
func (s *Snapshot) MatchClause(c *Clause, root *element.Element) bool {
	return root.Type.Name == c.Param.Resource && MatchValues(c, s.ValuesOf(c.Param, root))
}

// among judges a membership on a resource of its parameter's type, or on the resource's own id.
func (s *Snapshot) among(c *Among, root *element.Element) bool {
	if c.Param == nil {
		return s.matchAmong(c, root.Type.Name, root.ChildValue("id"), nil)
	}
	return root.Type.Name == c.Param.Resource && s.matchAmong(c, "", "", s.ValuesOf(c.Param, root))
}

// chain follows the references to the target type. A reference to what is not there does not match.
func (j *judge) chain(c *Chain, root *element.Element) (bool, error) {
	if j.source == nil || root.Type.Name != c.Param.Resource {
		return false, nil
	}
	for _, v := range j.snapshot.ValuesOf(c.Param, root) {
		if v.RefType != c.Target {
			continue
		}
		target, err := j.source.Resource(v.RefType, v.RefID)
		if err != nil {
			return false, err
		}
		if target == nil {
			continue
		}
		if ok, err := j.match(c.Inner, target); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// has looks for a resource of the source type that points here and satisfies the inner condition.
func (j *judge) has(c *Has, root *element.Element) (bool, error) {
	if j.source == nil {
		return false, nil
	}
	typ, id := root.Type.Name, root.ChildValue("id")
	for candidate, err := range j.source.Resources(c.Source) {
		if err != nil {
			return false, err
		}
		if !j.snapshot.refers(c.Param, candidate, typ, id) {
			continue
		}
		if ok, err := j.match(c.Inner, candidate); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// refers says whether the resource points to another by the parameter.
func (s *Snapshot) refers(p *Param, root *element.Element, typ, id string) bool {
	for _, v := range s.ValuesOf(p, root) {
		if v.RefType == typ && v.RefID == id {
			return true
		}
	}
	return false
}

// inList looks for the resource in List.entry.item (http://hl7.org/fhir/R4/search.html#list).
func (j *judge) inList(c InList, root *element.Element) (bool, error) {
	if j.source == nil {
		return false, nil
	}
	list, err := j.source.Resource("List", c.ID)
	if list == nil || err != nil {
		return false, err
	}
	item, ok := j.snapshot.Param("List", "item")
	return ok && j.snapshot.refers(item, list, root.Type.Name, root.ChildValue("id")), nil
}

// inCompartment says whether the resource is the owner, or points to it by one of the compartment's parameters
// (http://hl7.org/fhir/R4/compartmentdefinition.html).
func (s *Snapshot) inCompartment(c InCompartment, root *element.Element) bool {
	if root.Type.Name == c.Type && root.ChildValue("id") == c.ID {
		return true
	}
	definition := s.registry.options.Definitions.Compartments[c.Type]
	if definition == nil {
		return false
	}
	for _, code := range definition.Params[root.Type.Name] {
		if p, ok := s.Param(root.Type.Name, code); ok && s.refers(p, root, c.Type, c.ID) {
			return true
		}
	}
	return false
}
