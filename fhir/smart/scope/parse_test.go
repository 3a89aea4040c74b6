package scope

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

func parse(t testing.TB, text string) Set {
	t.Helper()
	s, err := Parse(text)
	require.NoError(t, err)
	return s
}

func TestParse(t *testing.T) {
	const category = "http://terminology.hl7.org/CodeSystem/observation-category|laboratory"
	for _, c := range []struct{ text, canonical, spelled, unknown string }{
		{"", "", "", ""},
		{"patient/*.read", "patient/*.rs", "patient/*.read", ""},
		{"user/Observation.write", "user/Observation.cud", "user/Observation.write", ""},
		{"system/*.*", "system/*.cruds", "system/*.*", ""},
		{"  patient/Patient.r   openid ", "patient/Patient.r openid", "patient/Patient.r openid", ""},
		{"patient/Observation.s patient/Observation.r", "patient/Observation.rs", "patient/Observation.rs", ""},
		{"patient/Observation.read patient/Observation.c", "patient/Observation.crs", "patient/Observation.crs", ""},
		{"fhirUser openid launch/patient system/Group.rs user/*.cruds patient/Encounter.d", "patient/Encounter.d user/*.cruds system/Group.rs launch/patient openid fhirUser",
			"patient/Encounter.d user/*.cruds system/Group.rs launch/patient openid fhirUser", ""},
		{"patient/Observation.rs?category=" + category, "patient/Observation.rs?category=" + category, "patient/Observation.rs?category=" + category, ""},
		{"patient/Observation.rs?status=final&category=a%2Cb&status=final", "patient/Observation.rs?category=a,b&status=final", "patient/Observation.rs?category=a,b&status=final", ""},
		{"patient/Patient.r?name=J%C3%A9r%C3%B4me+D%26D", "patient/Patient.r?name=J%C3%A9r%C3%B4me%20D%26D", "patient/Patient.r?name=J%C3%A9r%C3%B4me%20D%26D", ""},
		{"patient/Observation.dus", "", "", "patient/Observation.dus"}, // SMART: never a reading of letters out of order
		{"patient/Observation.rr", "", "", "patient/Observation.rr"},
		{"patient/Observation.", "", "", "patient/Observation."},
		{"patient/observation.r", "", "", "patient/observation.r"},
		{"patient/Observation", "", "", "patient/Observation"},
		{"patient/.r", "", "", "patient/.r"},
		{"practitioner/Observation.r", "", "", "practitioner/Observation.r"},
		{"patient/Observation.r?", "", "", "patient/Observation.r?"},
		{"patient/Observation.r?status", "", "", "patient/Observation.r?status"},
		{"patient/Observation.r?=final", "", "", "patient/Observation.r?=final"},
		{"patient/Observation.r?status=%zz", "", "", "patient/Observation.r?status=%zz"},
		{"patient/Observation.r?_format=json", "", "", "patient/Observation.r?_format=json"}, // passed over by a search: it would widen
		{"patient/Observation.read?status=final", "", "", "patient/Observation.read?status=final"},
		{"launch/imagingstudy email openid", "openid", "openid", "email launch/imagingstudy"},
		{"OPENID Launch", "", "", "Launch OPENID"},
	} {
		s := parse(t, c.text)
		require.Equal(t, c.canonical, s.Known().String(), c.text)
		require.Equal(t, c.spelled, s.Known().Spelled(), c.text)
		require.Equal(t, c.unknown, strings.Join(s.Unknown(), " "), c.text)
		require.Equal(t, s.String(), parse(t, s.String()).String(), "the canonical form reads as itself")
		require.Equal(t, s.Known().String(), parse(t, s.Known().Spelled()).String(), "the client's spelling means the same")
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"patient/*.rs\tuser/*.rs", "patient/*.rs\n", `patient/*.rs"`, `a\b`, "openid \u00e9", "\x00", "openid \x7f",
		strings.Repeat("a", MaxLength+1),
		strings.Repeat("a ", MaxScopes+1),
		"patient/P.r?" + strings.Repeat("a=+&", MaxLength/4-10), // too many parameters: unknown, see below
	} {
		s, err := Parse(text)
		if err == nil {
			require.Empty(t, s.Known().String())
			require.NotEmpty(t, s.Unknown())
			continue
		}
		require.Equal(t, 400, fault.From(err).Status)
		require.NotContains(t, err.Error(), "patient/", "a refusal repeats nothing of what was sent")
	}
	_, err := Parse("patient/P.r?a=" + strings.Repeat("+", MaxLength-20))
	require.Error(t, err, "its canonical form would be too long to be read again")
}

// aSet draws scopes from a small world, so that they meet often.
func aSet(t *rapid.T, label string) Set {
	word := rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 5).Draw(t, "kind") == 0 {
			return rapid.SampledFrom(append([]string{"unheard-of", "patient/X.dr"}, others...)).Draw(t, "other")
		}
		r := Resource{
			Context: rapid.SampledFrom(contexts).Draw(t, "context"),
			Type:    rapid.SampledFrom([]string{Any, "Observation", "Patient", "Organization"}).Draw(t, "type"),
			Letters: Letters(rapid.IntRange(1, int(allLetters)).Draw(t, "letters")),
		}
		for range rapid.IntRange(0, 2).Draw(t, "params") {
			r.Params = append(r.Params, [2]string{rapid.SampledFrom([]string{"_tag", "_lastUpdated"}).Draw(t, "name"), rapid.SampledFrom([]string{"a|b", "2024", "é &=+%"}).Draw(t, "value")})
		}
		return r.String()
	})
	s, err := Parse(strings.Join(rapid.SliceOfN(word, 0, 6).Draw(t, label), " "))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAlgebra(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := aSet(t, "a"), aSet(t, "b"), aSet(t, "c")
		again, err := Parse(a.String())
		if err != nil || again.String() != a.String() {
			t.Fatalf("%q reads as %q: %v", a, again, err)
		}
		both := a.Intersect(b)
		switch {
		case !a.Within(a):
			t.Fatal("a set is within itself")
		case !both.Within(a) || !both.Within(b):
			t.Fatalf("%q ∩ %q = %q is not within both", a, b, both)
		case !same(both, b.Intersect(a)):
			t.Fatalf("%q ∩ %q depends on the order", a, b)
		case !same(a.Intersect(a), a.Known()):
			t.Fatalf("%q ∩ itself is %q", a, a.Intersect(a))
		case a.Within(b) && b.Within(c) && !a.Within(c):
			t.Fatal("within is transitive")
		case a.Known().Within(b) && !same(both, a.Known()):
			t.Fatalf("%q is within %q, and their intersection is %q", a, b, both)
		case c.Known().Within(a) && c.Known().Within(b) && !c.Known().Within(both):
			t.Fatalf("%q is within %q and %q and not within %q", c, a, b, both)
		}
		for _, what := range interactions {
			for _, typ := range []string{"Observation", "Patient", "Organization", "Task", ""} {
				if both.Permits(what, typ) && !(a.Permits(what, typ) && b.Permits(what, typ)) {
					t.Fatalf("%q permits %s of %s, which %q and %q do not both", both, what, typ, a, b)
				}
				if a.Within(b) && a.Permits(what, typ) && !b.Permits(what, typ) {
					t.Fatalf("%q is within %q, which does not permit %s of %s", a, b, what, typ)
				}
			}
		}
	})
}

func same(a, b Set) bool { return a.Within(b) && b.Within(a) }

// An intersection of large sets stays within the bounds, and within both.
func TestIntersectIsBounded(t *testing.T) {
	var a, b strings.Builder
	for i := range MaxScopes {
		n := string(rune('a'+i/26%26)) + string(rune('a'+i%26))
		a.WriteString("user/*.r?_id=" + n + " ")
		b.WriteString("user/*.r?_tag=" + n + " ")
	}
	left, right := parse(t, a.String()), parse(t, b.String())
	both := left.Intersect(right)
	require.NotEmpty(t, both.Resources())
	require.LessOrEqual(t, len(both.Resources()), MaxScopes)
	require.True(t, both.Within(left) && both.Within(right))
	require.Equal(t, both.String(), parse(t, both.String()).String())
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"patient/*.rs launch/patient openid fhirUser offline_access", "user/DocumentReference.cruds?category=http://x|11&status=current", "system/*.*", "a?b/c.d", "patient/A.r?a=%00%FF&b=+",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(s.String())
		require.NoError(t, err)
		require.Equal(t, s.String(), again.String())
		require.True(t, s.Within(again) && again.Within(s))
		require.LessOrEqual(t, len(s.Resources()), MaxScopes)
	})
}
