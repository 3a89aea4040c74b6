package main

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// longestLeaf is the longest path that dataelements.json can list: its entries' ids are "de-" and the path, and a FHIR
// id has at most 64 characters.
const longestLeaf = 64 - len("de-")

// typesTable writes lines of tab-separated cells:
//
//	T name kind base [abstract]                       a type; its invariants (I) and elements (E) follow
//	I key severity human expression                   an invariant of the type or element above it
//	E name[x] min..max flags types [binding]          flags: s summary, m modifier, a XML attribute
//
// Types are separated by spaces; the targets of references follow ">" and are separated by "|".
func typesTable(d *definitions) ([]byte, error) {
	var b bytes.Buffer
	structures := slices.Clone(d.structures)
	sort.SliceStable(structures, func(i, j int) bool { return rank(structures[i]) < rank(structures[j]) })
	for _, s := range structures {
		d.writeStructure(&b, s)
	}
	return b.Bytes(), nil
}

// rank puts a base before the types that descend from it.
func rank(s *structureDefinition) int {
	switch {
	case s.Name == "Element":
		return 0
	case s.Name == "BackboneElement":
		return 1
	case s.Kind == "primitive-type" && lastSegment(s.BaseDefinition) == "Element":
		return 2
	case s.Kind == "primitive-type":
		return 3
	case s.Kind == "complex-type" && lastSegment(s.BaseDefinition) != "Quantity":
		return 4
	case s.Kind == "complex-type":
		return 5
	case s.Name == "Resource":
		return 6
	case s.Name == "DomainResource":
		return 7
	}
	return 8
}

func (d *definitions) writeStructure(b *bytes.Buffer, s *structureDefinition) {
	elements := d.official(s)
	for i := range elements {
		e := &elements[i]
		if i > 0 && !isBackbone(e) {
			continue
		}
		if i == 0 {
			writeType(b, s.Name, strings.TrimSuffix(s.Kind, "-type"), lastSegment(s.BaseDefinition), s.Abstract)
		} else {
			writeType(b, e.Path, "backbone", e.Type[0].Code, false)
		}
		writeInvariants(b, s, e)
		for j := range elements {
			child := &elements[j]
			if parent, _ := cutLast(child.Path); parent == e.Path && ownElement(s, e, child) {
				writeElement(b, s, child)
			}
		}
	}
}

// official gives the elements of a structure as published: elements that dataelements.json does not know are left out,
// elements that only it knows are put back in their place, and its facts win.
func (d *definitions) official(s *structureDefinition) []elementDefinition {
	var kept []elementDefinition
	seen := map[string]bool{}
	for _, e := range s.Snapshot.Element {
		seen[e.Path] = true
		if d.published(s, &e) {
			kept = append(kept, d.corrected(s, e))
		}
	}
	for _, path := range sortedKeys(d.leaves) {
		if strings.HasPrefix(path, s.Name+".") && !seen[path] {
			kept = append(kept, d.leaves[path])
		}
	}
	if s.Name == "EvidenceVariable" {
		sortCharacteristic(kept)
	}
	return kept
}

// sortCharacteristic puts the elements of EvidenceVariable.characteristic, the one place where dataelements.json has to
// supply elements, in their order (http://hl7.org/fhir/R4/evidencevariable.html).
func sortCharacteristic(elements []elementDefinition) {
	order := []string{"description", "definition[x]", "usageContext", "exclude", "participantEffective[x]", "timeFromStart", "groupMeasure"}
	position := func(e elementDefinition) int {
		parent, name := cutLast(e.Path)
		if parent != "EvidenceVariable.characteristic" {
			return -1
		}
		return slices.Index(order, name)
	}
	sort.SliceStable(elements, func(i, j int) bool { return position(elements[i]) < position(elements[j]) })
}

// published says whether dataelements.json confirms the element, or cannot: it lists no primitives, no types that
// descend from Quantity, no abstract types, no content references and no long paths.
func (d *definitions) published(s *structureDefinition, e *elementDefinition) bool {
	parent, name := cutLast(e.Path)
	switch {
	case parent == "" || s.Kind == "primitive-type" || s.Abstract || isQuantity(s):
		return true
	case isBackbone(e):
		return d.publishedBackbone(e.Path)
	case e.ContentReference != "" || name == "id" || name == "extension" || name == "modifierExtension":
		return !strings.Contains(parent, ".") || d.publishedBackbone(parent)
	}
	_, listed := d.leaves[e.Path]
	return listed || len(e.Path) > longestLeaf
}

func (d *definitions) publishedBackbone(path string) bool {
	if len(path+".id") > longestLeaf {
		return true
	}
	for leaf := range d.leaves {
		if strings.HasPrefix(leaf, path+".") {
			return true
		}
	}
	return false
}

// corrected takes cardinality, types and binding of a leaf from its official definition.
func (d *definitions) corrected(s *structureDefinition, e elementDefinition) elementDefinition {
	leaf, listed := d.leaves[e.Path]
	if !listed || isQuantity(s) {
		return e
	}
	e.Min, e.Max, e.Type, e.Binding = leaf.Min, leaf.Max, leaf.Type, leaf.Binding
	return e
}

func isQuantity(s *structureDefinition) bool {
	return s.Name == "Quantity" || lastSegment(s.BaseDefinition) == "Quantity"
}

func isBackbone(e *elementDefinition) bool {
	return strings.Contains(e.Path, ".") && len(e.Type) == 1 &&
		(e.Type[0].Code == "BackboneElement" || e.Type[0].Code == "Element")
}

// ownElement says whether the child is defined by this type rather than inherited unchanged.
func ownElement(s *structureDefinition, parent, child *elementDefinition) bool {
	_, name := cutLast(child.Path)
	if isBackbone(parent) {
		return name != "id" && name != "extension" && name != "modifierExtension"
	}
	if s.Kind == "primitive-type" && name == "value" {
		return false // the value of a primitive is not an element of it
	}
	base := child.Base.Path
	return base == "" || base == child.Path || child.Max == "0"
}

func writeType(b *bytes.Buffer, name, kind, base string, abstract bool) {
	fmt.Fprintf(b, "T\t%s\t%s\t%s", name, kind, base)
	if abstract {
		b.WriteString("\tabstract")
	}
	b.WriteByte('\n')
}

// writeInvariants leaves out what is inherited: a snapshot repeats ele-1 at each element.
func writeInvariants(b *bytes.Buffer, s *structureDefinition, e *elementDefinition) {
	for _, c := range e.Constraint {
		if c.Source != "" && c.Source != s.URL || c.Expression == "" || inherited(s, e, c.Key) || c.Key == "evv-1" {
			// evv-1 is R5's, brought in with R5's elements of EvidenceVariable.characteristic.
			continue
		}
		fmt.Fprintf(b, "I\t%s\t%s\t%s\t%s\n", c.Key, c.Severity, oneLine(c.Human), strings.TrimSpace(c.Expression))
	}
	for _, t := range e.Type {
		if slices.Contains(t.Profile, "http://hl7.org/fhir/StructureDefinition/SimpleQuantity") {
			b.WriteString("I\tsqty-1\terror\tThe comparator is not used on a SimpleQuantity\tcomparator.empty()\n")
		}
	}
}

// inherited says whether a constraint without source is nevertheless that of another type.
func inherited(s *structureDefinition, e *elementDefinition, key string) bool {
	return key == "ele-1" && (s.Name != "Element" || strings.Contains(e.Path, ".")) ||
		key == "ext-1" && (s.Name != "Extension" || strings.Contains(e.Path, "."))
}

func writeElement(b *bytes.Buffer, s *structureDefinition, e *elementDefinition) {
	_, name := cutLast(e.Path)
	limit := e.Max
	fmt.Fprintf(b, "E\t%s\t%s..%s\t%s\t%s", name, strconv.Itoa(e.Min), limit, flags(s, e), types(s, e))
	if e.Binding != nil && e.Binding.ValueSet != "" {
		fmt.Fprintf(b, "\t%s %s", e.Binding.Strength, withoutVersion(e.Binding.ValueSet))
	}
	b.WriteByte('\n')
	if !isBackbone(e) {
		writeInvariants(b, s, e)
	}
}

func flags(s *structureDefinition, e *elementDefinition) string {
	var f string
	if e.IsSummary {
		f += "s"
	}
	if e.IsModifier {
		f += "m"
	}
	if slices.Contains(e.Representation, "xmlAttr") && s.Kind != "resource" {
		f += "a"
	}
	return f
}

func types(s *structureDefinition, e *elementDefinition) string {
	if e.ContentReference != "" {
		return strings.TrimPrefix(e.ContentReference, "#")
	}
	if isBackbone(e) {
		return e.Path
	}
	var cells []string
	for _, t := range e.Type {
		cell := fhirType(e, t)
		var targets []string
		for _, p := range t.TargetProfile {
			if name := lastSegment(p); name != "Resource" {
				targets = append(targets, name)
			}
		}
		if len(targets) > 0 && len(targets) == len(t.TargetProfile) {
			cell += ">" + strings.Join(targets, "|")
		}
		cells = append(cells, cell)
	}
	return strings.Join(cells, " ")
}

// fhirType resolves the FHIRPath system types that ids and urls are declared with.
func fhirType(e *elementDefinition, t elementType) string {
	if !strings.HasPrefix(t.Code, "http://hl7.org/fhirpath/") {
		return t.Code
	}
	if e.Path == "Resource.id" {
		return "id" // published as string, which contradicts the prose (http://hl7.org/fhir/R4/resource.html#id)
	}
	for _, x := range t.Extension {
		if strings.HasSuffix(x.URL, "structuredefinition-fhir-type") {
			return x.ValueURL
		}
	}
	return "string"
}

func cutLast(path string) (parent, name string) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}
