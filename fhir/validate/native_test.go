package validate

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/path"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// allInvariants gives each different invariant of the definitions once.
func allInvariants() map[string]spec.Invariant {
	all := map[string]spec.Invariant{}
	add := func(list []spec.Invariant) {
		for _, i := range list {
			all[i.Key+"\n"+i.Expression] = i
		}
	}
	for _, t := range spec.R4().Types {
		add(t.Invariants)
		for _, e := range t.Elements {
			add(e.Invariants)
		}
	}
	return all
}

func TestAllInvariantsCompile(t *testing.T) {
	all := allInvariants()
	assert.Len(t, all, 240)
	for _, i := range all {
		_, err := path.Compile(i.Expression)
		assert.NoError(t, err, "%s: %s", i.Key, i.Expression)
	}
}

// nativeRoots are types whose trees reach all invariants that are written in Go.
var nativeRoots = []string{
	"Patient", "Observation", "Condition", "AllergyIntolerance", "Bundle", "Organization", "InsurancePlan", "CarePlan", "List",
	"Composition", "MedicationAdministration", "MedicationDispense", "Immunization", "Task", "CodeSystem", "Questionnaire",
	"StructureDefinition", "ServiceRequest", "Basic", "ImplementationGuide",
}

// TestNativeAgreesWithFHIRPath draws trees and holds each invariant in Go to what its expression says.
func TestNativeAgreesWithFHIRPath(t *testing.T) {
	expressions := map[*invariant]*path.Expr{}
	byKey := map[string]*invariant{}
	for id, i := range allInvariants() {
		if structural(i.Key) {
			continue
		}
		c := newInvariant(i)
		if c.native == nil {
			continue
		}
		x, err := path.Compile(i.Expression)
		require.NoError(t, err)
		byKey[id], expressions[c] = c, x
	}
	outcomes := map[string][2]int{} // how often each held and did not
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(nativeRoots).Draw(t, "type")
		root := tree(t, name, spec.R4().Types[name], nil, 5)
		w := &walker{v: validator, ctx: context.Background(), level: Full, root: root}
		compare := func(e *element.Element, list []spec.Invariant) {
			for _, i := range list {
				c := byKey[i.Key+"\n"+i.Expression]
				if c == nil {
					continue
				}
				truth, err := expressions[c].Test(nil, e)
				if err != nil {
					t.Fatalf("%s: %v", i.Key, err)
				}
				got := c.native(w, e)
				n := outcomes[i.Key]
				if got {
					n[0]++
				} else {
					n[1]++
				}
				outcomes[i.Key] = n
				if got != (truth == path.True) && !readOtherwise(i.Key, e, truth) {
					t.Fatalf("%s at %s: native %t, FHIRPath %v\n%s", i.Key, element.Path(e), got, truth, element.AppendJSON(nil, root))
				}
			}
		}
		everywhere(w, root, compare)
	})
	t.Logf("how often each held and did not: %v", outcomes)
}

// readOtherwise names the deliberate differences that the package's documentation lists.
func readOtherwise(key string, e *element.Element, truth path.Truth) bool {
	switch key {
	case "ref-1":
		return e.ChildValue("reference") == "#" || truth == path.Unknown
	case "per-1", "mdd-1", "inv-1", "rng-2":
		return truth == path.Unknown
	}
	return strings.HasSuffix(key, "-0") || valueless(e)
}

// everywhere visits the tree as a walker does, with the scope of each resource.
func everywhere(w *walker, e *element.Element, do func(*element.Element, []spec.Invariant)) {
	if e.IsResource() && e != w.root && (e.Def == nil || e.Def.Name != "contained") {
		root, local := w.root, w.local
		w.root, w.local = e, nil
		defer func() { w.root, w.local = root, local }()
	}
	for t := e.Type; t != nil; t = t.Base {
		do(e, t.Invariants)
	}
	if e.Def != nil {
		do(e, e.Def.Invariants)
	}
	for c := e.First; c != nil; c = c.Next {
		everywhere(w, c, do)
	}
}

// valueless says that a primitive in e has an extension or id instead of a value.
func valueless(e *element.Element) bool {
	if e.IsPrimitive() && !e.HasValue {
		return true
	}
	for c := e.First; c != nil; c = c.Next {
		if valueless(c) {
			return true
		}
	}
	return false
}
