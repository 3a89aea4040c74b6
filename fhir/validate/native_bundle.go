package validate

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
)

// nativeBundle holds the invariants of Bundle (http://hl7.org/fhir/R4/bundle.html): those of its entries would cost the square of
// their number as FHIRPath.
func nativeBundle(key, _ string) native {
	switch key {
	case "bdl-1":
		return func(_ *walker, e *element.Element) bool { return !has(e, "total") || oneOf(e, "searchset", "history") }
	case "bdl-2":
		return func(_ *walker, e *element.Element) bool {
			return oneOf(e, "searchset") || eachEntry(e, func(entry *element.Element) bool { return !has(entry, "search") })
		}
	case "bdl-3":
		return func(_ *walker, e *element.Element) bool {
			want := oneOf(e, "batch", "transaction", "history")
			return eachEntry(e, func(entry *element.Element) bool { return has(entry, "request") == want })
		}
	case "bdl-4":
		return func(_ *walker, e *element.Element) bool {
			want := oneOf(e, "batch-response", "transaction-response", "history")
			return eachEntry(e, func(entry *element.Element) bool { return has(entry, "response") == want })
		}
	case "bdl-5":
		return either("resource", "request", "response")
	case "bdl-7":
		return distinctURLs
	case "bdl-8":
		return func(_ *walker, e *element.Element) bool {
			return !strings.Contains(e.ChildValue("fullUrl"), "/_history/")
		}
	case "bdl-9":
		return func(_ *walker, e *element.Element) bool {
			id := e.Child("identifier")
			return !oneOf(e, "document") || has(id, "system") && has(id, "value")
		}
	case "bdl-10":
		return func(_ *walker, e *element.Element) bool { return !oneOf(e, "document") || hasValue(e, "timestamp") }
	case "bdl-11":
		return firstEntry("document", "Composition")
	case "bdl-12":
		return firstEntry("message", "MessageHeader")
	}
	return nil
}

// oneOf says whether Bundle.type is one of the codes.
func oneOf(bundle *element.Element, codes ...string) bool {
	typ := bundle.ChildValue("type")
	for _, c := range codes {
		if typ == c {
			return true
		}
	}
	return false
}

func eachEntry(bundle *element.Element, ok func(*element.Element) bool) bool {
	for c := bundle.First; c != nil; c = c.Next {
		if c.Name == "entry" && !ok(c) {
			return false
		}
	}
	return true
}

// distinctURLs is bdl-7: full URLs are unique, or their versions differ.
func distinctURLs(_ *walker, e *element.Element) bool {
	if oneOf(e, "history") {
		return true
	}
	seen := map[string]bool{}
	return eachEntry(e, func(entry *element.Element) bool {
		if !has(entry, "fullUrl") {
			return true
		}
		key := entry.ChildValue("fullUrl") + entry.Child("resource").Child("meta").ChildValue("versionId")
		if seen[key] {
			return false
		}
		seen[key] = true
		return true
	})
}

func firstEntry(bundleType, resourceType string) native {
	return func(_ *walker, e *element.Element) bool {
		if !oneOf(e, bundleType) {
			return true
		}
		resource := e.Child("entry").Child("resource")
		return resource != nil && resource.Type.Name == resourceType
	}
}
