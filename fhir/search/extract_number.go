package search

import (
	"strings"

	"github.com/cockroachdb/apd/v3"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// The converters of number and quantity parameters (http://hl7.org/fhir/R4/search.html#number, #quantity).

// currencies is the code system of Money.currency (http://hl7.org/fhir/R4/valueset-currencies.html).
const currencies = "urn:iso:std:iso:4217"

// maxSamples bounds the points of a SampledData that are read to find its range.
const maxSamples = 10_000

func numberConverter(t *spec.Type) converter {
	switch t.Name {
	case "decimal", "integer", "positiveInt", "unsignedInt":
		return numberOf
	case "Money":
		return numberOfMoney
	case "Range":
		return numberOfRange
	case "SampledData":
		return numberOfSamples
	}
	if t.Is("Quantity") {
		return numberOfQuantity
	}
	return nil
}

func numberOf(_ *extractor, values []Value, e *element.Element) []Value {
	if d, ok := parseDecimal(e.Value); ok {
		return append(values, Value{LowNumber: d, HighNumber: d})
	}
	return values
}

// numberOfQuantity takes a comparator for what it says: "<5" is everything up to 5.
func numberOfQuantity(_ *extractor, values []Value, e *element.Element) []Value {
	d, ok := parseDecimal(e.ChildValue("value"))
	if !ok {
		return values
	}
	v := Value{LowNumber: d, HighNumber: d}
	switch e.ChildValue("comparator") {
	case "<", "<=":
		v.LowNumber = Decimal{}
	case ">", ">=":
		v.HighNumber = Decimal{}
	}
	return append(values, withUnit(v, e))
}

func withUnit(v Value, quantity *element.Element) Value {
	v.System, v.Code, v.Unit = quantity.ChildValue("system"), quantity.ChildValue("code"), quantity.ChildValue("unit")
	return v
}

func numberOfMoney(_ *extractor, values []Value, e *element.Element) []Value {
	d, ok := parseDecimal(e.ChildValue("value"))
	if !ok {
		return values
	}
	v := Value{LowNumber: d, HighNumber: d, Code: e.ChildValue("currency")}
	if v.Code != "" {
		v.System = currencies
	}
	return append(values, v)
}

func numberOfRange(_ *extractor, values []Value, e *element.Element) []Value {
	low, high := e.Child("low"), e.Child("high")
	var v Value
	v.LowNumber, _ = parseDecimal(low.ChildValue("value"))
	v.HighNumber, _ = parseDecimal(high.ChildValue("value"))
	if !v.LowNumber.Valid && !v.HighNumber.Valid {
		return values
	}
	if low == nil {
		low = high
	}
	return append(values, withUnit(v, low))
}

// numberOfSamples takes the range of the measured values: origin + factor * point, in the origin's unit (http://hl7.org/fhir/R4/datatypes.html#SampledData).
func numberOfSamples(_ *extractor, values []Value, e *element.Element) []Value {
	origin, ok := parseDecimal(e.Child("origin").ChildValue("value"))
	if !ok {
		return values
	}
	factor, ok := parseDecimal(e.ChildValue("factor"))
	if !ok {
		factor = Decimal{Valid: true, Decimal: *apd.New(1, 0)}
	}
	least, most, ok := sampleRange(e.ChildValue("data"))
	if !ok {
		return values
	}
	low, high := scale(&origin, &factor, &least), scale(&origin, &factor, &most)
	if cmpDecimal(&low, &high) > 0 { // a negative factor
		low, high = high, low
	}
	return append(values, withUnit(Value{LowNumber: low, HighNumber: high}, e.Child("origin")))
}

// sampleRange finds the least and the greatest of the points; E, U and L (error, beyond the limits) are none.
func sampleRange(data string) (least, most Decimal, ok bool) {
	for range maxSamples {
		data = strings.TrimLeft(data, " \t\r\n")
		end := strings.IndexAny(data, " \t\r\n")
		if end < 0 {
			end = len(data)
		}
		if end == 0 {
			break
		}
		if d, valid := parseDecimal(data[:end]); valid {
			if !ok || cmpDecimal(&d, &least) < 0 {
				least = d
			}
			if !ok || cmpDecimal(&d, &most) > 0 {
				most = d
			}
			ok = true
		}
		data = data[end:]
	}
	return least, most, ok
}

func scale(origin, factor, point *Decimal) Decimal {
	out := Decimal{Valid: true}
	// Exact, as in precisionRange; parseDecimal's bounds rule out failures.
	_, _ = apd.BaseContext.Mul(&out.Decimal, &factor.Decimal, &point.Decimal)
	_, _ = apd.BaseContext.Add(&out.Decimal, &out.Decimal, &origin.Decimal)
	return out
}
