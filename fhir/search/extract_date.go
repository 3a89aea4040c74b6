package search

import (
	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// The converters of date parameters (http://hl7.org/fhir/R4/search.html#date).

func dateConverter(t *spec.Type) converter {
	switch t.Name {
	case "date", "dateTime":
		return dateOf
	case "instant":
		return dateOfInstant
	case "Period":
		return dateOfPeriod
	case "Timing":
		return dateOfTiming
	}
	return nil
}

func dateOf(x *extractor, values []Value, e *element.Element) []Value {
	if low, high, ok := parseInterval(e.Value, x.zone); ok {
		return append(values, Value{Low: low, High: high})
	}
	return values
}

// dateOfInstant makes the narrowest interval: "an instant is considered a fixed point in time with an interval smaller than the precision of the system".
func dateOfInstant(x *extractor, values []Value, e *element.Element) []Value {
	if low, _, ok := parseInterval(e.Value, x.zone); ok {
		return append(values, Value{Low: low, High: low + 1})
	}
	return values
}

func dateOfPeriod(x *extractor, values []Value, e *element.Element) []Value {
	if low, high, ok := x.period(e); ok {
		return append(values, Value{Low: low, High: high})
	}
	return values
}

// period gives the interval from the beginning of Period.start to the end of Period.end: an end of "2012-02-03" includes that whole day
// (http://hl7.org/fhir/R4/datatypes.html#period). A missing bound is open; a period that ends before it starts gives none.
func (x *extractor) period(e *element.Element) (low, high int64, ok bool) {
	low, high = MinTime, MaxTime
	if start := e.ChildValue("start"); start != "" {
		if from, _, valid := parseInterval(start, x.zone); valid {
			low, ok = from, true
		}
	}
	if end := e.ChildValue("end"); end != "" {
		if _, to, valid := parseInterval(end, x.zone); valid {
			high, ok = to, true
		}
	}
	return low, high, ok && low < high
}

// dateOfTiming takes the outer limits of the events and of the bounds: "the specified scheduling details are ignored and only the outer limits matter".
// A Timing without either has no date.
func dateOfTiming(x *extractor, values []Value, e *element.Element) []Value {
	low, high := MaxTime, MinTime
	for c := range e.Children("event") {
		if from, to, ok := parseInterval(c.Value, x.zone); ok {
			low, high = min(low, from), max(high, to)
		}
	}
	for c := range e.Child("repeat").Children("bounds") {
		if c.Type.Name != "Period" {
			continue
		}
		if from, to, ok := x.period(c); ok {
			low, high = min(low, from), max(high, to)
		}
	}
	if low >= high {
		return values
	}
	return append(values, Value{Low: low, High: high})
}
