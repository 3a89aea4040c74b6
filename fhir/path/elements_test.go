package path

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// searchExpressions compiles the expressions of a type's search parameters.
func searchExpressions(t testing.TB, typ string) []*Expr {
	var all []*Expr
	for _, p := range spec.R4().SearchParameters {
		for _, base := range p.Base {
			if (base == typ || base == "Resource" || base == "DomainResource") && p.Expression != "" {
				x, err := Compile(p.Expression)
				require.NoError(t, err)
				all = append(all, x)
			}
		}
	}
	return all
}

// TestElementsAllocation: the walk for indexing allocates nothing, but for the one parameter of Patient that computes.
func TestElementsAllocation(t *testing.T) {
	root := read(t, "testdata/patient.json")
	n := 0
	count := func(*element.Element) { n++ }
	for _, x := range searchExpressions(t, "Patient") {
		if x.plan == nil {
			require.Equal(t, "Patient.deceased.exists() and Patient.deceased != false", x.String())
			continue
		}
		require.Zero(t, testing.AllocsPerRun(10, func() { _ = x.Elements(root, count) }), x.String())
	}
	require.NotZero(t, n)
}

func TestElementsComputed(t *testing.T) {
	root := read(t, "testdata/patient.json")
	collect := func(expr string) (values []string, err error) {
		x, err := Compile(expr)
		require.NoError(t, err)
		err = x.Elements(root, func(e *element.Element) { values = append(values, e.Type.Name+" "+e.Value) })
		return values, err
	}
	for expr, want := range map[string][]string{
		"Patient.deceased.exists() and Patient.deceased != false": {"boolean false"},
		"name.count()":                          {"integer 3"},
		"name.given.first() & '!'":              {"string Lea!"},
		"1.50":                                  {"decimal 1.50"},
		"birthDate + 1 day":                     {"date 1984-03-01"},
		"@2020-01-01T10:00:00Z":                 {"dateTime 2020-01-01T10:00:00Z"},
		"@T10":                                  {"time 10"},
		"name[1].given":                         {"string Lou"},
		"1 'mg'":                                nil,
		"Observation.value":                     nil,
		"Patient.name.where(use='usual').given": {"string Lou"},
		"Patient.name.where(given='Lea').given": nil, // two given names are not equal to one
		"Patient.name.where(given='Lou').given": {"string Lou"},
		"Patient.generalPractitioner.where(resolve() is Practitioner).reference": {"string #doc", "string Practitioner/2"},
		"(Patient.name | Patient.contact).gender":                                {"code male"},
		"extension('http://carnet.example/birthplace').value.city":               {"string Nice"},
	} {
		got, err := collect(expr)
		require.NoError(t, err, expr)
		require.Equal(t, want, got, expr)
	}
	_, err := collect("name.single()")
	require.ErrorContains(t, err, "applies to one item")
}

// TestConcurrentUse: an expression serves many goroutines.
func TestConcurrentUse(t *testing.T) {
	root := read(t, "testdata/patient.json")
	x := MustCompile("name.where(use = 'official' or given.count() > 1).select(family & ' ' & given.first())")
	want, err := x.Eval(nil, root)
	require.NoError(t, err)
	require.Len(t, want, 2)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				got, err := x.Eval(nil, root)
				if err != nil || got.String() != want.String() {
					t.Error(got, err)
					return
				}
			}
		})
	}
	wg.Wait()
	require.Panics(t, func() { MustCompile("(") })
}

func BenchmarkElements(b *testing.B) {
	root := read(b, "testdata/patient.json")
	all := searchExpressions(b, "Patient")
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		for _, x := range all {
			_ = x.Elements(root, func(*element.Element) { n++ })
		}
	}
	b.ReportMetric(float64(len(all)), "expressions")
}

func BenchmarkTest(b *testing.B) {
	root := read(b, "testdata/observation.json")
	for _, expr := range []string{
		"value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()",
		"dataAbsentReason.empty() or value.empty()",
		"hasValue() or (children().count() > id.count())",
		"status = 'final' and code.coding.where(system = 'http://loinc.org').exists()",
	} {
		x := MustCompile(expr)
		b.Run(expr[:16], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := x.Test(nil, root); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		_, _ = Compile("Observation.component.where(code.coding.exists(system = 'http://loinc.org')).value as Quantity")
	}
}
