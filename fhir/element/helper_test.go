package element

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

func parse(t testing.TB, src string) *Resource {
	t.Helper()
	r, err := ParseJSON(spec.R4(), []byte(src), Options{})
	require.NoError(t, err)
	return r
}

// samples gives the resources of testdata by file name.
func samples(t testing.TB, pattern string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	out := make(map[string]string, len(files))
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		out[strings.TrimSuffix(filepath.Base(f), filepath.Ext(f))] = string(b)
	}
	return out
}

// issuesOf gives the issues of a refusal.
func issuesOf(t testing.TB, err error) (int, []fault.Issue) {
	t.Helper()
	require.Error(t, err)
	var f *fault.Fault
	require.ErrorAs(t, err, &f)
	return f.Status, f.Issues
}
