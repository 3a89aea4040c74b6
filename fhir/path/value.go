package path

import (
	"strconv"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

const ucumSystem = "http://unitsofmeasure.org"

// valueKind is the System type that the values of a FHIR type convert to (http://hl7.org/fhir/R4/fhirpath.html#types).
type valueKind uint8

const (
	complexValue valueKind = iota
	stringValue
	booleanValue
	integerValue
	decimalValue
	dateValue
	dateTimeValue
	timeValue
	quantityValue
)

func kindOf(t *spec.Type) valueKind {
	if t.Kind != spec.Primitive {
		if t.Kind == spec.Complex && t.Is("Quantity") {
			return quantityValue
		}
		return complexValue
	}
	switch t.Name {
	case "boolean":
		return booleanValue
	case "integer", "positiveInt", "unsignedInt":
		return integerValue
	case "decimal":
		return decimalValue
	case "date":
		return dateValue
	case "dateTime", "instant":
		return dateTimeValue
	case "time":
		return timeValue
	default:
		return stringValue
	}
}

// systemValue converts an element to its system value. A complex element stays itself; nil stands for no value (a primitive that
// has only extensions, a quantity without value, a decimal beyond the limits).
func systemValue(it Item) Item {
	n, ok := it.(Node)
	if !ok {
		return it
	}
	kind := kindOf(n.Type)
	if kind == complexValue {
		return n
	}
	if kind == quantityValue {
		if q, ok := quantityOf(n.Element); ok {
			return q
		}
		return n
	}
	if !n.HasValue {
		return nil
	}
	if v, ok := primitiveValue(kind, n.Value); ok {
		return v
	}
	return nil
}

func primitiveValue(kind valueKind, text string) (v Item, ok bool) {
	switch kind {
	case booleanValue:
		return Boolean(text == "true"), true
	case integerValue:
		i, err := strconv.ParseInt(text, 10, 32)
		return Integer(i), err == nil
	case decimalValue:
		v, ok = parseDecimal(text)
	case dateValue:
		v, ok = parseDate(text)
	case dateTimeValue:
		v, ok = parseDateTime(text)
	case timeValue:
		v, ok = parseTime(text)
	default:
		v, ok = String(text), true
	}
	return v, ok
}

// quantityOf converts a FHIR Quantity. UCUM codes of time map to calendar durations, as R4 says; a quantity with a
// comparator has no definite value; one of another system, or with only a unit text, compares with its like alone.
func quantityOf(e *element.Element) (Quantity, bool) {
	v := e.Child("value")
	if v == nil || !v.HasValue || e.Child("comparator") != nil {
		return Quantity{}, false
	}
	value, ok := parseDecimal(v.Value)
	if !ok {
		return Quantity{}, false
	}
	system, code, text := e.ChildValue("system"), e.ChildValue("code"), e.ChildValue("unit")
	switch {
	case system == ucumSystem && code != "":
		return Quantity{Value: value, Unit: calendarOf(code)}, true
	case code != "":
		return Quantity{Value: value, Unit: system + "|" + code, foreign: true}, true
	case text != "":
		return Quantity{Value: value, Unit: text, foreign: true}, true
	}
	return Quantity{Value: value, Unit: "1"}, true
}

func calendarOf(code string) string {
	switch code {
	case "a":
		return "year"
	case "mo":
		return "month"
	case "d":
		return "day"
	case "h":
		return "hour"
	case "min":
		return "minute"
	case "s":
		return "second"
	}
	return code
}

// textOf gives an item's string value without making an item, false when it is not a string.
func textOf(it Item) (string, bool) {
	switch v := it.(type) {
	case String:
		return string(v), true
	case Node:
		if v.HasValue && kindOf(v.Type) == stringValue {
			return v.Value, true
		}
	}
	return "", false
}
