// Command maximal writes synthetic instances of every R4 resource type with all their elements filled, for tests that need content at
// every path: go run ./internal/maximal testdata/maximal
//
// They keep cardinality, types and required bindings. Invariants that forbid two elements side by side do not all hold. Where
// an element may have several types, each instance takes another one; a type whose root has such elements has several
// instances. The output is the same on every run.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: maximal DIRECTORY")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir string) error {
	defs := spec.R4()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range defs.Resources {
		t := defs.Types[name]
		for variant := range variants(t) {
			g := generator{defs: defs, variant: variant, met: map[string]int{}}
			src := append(indent(g.resource(t)), '\n')
			if _, err := element.ParseJSON(defs, src, element.Options{}); err != nil {
				return fmt.Errorf("%s, variant %d: %w", name, variant, err)
			}
			file := name
			if variant > 0 {
				file += "-" + strconv.Itoa(variant)
			}
			if err := os.WriteFile(filepath.Join(dir, file+".json"), src, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// variants is how many instances of a type it takes to show every type of its own choices, four at most.
func variants(t *spec.Type) int {
	n := 1
	for _, e := range t.Elements {
		if e.Choice {
			n = max(n, len(e.Types))
		}
	}
	return min(n, 4)
}

func indent(src []byte) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, src, "", " "); err != nil {
		return src
	}
	return b.Bytes()
}

type generator struct {
	defs    *spec.Definitions
	variant int
	met     map[string]int // how often a path was filled
	stack   []*spec.Type
}

// turn counts the fillings of a path, so that each takes another of its possibilities.
func (g *generator) turn(path string, of int) int {
	n := g.met[path] + g.variant
	g.met[path]++
	return n % of
}

func (g *generator) resource(t *spec.Type) []byte {
	b := []byte(`{"resourceType":"` + t.Name + `"`)
	return append(g.members(b, t, ","), '}')
}

// members appends the members of a type; before is what stands in front of the first.
func (g *generator) members(b []byte, t *spec.Type, before string) []byte {
	g.stack = append(g.stack, t)
	defer func() { g.stack = g.stack[:len(g.stack)-1] }()
	for _, e := range t.Elements {
		ref, ok := g.choose(t, e)
		if !ok {
			continue
		}
		name := e.Name
		if e.Choice {
			name += strings.ToUpper(ref.Type.Name[:1]) + ref.Type.Name[1:]
		}
		b = append(b, before...)
		before = ","
		b = append(strconv.AppendQuote(b, name), ':')
		if e.Max == 1 {
			b = g.value(b, e, ref)
			continue
		}
		b = append(b, '[')
		for i := range g.repetitions(e) {
			if i > 0 {
				b = append(b, ',')
			}
			b = g.value(b, e, ref)
		}
		b = append(b, ']')
	}
	return b
}

// repetitions is how many of an element there are: two near the root, one below.
func (g *generator) repetitions(e *spec.Element) int {
	n := 1
	if len(g.stack) <= 2 && e.Name != "contained" && e.Name != "extension" {
		n = 2
	}
	if e.Max > 0 {
		n = min(n, e.Max)
	}
	return max(n, e.Min)
}

// choose picks a type for the element, or leaves the element out.
func (g *generator) choose(t *spec.Type, e *spec.Element) (spec.TypeRef, bool) {
	depth := len(g.stack)
	switch e.Name {
	case "modifierExtension", "implicitRules":
		return spec.TypeRef{}, false
	case "extension":
		if depth > 1 || t.Name == "Extension" {
			return spec.TypeRef{}, false
		}
	case "id":
		if depth > 1 && t.Kind != spec.Resource {
			return spec.TypeRef{}, false
		}
	case "contained":
		if depth > 1 {
			return spec.TypeRef{}, false
		}
	}
	if g.alternates(t, e) {
		return spec.TypeRef{}, false
	}
	refs := slices.DeleteFunc(slices.Clone(e.Types), func(r spec.TypeRef) bool { return e.Min == 0 && !g.fits(r.Type) })
	if len(refs) == 0 {
		return spec.TypeRef{}, false
	}
	return refs[g.turn(e.Path, len(refs))], true
}

// alternates keeps apart the elements that exclude each other so strictly that nothing sensible has both.
func (g *generator) alternates(t *spec.Type, e *spec.Element) bool {
	switch e.Path {
	case "Parameters.parameter.resource":
		return g.turn(e.Path+"?", 2) == 0
	case "Parameters.parameter.part":
		return true
	case "Bundle.entry.response", "Bundle.entry.search", "Bundle.total", "Quantity.comparator":
		return true
	}
	return false
}

// fits says whether a type can be filled here without going round in circles.
func (g *generator) fits(t *spec.Type) bool {
	switch {
	case t.Kind == spec.Primitive:
		return true
	case len(g.stack) > 6, len(g.stack) > 5 && !hasPrimitive(t):
		return false
	case t.Kind == spec.Resource:
		return len(g.stack) <= 2
	}
	seen := 0
	for _, s := range g.stack {
		if s == t {
			seen++
		}
	}
	return seen == 0 || seen == 1 && t.Kind == spec.Backbone
}

// hasPrimitive says whether a type has content of its own beside other types: a Range has none.
func hasPrimitive(t *spec.Type) bool {
	return slices.ContainsFunc(t.Elements, func(e *spec.Element) bool {
		return e.Name != "id" && !e.Choice && e.Types[0].Type.Kind == spec.Primitive
	})
}

func (g *generator) value(b []byte, e *spec.Element, ref spec.TypeRef) []byte {
	t := ref.Type
	switch {
	case t.Kind == spec.Primitive:
		return g.primitive(b, e, t)
	case t.Kind == spec.Resource:
		return g.inner(b, e)
	case t.Name == "Reference":
		return g.reference(b, e, ref)
	case t.Name == "Extension":
		return append(b, `{"url":"http://carnet.example/StructureDefinition/note","valueString":"remark"}`...)
	case t.Name == "Narrative":
		return append(b, `{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">Synthetic</div>"}`...)
	case t.Name == "CodeableConcept" || t.Name == "Coding":
		return g.coded(b, e, t.Name)
	}
	return append(g.members(append(b, '{'), t, ""), '}')
}

// inner is a resource within another: small, or the instance would be endless.
func (g *generator) inner(b []byte, e *spec.Element) []byte {
	if e.Name == "contained" {
		return append(b, `{"resourceType":"Patient","id":"inner","gender":"female","birthDate":"1970-03-02"}`...)
	}
	types := []string{
		`{"resourceType":"Composition","id":"example","status":"final","type":{"text":"x"},"date":"2023-05-06","author":[{"reference":"Practitioner/p"}],"title":"Synthetic"}`,
		`{"resourceType":"Patient","id":"example","name":[{"family":"Synthetic"}]}`,
	}
	return append(b, types[g.turn("inner", len(types))]...)
}

// reference points to each target type in turn, in the several forms that references have.
func (g *generator) reference(b []byte, e *spec.Element, ref spec.TypeRef) []byte {
	targets := ref.Targets
	if len(targets) == 0 || slices.Contains(targets, "Resource") {
		targets = []string{"Patient", "Observation", "Practitioner", "Organization", "Location"}
	}
	n := g.turn(e.Path+"#", len(targets))
	target := targets[n]
	id := strconv.Itoa(g.met[e.Path+"#"])
	if target == "Patient" && g.turn("inner#", 5) == 4 && len(g.stack) <= 3 {
		return append(b, `{"reference":"#inner"}`...)
	}
	switch g.turn("form#", 4) {
	case 0:
		return fmt.Appendf(b, `{"reference":"https://carnet.example/fhir/%s/%s","type":"%s"}`, target, id, target)
	case 1:
		return fmt.Appendf(b, `{"reference":"%s/%s/_history/2"}`, target, id)
	case 2:
		return fmt.Appendf(b, `{"type":"%s","identifier":{"system":"urn:oid:1.2.250.1","value":"%s"},"display":"Someone"}`, target, id)
	default:
		return fmt.Appendf(b, `{"reference":"%s/%s","display":"Someone"}`, target, id)
	}
}

// coded is a concept or coding, with a code of the required binding where there is one.
func (g *generator) coded(b []byte, e *spec.Element, typ string) []byte {
	system, code := "http://carnet.example/CodeSystem/synthetic", "c"+strconv.Itoa(g.turn(e.Path+"!", 5))
	if c, s, ok := g.bound(e); ok {
		code, system = c, s
	}
	coding := fmt.Sprintf(`{"system":%q,"version":"1","code":%q,"display":"Synthetic"}`, system, code)
	if typ == "Coding" {
		return append(b, coding...)
	}
	return append(b, `{"coding":[`+coding+`],"text":"Synthetic"}`...)
}

// bound picks a code of the element's required binding.
func (g *generator) bound(e *spec.Element) (code, system string, ok bool) {
	if e.Binding == nil || e.Binding.Strength != "required" {
		return "", "", false
	}
	set := g.defs.CodeSets[e.Binding.ValueSet]
	if set == nil || len(set.Codes) == 0 {
		return "", "", false
	}
	codes := make([]string, 0, len(set.Codes))
	for c, systems := range set.Codes {
		if len(systems) > 0 {
			codes = append(codes, c)
		}
	}
	slices.Sort(codes)
	if len(codes) == 0 {
		return "", "", false
	}
	code = codes[g.turn(e.Path+"!", len(codes))]
	return code, set.Codes[code][0], true
}
