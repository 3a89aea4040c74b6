package validate

import (
	"github.com/carnet-fhir/carnet/fhir/element"
)

// native is an invariant in Go: whether it holds for e. It answers as its FHIRPath would; the exceptions are listed at the
// top of the package.
type native func(w *walker, e *element.Element) bool

// structural says that an invariant is checked by other means: ele-1 by the walk, narratives by the parser.
func structural(key string) bool { return key == "ele-1" || key == "txt-1" || key == "txt-2" }

// nativeOf finds the Go form of an invariant, or nil. Keys that the definitions use for two different invariants
// (inv-1) are told apart by their expression.
func nativeOf(key, expression string) native {
	for _, family := range []func(key, expression string) native{
		nativeDataType, nativeTiming, nativeResource, nativeClinical, nativeBundle, nativeDistinct,
	} {
		if n := family(key, expression); n != nil {
			return n
		}
	}
	return nil
}

func has(e *element.Element, name string) bool { return e.Child(name) != nil }

// is says whether the child of the name has the value; false when there is no value.
func is(e *element.Element, name, value string) bool {
	c := e.Child(name)
	return c != nil && c.HasValue && c.Value == value
}

// hasValue says whether there is a child of the name with a value.
func hasValue(e *element.Element, name string) bool {
	c := e.Child(name)
	return c != nil && c.HasValue
}

// coded says whether a CodeableConcept child of the name has a coding of the system with one of the codes.
func coded(e *element.Element, name, system string, codes ...string) bool {
	for concept := e.First; concept != nil; concept = concept.Next {
		if concept.Name != name {
			continue
		}
		for coding := concept.First; coding != nil; coding = coding.Next {
			if coding.Name != "coding" || !is(coding, "system", system) {
				continue
			}
			for _, code := range codes {
				if is(coding, "code", code) {
					return true
				}
			}
		}
	}
	return false
}

// either holds when at least one of the children exists.
func either(names ...string) native {
	return func(_ *walker, e *element.Element) bool {
		for _, n := range names {
			if has(e, n) {
				return true
			}
		}
		return false
	}
}

// needs holds when the first child exists only together with the second.
func needs(name, other string) native {
	return func(_ *walker, e *element.Element) bool { return !has(e, name) || has(e, other) }
}

// excludes holds when not both children exist.
func excludes(name, other string) native {
	return func(_ *walker, e *element.Element) bool { return !has(e, name) || !has(e, other) }
}
