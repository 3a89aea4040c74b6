package element

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/spec"
)

func TestSamplesRoundTrip(t *testing.T) {
	for name, src := range samples(t, "valid/*.json") {
		t.Run(name, func(t *testing.T) {
			r := parse(t, src)
			assertRoundTrip(t, r)
			var compact bytes.Buffer
			require.NoError(t, json.Compact(&compact, []byte(src)))
			assert.Equal(t, compact.String(), string(r.Compact()), "Compact keeps every byte")
			encoded := AppendJSON(nil, r.Root)
			assert.Equal(t, decode(t, compact.Bytes()), decode(t, encoded))
			var indented bytes.Buffer
			require.NoError(t, json.Indent(&indented, encoded, "", "  "))
			assert.Equal(t, indented.String(), string(Indent(nil, encoded)))
			trusted, err := ParseJSON(spec.R4(), []byte(src), Options{Trusted: true})
			require.NoError(t, err)
			assert.True(t, Equal(r.Root, trusted.Root))
		})
	}
}

// decode reads JSON with encoding/json, numbers as their literals: a second opinion on what two texts say.
func decode(t testing.TB, src []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	var v any
	require.NoError(t, d.Decode(&v))
	return v
}

// TestDecimalsAreLiterals looks at the digits themselves: a number that became a float would still be "equal" above.
func TestDecimalsAreLiterals(t *testing.T) {
	r := parse(t, samples(t, "valid/decimals.json")["decimals"])
	for _, out := range []string{string(AppendJSON(nil, r.Root)), string(AppendXML(nil, r.Root)), string(r.Compact())} {
		for _, literal := range []string{"1.50", "1E-10", "6.02e+23", "-0.0", "3.14159265358979323846264338327950288", "1e400", "10.0", "1.10"} {
			assert.Contains(t, out, literal)
		}
	}
}

func TestStampedKeepsEverythingElse(t *testing.T) {
	at := time.Date(2026, 11, 23, 21, 2, 11, 123_999_999, time.FixedZone("CET", 3600))
	cases := []struct{ name, src, want string }{
		{"without meta", `{"resourceType":"Patient","active":true}`,
			`{"resourceType":"Patient","id":"x-1","meta":{"versionId":"7","lastUpdated":"2026-11-23T20:02:11.123Z"},"active":true}`},
		{"resourceType last, id inside", `{ "active" : true , "id" : "old", "resourceType" : "Patient" }`,
			`{"resourceType":"Patient","id":"x-1","meta":{"versionId":"7","lastUpdated":"2026-11-23T20:02:11.123Z"},"active":true}`},
		{"meta kept but for the server's", `{"resourceType":"Patient","gender":"male","meta":{"tag":[{"code":"a"}],"versionId":"9","source":"urn:a","lastUpdated":"2020-01-01T00:00:00Z"},"name":[{"text":"a, b"}]}`,
			`{"resourceType":"Patient","id":"x-1","meta":{"versionId":"7","lastUpdated":"2026-11-23T20:02:11.123Z","tag":[{"code":"a"}],"source":"urn:a"},"gender":"male","name":[{"text":"a, b"}]}`},
		{"oddities", samples(t, "valid/empty.json")["empty"],
			`{"resourceType":"Basic","id":"x-1","meta":{"versionId":"7","lastUpdated":"2026-11-23T20:02:11.123Z","id":"m1","extension":[{"url":"http://y","valueInteger":1}]},"code":{"text":"x"}}`},
		{"nothing at all", `{"resourceType":"Parameters"}`,
			`{"resourceType":"Parameters","id":"x-1","meta":{"versionId":"7","lastUpdated":"2026-11-23T20:02:11.123Z"}}`},
		{"escapes and odd spacing stay", "{\n\"resourceType\"\t:\"Patient\",\"\\u0069d\":\"b\",\"language\":\"\\u0066r\",\r\n\"name\":[ {\"text\":\"a \\\\\\\" { } [ ] : ,  \"} ] }",
			`{"resourceType":"Patient","id":"x-1","meta":{"versionId":"7","lastUpdated":"2026-11-23T20:02:11.123Z"},"language":"\u0066r","name":[{"text":"a \\\" { } [ ] : ,  "}]}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := parse(t, c.src)
			template := r.Stamped("x-1")
			got := template.Append(nil, 7, at)
			assert.Equal(t, c.want, string(got))
			assert.LessOrEqual(t, len(got), template.Size())
			r.Changed() // the same from the tree
			assert.JSONEq(t, c.want, string(r.Stamped("x-1").Append(nil, 7, at)))
		})
	}
}

// TestStampedSamples: what is stored reads back as the same content.
func TestStampedSamples(t *testing.T) {
	for name, src := range samples(t, "valid/*.json") {
		r := parse(t, src)
		stored := parse(t, string(r.Stamped("s").Append(nil, 12, time.Unix(0, 0))))
		assert.True(t, EqualContent(r.Root, stored.Root), name)
		assert.Equal(t, "s", stored.ID(), name)
		assert.Equal(t, "12", stored.VersionID(), name)
		assert.Equal(t, "1970-01-01T00:00:00.000Z", stored.Root.Child("meta").ChildValue("lastUpdated"), name)
	}
}

func TestEqualContent(t *testing.T) {
	base := `{"resourceType":"Observation","status":"final","code":{"text":"a"},"valueQuantity":{"value":1.50,"unit":"g"}}`
	cases := []struct {
		name, other string
		equal       bool
	}{
		{"order of members", `{"resourceType":"Observation","valueQuantity":{"unit":"g","value":1.50},"code":{"text":"a"},"status":"final"}`, true},
		{"server's elements", `{"resourceType":"Observation","id":"x","meta":{"versionId":"4","lastUpdated":"2020-01-01T00:00:00Z"},"status":"final","code":{"text":"a"},"valueQuantity":{"value":1.50,"unit":"g"}}`, true},
		{"escapes", `{"resourceType":"Observation","status":"fin\u0061l","code":{"text":"a"},"valueQuantity":{"value":1.50,"unit":"g"}}`, true},
		{"decimal precision", strings.Replace(base, "1.50", "1.5", 1), false},
		{"another value", strings.Replace(base, "final", "amended", 1), false},
		{"one more", strings.Replace(base, `{"text":"a"}`, `{"text":"a","coding":[{"code":"b"}]}`, 1), false},
		{"one less", strings.Replace(base, `,"unit":"g"`, ``, 1), false},
		{"another type of the choice", strings.Replace(base, `"valueQuantity":{"value":1.50,"unit":"g"}`, `"valueString":"g"`, 1), false},
		{"client's meta", strings.Replace(base, `"status"`, `"meta":{"versionId":"4","tag":[{"code":"t"}]},"status"`, 1), false},
		{"another resource", `{"resourceType":"Patient"}`, false},
	}
	a := parse(t, base).Root
	for _, c := range cases {
		b := parse(t, c.other).Root
		assert.Equal(t, c.equal, EqualContent(a, b), c.name)
		assert.Equal(t, c.equal, EqualContent(b, a), c.name+", the other way round")
	}
	given := parse(t, `{"resourceType":"Patient","name":[{"given":["A","B"]}]}`).Root
	swapped := parse(t, `{"resourceType":"Patient","name":[{"given":["B","A"]}]}`).Root
	assert.False(t, EqualContent(given, swapped), "the order of repetitions counts")
}

func TestPath(t *testing.T) {
	r := parse(t, samples(t, "valid/patient.json")["patient"]).Root
	name := r.Child("name")
	var given []*Element
	for g := range name.Children("given") {
		given = append(given, g)
	}
	require.Len(t, given, 4)
	assert.Equal(t, "Patient.name[0].given[3]", Path(given[3]))
	assert.Equal(t, "Patient.name[0].given[2].extension[0].value", Path(given[2].Child("extension").Child("value")))
	assert.Equal(t, "Patient.deceased", Path(r.Child("deceased")))
	assert.Equal(t, "Patient", Path(r))
	assert.False(t, given[2].HasValue)
}

func TestNewLinesSurviveXML(t *testing.T) {
	r := parse(t, `{"resourceType":"Basic","code":{"text":"a\r\n\tb\"<&>'\u2028\ud83e\ude7a"}}`)
	back, err := ParseXML(spec.R4(), AppendXML(nil, r.Root), Options{})
	require.NoError(t, err)
	assert.Equal(t, "a\r\n\tb\"<&>'\u2028\U0001fa7a", back.Root.Child("code").ChildValue("text"))
}

func TestByteOrderMark(t *testing.T) {
	_, err := ParseJSON(spec.R4(), []byte("\uFEFF"+`{"resourceType":"Patient"}`), Options{})
	require.NoError(t, err)
	_, err = ParseXML(spec.R4(), []byte("\uFEFF"+`<Patient xmlns="http://hl7.org/fhir"/>`), Options{})
	require.NoError(t, err)
}

func TestLenient(t *testing.T) {
	src := `{"resourceType":"Observation","foo":{"bar":1},"code":{"text":"a"},"issued":"yesterday"}`
	_, err := ParseJSON(spec.R4(), []byte(src), Options{})
	status, issues := issuesOf(t, err)
	assert.Equal(t, 422, status)
	assert.Len(t, issues, 3)
	r, err := ParseJSON(spec.R4(), []byte(src), Options{Lenient: true})
	require.NoError(t, err)
	assert.Len(t, r.Warnings, 3)
	assert.Equal(t, `{"resourceType":"Observation","code":{"text":"a"},"issued":"yesterday"}`, string(r.Compact()))
	_, err = ParseJSON(spec.R4(), []byte(`{"resourceType":"Patient","name":{}}`), Options{Lenient: true})
	require.Error(t, err, "broken structure is refused as ever")
}
