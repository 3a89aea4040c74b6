package search

import (
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/path"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// get builds R4's parameters of the type. An expression of R4 that does not compile is left out; a test holds that there is none.
func (s *standardParams) get(r *Registry) []*Param {
	s.once.Do(func() {
		definitions := r.options.Definitions
		byURL := make(map[string]*Param, 64)
		var composites []*spec.SearchParameter
		for sp := range r.parameters {
			if !appliesTo(sp, s.typ) {
				continue
			}
			if sp.Type == string(Composite) {
				composites = append(composites, sp)
				continue
			}
			if p, err := newParam(definitions, sp, s.typ); err == nil {
				byURL[sp.URL] = p
				s.params = append(s.params, p)
			}
		}
		for _, sp := range composites {
			if p, err := newComposite(definitions, sp, s.typ, byURL); err == nil {
				s.params = append(s.params, p)
			}
		}
	})
	return s.params
}

func appliesTo(sp *spec.SearchParameter, t *spec.Type) bool {
	for _, base := range sp.Base {
		if t.Is(base) {
			return true
		}
	}
	return false
}

// newParam makes the parameter of one type from a definition that may have several bases.
func newParam(d *spec.Definitions, sp *spec.SearchParameter, t *spec.Type) (*Param, error) {
	p := &Param{Resource: t.Name, Code: sp.Code, Type: ParamType(sp.Type), URL: sp.URL}
	text := branchesOf(sp.Expression, t)
	if text == "" {
		return p, nil
	}
	var err error
	if p.Expr, err = path.Compile(text); err != nil {
		return nil, err
	}
	if s, ok := parseSelector(text); ok {
		p.selector = s
		p.results = s.results(t)
	}
	p.Targets = p.targets(d, sp.Target)
	p.codes, p.closed = p.implicitCodes(d, t)
	return p, nil
}

// branchesOf keeps the branches of a union that begin with the type, one of its bases or no type at all.
func branchesOf(expression string, t *spec.Type) string {
	var kept []string
	for _, part := range splitUnion(expression) {
		part = strings.TrimSpace(part)
		root, _ := cutIdentifier(strings.TrimLeft(part, "( "))
		if part == "" || root != "" && root[0] >= 'A' && root[0] <= 'Z' && !t.Is(root) {
			continue
		}
		kept = append(kept, part)
	}
	return strings.Join(kept, " | ")
}

// targets gives the types that a reference parameter may point to: those of its elements, as far as the definitions tell, among those that the parameter names.
// Nil means any.
func (p *Param) targets(d *spec.Definitions, named []string) []string {
	if p.Type != Reference {
		return nil
	}
	var found []string
	for _, ref := range p.results {
		if ref.Type.Kind == spec.Resource || len(ref.Targets) == 0 || slices.Contains(ref.Targets, "Resource") {
			return sortedTypes(d, named)
		}
		for _, target := range ref.Targets {
			if len(named) == 0 || slices.Contains(named, target) {
				found = append(found, target)
			}
		}
	}
	if len(found) == 0 {
		return sortedTypes(d, named)
	}
	return sortedTypes(d, found)
}

// sortedTypes orders names and drops repetitions; a list of all types is as good as none.
func sortedTypes(d *spec.Definitions, names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) >= len(d.Resources) || slices.Contains(names, "Resource") {
		return nil
	}
	return names
}

// implicitCodes gives the code sets of the parameter's elements of type code, whose system is known from their binding and never written
// (http://hl7.org/fhir/R4/search.html#token: "the system is defined in the value set"). They are closed when no other element is searched and no further code exists.
func (p *Param) implicitCodes(d *spec.Definitions, t *spec.Type) (sets []*spec.CodeSet, closed bool) {
	if p.Type != Token {
		return nil, false
	}
	closed = p.gives("code")
	for _, b := range p.selector {
		for _, e := range b.elements(t) {
			if e.Binding == nil || e.Binding.Strength != "required" || e.Types[0].Type.Name != "code" {
				closed = false
				continue
			}
			url, _, _ := strings.Cut(e.Binding.ValueSet, "|")
			set := d.CodeSets[url]
			closed = closed && set != nil && set.Complete
			if set != nil && !slices.Contains(sets, set) {
				sets = append(sets, set)
			}
		}
	}
	return sets, closed && len(sets) > 0
}

// elements gives the definitions of the elements at the end of the path.
func (b *branch) elements(root *spec.Type) []*spec.Element {
	if len(b.steps) == 0 {
		return nil
	}
	head := branch{steps: b.steps[:len(b.steps)-1]}
	var found []*spec.Element
	for _, parent := range (selector{head}).results(root) {
		for _, e := range parent.Type.Elements {
			if e.Name == b.steps[len(b.steps)-1].name {
				found = append(found, e)
			}
		}
	}
	return found
}

// newComposite makes a composite parameter; byURL holds the type's other parameters, from which its components come. A component that is defined for no parameter of the type is
// made from the definition alone.
func newComposite(d *spec.Definitions, sp *spec.SearchParameter, t *spec.Type, byURL map[string]*Param) (*Param, error) {
	p, err := newParam(d, sp, t)
	if err != nil {
		return nil, err
	}
	for _, c := range sp.Components {
		part := byURL[c.Definition]
		if part == nil {
			if part, err = componentOf(d, c.Definition, t); err != nil {
				return nil, err
			}
		}
		component := ComponentParam{Param: part}
		if err := component.compile(typeNames(c.Expression)); err != nil {
			return nil, err
		}
		p.Components = append(p.Components, component)
	}
	p.matchComponents()
	return p, nil
}

func (c *ComponentParam) compile(text string) error {
	x, err := path.Compile(text)
	if err != nil {
		return err
	}
	c.Expr = x
	if s, ok := parseSelector(text); ok {
		c.selector = s
		c.tree = &selectNode{}
		c.tree.add(s, 0)
	}
	return nil
}

// matchComponents corrects a slip of the R4 definitions: DocumentReference-relationship gives its first component, a reference, the expression of the token and the other way round. Where two components
// fit each other's expressions and not their own, the expressions change places.
func (p *Param) matchComponents() {
	if len(p.Components) != 2 {
		return
	}
	a, b := &p.Components[0], &p.Components[1]
	if p.fits(a, a) || p.fits(b, b) || !p.fits(a, b) || !p.fits(b, a) {
		return
	}
	a.Expr, a.selector, a.tree, b.Expr, b.selector, b.tree = b.Expr, b.selector, b.tree, a.Expr, a.selector, a.tree
}

// fits says whether the expression of one component gives elements that another's type indexes.
func (p *Param) fits(component, expression *ComponentParam) bool {
	if expression.selector == nil {
		return true // not known
	}
	for _, base := range p.results {
		for _, ref := range expression.selector.results(base.Type) {
			if indexable(component.Param.Type, ref.Type) {
				return true
			}
		}
	}
	return false
}

// typeNames corrects "as(DateTime)", which two R4 components have and which names no type.
func typeNames(expression string) string {
	return strings.ReplaceAll(expression, "as(DateTime)", "as(dateTime)")
}

func componentOf(d *spec.Definitions, url string, t *spec.Type) (*Param, error) {
	for _, sp := range d.SearchParameters {
		if sp.URL == url {
			return newParam(d, sp, t)
		}
	}
	return nil, errNoDefinition
}
