package validate

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
)

const ucum = "http://unitsofmeasure.org"

// nativeDataType holds the invariants of the general-purpose data types (http://hl7.org/fhir/R4/datatypes.html).
func nativeDataType(key, _ string) native {
	switch key {
	case "ext-1":
		return func(_ *walker, e *element.Element) bool { return has(e, "extension") != has(e, "value") }
	case "ref-1":
		return localReferenceResolves
	case "per-1":
		return periodInOrder
	case "rng-2":
		return rangeInOrder
	case "rat-1":
		return func(_ *walker, e *element.Element) bool {
			return has(e, "numerator") == has(e, "denominator") && (has(e, "numerator") || has(e, "extension"))
		}
	case "qty-3":
		return needs("code", "system")
	case "sqty-1":
		return func(_ *walker, e *element.Element) bool { return !has(e, "comparator") }
	case "dis-1":
		return func(_ *walker, e *element.Element) bool { return measured(e) }
	case "age-1":
		return func(_ *walker, e *element.Element) bool {
			return measured(e) && (!hasValue(e, "value") || sign(e.ChildValue("value")) > 0)
		}
	case "cnt-3":
		return func(_ *walker, e *element.Element) bool {
			return measured(e) && (!has(e, "code") || is(e, "code", "1")) &&
				(!hasValue(e, "value") || !strings.Contains(e.ChildValue("value"), "."))
		}
	case "drt-1":
		return func(_ *walker, e *element.Element) bool {
			return !has(e, "code") || is(e, "system", ucum) && has(e, "value")
		}
	case "cpt-2":
		return needs("value", "system")
	case "att-1":
		return needs("data", "contentType")
	}
	return nil
}

// measured is what Age, Distance and Count ask: a value has a code, and the system is UCUM.
func measured(e *element.Element) bool {
	return (has(e, "code") || !has(e, "value")) && (!has(e, "system") || is(e, "system", ucum))
}

// localReferenceResolves is ref-1: a reference "#id" names a contained resource, "#" the container.
func localReferenceResolves(w *walker, e *element.Element) bool {
	for c := e.First; c != nil; c = c.Next {
		if c.Name == "reference" {
			id, local := strings.CutPrefix(c.Value, "#")
			return !local || id == "" || w.containedIDs().find(id) != nil
		}
	}
	return true
}

// periodInOrder is per-1.
func periodInOrder(_ *walker, e *element.Element) bool {
	var start, end string
	for c := e.First; c != nil; c = c.Next {
		switch c.Name {
		case "start":
			start = c.Value
		case "end":
			end = c.Value
		}
	}
	return start == "" || end == "" || !after(start, end)
}

// rangeInOrder is rng-2: quantities in different units cannot be ordered and hold.
func rangeInOrder(_ *walker, e *element.Element) bool {
	low, high := e.Child("low"), e.Child("high")
	if low == nil || high == nil || !hasValue(low, "value") || !hasValue(high, "value") {
		return true
	}
	for _, part := range []string{"system", "code"} {
		if low.ChildValue(part) != high.ChildValue(part) {
			return true
		}
	}
	if !has(low, "code") && low.ChildValue("unit") != high.ChildValue("unit") {
		return true
	}
	return compareDecimals(low.ChildValue("value"), high.ChildValue("value")) <= 0
}
