package search

import (
	"iter"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/path"
	"github.com/carnet-fhir/carnet/fhir/search/searchtest"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// Every parameter of R4 must be there for each of its bases, with an expression that compiles and elements that its type indexes.
func TestRegistryHasAllParameters(t *testing.T) {
	s := sharedRegistry().Snapshot()
	d := spec.R4()
	count, generic := 0, 0
	for _, sp := range d.SearchParameters {
		for _, typ := range d.Resources {
			if !appliesTo(sp, d.Types[typ]) {
				continue
			}
			p, ok := s.Param(typ, sp.Code)
			if !assert.True(t, ok, "%s.%s", typ, sp.Code) || sp.Expression == "" {
				continue
			}
			count++
			require.NotNil(t, p.Expr, "%s.%s", typ, sp.Code)
			if p.selector == nil {
				generic++
				continue
			}
			assert.NotEmpty(t, p.results, "%s.%s: %s finds nothing in the definitions", typ, sp.Code, p.Expr)
			for i := range p.Components {
				assert.True(t, p.fits(&p.Components[i], &p.Components[i]), "%s.%s component %d", typ, sp.Code, i)
			}
		}
	}
	assert.Greater(t, count, 2000)
	assert.LessOrEqual(t, generic, 2, "expressions that the tree cannot hold")
}

// The only elements of R4's expressions without an index are those whose type R4 names no way to search by such a parameter.
func TestRegistryIndexesWhatItFinds(t *testing.T) {
	s := sharedRegistry().Snapshot()
	var left []string
	for _, typ := range spec.R4().Resources {
		for _, p := range s.Params(typ) {
			any := p.results == nil
			for _, ref := range p.results {
				if indexable(p.Type, ref.Type) {
					any = true
				} else {
					left = append(left, typ+"."+p.Code+" "+ref.Type.Name)
				}
			}
			assert.True(t, any || p.Expr == nil, "%s.%s of type %s indexes nothing", typ, p.Code, p.Type)
		}
	}
	assert.Equal(t, []string{"CarePlan.activity-date string", "Consent.source-reference Attachment", "Immunization.date string",
		"Procedure.date string", "Procedure.date Age", "Procedure.date Range"}, left)
}

func TestRegistryTrimsUnions(t *testing.T) {
	reg := sharedRegistry()
	for _, c := range []struct {
		typ, code, expression string
		targets               []string
	}{
		{"Observation", "patient", "Observation.subject.where(resolve() is Patient)", []string{"Patient"}},
		{"AllergyIntolerance", "patient", "AllergyIntolerance.patient", []string{"Patient"}},
		{"Observation", "subject", "Observation.subject", []string{"Device", "Group", "Location", "Patient"}},
		{"Patient", "_tag", "Resource.meta.tag", nil},
		{"ValueSet", "context-quantity", "(ValueSet.useContext.value as Quantity) | (ValueSet.useContext.value as Range)", nil},
		{"InsurancePlan", "name", "name | alias", nil},
	} {
		p, ok := reg.Param(c.typ, c.code)
		require.True(t, ok)
		assert.Equal(t, c.expression, p.Expr.String(), "%s.%s", c.typ, c.code)
		assert.Equal(t, c.targets, p.Targets, "%s.%s", c.typ, c.code)
		assert.Equal(t, c.typ+"."+c.code, p.IndexName())
	}
}

func TestRegistryComposites(t *testing.T) {
	p, ok := sharedRegistry().Param("Observation", "code-value-quantity")
	require.True(t, ok)
	require.Len(t, p.Components, 2)
	assert.Equal(t, "code", p.Components[0].Param.Code)
	assert.Equal(t, Quantity, p.Components[1].Param.Type)
	relationship, _ := sharedRegistry().Param("DocumentReference", "relationship")
	assert.Equal(t, Reference, relationship.Components[0].Param.Type)
	assert.Equal(t, "target", relationship.Components[0].Expr.String(), "R4 has the two expressions the wrong way round")
}

const eyeColour = `{"resourceType":"SearchParameter","url":"http://a.example/sp/eye","name":"eye","status":"active","description":"d","code":"eye-colour",
 "base":["Patient","Practitioner"],"type":"token","expression":"Patient.extension.where(url='http://a.example/eye').value | Practitioner.extension.where(url='http://a.example/eye').value"}`

func TestRegistryRegister(t *testing.T) {
	reg := NewRegistry(RegistryOptions{})
	before := reg.Snapshot()
	standard, _ := reg.Param("Patient", "name")

	params, err := reg.Register(resource(t, eyeColour), Registration{Building: true})
	require.NoError(t, err)
	require.Len(t, params, 2)
	assert.Equal(t, "Patient.eye-colour#1", params[0].IndexName())
	_, ok := before.Param("Patient", "eye-colour")
	assert.False(t, ok, "an earlier snapshot does not change")
	same, _ := reg.Param("Patient", "name")
	assert.Same(t, standard, same, "R4's own parameters stay the same")

	_, err = ParseQuery(reg, Scope{Type: "Patient"}, [][2]string{{"eye-colour", "blue"}}, ParseOptions{Lenient: true})
	require.Error(t, err, "a parameter that is being built is an error, for lenient clients too")
	assert.Equal(t, fault.Incomplete, fault.From(err).Issues[0].Code)

	patient := resource(t, `{"resourceType":"Patient","extension":[{"url":"http://a.example/eye","valueCode":"blue"},{"url":"http://a.example/x","valueCode":"red"}]}`)
	values := reg.Extract(patient)
	require.Len(t, values, 2, "what is being built is extracted")
	assert.Equal(t, "deceased", values[0].Param.Code)
	assert.Equal(t, []Value{{Code: "blue"}}, values[1].Values)

	reg.Built("http://a.example/sp/eye", 1)
	_, err = ParseQuery(reg, Scope{Type: "Patient"}, [][2]string{{"eye-colour", "blue"}}, ParseOptions{})
	require.NoError(t, err)

	again, err := reg.Register(resource(t, eyeColour), Registration{Building: true})
	require.NoError(t, err)
	assert.Nil(t, again, "the same definition changes nothing")

	changed := resource(t, `{"resourceType":"SearchParameter","url":"http://a.example/sp/eye","name":"eye","status":"active","description":"d","code":"eye-colour","base":["Patient"],"type":"string","expression":"Patient.name.text"}`)
	params, err = reg.Register(changed, Registration{})
	require.NoError(t, err)
	assert.Equal(t, "Patient.eye-colour#2", params[0].IndexName())
	_, ok = reg.Param("Practitioner", "eye-colour")
	assert.False(t, ok)

	assert.Len(t, reg.Unregister("http://a.example/sp/eye"), 1)
	_, ok = reg.Param("Patient", "eye-colour")
	assert.False(t, ok)
	assert.Nil(t, reg.Unregister("http://a.example/sp/eye"))
}

func TestRegistryRefuses(t *testing.T) {
	for _, c := range []struct {
		name, change string
		status       int
		expression   string
	}{
		{"no type", `"type":"special"`, http.StatusUnprocessableEntity, "SearchParameter.type"},
		{"reserved code", `"code":"_eye"`, http.StatusUnprocessableEntity, "SearchParameter.code"},
		{"code of R4", `"code":"gender"`, http.StatusConflict, "SearchParameter.code"},
		{"broken expression", `"expression":"Patient.name.("`, http.StatusUnprocessableEntity, "SearchParameter.expression"},
		{"other type's expression", `"expression":"Observation.code"`, http.StatusUnprocessableEntity, "SearchParameter.expression"},
		{"nothing to index", `"expression":"Patient.photo"`, http.StatusUnprocessableEntity, "SearchParameter.expression"},
		{"composite without parts", `"type":"composite"`, http.StatusUnprocessableEntity, "SearchParameter.component"},
		{"unknown part", `"type":"composite","component":[{"definition":"http://a.example/x","expression":"a"},{"definition":"http://a.example/x","expression":"a"}]`,
			http.StatusUnprocessableEntity, "SearchParameter.component.definition"},
		{"retired", `"status":"retired"`, http.StatusUnprocessableEntity, "SearchParameter.status"},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := map[string]string{"status": `"status":"active"`, "code": `"code":"eye"`, "type": `"type":"token"`, "expression": `"expression":"Patient.name.text"`}
			for key := range base {
				if len(c.change) > len(key)+2 && c.change[1:len(key)+1] == key {
					base[key] = c.change
				}
			}
			json := `{"resourceType":"SearchParameter","url":"http://a.example/sp","name":"n","description":"d","base":["Patient"],` +
				base["status"] + "," + base["code"] + "," + base["type"] + "," + base["expression"] + "}"
			reg := NewRegistry(RegistryOptions{})
			before := reg.Snapshot()
			_, err := reg.Register(resource(t, json), Registration{})
			require.Error(t, err)
			f := fault.From(err)
			assert.Equal(t, c.status, f.Status)
			assert.Equal(t, c.expression, f.Issues[0].Expression)
			assert.Same(t, before, reg.Snapshot(), "a refusal changes nothing")
		})
	}
}

func TestRegistryTakesStandardDefinition(t *testing.T) {
	reg := NewRegistry(RegistryOptions{})
	params, err := reg.Register(resource(t, `{"resourceType":"SearchParameter","url":"http://hl7.org/fhir/SearchParameter/Patient-active","name":"active","description":"d",
		"status":"active","code":"active","base":["Patient"],"type":"token","expression":"Patient.active"}`), Registration{})
	require.NoError(t, err)
	assert.Nil(t, params)
}

// The tree must find what FHIRPath finds.
func TestSelectorsEqualFHIRPath(t *testing.T) {
	s := sharedRegistry().Snapshot()
	compared := 0
	for _, made := range searchtest.Resources(rand.New(rand.NewPCG(1, 1)), 1000) {
		root := resource(t, string(made.JSON))
		for _, p := range s.Params(made.Type) {
			if p.selector == nil {
				continue
			}
			compared += compareSelector(t, p, root)
		}
	}
	assert.Greater(t, compared, 500)
}

// compareSelector compares the elements that a parameter finds in both ways, and counts them. The branches of a union are evaluated apart, because FHIRPath's own union drops
// elements of equal content, which index the same.
func compareSelector(t *testing.T, p *Param, root *element.Element) int {
	t.Helper()
	var tree selectNode
	tree.add(p.selector, 0)
	var found, want []string
	for _, h := range tree.find(root, nil) {
		found = append(found, element.Path(h.element))
	}
	for _, branch := range splitUnion(p.Expr.String()) {
		x, err := path.Compile(branch)
		require.NoError(t, err)
		items, err := x.Eval(nil, root)
		require.NoError(t, err)
		for _, e := range items.Elements() {
			want = append(want, element.Path(e))
		}
	}
	slices.Sort(found)
	slices.Sort(want)
	assert.Equal(t, want, found, "%s: %s", p.IndexName(), p.Expr)
	return len(found)
}

func TestSelectorGrammar(t *testing.T) {
	for _, simple := range []string{"Patient.name.given", "Patient.telecom.where(system='phone')", "(Patient.deceased as dateTime)", "Patient.deceased.as(boolean)",
		"Patient.name | Patient.contact.name", "Bundle.entry[0].resource", "(Observation.value as CodeableConcept).text", "Observation.value as Quantity"} {
		_, ok := parseSelector(simple)
		assert.True(t, ok, simple)
	}
	for _, other := range []string{"", "Patient.name.first()", "Patient.name.where(given = 'a' and use = 'b')", "Patient.name.exists() and true",
		"Patient.name.given[0]", "Patient.(name | contact)", "'a'", "a(1)", "Patient.name where true", "Patient.as(X)", "Patient.name["} {
		_, ok := parseSelector(other)
		assert.False(t, ok, other)
	}
}

// Every example of the definitions package is walked too, when it is there.
func TestSelectorsEqualFHIRPathOnExamples(t *testing.T) {
	dir := os.Getenv("CARNET_DEFINITIONS")
	if dir == "" {
		t.Skip("CARNET_DEFINITIONS is not set: the examples of the definitions package are not compared")
	}
	files, err := filepath.Glob(filepath.Join(dir, "testing", "*.json"))
	require.NoError(t, err)
	s, compared := sharedRegistry().Snapshot(), 0
	for _, file := range files {
		src, err := os.ReadFile(file)
		require.NoError(t, err)
		r, err := element.ParseJSON(spec.R4(), src, element.Options{Lenient: true})
		if err != nil {
			continue
		}
		for root := range roots(r.Root) {
			for _, p := range s.Params(root.Type.Name) {
				if p.selector != nil {
					compared += compareSelector(t, p, root)
				}
			}
		}
	}
	assert.Greater(t, compared, 100)
}

// roots gives a resource and those in its entries, the latter as resources of their own.
func roots(e *element.Element) iter.Seq[*element.Element] {
	return func(yield func(*element.Element) bool) {
		if !yield(e) {
			return
		}
		for entry := range e.Children("entry") {
			if r := entry.Child("resource"); r != nil {
				if !yield(r) {
					return
				}
			}
		}
	}
}
