package main

import (
	"fmt"
	"strconv"

	"github.com/carnet-fhir/carnet/fhir/spec"
)

// primitive appends a plausible value, another one for every filling of the path.
func (g *generator) primitive(b []byte, e *spec.Element, t *spec.Type) []byte {
	if t.Name == "code" {
		code, _, ok := g.bound(e)
		if !ok {
			code = codeOf(e)
		}
		return strconv.AppendQuote(b, code)
	}
	n := g.turn(e.Path+"=", 9) + 1
	switch t.Name {
	case "boolean":
		return strconv.AppendBool(b, n%2 == 1)
	case "integer", "positiveInt", "unsignedInt":
		return strconv.AppendInt(b, int64(n), 10)
	case "decimal":
		return fmt.Appendf(b, "%d.50", n)
	case "date":
		return fmt.Appendf(b, `"2023-0%d-1%d"`, n, n)
	case "dateTime", "instant":
		return fmt.Appendf(b, `"2023-0%d-11T08:0%d:00.500+02:00"`, n, n)
	case "time":
		return fmt.Appendf(b, `"0%d:30:00"`, n)
	case "base64Binary":
		return append(b, `"c3ludGhldGlj"`...)
	case "uri", "url", "canonical":
		return g.uri(b, e, n)
	case "oid":
		return fmt.Appendf(b, `"urn:oid:1.2.250.1.%d"`, n)
	case "uuid":
		return fmt.Appendf(b, `"urn:uuid:0f3a7e52-6c1d-4c9e-8a57-3d1f2b4c5d0%d"`, n)
	case "id":
		return fmt.Appendf(b, `"example%d"`, n)
	case "xhtml":
		return append(b, `"<div xmlns=\"http://www.w3.org/1999/xhtml\">Synthetic</div>"`...)
	}
	return fmt.Appendf(b, `"%s %d"`, e.Name, n)
}

func (g *generator) uri(b []byte, e *spec.Element, n int) []byte {
	switch e.Path {
	case "Quantity.system":
		return append(b, `"http://unitsofmeasure.org"`...)
	case "Reference.type":
		return append(b, `"Patient"`...)
	}
	return fmt.Appendf(b, `"http://carnet.example/%s/%d"`, e.Name, n)
}

// codeOf gives a code for an element whose binding lists none: a unit, a language, a MIME type, a currency.
func codeOf(e *spec.Element) string {
	switch e.Name {
	case "language":
		return "fr"
	case "contentType", "format", "accept", "patchFormat":
		return "text/plain"
	case "currency":
		return "EUR"
	case "code":
		return "mg"
	}
	return "Patient"
}
