package search

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/store"
)

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// drawDecimal prefers digits, exponents and signs that collide.
func drawDecimal(t *rapid.T, label string) *apd.Decimal {
	var d apd.Decimal
	text := rapid.OneOf(
		rapid.StringMatching(`-?[0-9]{1,4}(\.[0-9]{1,4})?`),
		rapid.StringMatching(`-?(0|1|10|99|100|101|9|90)(\.0{1,3}|\.(01|1|9|99|100))?`),
		rapid.StringMatching(`-?[0-9]{1,60}(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,3})?`),
	).Draw(t, label)
	_, _, err := d.SetString(text)
	require.NoError(t, err)
	return &d
}

func TestDecimalBytesKeepOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawDecimal(t, "a"), drawDecimal(t, "b")
		x, y := appendDecimal(nil, a), appendDecimal(nil, b)
		assert.Equal(t, a.Cmp(b), sign(bytes.Compare(x, y)), "%s and %s", a, b)
		if a.Cmp(b) != 0 {
			assert.False(t, bytes.HasPrefix(x, y) || bytes.HasPrefix(y, x), "%s and %s", a, b)
		}
		assert.NotContains(t, string(x), "\x00", "the store would escape it")
		back, rest, ok := cutDecimal(append(bytes.Clone(x), 0xAB))
		require.True(t, ok)
		assert.Equal(t, []byte{0xAB}, rest)
		assert.Zero(t, back.Cmp(a), "%s came back as %s", a, &back.Decimal)
	})
}

func TestDecimalBytesOfKnownNumbers(t *testing.T) {
	ascending := []string{"-1e300", "-100.5", "-100", "-99.999", "-10", "-9", "-1.01", "-1", "-0.1", "-0.01", "-1e-300", "0", "1e-300", "0.01", "0.1", "0.10000001", "1", "1.01", "9", "10", "10.5",
		"99", "99.5", "100", "1e300"}
	var last []byte
	for i, text := range ascending {
		d, ok := parseDecimal(text)
		require.True(t, ok, text)
		b := appendDecimal(nil, &d.Decimal)
		if i > 0 {
			assert.Negative(t, bytes.Compare(last, b), "%s comes before %s", ascending[i-1], text)
		}
		last = b
	}
	one, oneExactly := apd.New(1, 0), apd.New(1000, -3)
	assert.Equal(t, appendDecimal(nil, one), appendDecimal(nil, oneExactly), "1 and 1.000 are one number")
}

func TestCutDecimalRefusesForeignBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		d, rest, ok := cutDecimal(b)
		if ok && d.Valid {
			assert.LessOrEqual(t, len(rest), len(b))
			_ = d.String()
		}
	})
}

func TestTimeBytesKeepOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		within := rapid.OneOf(rapid.Int64Range(MinTime, MaxTime+1), rapid.Int64Range(-10, 10), rapid.SampledFrom([]int64{MinTime, MaxTime, MaxTime + 1}))
		a, b := within.Draw(t, "a"), within.Draw(t, "b")
		x, y := appendTime(nil, a), appendTime(nil, b)
		assert.Equal(t, compareInt(a, b), sign(bytes.Compare(x, y)))
		assert.Equal(t, a, readTime(x))
		assert.NotContains(t, string(x), "\x00", "the store would escape it")
	})
}

func TestFloatBytesKeepOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float64Range(-180, 180).Draw(t, "a"), rapid.Float64Range(-180, 180).Draw(t, "b")
		x, y := appendFloat(nil, a), appendFloat(nil, b)
		switch {
		case a < b:
			assert.Negative(t, bytes.Compare(x, y))
		case a > b:
			assert.Positive(t, bytes.Compare(x, y))
		default:
			assert.Equal(t, x, y)
		}
		assert.InDelta(t, a, readFloat(x), 0)
	})
}

func TestStringRowsAnswerStartsWith(t *testing.T) {
	alphabet := rapid.StringOf(rapid.SampledFrom([]rune("abé 0ÿ")))
	rapid.Check(t, func(t *rapid.T) {
		text := Fold(alphabet.Draw(t, "text") + strings.Repeat("ab", rapid.IntRange(0, 80).Draw(t, "length")))
		wanted := Fold(alphabet.Draw(t, "wanted"))
		if rapid.Bool().Draw(t, "cut") {
			wanted = text[:rapid.IntRange(0, len(text)).Draw(t, "at")]
		}
		c := startsWith(wanted)
		switch c.admits(appendString(nil, text)) {
		case yes:
			assert.True(t, strings.HasPrefix(text, wanted))
		case no:
			assert.False(t, strings.HasPrefix(text, wanted))
		case maybe:
			assert.Greater(t, len(wanted), maxText)
		}
	})
}

func TestPartsOfCompositesKeepOrder(t *testing.T) {
	piece := rapid.SliceOfN(rapid.SampledFrom([]byte{1, 2, 'a', 0xFE, 0xFF}), 0, 5)
	rapid.Check(t, func(t *rapid.T) {
		a, b := piece.Draw(t, "a"), piece.Draw(t, "b")
		tailA, tailB := piece.Draw(t, "tail of a"), piece.Draw(t, "tail of b")
		x := append(append(bytes.Clone(a), partEnd), tailA...)
		y := append(append(bytes.Clone(b), partEnd), tailB...)
		want := bytes.Compare(a, b)
		if want == 0 {
			want = bytes.Compare(tailA, tailB)
		}
		assert.Equal(t, want, bytes.Compare(x, y))
		// A range of the part is the same range of rows.
		assert.Equal(t, bytes.Compare(a, b) < 0, bytes.Compare(x, b) < 0, "below a bound")
	})
}

func TestPiecesStayDistinctWhenCut(t *testing.T) {
	long := strings.Repeat("x", maxPart)
	seen := map[string]bool{}
	for _, s := range []string{long, long + "y", long + "z", long + "y\xff", long[1:], "\x01" + long + "x\x00"} {
		b := appendPart(nil, s)
		assert.LessOrEqual(t, len(b), maxPart+33)
		assert.False(t, strings.ContainsAny(string(b), "\x00\x01"))
		assert.False(t, seen[string(b)])
		seen[string(b)] = true
	}
}

func TestAfterBoundsThePrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 0xFE, 0xFF}), 0, 4).Draw(t, "prefix")
		value := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 0xFE, 0xFF}), 0, 6).Draw(t, "value")
		hi := after(prefix)
		inside := bytes.Compare(value, prefix) >= 0 && (hi == nil || bytes.Compare(value, hi) < 0)
		assert.Equal(t, bytes.HasPrefix(value, prefix), inside)
	})
}

// TestEntriesFit checks the rows of content at its limits.
func TestEntriesFit(t *testing.T) {
	long := strings.Repeat("é", 3000)
	digits := strings.Repeat("9", 90) + "." + strings.Repeat("9", 100)
	codings := strings.Repeat(`{"system":"http://`+long+`","code":"`+long+`"},`, 20)
	codings = "[" + strings.TrimSuffix(codings, ",") + "]"
	e := NewEngine(sharedRegistry(), EngineOptions{})
	for _, json := range []string{
		`{"resourceType":"Patient","id":"p","identifier":[{"system":"http://` + long + `","value":"` + long + `","type":{"coding":` + codings + `}}],"name":[{"family":"` + long + `"}]}`,
		`{"resourceType":"Observation","id":"o","status":"final","code":{"coding":` + codings + `},"subject":{"reference":"http://` + long + `","identifier":{"system":"` + long + `","value":"` + long + `"}},
			"valueCodeableConcept":{"coding":` + codings + `}}`,
		`{"resourceType":"Observation","id":"o","status":"final","code":{"coding":` + codings + `},"valueQuantity":{"value":` + digits + `,"unit":"` + long + `","system":"http://` + long + `","code":"x` + long + `"}}`,
		`{"resourceType":"RiskAssessment","id":"r","status":"final","subject":{"display":"x"},"prediction":[{"probabilityRange":{"low":{"value":` + digits + `,"unit":"` + long + `"},"high":{"value":1` + digits + `}}}]}`,
	} {
		entries, err := e.Entries(resource(t, json))
		require.NoError(t, err)
		assert.NotEmpty(t, entries)
		for _, one := range entries {
			assert.LessOrEqual(t, len(one.Value), store.MaxValue, one.Index)
		}
	}
}
