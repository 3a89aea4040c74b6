package scope

import "slices"

// Within says whether every scope of s is granted by o, alone or by several of o's scopes together: what a refresh may ask for. A scope of another context is another scope: user/ does not stand for
// patient/. Unknown scopes count: they are within a set that has them.
func (s Set) Within(o Set) bool {
	for _, r := range s.resources {
		if !o.grants(r) {
			return false
		}
	}
	for _, name := range s.others {
		if !o.Has(name) {
			return false
		}
	}
	for _, word := range s.unknown {
		if !slices.Contains(o.unknown, word) {
			return false
		}
	}
	return true
}

// grants says whether each letter of the scope is covered by some scope of the set.
func (s Set) grants(r Resource) bool {
	var covered Letters
	for _, o := range s.resources {
		if o.covers(r) {
			covered |= o.Letters
		}
	}
	return r.Letters&^covered == 0
}

// covers says whether r speaks of all resources of which the narrower scope does, whatever the letters.
func (r Resource) covers(narrower Resource) bool {
	if r.Context != narrower.Context || r.Type != Any && r.Type != narrower.Type {
		return false
	}
	for _, p := range r.Params {
		if !slices.Contains(narrower.Params, p) {
			return false
		}
	}
	return true
}

// Intersect gives what both sets grant, unknown scopes left out: what a client asks for within what it is registered for, or what a user left of it.
func (s Set) Intersect(o Set) Set {
	var out Set
	for _, r := range s.resources {
		if o.grants(r) {
			out.resources = append(out.resources, r)
			continue
		}
		for _, other := range o.resources {
			if m, ok := meet(r, other); ok && len(out.resources) < maxMeets {
				out.resources = append(out.resources, m)
			}
		}
	}
	for _, name := range s.others {
		if o.Has(name) {
			out.others = append(out.others, name)
		}
	}
	out.normalize()
	out.prune()
	return out
}

// maxMeets bounds the work of an intersection; what is beyond is left out, which narrows.
const maxMeets = 4 * MaxScopes

// meet gives what both scopes grant: the narrower type, the letters of both, the parameters of either.
func meet(a, b Resource) (Resource, bool) {
	m := Resource{Context: a.Context, Type: a.Type, Letters: a.Letters & b.Letters, V1: a.V1}
	if a.Type == Any {
		m.Type = b.Type
	}
	if a.Context != b.Context || m.Letters == 0 || b.Type != Any && b.Type != m.Type {
		return m, false
	}
	m.Params = slices.Concat(a.Params, b.Params)
	slices.SortFunc(m.Params, compareParams)
	m.Params = slices.Compact(m.Params)
	m.parsed = &parsed{}
	return m, len(m.Params) <= MaxParams
}

// prune leaves out scopes that another one covers whole, and then, because an intersection of two large sets can be larger than both, those beyond the bounds of Parse: to leave out narrows.
func (s *Set) prune() {
	kept := make([]Resource, 0, len(s.resources))
	for i, r := range s.resources {
		redundant := slices.ContainsFunc(s.resources[:i], func(o Resource) bool { return o.covers(r) && r.Letters&^o.Letters == 0 }) ||
			slices.ContainsFunc(s.resources[i+1:], func(o Resource) bool { return o.covers(r) && r.Letters&^o.Letters == 0 })
		if !redundant {
			kept = append(kept, r)
		}
	}
	s.resources = kept[:min(len(kept), MaxScopes-len(s.others))]
	for len(s.resources) > 0 && len(s.String()) > MaxLength {
		s.resources = s.resources[:len(s.resources)-1]
	}
}
