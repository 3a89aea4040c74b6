package validate

import (
	"github.com/carnet-fhir/carnet/fhir/element"
)

// nativeDistinct holds invariants that ask for distinct values in collections which may be very large: compared pairwise,
// as FHIRPath may, a code system of 100,000 concepts would cost minutes.
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
