package scope

import (
	"net/http"
	"slices"
	"sync"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
)

// Restrict gives the condition that a resource of a type must satisfy for the interaction: the disjunction of those of the scopes that permit it. A scope of patient/ asks for the record of the
// patient (a logical id; "": such scopes permit nothing), search parameters for what they say. nil is no condition, an empty search.Or permits nothing.
//
// A scope whose parameters the registry cannot read (any more) permits nothing.
func (s Set) Restrict(registry *search.Registry, typ, patient string, what repository.Interaction) (search.Expr, error) {
	if !registry.Snapshot().IsType(typ) {
		return nil, fault.New(http.StatusNotFound, fault.NotSupported, "The scopes are asked about a type that is none of R4.")
	}
	letter := letterOf(what)
	either := search.Or{}
	for i := range s.resources {
		r := &s.resources[i]
		if r.Letters&letter == 0 || !r.about(typ, letter) {
			continue
		}
		condition, possible := r.condition(registry, typ, patient, letter)
		if possible && condition == nil {
			return nil, nil
		}
		if possible {
			either = append(either, condition)
		}
	}
	if len(either) == 1 {
		return either[0], nil
	}
	return either, nil
}

// condition gives what one scope asks of a resource of the type, nil for nothing; possible is false when no resource can satisfy it.
func (r *Resource) condition(registry *search.Registry, typ, patient string, letter Letters) (condition search.Expr, possible bool) {
	var all search.And
	if r.Context == Patient {
		own, possible := ofPatient(registry, typ, patient, letter)
		if !possible {
			return nil, false
		}
		if own != nil {
			all = append(all, own)
		}
	}
	if len(r.Params) > 0 {
		asked, ok := r.parsed.condition(registry, typ, r.Params)
		if !ok {
			return nil, false
		}
		all = append(all, asked)
	}
	switch len(all) {
	case 0:
		return nil, true
	case 1:
		return all[0], true
	}
	return all, true
}

// parsed keeps what the parameters of a scope mean for the types that were asked about, until the registry changes: a token is used many times, and reading its parameters would cost each time.
type parsed struct {
	mu       sync.Mutex
	snapshot *search.Snapshot
	byType   map[string]search.Expr // nil: cannot be judged
}

func (p *parsed) condition(registry *search.Registry, typ string, params [][2]string) (search.Expr, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := registry.Snapshot(); p.snapshot != now {
		p.snapshot, p.byType = now, map[string]search.Expr{}
	}
	e, there := p.byType[typ]
	if !there {
		e, _ = parseCondition(registry, typ, params)
		p.byType[typ] = e
	}
	return e, e != nil
}

// parseCondition reads search parameters; ok is false for those that the registry does not know and those that cannot be judged on a resource alone (chains, _has, _list): a token must not
// depend on resources beyond its reach, and writes are judged without a store.
func parseCondition(registry *search.Registry, typ string, params [][2]string) (search.Expr, bool) {
	e, err := search.ParseCondition(registry, typ, params, search.ParseOptions{})
	if err != nil || !alone(e) {
		return nil, false
	}
	if all, ok := e.(search.And); ok && len(all) < len(params) {
		return nil, false // some parameter was passed over
	}
	return e, true
}

// alone says whether a condition looks at nothing but the resource.
func alone(e search.Expr) bool {
	switch e := e.(type) {
	case search.And:
		return !slices.ContainsFunc(e, func(part search.Expr) bool { return !alone(part) })
	case search.Or:
		return !slices.ContainsFunc(e, func(part search.Expr) bool { return !alone(part) })
	case search.Not:
		return alone(e.Expr)
	case *search.Clause, search.Text, search.IDIn:
		return true
	}
	return false
}

// Change judges a write: a resource must satisfy the condition of Restrict before (nil for what is new) and after (nil for a deletion). The refusal is a 403 fault.
func (s Set) Change(registry *search.Registry, patient string, what repository.Interaction, before, after *element.Element) error {
	for _, root := range []*element.Element{before, after} {
		if root == nil {
			continue
		}
		condition, err := s.Restrict(registry, root.Type.Name, patient, what)
		if err != nil {
			return err
		}
		if condition != nil && !registry.Snapshot().MatchAlone(condition, root) || root.Type.Name == "Binary" && !s.changesBinary(patient, what, root) {
			return fault.New(http.StatusForbidden, fault.Forbidden, "The scopes of the token do not permit this change of this resource.")
		}
	}
	return nil
}

// changesBinary judges a Binary, which no search parameter does: scopes of patient/ write what is secured by the patient's own record or by a resource whose own visibility secures it.
func (s Set) changesBinary(patient string, what repository.Interaction, root *element.Element) bool {
	letter := letterOf(what)
	for i := range s.resources {
		r := &s.resources[i]
		if r.Letters&letter == 0 || !r.about("Binary", letter) || len(r.Params) > 0 {
			continue
		}
		if r.Context != Patient || securedBy(root, patient) {
			return true
		}
	}
	return false
}

// Supported parts the set into what the server can judge, without unknown scopes, and the scopes that it refuses, as written: unknown ones and those whose type or parameters the registry
// does not have. A server grants the first only.
func (s Set) Supported(registry *search.Registry) (Set, []string) {
	refused := slices.Clone(s.unknown)
	out := Set{others: s.others, resources: make([]Resource, 0, len(s.resources))}
	for _, r := range s.resources {
		if r.supported(registry) {
			out.resources = append(out.resources, r)
		} else {
			refused = append(refused, r.spelled())
		}
	}
	return out, refused
}

func (r *Resource) supported(registry *search.Registry) bool {
	types := []string{r.Type}
	if r.Type == Any {
		types = registry.Definitions().Resources
	}
	for _, typ := range types {
		if !registry.Snapshot().IsType(typ) {
			return false
		}
		if len(r.Params) == 0 {
			continue
		}
		if _, ok := parseCondition(registry, typ, r.Params); !ok {
			return false
		}
	}
	return true
}
