package validate

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

func parse(t testing.TB, src string) *element.Element {
	t.Helper()
	r, err := element.ParseJSON(spec.R4(), []byte(src), element.Options{})
	require.NoError(t, err, src)
	return r.Root
}

var validator = New(spec.R4())

func issues(t testing.TB, src string, level Level) []fault.Issue {
	t.Helper()
	return validator.Issues(context.Background(), parse(t, src), level)
}

// errorsOf leaves the warnings out.
func errorsOf(list []fault.Issue) []fault.Issue {
	var out []fault.Issue
	for _, i := range list {
		if i.Severity == fault.Error || i.Severity == fault.Fatal {
			out = append(out, i)
		}
	}
	return out
}

type invariantCase struct{ key, good, bad, at string }

func invariantCases(t testing.TB) []invariantCase {
	t.Helper()
	text, err := os.ReadFile("testdata/invariants.txt")
	require.NoError(t, err)
	var cases []invariantCase
	for _, line := range strings.Split(string(text), "\n") {
		word, rest, more := strings.Cut(line, " ")
		switch {
		case line == "" || line[0] == '#':
		case !more:
			cases = append(cases, invariantCase{key: word})
		default:
			last := &cases[len(cases)-1]
			switch word {
			case "good":
				last.good = rest
			case "bad":
				last.bad = rest
			case "at":
				last.at = rest
			default:
				require.Fail(t, "unknown line", line)
			}
		}
	}
	return cases
}

func TestInvariants(t *testing.T) {
	cases := invariantCases(t)
	keys := map[string]bool{}
	for _, tc := range cases {
		keys[tc.key] = true
		t.Run(tc.key, func(t *testing.T) {
			told := "The invariant " + tc.key + " does not hold"
			for _, i := range issues(t, tc.good, Full) {
				assert.Equal(t, fault.Warning, i.Severity, "good content: %+v", i)
				assert.NotContains(t, i.Diagnostics, told)
			}
			var found *fault.Issue
			for _, i := range issues(t, tc.bad, Full) {
				if strings.Contains(i.Diagnostics, told) {
					found = &i
				}
			}
			require.NotNil(t, found, "bad content passes")
			assert.Equal(t, tc.at, found.Expression)
			assert.Equal(t, fault.Invariant, found.Code)
			onWrite := len(errorsOf(issues(t, tc.bad, OnWrite)))
			assert.Equal(t, found.Severity == fault.Error, onWrite > 0, "a write is refused for errors, not for warnings")
		})
	}
	assert.GreaterOrEqual(t, len(keys), 60)
}
