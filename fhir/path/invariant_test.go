package path

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// TestInvariants compiles every invariant of R4 and evaluates it wherever it applies in the synthetic instances: each gives a truth or
// nothing, never an error.
func TestInvariants(t *testing.T) {
	compiled := map[string]*Expr{}
	add := func(list []spec.Invariant) {
		for _, i := range list {
			x, err := Compile(i.Expression)
			require.NoError(t, err, "%s: %s", i.Key, i.Expression)
			compiled[i.Expression] = x
		}
	}
	for _, typ := range spec.R4().Types {
		add(typ.Invariants)
		for _, e := range typ.Elements {
			add(e.Invariants)
		}
	}
	require.Greater(t, len(compiled), 180)

	outcomes := map[string]map[Truth]int{}
	for name, r := range instances(t) {
		for e := range element.Descendants(r.Root) {
			test := func(list []spec.Invariant) {
				for _, i := range list {
					truth, err := compiled[i.Expression].Test(nil, e)
					require.NoError(t, err, "%s at %s in %s", i.Key, element.Path(e), name)
					if outcomes[i.Expression] == nil {
						outcomes[i.Expression] = map[Truth]int{}
					}
					outcomes[i.Expression][truth]++
				}
			}
			for typ := e.Type; typ != nil; typ = typ.Base {
				test(typ.Invariants)
			}
			if e.Def != nil {
				test(e.Def.Invariants)
			}
		}
	}
	for _, x := range []string{"hasValue() or (children().count() > id.count())", "extension.exists() != value.exists()"} {
		require.Zero(t, outcomes[x][False]+outcomes[x][Unknown], x)
		require.NotZero(t, outcomes[x][True], x)
	}
	require.Greater(t, len(outcomes), len(compiled)*4/5, "most invariants are met")
}

// TestErrata: the expressions of R4 that are known to be wrong are read as they are meant.
func TestErrata(t *testing.T) {
	for expr, corrected := range errata {
		x, err := Compile(expr)
		require.NoError(t, err)
		require.Equal(t, expr, x.String())
		y, err := Compile(corrected)
		require.NoError(t, err)
		root := parsed(t, `{"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"a","type":"group","enableWhen":[{"question":"b","operator":"exists","answerBoolean":true}]}]}`)
		when := root.Child("item").Child("enableWhen")
		if expr[0] == 'v' {
			when = parsed(t, `{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueDateTime":"2020-01-01"}`)
		}
		a, err := x.Eval(nil, when)
		require.NoError(t, err)
		b, err := y.Eval(nil, when)
		require.NoError(t, err)
		require.NotEmpty(t, a)
		require.Equal(t, b, a)
	}
	used := 0
	defs := spec.R4()
	for _, p := range defs.SearchParameters {
		for _, c := range p.Components {
			if _, ok := errata[c.Expression]; ok {
				used++
			}
		}
	}
	for _, i := range defs.Types["Questionnaire.item.enableWhen"].Invariants {
		if _, ok := errata[i.Expression]; ok {
			used++
		}
	}
	require.GreaterOrEqual(t, used, 2, "the definitions still have what is corrected")
}
