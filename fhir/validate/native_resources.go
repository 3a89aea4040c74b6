package validate

import (
	"github.com/carnet-fhir/carnet/fhir/element"
)

// nativeResource holds the invariants of all resources and of the administrative ones.
func nativeResource(key, _ string) native {
	switch key {
	case "dom-2":
		return eachContained(func(c *element.Element) bool { return !has(c, "contained") })
	case "dom-3":
		return func(_ *walker, e *element.Element) bool { return !has(e, "contained") || unreferenced(e) == nil }
	case "dom-4":
		return eachContained(func(c *element.Element) bool {
			meta := c.Child("meta")
			return !has(meta, "versionId") && !has(meta, "lastUpdated")
		})
	case "dom-5":
		return eachContained(func(c *element.Element) bool { return !has(c.Child("meta"), "security") })
	case "dom-6":
		return func(_ *walker, e *element.Element) bool { return has(e.Child("text"), "div") }
	case "pat-1":
		return either("name", "telecom", "address", "organization")
	case "org-1", "ipn-1":
		return either("identifier", "name")
	case "org-2", "org-3":
		return func(_ *walker, e *element.Element) bool { return !is(e, "use", "home") }
	case "cpl-3":
		return excludes("detail", "reference")
	case "lst-1", "cmp-2":
		return excludes("emptyReason", "entry")
	case "cmp-1":
		return either("text", "entry", "section")
	}
	return nil
}

func eachContained(ok func(*element.Element) bool) native {
	return func(_ *walker, e *element.Element) bool {
		for c := e.First; c != nil; c = c.Next {
			if c.Name == "contained" && !ok(c) {
				return false
			}
		}
		return true
	}
}
