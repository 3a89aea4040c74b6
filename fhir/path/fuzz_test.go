package path

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// FuzzCompileEval: whatever the expression, there is a collection or a fault, the condition agrees with the collection, and the walk for
// indexing selects what the evaluation does.
func FuzzCompileEval(f *testing.F) {
	for _, file := range []string{"testdata/language.txt", "testdata/oracle.txt"} {
		src, err := os.ReadFile(file)
		require.NoError(f, err)
		for i, line := range strings.Split(string(src), "\n") {
			if strings.HasPrefix(line, "\t") || len(line) > 400 || strings.HasPrefix(file, "testdata/oracle") && i%40 != 0 {
				continue
			}
			expr, _, _ := strings.Cut(line, " => ")
			f.Add(expr)
		}
	}
	patient, observation := read(f, "testdata/patient.json"), read(f, "testdata/observation.json")
	ctx := testContext(f)
	ctx.Budget = 20_000
	f.Fuzz(func(t *testing.T, expr string) {
		x, err := Compile(expr)
		if err != nil {
			requireFault(t, err)
			return
		}
		for _, root := range []*element.Element{patient, observation} {
			c, err := x.Eval(ctx, root)
			if err != nil {
				requireFault(t, err)
			} else {
				_ = c.String()
			}
			truth, testErr := x.Test(ctx, root)
			if err == nil && testErr == nil {
				want, err := singleTruth(c)
				require.NoError(t, err)
				require.Equal(t, want, truth)
			}
			if err == nil && x.plan != nil {
				checkElements(t, x, root, c)
			}
		}
	})
}

func requireFault(t *testing.T, err error) {
	var f *fault.Fault
	require.True(t, errors.As(err, &f), "%v", err)
	require.NotEmpty(t, f.Issues)
}
