package search

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/path"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// errNoDefinition says that a composite names a component that is no known search parameter.
var errNoDefinition = errors.New("search: component is not defined")

// maxBases bounds the types of one custom parameter by what all types would give.
const maxBases = 150

// registration is one SearchParameter resource that was registered.
type registration struct {
	definition spec.SearchParameter
	params     []*Param
}

// Registration says in which state a SearchParameter enters the registry.
type Registration struct {
	// Generation tells the rows of this registration from those of earlier ones of the same parameter; 0 takes the next. A server gives the one that it kept when it
	// registers again after a restart.
	Generation int
	// Building says that existing resources are still to be indexed: new writes are indexed, searching is refused until Built.
	Building bool
}

// Register adds the parameters of a SearchParameter resource (http://hl7.org/fhir/R4/searchparameter.html), one for each of its bases, and gives them; nil when the registry has the same definition already (a
// server may be sent R4's own). A changed definition of the same URL takes the place of the earlier one, under a new generation. A resource that cannot be a search parameter is a 422 fault with an
// issue for each reason; a code that another parameter has on one of the bases is a 409.
func (r *Registry) Register(resource *element.Element, how Registration) ([]*Param, error) {
	r.change.Lock()
	defer r.change.Unlock()
	s := r.Snapshot()
	sp, issues := readDefinition(r.options.Definitions, resource)
	if len(issues) > 0 {
		return nil, fault.Of(http.StatusUnprocessableEntity, issues)
	}
	if r.isStandard(sp) {
		return nil, nil
	}
	if old := s.custom[sp.URL]; old != nil && sameDefinition(&old.definition, sp) {
		return nil, nil
	}
	if err := s.checkFree(sp); err != nil {
		return nil, err
	}
	next := s.without(sp.URL)
	if how.Generation == 0 {
		how.Generation = s.generation + 1
	}
	next.generation = max(s.generation, how.Generation)
	reg := &registration{definition: *sp}
	for _, base := range sp.Base {
		p, err := next.customParam(sp, r.options.Definitions.Types[base])
		if err != nil {
			return nil, err
		}
		p.Custom, p.Generation, p.Building = true, how.Generation, how.Building
		reg.params = append(reg.params, p)
	}
	next.custom[sp.URL] = reg
	next.setParams(reg.params)
	r.current.Store(next)
	return reg.params, nil
}

// Unregister removes the parameters of a SearchParameter's URL and gives those that were there, so that their rows can be dropped.
func (r *Registry) Unregister(url string) []*Param {
	r.change.Lock()
	defer r.change.Unlock()
	s := r.Snapshot()
	old := s.custom[url]
	if old == nil {
		return nil
	}
	r.current.Store(s.without(url))
	return old.params
}

// Built ends the building of the parameters of a URL, when they are still of the generation.
func (r *Registry) Built(url string, generation int) {
	r.change.Lock()
	defer r.change.Unlock()
	s := r.Snapshot()
	old := s.custom[url]
	if old == nil || len(old.params) == 0 || old.params[0].Generation != generation {
		return
	}
	next := s.without(url)
	reg := &registration{definition: old.definition}
	for _, p := range old.params {
		built := *p
		built.Building = false
		reg.params = append(reg.params, &built)
	}
	next.custom[url] = reg
	next.setParams(reg.params)
	r.current.Store(next)
}

// Custom gives the parameters of all registered SearchParameters, by URL.
func (s *Snapshot) Custom() map[string][]*Param {
	all := make(map[string][]*Param, len(s.custom))
	for url, reg := range s.custom {
		all[url] = reg.params
	}
	return all
}

// without copies the snapshot but for the registration of a URL. Tables of types that it does not concern are shared.
func (s *Snapshot) without(url string) *Snapshot {
	next := &Snapshot{registry: s.registry, types: maps.Clone(s.types), custom: maps.Clone(s.custom), generation: s.generation}
	old := next.custom[url]
	delete(next.custom, url)
	if old == nil {
		return next
	}
	for _, p := range old.params {
		t := next.types[p.Resource]
		kept := slices.DeleteFunc(slices.Clone(t.custom), func(q *Param) bool { return q.URL == url })
		next.types[p.Resource] = &typeTable{standard: t.standard, custom: kept, origin: t.origin}
	}
	return next
}

func (s *Snapshot) setParams(params []*Param) {
	for _, p := range params {
		t := s.types[p.Resource]
		s.types[p.Resource] = &typeTable{standard: t.standard, custom: append(slices.Clone(t.custom), p), origin: t.origin}
	}
}

// checkFree refuses a code that a parameter of another URL has on one of the bases.
func (s *Snapshot) checkFree(sp *spec.SearchParameter) error {
	var issues []fault.Issue
	for _, base := range sp.Base {
		if p, ok := s.Param(base, sp.Code); ok && p.URL != sp.URL {
			issues = append(issues, fault.Issue{Severity: fault.Error, Code: fault.Duplicate, Expression: "SearchParameter.code",
				Diagnostics: "The type " + base + " already has a search parameter " + sp.Code + ", defined by another URL."})
		}
	}
	if f := fault.Of(http.StatusConflict, issues); f != nil {
		return f
	}
	return nil
}

// customParam makes one type's parameter and checks that its expression gives something that its type can index.
func (s *Snapshot) customParam(sp *spec.SearchParameter, t *spec.Type) (*Param, error) {
	d := s.registry.options.Definitions
	if sp.Type == string(Composite) {
		byURL := map[string]*Param{}
		for _, p := range s.Params(t.Name) {
			byURL[p.URL] = p
		}
		p, err := newComposite(d, sp, t, byURL)
		if err != nil {
			return nil, badDefinition(err, "SearchParameter.component")
		}
		return p, nil
	}
	p, err := newParam(d, sp, t)
	if err != nil {
		return nil, badDefinition(err, "SearchParameter.expression")
	}
	if p.Expr == nil {
		return nil, fault.At(http.StatusUnprocessableEntity, fault.Invalid, "SearchParameter.expression",
			"The expression has no part that concerns the base "+t.Name+".")
	}
	if p.selector != nil && !slices.ContainsFunc(p.results, func(ref spec.TypeRef) bool { return indexable(p.Type, ref.Type) }) {
		return nil, fault.At(http.StatusUnprocessableEntity, fault.Invalid, "SearchParameter.expression",
			"On "+t.Name+" the expression gives no elements that a parameter of type "+sp.Type+" can index.")
	}
	return p, nil
}

func badDefinition(err error, expression string) error {
	if errors.Is(err, errNoDefinition) {
		return fault.At(http.StatusUnprocessableEntity, fault.NotFound, expression+".definition", "A component names a search parameter that the server does not know.")
	}
	var f *fault.Fault
	text := "The expression is not FHIRPath that the server can evaluate."
	if errors.As(err, &f) && len(f.Issues) > 0 {
		text = f.Issues[0].Diagnostics
	}
	g := fault.At(http.StatusUnprocessableEntity, fault.Invalid, expression, text)
	g.Cause = err
	return g
}

// readDefinition reads the elements of a SearchParameter resource and says all that is wrong with them.
func readDefinition(d *spec.Definitions, resource *element.Element) (*spec.SearchParameter, []fault.Issue) {
	reader := definitionReader{resource: resource}
	if resource.Type.Name != "SearchParameter" {
		reader.fault(fault.Invalid, "", "Only a SearchParameter can be registered as a search parameter.")
		return nil, reader.issues
	}
	sp := &spec.SearchParameter{URL: resource.ChildValue("url"), Code: resource.ChildValue("code"), Type: resource.ChildValue("type"),
		Expression: resource.ChildValue("expression")}
	if sp.URL == "" {
		reader.fault(fault.Required, "url", "A search parameter needs a url.")
	}
	if !isCode(sp.Code) {
		reader.fault(fault.Value, "code", "A code of a search parameter is made of up to 64 letters, digits, '-' and '_' and begins with a letter.")
	}
	if resource.ChildValue("status") == "retired" {
		reader.fault(fault.BusinessRule, "status", "A retired search parameter is not registered.")
	}
	switch ParamType(sp.Type) {
	case Number, Date, String, Token, Reference, Quantity, URI, Composite:
	default:
		reader.fault(fault.NotSupported, "type", "The server registers search parameters of the types number, date, string, token, reference, composite, quantity and uri.")
	}
	if sp.Expression == "" {
		reader.fault(fault.Required, "expression", "The server indexes by the expression; a search parameter without one cannot be registered.")
	} else if _, err := path.Compile(sp.Expression); err != nil {
		reader.issues = append(reader.issues, fault.From(badDefinition(err, "SearchParameter.expression")).Issues...)
	}
	sp.Base = reader.types(d, "base", true)
	sp.Target = reader.types(d, "target", false)
	reader.components(sp)
	return sp, reader.issues
}

type definitionReader struct {
	resource *element.Element
	issues   []fault.Issue
}

func (r *definitionReader) fault(code fault.Code, child, text string) {
	expression := "SearchParameter"
	if child != "" {
		expression += "." + child
	}
	r.issues = append(r.issues, fault.Issue{Severity: fault.Error, Code: code, Expression: expression, Diagnostics: text})
}

// types reads a list of resource types; abstract bases stand for all types that descend from them.
func (r *definitionReader) types(d *spec.Definitions, child string, needed bool) []string {
	var names []string
	count := 0
	for c := range r.resource.Children(child) {
		t := d.Types[c.Value]
		if t == nil || t.Kind != spec.Resource {
			r.fault(fault.CodeInvalid, child+"["+strconv.Itoa(count)+"]", "This is not a resource type of R4.")
		} else if t.Abstract {
			for _, name := range d.Resources {
				if d.Types[name].Is(t.Name) {
					names = append(names, name)
				}
			}
		} else {
			names = append(names, t.Name)
		}
		if count++; count > maxBases {
			break
		}
	}
	if needed && len(names) == 0 && len(r.issues) == 0 {
		r.fault(fault.Required, child, "A search parameter needs a base.")
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (r *definitionReader) components(sp *spec.SearchParameter) {
	for c := range r.resource.Children("component") {
		definition, _, _ := strings.Cut(c.ChildValue("definition"), "|")
		sp.Components = append(sp.Components, spec.Component{Definition: definition, Expression: c.ChildValue("expression")})
	}
	composite := sp.Type == string(Composite)
	if composite && (len(sp.Components) < 2 || len(sp.Components) > 4) {
		r.fault(fault.Required, "component", "A composite search parameter has two to four components.")
	}
	if !composite && len(sp.Components) > 0 {
		r.fault(fault.Invalid, "component", "Only a composite search parameter has components.")
	}
}

// isCode leaves the names that begin with '_' to the standard, and '.', ':' to the grammar of parameter names.
func isCode(code string) bool {
	if code == "" || len(code) > 64 {
		return false
	}
	for i := 0; i < len(code); i++ {
		c := code[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c != '-' && c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}

func (r *Registry) isStandard(sp *spec.SearchParameter) bool {
	for known := range r.parameters {
		if known.URL == sp.URL && known.Code == sp.Code {
			return true
		}
	}
	return false
}

func sameDefinition(a, b *spec.SearchParameter) bool {
	return a.Code == b.Code && a.Type == b.Type && a.Expression == b.Expression && slices.Equal(a.Base, b.Base) &&
		slices.Equal(a.Target, b.Target) && slices.Equal(a.Components, b.Components)
}
