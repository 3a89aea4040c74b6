package patch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

const fuzzed = `{"resourceType":"Patient","id":"a","meta":{"versionId":"1"},"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a<br/>b</div>"},` +
	`"active":true,"name":[{"use":"official","family":"x","given":["p",null,"q"],"_given":[null,{"extension":[{"url":"u","valueDecimal":1.50}]},null]},{"text":"y"}],` +
	`"_birthDate":{"extension":[{"url":"v","valueBoolean":true}]},"contact":[{"name":{"family":"z"}}]}`

// FuzzPatch: a patch gives a resource that reads back as itself, or a fault, and never touches the current one.
func FuzzPatch(f *testing.F) {
	for kind, file := range map[Kind]string{JSON: "json.txt", XML: "xml.txt", FHIRPathJSON: "fhirpath.txt"} {
		src, err := os.ReadFile(filepath.Join("testdata", file))
		require.NoError(f, err)
		for line := range strings.SplitSeq(string(src), "\n") {
			if strings.HasPrefix(line, "[") || strings.HasPrefix(line, "<") {
				f.Add(uint8(kind)-1, []byte(line))
			}
		}
	}
	f.Add(uint8(FHIRPathJSON)-1, []byte(`{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"move"},{"name":"path","valueString":"Patient.name"},{"name":"source","valueInteger":0},{"name":"destination","valueInteger":1}]}]}`))
	f.Add(uint8(FHIRPathXML)-1, []byte(`<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/><part><name value="type"/><valueCode value="delete"/></part><part><name value="path"/><valueString value="Patient.name[1]"/></part></parameter></Parameters>`))
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		current := parse(t, fuzzed)
		out, err := Apply(spec.R4(), current, Kind(kind%4)+1, body)
		require.Equal(t, fuzzed, string(current.Compact()))
		if err != nil {
			var ft *fault.Fault
			require.True(t, errors.As(err, &ft), "%v", err)
			require.NotEmpty(t, ft.Issues)
			require.Less(t, ft.Status, 500)
			return
		}
		require.Equal(t, "a", out.ID())
		again, err := element.ParseJSON(spec.R4(), out.Compact(), element.Options{ExpectType: "Patient"})
		require.NoError(t, err)
		require.True(t, element.Equal(out.Root, again.Root))
	})
}

func TestKindOf(t *testing.T) {
	for content, want := range map[string]Kind{
		"application/json-patch+json": JSON, "application/json-patch+json; charset=utf-8": JSON, "application/xml-patch+xml": XML,
		"application/fhir+json": FHIRPathJSON, "application/json": FHIRPathJSON, "application/fhir+xml;fhirVersion=4.0": FHIRPathXML,
		"text/plain": 0, "": 0, "a/b/c": 0,
	} {
		got, ok := KindOf(content)
		require.Equal(t, want, got, content)
		require.Equal(t, want != 0, ok, content)
	}
	_, err := Apply(spec.R4(), parse(t, fuzzed), 9, nil)
	require.Contains(t, describe(err), "415")
}

// TestLimits: what grows by copying stops.
func TestLimits(t *testing.T) {
	var b strings.Builder
	b.WriteString(`[{"op":"add","path":"/x","value":[1,1]}`)
	for range 40 {
		b.WriteString(`,{"op":"copy","from":"/x","path":"/x/-"}`)
	}
	b.WriteString("]")
	require.Contains(t, outcome(t, JSON, fuzzed, b.String()), "too-costly")

	many := "[" + strings.Repeat(`{"op":"test","path":"/active","value":true},`, maxOperations) + `{"op":"test","path":"/active","value":true}]`
	require.Contains(t, outcome(t, JSON, fuzzed, many), "400 invalid: A patch has at most 1000 operations.")
	deep := `[{"op":"add","path":"/x","value":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}]`
	require.Contains(t, outcome(t, JSON, fuzzed, deep), "400 invalid")
	require.Contains(t, outcome(t, XML, fuzzed, "<diff>"+strings.Repeat("<add>", 5000)+strings.Repeat("</add>", 5000)+"</diff>"), "400 invalid")
	path := "Patient" + strings.Repeat("/*[*/*='x']", 150)
	require.Contains(t, outcome(t, XML, fuzzed, `<diff><remove sel="`+path+`"/></diff>`), "selects 0 nodes")
}
