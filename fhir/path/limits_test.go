package path

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/internal/worktest"
)

// TestHostile: expressions that would cost too much end in a fault, and what they allocate until then is bounded as their steps are.
func TestHostile(t *testing.T) {
	focus := read(t, "testdata/patient.json")
	long := func(unit string, n int) string { return strings.Repeat(unit, n) }
	for _, c := range []struct {
		expr string
		code fault.Code
	}{
		{long("(", 10_000), fault.Invalid},
		{long("-", 10_000) + "1", fault.Invalid},
		{"a" + long(".a", 5_000), fault.Invalid},
		{"1" + long("+1", 5_000), fault.Invalid},
		{long("a.where(", 500) + "true" + long(")", 500), fault.Invalid},
		{"'" + long("x", 20_000) + "'", fault.Invalid},
		{"\xff", fault.Invalid},
		{"(1).repeat($this + 1)", fault.TooCostly},
		{"descendants()" + long(".select(%resource.descendants()", 8) + long(")", 8), fault.TooCostly},
		{"('x')" + long(".select($this + $this)", 40), fault.TooCostly},
		{"('x')" + long(".select($this & $this)", 40), fault.TooCostly},
		{"('aa')" + long(".select($this.replace('a', 'aaaaaaaaaa'))", 12), fault.TooCostly},
		{"('aa')" + long(".select($this.replaceMatches('a', '$0$0$0$0$0$0$0$0$0$0'))", 12), fault.TooCostly},
		{"(1 | 2)" + long(".combine($this.descendants().combine(%resource.descendants()))", 3) + long(".select($this | %resource.descendants()).select($this | %resource.descendants())", 3), fault.TooCostly},
		{"descendants().where(%resource.descendants().where(%resource.descendants().where(%resource.descendants().exists($this = 'x')).exists()).exists())", fault.TooCostly},
		{"'a'.matches('" + long("(a*)*", 300) + "')", fault.Invalid},
		{"'a'.matches('" + long("a", 2000) + "')", fault.Invalid},
		{"'a'.matches('(a{900}){900}')", fault.Invalid},
		{"'a'.matches('" + long("(a{30}){30}", 50) + "')", fault.Invalid},
		{"('aaaaaaaa')" + long(".select($this + $this)", 14) + ".select((1).repeat($this + 1).select(%context.id).where('a'.matches('(a{30}){30}$')))", fault.TooCostly},
		{"(1).repeat($this + 1).select('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.matches('(a{30}){30}' & $this.toString()))", fault.TooCostly},
		{"(1).repeat($this + 1).select(2.5.power(7.7))", fault.TooCostly},
		{"(1).repeat($this.toString().length() + $this).select((1 | 2.5 | 'x' | %resource.descendants()).distinct())", fault.TooCostly},
	} {
		var err error
		used := worktest.Allocated(func() { // under the race detector pools keep little, and twice as much is allocated
			var x *Expr
			if x, err = Compile(c.expr); err == nil {
				_, err = x.Eval(nil, focus)
			}
		})
		var f *fault.Fault
		require.True(t, errors.As(err, &f), "%.60s: %v", c.expr, err)
		require.Equal(t, c.code, f.Issues[0].Code, "%.60s: %v", c.expr, err)
		require.Less(t, used, uint64(512<<20), "bytes allocated for %.60s", c.expr)
	}
}

// TestLongUnion: the length of a union is no depth. R4 has unions of a hundred terms.
func TestLongUnion(t *testing.T) {
	terms := make([]string, 600)
	for i := range terms {
		terms[i] = fmt.Sprintf("Patient.name[%d].given", i)
	}
	x, err := Compile(strings.Join(terms, " | "))
	require.NoError(t, err)
	c, err := x.Eval(nil, read(t, "testdata/patient.json"))
	require.NoError(t, err)
	require.Len(t, c, 3)
}

// TestFaultsTellNoValues: what a fault says is about the expression, not about the content.
func TestFaultsTellNoValues(t *testing.T) {
	focus := read(t, "testdata/patient.json")
	for _, expr := range []string{"name.given.single()", "name.family.first() + 1", "name.given + 'x'", "-name.family.first()", "birthDate < name.family.first()", "name.given.allTrue()", "address.city.sqrt()"} {
		x, err := Compile(expr)
		require.NoError(t, err)
		_, err = x.Eval(nil, focus)
		require.Error(t, err, expr)
		for _, value := range []string{"Lea", "Martin", "Lyon", "1984"} {
			require.NotContains(t, err.Error(), value)
		}
	}
}
