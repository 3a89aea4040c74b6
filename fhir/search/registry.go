package search

import (
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// Registry knows the search parameters of every resource type: those of R4 and those registered since. Its state is an immutable Snapshot that changes replace as a whole, so that lookups take no
// lock. It is safe for concurrent use.
type Registry struct {
	options RegistryOptions
	links   linkReader
	zone    *time.Location
	current atomic.Pointer[Snapshot]
	change  sync.Mutex // held by whoever makes the next snapshot
	// profiles are what Use added.
	profiles []Profile
}

// RegistryOptions configure a Registry.
type RegistryOptions struct {
	Definitions *spec.Definitions // nil: spec.R4()
	// BaseURL is the server's FHIR base: references to it are references to its own resources.
	BaseURL string
	// Zone is where dates and times without a zone are taken to be, in resources and in queries; nil: UTC.
	// It must not change under an existing store: it decides index values.
	Zone *time.Location
	// CanonicalToken gives the spelling under which resources hold a token that a query may write otherwise (an assigning authority as OID or as URN). It is called with the system ("" when none is
	// given) and the code of identifiers in queries, and gives them back when it has nothing to say; nil: queries are taken as they are written.
	CanonicalToken func(system, code string) (string, string)
}

// Snapshot is the state of a Registry at one moment. Parameters of types without changes are the same pointers in all snapshots.
type Snapshot struct {
	registry   *Registry
	types      map[string]*typeTable
	custom     map[string]*registration // by URL of the SearchParameter
	generation int                      // the greatest one given
}

// typeTable holds one type's parameters; it is built when the type is first used.
type typeTable struct {
	standard *standardParams
	custom   []*Param
	origin   *Snapshot // where the standard parameters of other types are found

	once    sync.Once
	params  []*Param // by code
	byCode  map[string]*Param
	derived map[string]*Param // declared chains into contained resources, by code
	joins   []*join           // pairs of parameters that are indexed together
	tree    selectNode
	slots   []*Param // what the tree's slots stand for
	generic []int32  // slots whose expression the tree cannot hold
	plain   int      // the slots before it are those of params; derived parameters stand behind
}

// standardParams are R4's own parameters of a type, built once for all snapshots.
type standardParams struct {
	typ    *spec.Type
	once   sync.Once
	params []*Param
}

// NewRegistry makes the registry of R4's parameters.
func NewRegistry(o RegistryOptions) *Registry {
	if o.Definitions == nil {
		o.Definitions = spec.R4()
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	r := &Registry{options: o, links: linkReader{base: o.BaseURL, defs: o.Definitions}, zone: o.Zone}
	r.current.Store(r.fresh())
	return r
}

// Snapshot gives the registry's present state.
func (r *Registry) Snapshot() *Snapshot { return r.current.Load() }

// Definitions gives the definitions that the registry was made from.
func (r *Registry) Definitions() *spec.Definitions { return r.options.Definitions }

// Param finds a type's parameter by its code.
func (r *Registry) Param(typ, code string) (*Param, bool) { return r.Snapshot().Param(typ, code) }

// Extract gives the indexed values of a resource by all parameters of its type; see Snapshot.Extract.
func (r *Registry) Extract(root *element.Element) []ParamValues { return r.Snapshot().Extract(root) }

// Registry gives the registry that the snapshot belongs to.
func (s *Snapshot) Registry() *Registry { return s.registry }

// Param finds a type's parameter by its code.
func (s *Snapshot) Param(typ, code string) (*Param, bool) {
	t := s.table(typ)
	if t == nil {
		return nil, false
	}
	p, ok := t.byCode[code]
	return p, ok
}

// Params gives all parameters of a type in the order of their codes; nil for an unknown type. The slice must not be changed.
func (s *Snapshot) Params(typ string) []*Param {
	t := s.table(typ)
	if t == nil {
		return nil
	}
	return t.params
}

// IsType says whether the name is one of a resource type.
func (s *Snapshot) IsType(name string) bool { return s.types[name] != nil }

func (s *Snapshot) table(typ string) *typeTable {
	t := s.types[typ]
	if t != nil {
		t.once.Do(func() { t.build(s.registry) })
	}
	return t
}

func (t *typeTable) build(r *Registry) {
	standard := t.standard.get(r)
	t.params = make([]*Param, 0, len(standard)+len(t.custom))
	t.params = append(append(t.params, standard...), t.custom...)
	sort.Slice(t.params, func(i, j int) bool { return t.params[i].Code < t.params[j].Code })
	t.byCode = make(map[string]*Param, len(t.params))
	for _, p := range t.params {
		t.byCode[p.Code] = p
		if !p.indexed() {
			continue
		}
		slot := int32(len(t.slots))
		t.slots = append(t.slots, p)
		if p.selector != nil {
			t.tree.add(p.selector, slot)
		} else {
			t.generic = append(t.generic, slot)
		}
	}
	typ := t.standard.typ.Name
	for i := range r.profiles {
		t.join(r.profiles[i].Joins, typ)
	}
	t.plain, t.derived = len(t.slots), map[string]*Param{}
	for _, profile := range r.profiles {
		for _, chain := range profile.Contained {
			if rest, ok := strings.CutPrefix(chain, typ+"."); ok {
				t.derive(r, typ, rest)
			}
		}
	}
	t.slots = append(t.slots, t.derivedOf()...)
}

// join adds the pairs that a profile declares for the type.
func (t *typeTable) join(joins []Join, typ string) {
	for i := range joins {
		if joins[i].Type != typ {
			continue
		}
		j := t.joinOf(&joins[i])
		if j == nil {
			continue
		}
		t.tree.add(j.param.selector, int32(len(t.slots)))
		t.slots, t.joins = append(t.slots, j.param), append(t.joins, j)
	}
}

// indexed says whether the parameter's values come from the resource: _id and _lastUpdated are the store's own, _text and _content are judged on the content.
func (p *Param) indexed() bool {
	return p.Expr != nil && p.Code != "_id" && p.Code != "_lastUpdated"
}
