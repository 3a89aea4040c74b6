package validate

import (
	"context"
	"sort"
	"testing"

	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// values are what the generator puts into primitives: few, so that equal ones meet, and those that invariants look at.
var values = map[string][]string{
	"boolean":      {"true", "false"},
	"integer":      {"0", "1", "-1", "5"},
	"positiveInt":  {"1", "2"},
	"unsignedInt":  {"0", "3"},
	"decimal":      {"0", "0.0", "-0.5", "1", "1.0", "10", "1e1", "100.5"},
	"date":         {"2020", "2020-05", "2020-05-05", "2021-01-01"},
	"dateTime":     {"2020", "2020-05", "2020-05-05", "2020-05-05T10:00:00Z", "2020-05-05T12:00:00+02:00", "2021-01-01"},
	"instant":      {"2020-05-05T10:00:00Z", "2021-01-01T00:00:00.5+01:00"},
	"time":         {"10:00:00", "11:00:00"},
	"id":           {"a", "b"},
	"oid":          {"urn:oid:1.2.3"},
	"uuid":         {"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
	"base64Binary": {"AAAA"},
	"uri":          {"http://unitsofmeasure.org", "http://a", "#a", "#", "http://a/_history/1", "Patient", "http://hl7.org/fhir/StructureDefinition/x"},
	"url":          {"http://a", "#a"},
	"canonical":    {"http://a", "#b", "#"},
	"code":         {"a", "1", "home", "document", "searchset", "transaction", "final", "C", "fixed", "exists", "*"},
	"string":       {"x", "#a", "#", "Patient/1", "Good_Name", "bad name", "1", "*", "a.b", "Patient", "Patient.name"},
	"markdown":     {"x"},
	"xhtml":        {`<div xmlns="http://www.w3.org/1999/xhtml">x</div>`},
}

// someResources stand for any resource inside another.
var someResources = []string{"Patient", "Observation", "Composition", "MessageHeader", "Organization", "Basic", "List"}

// tree draws an element of the type, with an arbitrary choice of its children, valid or not.
func tree(t *rapid.T, name string, typ *spec.Type, def *spec.Element, depth int) *element.Element {
	defs := spec.R4()
	if typ.Name == "Resource" {
		typ = defs.Types[rapid.SampledFrom(someResources).Draw(t, "resource")]
	}
	e := &element.Element{Name: name, Type: typ, Def: def, Offset: -1}
	if typ.Kind == spec.Primitive {
		if def != nil && def.Min > 0 || rapid.IntRange(0, 49).Draw(t, "valued") > 0 {
			e.HasValue, e.Value = true, value(t, typ, def)
			return e
		}
	}
	if typ.Name == "CodeableConcept" && depth > 0 && rapid.Bool().Draw(t, "coded") {
		addCoding(t, e, def)
		return e
	}
	keep := rapid.IntRange(1, 4).Draw(t, "density")
	for _, d := range typ.Elements {
		if d.Min > 0 {
			e.Append(tree(t, d.Name, rapid.SampledFrom(d.Types).Draw(t, "type").Type, d, depth-1))
			continue
		}
		if depth <= 0 {
			continue
		}
		if d.Name == "extension" && rapid.IntRange(0, 9).Draw(t, "extended") > 0 {
			continue
		}
		if rapid.IntRange(0, keep).Draw(t, d.Name) > 0 {
			continue
		}
		n := 1
		if d.Max != 1 {
			n = rapid.IntRange(1, 3).Draw(t, "repeats")
		}
		ref := rapid.IntRange(0, len(d.Types)-1).Draw(t, "type")
		for range n {
			e.Append(tree(t, d.Name, d.Types[ref].Type, d, depth-1))
		}
	}
	return e
}

// addCoding gives a CodeableConcept a coding that is in its value set, or one of a few others.
func addCoding(t *rapid.T, e *element.Element, def *spec.Element) {
	system, code := "http://a", rapid.SampledFrom([]string{"a", "b"}).Draw(t, "code")
	if def != nil && def.Binding != nil {
		if set := spec.R4().CodeSets[def.Binding.ValueSet]; set != nil && len(set.Codes) > 0 {
			code = rapid.SampledFrom(sortedCodes(set)).Draw(t, "code")
			system = set.Codes[code][0]
		}
	}
	coding := &element.Element{Name: "coding", Type: spec.R4().Types["Coding"], Def: child(e.Type, "coding"), Offset: -1}
	e.Append(coding)
	for _, part := range [][2]string{{"system", system}, {"code", code}} {
		def := child(coding.Type, part[0])
		coding.Append(&element.Element{Name: part[0], Type: def.Types[0].Type, Def: def, Offset: -1, HasValue: true, Value: part[1]})
	}
}

func child(t *spec.Type, name string) *spec.Element {
	p, _ := t.Property(name)
	return p.Element
}

func sortedCodes(set *spec.CodeSet) []string {
	codes := make([]string, 0, len(set.Codes))
	for code := range set.Codes {
		codes = append(codes, code)
	}
	sort.Strings(codes)
	return codes
}

func value(t *rapid.T, typ *spec.Type, def *spec.Element) string {
	pool := values[typ.Name]
	if def != nil && def.Binding != nil && rapid.IntRange(0, 4).Draw(t, "bound") > 0 {
		if set := spec.R4().CodeSets[def.Binding.ValueSet]; set != nil && len(set.Codes) > 0 {
			pool = sortedCodes(set)
		}
	}
	return rapid.SampledFrom(pool).Draw(t, "value")
}

// anyType draws one of the concrete types, backbones included: their rules do not need a resource around them.
func anyType(t *rapid.T) *spec.Type {
	defs := spec.R4()
	names := make([]string, 0, len(defs.Types))
	for name := range defs.Types {
		names = append(names, name)
	}
	sort.Strings(names)
	return defs.Types[rapid.SampledFrom(names).Draw(t, "root")]
}

func TestIssuesNeverPanics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := anyType(t)
		root := tree(t, typ.Name, typ, nil, 5)
		for _, level := range []Level{OnWrite, Full} {
			found := validator.Issues(context.Background(), root, level)
			if len(found) > element.MaxIssues+1 {
				t.Fatalf("%d issues", len(found))
			}
		}
	})
}

func TestProfilesNeverPanic(t *testing.T) {
	defs := spec.R4()
	rapid.Check(t, func(t *rapid.T) {
		definition := tree(t, "StructureDefinition", defs.Types["StructureDefinition"], nil, 4)
		if typ := definition.Child("type"); typ != nil {
			typ.Value = "Patient"
		}
		for e := range definition.Child("differential").Children("element") {
			e.Child("path").Value = rapid.SampledFrom([]string{"Patient", "Patient.name", "Patient.name.given", "Patient.extension", "Patient.deceased[x]"}).Draw(t, "path")
		}
		p, err := validator.Profile(definition)
		if err != nil {
			return
		}
		p.Issues(context.Background(), tree(t, "Patient", defs.Types["Patient"], nil, 4))
	})
}
