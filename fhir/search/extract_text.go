package search

import (
	"strconv"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// The converters of string, uri, token and special parameters.

func stringConverter(t *spec.Type) converter {
	switch t.Name {
	case "HumanName", "Address":
		return partsOfString
	case "CodeableConcept":
		return textsOfConcept
	case "Annotation", "Narrative":
		return nil
	}
	if t.Kind == spec.Primitive && t.Name != "xhtml" && t.Name != "base64Binary" {
		return plainString
	}
	return nil
}

func plainString(x *extractor, values []Value, e *element.Element) []Value {
	if !e.HasValue {
		return values
	}
	return append(values, Value{Text: e.Value, Folded: x.memory.fold(e)})
}

// maxFolds bounds how many folded strings are looked through for one.
const maxFolds = 32

// foldedElement is a string that was folded.
type foldedElement struct {
	element *element.Element
	folded  string
}

// fold folds an element's string once: a part of a name stands in name, in family or given, and in phonetic.
func (m *Extraction) fold(e *element.Element) string {
	for i := range m.folds {
		if m.folds[i].element == e {
			return m.folds[i].folded
		}
	}
	if foldedAlready(e.Value) {
		return e.Value
	}
	folded := Fold(e.Value)
	if len(m.folds) < maxFolds {
		m.folds = append(m.folds, foldedElement{e, folded})
	}
	return folded
}

// partsOfString takes every string in a HumanName or Address: "the search covers the elements of type string, and does not cover elements such as use and period"
// (http://hl7.org/fhir/R4/search.html#string).
func partsOfString(x *extractor, values []Value, e *element.Element) []Value {
	for c := e.First; c != nil; c = c.Next {
		if c.Type.Name == "string" {
			values = plainString(x, values, c)
		}
	}
	return values
}

func textsOfConcept(x *extractor, values []Value, e *element.Element) []Value {
	for c := e.First; c != nil; c = c.Next {
		switch c.Name {
		case "text":
			values = plainString(x, values, c)
		case "coding":
			if display := c.Child("display"); display != nil {
				values = plainString(x, values, display)
			}
		}
	}
	return values
}

func uriConverter(t *spec.Type) converter {
	switch t.Name {
	case "canonical":
		return canonicalURI
	case "uri", "url", "oid", "uuid", "string", "code", "id":
		return plainURI
	}
	return nil
}

func plainURI(_ *extractor, values []Value, e *element.Element) []Value {
	if !e.HasValue {
		return values
	}
	return append(values, Value{Text: e.Value})
}

// canonicalURI makes "url|version" findable by both the url and the whole, as R4 asks of uri parameters that refer to canonical URLs.
func canonicalURI(_ *extractor, values []Value, e *element.Element) []Value {
	if !e.HasValue {
		return values
	}
	values = append(values, Value{Text: e.Value})
	if l := canonical(e.Value); l.version != "" {
		values = append(values, Value{Text: l.url})
	}
	return values
}

func tokenConverter(t *spec.Type) converter {
	switch t.Name {
	case "Coding":
		return tokenOfCoding
	case "CodeableConcept":
		return tokensOfConcept
	case "Identifier":
		return tokensOfIdentifier
	case "ContactPoint":
		return tokenOfContact
	}
	if t.Kind == spec.Primitive && t.Name != "xhtml" && t.Name != "base64Binary" && t.Name != "markdown" {
		return tokenOfPrimitive
	}
	return nil
}

func tokenOfPrimitive(_ *extractor, values []Value, e *element.Element) []Value {
	if !e.HasValue {
		return values
	}
	return append(values, Value{Code: e.Value})
}

func tokenOfCoding(_ *extractor, values []Value, e *element.Element) []Value {
	var v Value
	found := false
	for c := e.First; c != nil; c = c.Next {
		switch c.Name {
		case "system":
			v.System, found = c.Value, true
		case "code":
			v.Code, found = c.Value, true
		case "display":
			v.Text, found = c.Value, true
		}
	}
	if !found {
		return values
	}
	return append(values, v)
}

func tokensOfConcept(x *extractor, values []Value, e *element.Element) []Value {
	for c := e.First; c != nil; c = c.Next {
		switch c.Name {
		case "coding":
			values = tokenOfCoding(x, values, c)
		case "text":
			if c.HasValue {
				values = append(values, Value{Text: c.Value})
			}
		}
	}
	return values
}

// tokensOfIdentifier gives one value for each coding of the identifier's type, for :of-type; the first carries the type's text, for :text.
func tokensOfIdentifier(_ *extractor, values []Value, e *element.Element) []Value {
	v := Value{System: e.ChildValue("system"), Code: e.ChildValue("value")}
	kind := e.Child("type")
	if v.System == "" && v.Code == "" && kind == nil {
		return values
	}
	v.Text = kind.ChildValue("text")
	start := len(values)
	for c := range kind.Children("coding") {
		v.TypeSystem, v.TypeCode = c.ChildValue("system"), c.ChildValue("code")
		if v.Text == "" {
			v.Text = c.ChildValue("display")
		}
		values = append(values, v)
		v.Text = ""
	}
	if len(values) == start {
		values = append(values, v)
	}
	return values
}

func tokenOfContact(_ *extractor, values []Value, e *element.Element) []Value {
	if value := e.Child("value"); value != nil && value.HasValue {
		return append(values, Value{Code: value.Value})
	}
	return values
}

// positionConverter reads Location.position, of which near is the only special parameter with an element.
func positionConverter(t *spec.Type) converter {
	if t.Name == "Location.position" {
		return position
	}
	return nil
}

func position(_ *extractor, values []Value, e *element.Element) []Value {
	latitude, err := strconv.ParseFloat(e.ChildValue("latitude"), 64)
	if err != nil || latitude < -90 || latitude > 90 {
		return values
	}
	longitude, err := strconv.ParseFloat(e.ChildValue("longitude"), 64)
	if err != nil || longitude < -180 || longitude > 180 {
		return values
	}
	return append(values, Value{Latitude: latitude, Longitude: longitude})
}
