package validate

import (
	"github.com/carnet-fhir/carnet/fhir/element"
)

// nativeResource holds the invariants of all resources and of the administrative ones.
func nativeResource(key, expression string) native {
	if expression == `name.matches('[A-Z]([A-Za-z0-9_]){0,254}')` {
		return computableName
	}
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

// computableName is the rule of all resources that have a computer-friendly name (their warnings named -0).
func computableName(_ *walker, e *element.Element) bool {
	name := e.Child("name")
	if name == nil || !name.HasValue {
		return true
	}
	for i, c := range []byte(name.Value) {
		upper, lower, digit := c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9' || c == '_'
		if !upper && (i == 0 || !lower && !digit) {
			return false
		}
	}
	return len(name.Value) > 0 && len(name.Value) <= 255
}
