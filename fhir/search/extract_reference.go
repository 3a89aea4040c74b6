package search

import (
	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// The converters of reference parameters (http://hl7.org/fhir/R4/search.html#reference).

func referenceConverter(t *spec.Type) converter {
	switch t.Name {
	case "Reference":
		return referenceOf
	case "canonical":
		return referenceOfCanonical
	case "uri", "url", "oid", "uuid":
		return referenceOfURI
	}
	if t.Kind == spec.Resource {
		return referenceOfResource
	}
	return nil
}

func referenceOf(x *extractor, values []Value, e *element.Element) []Value {
	var v Value
	found := false
	for c := e.First; c != nil; c = c.Next {
		switch c.Name {
		case "reference":
			l, _ := x.links.reference(c.Value)
			v.RefType, v.RefID, v.URL = l.typ, l.id, l.url
			found = true
		case "identifier":
			v.IdentifierSystem, v.IdentifierValue = c.ChildValue("system"), c.ChildValue("value")
			found = true
		case "display":
			v.Text, found = c.Value, true
		}
	}
	if !found {
		return values
	}
	return append(values, v)
}

func referenceOfCanonical(_ *extractor, values []Value, e *element.Element) []Value {
	if !e.HasValue {
		return values
	}
	l := canonical(e.Value)
	return append(values, Value{URL: l.url, Version: l.version})
}

func referenceOfURI(x *extractor, values []Value, e *element.Element) []Value {
	if !e.HasValue {
		return values
	}
	l, _ := x.links.reference(e.Value)
	return append(values, Value{RefType: l.typ, RefID: l.id, URL: l.url})
}

// referenceOfResource is for elements that hold a resource itself, such as the Composition of a document Bundle.
func referenceOfResource(_ *extractor, values []Value, e *element.Element) []Value {
	return append(values, Value{RefType: e.Type.Name, RefID: e.ChildValue("id")})
}
