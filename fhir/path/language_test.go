package path

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

func read(t testing.TB, file string) *element.Element {
	src, err := os.ReadFile(file)
	require.NoError(t, err)
	r, err := element.ParseJSON(spec.R4(), src, element.Options{})
	require.NoError(t, err)
	return r.Root
}

func parsed(t testing.TB, src string) *element.Element {
	r, err := element.ParseJSON(spec.R4(), []byte(src), element.Options{})
	require.NoError(t, err)
	return r.Root
}

// testContext answers the hooks in a way that cases can tell.
func testContext(t testing.TB) *Context {
	second := parsed(t, `{"resourceType":"Practitioner","id":"2"}`)
	return &Context{
		Variables: map[string]Collection{"answer": {Integer(42)}},
		Resolve: func(ref string) *element.Element {
			if ref == "Practitioner/2" {
				return second
			}
			return nil
		},
		MemberOf: func(_ Item, set string) Truth {
			switch {
			case strings.HasSuffix(set, "gender"):
				return True
			case strings.HasSuffix(set, "other"):
				return False
			}
			return Unknown
		},
		ConformsTo: func(_ *element.Element, profile string) Truth { return truthOf(strings.HasSuffix(profile, "/profile")) },
		Subsumes:   func(a, b Item) Truth { return truthOf(a.String() == "a" && b.String() == "b") },
		Now: func() time.Time {
			return time.Date(2023, 5, 6, 8, 9, 10, 123_456_789, time.FixedZone("", 2*3600))
		},
		Budget: 200_000,
	}
}

func TestLanguage(t *testing.T) {
	src, err := os.ReadFile("testdata/language.txt")
	require.NoError(t, err)
	ctx := testContext(t)
	var focus *element.Element
	cases := 0
	for line := range strings.SplitSeq(string(src), "\n") {
		if name, ok := strings.CutPrefix(line, "focus "); ok {
			focus = read(t, "testdata/"+name+".json")
			continue
		}
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		at := strings.LastIndex(line, " => ")
		require.Positive(t, at, line)
		expr, want := line[:at], line[at+4:]
		cases++
		got, err := evaluate(ctx, expr, focus)
		if part, fails := strings.CutPrefix(want, "! "); fails {
			if err == nil {
				t.Errorf("%s: expected a fault with %q, got %s", expr, part, got)
			} else if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: expected a fault with %q, got: %v", expr, part, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: expected %s, got: %v", expr, want, err)
		} else if got.String() != want {
			t.Errorf("%s: expected %s, got %s", expr, want, got)
		}
	}
	require.Greater(t, cases, 500)
}

func evaluate(ctx *Context, expr string, focus *element.Element) (Collection, error) {
	x, err := Compile(expr)
	if err != nil {
		return nil, err
	}
	return x.Eval(ctx, focus)
}
