package spec

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/worktest"
)

func TestCounts(t *testing.T) {
	d := R4()
	kinds := map[Kind]int{}
	for _, typ := range d.Types {
		kinds[typ.Kind]++
	}
	assert.Equal(t, 20, kinds[Primitive], "primitive types")
	assert.Equal(t, 148, kinds[Resource], "resource types with Resource and DomainResource")
	assert.Len(t, d.Resources, 146, "concrete resource types")
	assert.Len(t, d.SearchParameters, 1377)
	assert.Len(t, d.Compartments, 5)
	assert.Len(t, d.Operations, 46)
	assert.Greater(t, len(d.CodeSets), 200)
	assert.True(t, slices.IsSorted(d.Resources))
	for _, name := range []string{"Bundle", "Binary", "Parameters", "Patient", "Observation", "OperationOutcome"} {
		assert.Contains(t, d.Resources, name)
	}
}

// TestLoadIsCheap bounds what every start pays: 3.4 MB.
func TestLoadIsCheap(t *testing.T) {
	used := worktest.Allocated(func() {
		_, err := Load()
		require.NoError(t, err)
	})
	assert.Less(t, used, uint64(8<<20), "bytes allocated")
}

func element(t *testing.T, typeName, name string) *Element {
	t.Helper()
	typ := R4().Types[typeName]
	require.NotNil(t, typ, typeName)
	for _, e := range typ.Elements {
		if e.Name == name {
			return e
		}
	}
	require.Fail(t, "no element", "%s.%s", typeName, name)
	return nil
}

func TestElementFacts(t *testing.T) {
	tests := []struct {
		typ, name string
		least     int
		most      int
		types     string
		targets   string // of the last type
		binding   string
		flags     string
	}{
		{typ: "Resource", name: "id", most: 1, types: "id", flags: "summary"},
		{typ: "Element", name: "id", most: 1, types: "string", flags: "attribute"},
		{typ: "Extension", name: "url", least: 1, most: 1, types: "uri", flags: "attribute"},
		{typ: "Extension", name: "extension", most: -1, types: "Extension"},
		{typ: "BackboneElement", name: "modifierExtension", most: -1, types: "Extension", flags: "summary modifier"},
		{typ: "DomainResource", name: "contained", most: -1, types: "Resource"},
		{typ: "Bundle.entry", name: "resource", most: 1, types: "Resource", flags: "summary"},
		{typ: "Bundle.entry.response", name: "outcome", most: 1, types: "Resource", flags: "summary"},
		{typ: "Bundle.entry", name: "link", most: -1, types: "Bundle.link", flags: "summary"},
		{typ: "Questionnaire.item", name: "item", most: -1, types: "Questionnaire.item"},
		{typ: "Parameters.parameter", name: "part", most: -1, types: "Parameters.parameter", flags: "summary"},
		{typ: "Narrative", name: "div", least: 1, most: 1, types: "xhtml"},
		{
			typ: "Observation", name: "status", least: 1, most: 1, types: "code", flags: "summary modifier",
			binding: "required http://hl7.org/fhir/ValueSet/observation-status",
		},
		{
			typ: "DetectedIssue", name: "status", least: 1, most: 1, types: "code", flags: "summary modifier",
			binding: "required http://hl7.org/fhir/ValueSet/observation-status",
		},
		{typ: "Patient", name: "link", most: -1, types: "Patient.link", flags: "summary modifier"},
		{typ: "Patient", name: "deceased", most: 1, types: "boolean dateTime", flags: "summary modifier"},
		{
			typ: "Patient", name: "generalPractitioner", most: -1, types: "Reference",
			targets: "Organization Practitioner PractitionerRole",
		},
		{typ: "Task", name: "focus", most: 1, types: "Reference", flags: "summary"},
		{
			typ: "AuditEvent.source", name: "observer", least: 1, most: 1, types: "Reference", flags: "summary",
			targets: "PractitionerRole Practitioner Organization Device Patient RelatedPerson",
		},
		{
			typ: "EvidenceVariable.characteristic", name: "definition", least: 1, most: 1, flags: "summary",
			types: "Reference canonical CodeableConcept Expression DataRequirement TriggerDefinition",
		},
		{
			typ: "Claim.related", name: "relationship", most: 1, types: "CodeableConcept",
			binding: "example http://hl7.org/fhir/ValueSet/related-claim-relationship",
		},
	}
	for _, tc := range tests {
		t.Run(tc.typ+"."+tc.name, func(t *testing.T) {
			e := element(t, tc.typ, tc.name)
			assert.Equal(t, tc.least, e.Min, "min")
			assert.Equal(t, tc.most, e.Max, "max")
			var types []string
			for _, ref := range e.Types {
				types = append(types, ref.Type.Name)
			}
			assert.Equal(t, tc.types, strings.Join(types, " "))
			if tc.targets != "" {
				assert.Equal(t, tc.targets, strings.Join(e.Types[len(e.Types)-1].Targets, " "))
			}
			if tc.binding != "" {
				require.NotNil(t, e.Binding)
				assert.Equal(t, tc.binding, e.Binding.Strength+" "+e.Binding.ValueSet)
			}
			var flags []string
			for _, f := range []struct {
				set  bool
				name string
			}{{e.Summary, "summary"}, {e.Modifier, "modifier"}, {e.XMLAttribute, "attribute"}} {
				if f.set {
					flags = append(flags, f.name)
				}
			}
			assert.Equal(t, tc.flags, strings.Join(flags, " "))
		})
	}
}

func TestOpenChoiceHasAllTypes(t *testing.T) {
	// http://hl7.org/fhir/R4/datatypes.html#open lists 50 types, of them 19 primitives.
	for _, place := range [][2]string{
		{"Extension", "value"},
		{"Parameters.parameter", "value"},
		{"Task.input", "value"},
		{"ElementDefinition", "fixed"},
	} {
		e := element(t, place[0], place[1])
		assert.True(t, e.Choice)
		assert.Len(t, e.Types, 50, "%s.%s", place[0], place[1])
	}
	ext := R4().Types["Extension"]
	for name, want := range map[string]string{
		"valueQuantity": "Quantity", "valueBase64Binary": "base64Binary", "valueDateTime": "dateTime", "valueMeta": "Meta",
	} {
		p, ok := ext.Property(name)
		require.True(t, ok, name)
		assert.Equal(t, want, p.Type.Name)
		assert.Equal(t, "value", p.Element.Name)
		assert.Equal(t, want, p.Ref.Type.Name)
	}
	for _, name := range []string{"value", "valueXhtml", "valueElementDefinition", "value[x]", ""} {
		_, ok := ext.Property(name)
		assert.False(t, ok, name)
	}
}

func TestInheritance(t *testing.T) {
	d := R4()
	chain := func(name string) string {
		var names []string
		for typ := d.Types[name]; typ != nil; typ = typ.Base {
			names = append(names, typ.Name)
		}
		return strings.Join(names, " < ")
	}
	for _, want := range []string{
		"Patient < DomainResource < Resource",
		"Bundle < Resource",
		"Patient.contact < BackboneElement < Element",
		"Timing.repeat < Element",
		"Timing < BackboneElement < Element",
		"Age < Quantity < Element",
		"code < string < Element", "id < string < Element", "markdown < string < Element",
		"url < uri < Element", "canonical < uri < Element", "uuid < uri < Element", "oid < uri < Element",
		"positiveInt < integer < Element", "unsignedInt < integer < Element",
		"xhtml < Element", "dateTime < Element",
	} {
		name, _, _ := strings.Cut(want, " ")
		assert.Equal(t, want, chain(name))
	}
	for _, name := range []string{"Element", "BackboneElement", "Resource", "DomainResource"} {
		assert.True(t, d.Types[name].Abstract, name)
	}
	assert.True(t, d.Types["Age"].Is("Quantity"))
	assert.False(t, d.Types["Quantity"].Is("Age"))
	_, ok := d.Types["xhtml"].Property("extension")
	assert.False(t, ok, "xhtml takes no extension")
}

func TestInheritedElementsComeFirst(t *testing.T) {
	var names []string
	for _, e := range R4().Types["Patient"].Elements {
		names = append(names, e.Name)
	}
	assert.Equal(t, "id meta implicitRules language text contained extension modifierExtension identifier active name telecom "+
		"gender birthDate deceased address maritalStatus multipleBirth photo contact communication generalPractitioner "+
		"managingOrganization link", strings.Join(names, " "))
}

func keys(list []Invariant) string {
	var k []string
	for _, i := range list {
		k = append(k, i.Key)
	}
	return strings.Join(k, " ")
}

func TestInvariants(t *testing.T) {
	d := R4()
	assert.Equal(t, "ele-1", keys(d.Types["Element"].Invariants))
	assert.Equal(t, "ext-1", keys(d.Types["Extension"].Invariants))
	assert.Equal(t, "dom-2 dom-3 dom-4 dom-5 dom-6", keys(d.Types["DomainResource"].Invariants))
	assert.Equal(t, "pat-1", keys(d.Types["Patient.contact"].Invariants))
	assert.Equal(t, "obs-6 obs-7", keys(d.Types["Observation"].Invariants))
	assert.Equal(t, "qty-3", keys(d.Types["Quantity"].Invariants))
	assert.Equal(t, "ref-1", keys(d.Types["Reference"].Invariants))
	assert.Equal(t, "txt-1 txt-2", keys(element(t, "Narrative", "div").Invariants))
	assert.Equal(t, "sqty-1", keys(element(t, "Range", "low").Invariants))
	assert.Contains(t, keys(d.Types["Questionnaire.item"].Invariants), "que-10")
	for _, typ := range d.Types {
		for _, i := range typ.Invariants {
			assert.Contains(t, []string{"error", "warning"}, i.Severity, "%s %s", typ.Name, i.Key)
			assert.NotEmpty(t, i.Expression, "%s %s", typ.Name, i.Key)
		}
	}
}

func TestNothingBeyondR4(t *testing.T) {
	d := R4()
	for _, name := range []string{"SubscriptionStatus", "Bot", "Project", "MetadataResource", "ResearchStudy.label", "integer64"} {
		assert.NotContains(t, d.Types, name)
	}
	for _, member := range [][2]string{
		{"Meta", "project"}, {"Meta", "author"}, {"Meta", "account"}, {"Meta", "compartment"}, {"Meta", "onBehalfOf"},
		{"Binary", "url"}, {"ObservationDefinition", "publisher"}, {"DeviceDefinition", "bodySite"},
		{"ResearchStudy", "name"}, {"EvidenceVariable.characteristic", "linkId"},
	} {
		_, ok := d.Types[member[0]].Property(member[1])
		assert.False(t, ok, "%v", member)
	}
	for _, p := range d.SearchParameters {
		assert.Contains(t, p.URL, "http://hl7.org/fhir/SearchParameter/")
	}
}

func TestIDsAreDense(t *testing.T) {
	d := R4()
	types, elements := make([]*Type, len(d.Types)), map[int]*Element{}
	for _, typ := range d.Types {
		require.Less(t, typ.ID, len(types))
		require.Nil(t, types[typ.ID])
		types[typ.ID] = typ
		for _, e := range typ.Elements {
			if known := elements[e.ID]; known != nil {
				require.Same(t, known, e)
			}
			elements[e.ID] = e
		}
	}
	for id := range elements {
		assert.LessOrEqual(t, id, len(elements), "only the element that xhtml removes leaves a gap")
	}
}

func TestTargetsAreTypes(t *testing.T) {
	d := R4()
	for _, typ := range d.Types {
		for _, e := range typ.Elements {
			require.NotEmpty(t, e.Types, e.Path)
			for _, ref := range e.Types {
				for _, target := range ref.Targets {
					require.NotNil(t, d.Types[target], "%s targets %s", e.Path, target)
					assert.Equal(t, Resource, d.Types[target].Kind, "%s targets %s", e.Path, target)
				}
			}
		}
	}
}
