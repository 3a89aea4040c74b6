package path

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

const maximal = "../../testdata/maximal"

// instances reads the synthetic instances, by file name without extension.
func instances(t testing.TB) map[string]*element.Resource {
	files, err := filepath.Glob(filepath.Join(maximal, "*.json"))
	require.NoError(t, err)
	require.Greater(t, len(files), 146)
	all := make(map[string]*element.Resource, len(files))
	for _, f := range files {
		src, err := os.ReadFile(f)
		require.NoError(t, err)
		r, err := element.ParseJSON(spec.R4(), src, element.Options{})
		require.NoError(t, err, f)
		all[strings.TrimSuffix(filepath.Base(f), ".json")] = r
	}
	return all
}

// TestOracle compares every search expression of R4 with what the npm package fhirpath found (testdata/oracle.cjs).
func TestOracle(t *testing.T) {
	src, err := os.ReadFile("testdata/oracle.txt")
	require.NoError(t, err)
	all := instances(t)
	var x *Expr
	expressions, facts, selected := 0, 0, 0
	for line := range strings.SplitSeq(strings.TrimSuffix(string(src), "\n"), "\n") {
		fact, isFact := strings.CutPrefix(line, "\t")
		if !isFact {
			expressions++
			x, err = Compile(line)
			require.NoError(t, err, line)
			continue
		}
		name, want, _ := strings.Cut(fact, "\t")
		r := all[name]
		require.NotNil(t, r, name)
		c, err := x.Eval(nil, r.Root)
		require.NoError(t, err, "%s in %s", x, name)
		require.Equal(t, want, shown(c), "%s in %s", x, name)
		checkElements(t, x, r.Root, c)
		facts++
		selected += len(c)
	}
	require.Greater(t, expressions, 1300)
	require.Greater(t, facts, 3500)
	require.Greater(t, selected, facts)
}

func shown(c Collection) string {
	parts := make([]string, len(c))
	for i, it := range c {
		parts[i] = it.String()
		if n, ok := it.(Node); ok {
			parts[i] = element.Path(n.Element)
		}
	}
	return strings.Join(parts, " ")
}

// checkElements compares the walk for indexing with the evaluation: it gives the same elements, and equal ones again.
func checkElements(t *testing.T, x *Expr, root *element.Element, c Collection) {
	var got []*element.Element
	require.NoError(t, x.Elements(root, func(e *element.Element) { got = append(got, e) }))
	ev := newEvaluator(nil, nil)
	defer ev.release()
	for i, it := range c {
		n, ok := it.(Node)
		if !ok {
			require.Equal(t, it.String(), got[i].Value)
			continue
		}
		require.Contains(t, got, n.Element, "%s", x)
	}
	for _, e := range got {
		require.True(t, slices.ContainsFunc(c, func(it Item) bool { return ev.equal(it, Node{e}) == True }), "%s gives %s", x, element.Path(e))
	}
}
