package validate

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
)

// nativeDistinct holds invariants that compare each item of a collection with others of it. Such collections may be very
// large: pairwise, as FHIRPath may do it, a code system of 100,000 concepts would cost minutes.
func nativeDistinct(key, _ string) native {
	switch key {
	case "csd-1":
		return func(_ *walker, e *element.Element) bool { return distinct(e, "concept", "code", map[string]bool{}) }
	case "que-2":
		return func(_ *walker, e *element.Element) bool { return distinct(e, "item", "linkId", map[string]bool{}) }
	case "sdf-16":
		return distinctElementIDs("snapshot")
	case "sdf-17":
		return distinctElementIDs("differential")
	case "sdf-8":
		return func(_ *walker, e *element.Element) bool { return pathsStartWithType(e, false) }
	case "sdf-8a":
		return func(_ *walker, e *element.Element) bool { return pathsStartWithType(e, true) }
	case "ig-1":
		return groupingsExist
	}
	return nil
}

// distinct says whether the values of name are unique among all elements list below e, at any depth.
func distinct(e *element.Element, list, name string, seen map[string]bool) bool {
	for c := e.First; c != nil; c = c.Next {
		if c.Name != list {
			continue
		}
		if v := c.Child(name); v != nil && v.HasValue {
			if seen[v.Value] {
				return false
			}
			seen[v.Value] = true
		}
		if !distinct(c, list, name, seen) {
			return false
		}
	}
	return true
}

// distinctElementIDs is sdf-16 and sdf-17: every element of the view has an id, and no two have the same.
func distinctElementIDs(view string) native {
	return func(_ *walker, e *element.Element) bool {
		seen := map[string]bool{}
		for c := range e.Child(view).Children("element") {
			id := c.ChildValue("id")
			if id == "" || seen[id] {
				return false
			}
			seen[id] = true
		}
		return true
	}
}

// pathsStartWithType is sdf-8 of a snapshot, sdf-8a of a differential, which may leave the first element out.
func pathsStartWithType(view *element.Element, differential bool) bool {
	definition := view.Resource()
	first := view.Child("element").ChildValue("path")
	if !is(definition, "kind", "logical") {
		typ := definition.ChildValue("type")
		if first != typ && (!differential || !strings.HasPrefix(first, typ)) {
			return false
		}
	}
	prefix := first
	if differential {
		prefix, _, _ = strings.Cut(first, ".")
	}
	head := true
	for c := range view.Children("element") {
		if !head && !strings.HasPrefix(c.ChildValue("path"), prefix+".") {
			return false
		}
		head = false
	}
	return true
}

// groupingsExist is ig-1: each resource of the guide is in a grouping that is defined.
func groupingsExist(_ *walker, e *element.Element) bool {
	ids := map[string]bool{}
	for c := range e.Children("grouping") {
		if id := c.Child("id"); id != nil {
			ids[id.Value] = true
		}
	}
	for c := range e.Children("resource") {
		if id := c.Child("groupingId"); id != nil && id.HasValue && !ids[id.Value] {
			return false
		}
	}
	return true
}
