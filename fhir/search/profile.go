package search

import (
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/spec"
)

// Profile is what an implementation guide adds to the search of R4. Its parameters are part of the server as R4's are: they are there from the first write on, nobody posts or deletes them.
type Profile struct {
	// Parameters are further search parameters.
	Parameters []spec.SearchParameter
	// Contained declares chains that look into contained resources too, in the notation of a query behind the type searched: "DocumentReference.author:Practitioner.family",
	// "DocumentReference.author:PractitionerRole.practitioner:Practitioner.family". Each becomes a derived parameter of the container (see contained.go). All links but the last parameter are references; the last
	// parameter is one of R4 and no composite.
	Contained []string
	// Aliases give names that a guide asks for and no parameter has, by type and name ("PractitionerRole.name"), the names that they stand for ("practitioner:Practitioner.name"); several are alternatives. They
	// may stand at the end of a chain, and may hold chains and modifiers themselves.
	Aliases map[string][]string
	// Joins are pairs of parameters that are indexed together, because searches have them together.
	Joins []Join
}

// Use adds a profile. It is called while the server is put together, before the registry reads or indexes anything and before custom parameters are registered. An error says which part of the profile cannot be
// used; the registry is then as it was.
func (r *Registry) Use(p Profile) error {
	r.change.Lock()
	defer r.change.Unlock()
	if len(r.Snapshot().custom) > 0 {
		return errors.New("search: profiles are used before custom parameters are registered")
	}
	before := r.profiles
	r.profiles = append(slices.Clip(before), p)
	fresh := r.fresh()
	if err := r.checkProfile(fresh, &p); err != nil {
		r.profiles = before
		return err
	}
	r.current.Store(fresh)
	return nil
}

// fresh makes a snapshot without custom parameters whose types are still to be built.
func (r *Registry) fresh() *Snapshot {
	defs := r.options.Definitions
	s := &Snapshot{registry: r, types: make(map[string]*typeTable, len(defs.Resources)), custom: map[string]*registration{}}
	for _, name := range defs.Resources {
		s.types[name] = &typeTable{standard: &standardParams{typ: defs.Types[name]}, origin: s}
	}
	return s
}

// checkProfile says what of a profile did not become a parameter of the snapshot.
func (r *Registry) checkProfile(s *Snapshot, p *Profile) error {
	for i := range p.Parameters {
		sp := &p.Parameters[i]
		for _, base := range sp.Base {
			if found, ok := s.Param(base, sp.Code); !ok || found.URL != sp.URL || found.Expr == nil {
				return fmt.Errorf("search: the profile's parameter %s.%s does not compile, or has the code of another one", base, sp.Code)
			}
		}
	}
	for _, chain := range p.Contained {
		typ, rest, _ := strings.Cut(chain, ".")
		if t := s.table(typ); t == nil || t.derived[rest] == nil {
			return fmt.Errorf("search: the contained chain %s does not lead from reference parameters to a parameter of R4", chain)
		}
	}
	for i := range p.Joins {
		j := &p.Joins[i]
		if t := s.table(j.Type); t == nil || !slices.ContainsFunc(t.joins, func(made *join) bool { return made.param.Code == j.First+"+"+j.Second }) {
			return fmt.Errorf("search: %s.%s and %s cannot be indexed together", j.Type, j.First, j.Second)
		}
	}
	for name := range p.Aliases {
		if typ, rest, ok := strings.Cut(name, "."); !ok || rest == "" || !s.IsType(typ) {
			return fmt.Errorf("search: %q is not an alias of a resource type", name)
		}
	}
	return nil
}

// parameters gives the definitions of R4 and of the profiles.
func (r *Registry) parameters(yield func(*spec.SearchParameter) bool) {
	for _, sp := range r.options.Definitions.SearchParameters {
		if !yield(sp) {
			return
		}
	}
	for i := range r.profiles {
		for k := range r.profiles[i].Parameters {
			if !yield(&r.profiles[i].Parameters[k]) {
				return
			}
		}
	}
}

// alias gives what the name of a parameter stands for, nil when it is no alias. A modifier behind the name is kept, where the alias has none of its own.
func (r *Registry) alias(typ, name string) []string {
	if len(r.profiles) == 0 {
		return nil
	}
	head, modifier := name, ""
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '.') {
		head, modifier = name[:i], name[i:]
	}
	for i := range r.profiles {
		found := r.profiles[i].Aliases[typ+"."+head]
		if len(found) == 0 || modifier == "" {
			if len(found) > 0 {
				return found
			}
			continue
		}
		with := make([]string, 0, len(found))
		for _, f := range found {
			if strings.LastIndexByte(f, ':') < strings.LastIndexByte(f, '.') || !strings.Contains(f, ":") {
				with = append(with, f+modifier)
			}
		}
		return with
	}
	return nil
}

// IndexFormat names the format of the rows that the registry's parameters make: the encoding's number and, when there are profiles, a digest of what they index. A store
// with rows of another format must be indexed anew.
func (r *Registry) IndexFormat() string {
	format := strconv.Itoa(IndexFormat)
	if len(r.profiles) == 0 {
		return format
	}
	var lines []string
	for i := range r.profiles {
		for k := range r.profiles[i].Parameters {
			sp := &r.profiles[i].Parameters[k]
			lines = append(lines, fmt.Sprint(sp.Code, sp.Type, sp.Base, sp.Expression, sp.Target, sp.Components))
		}
		lines = append(lines, r.profiles[i].Contained...)
		for _, j := range r.profiles[i].Joins {
			lines = append(lines, fmt.Sprint(j.Type, j.First, j.FirstElement, j.Second, j.SecondElement))
		}
	}
	slices.Sort(lines)
	h := fnv.New64a()
	for _, line := range lines {
		_, _ = h.Write([]byte(line + "\n"))
	}
	return format + "+" + strconv.FormatUint(h.Sum64(), 16)
}
