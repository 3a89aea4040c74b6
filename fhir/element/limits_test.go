package element

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/internal/worktest"
)

// TestHostile: each content must be refused, with few issues and work that is in proportion to its size.
func TestHostile(t *testing.T) {
	members := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"x%d":1`, i)
		}
		return b.String()
	}
	attributes := strings.Repeat(` a="1"`, 100_000)
	var declarations strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&declarations, ` xmlns:a%d="urn:%d"`, i, i)
	}
	const patient = `<Patient xmlns="http://hl7.org/fhir">`
	cases := []struct {
		name, src string
		status    int
		code      fault.Code
	}{
		{"deep arrays", strings.Repeat("[", 1_000_000), 400, fault.Structure},
		{"deep arrays inside", `{"resourceType":` + strings.Repeat("[", 1_000_000), 413, fault.TooLong},
		{"deep objects", strings.Repeat(`{"a":`, 1_000_000), 413, fault.TooLong},
		{"deep extensions", `{"resourceType":"Patient","extension":[` + strings.Repeat(`{"url":"a","extension":[`, 64) +
			`{"url":"a","valueCode":"a"}` + strings.Repeat(`]}`, 64) + `]}`, 413, fault.TooLong},
		{"a million numbers", `{"resourceType":"Patient","x":[` + strings.Repeat("1,", 1_000_000) + `1]}`, 413, fault.TooLong},
		{"a million faults", `{"resourceType":"Patient","name":[` + strings.Repeat("{},", 400_000) + `{}]}`, 422, fault.Structure},
		{"many unknown members", `{"resourceType":"Patient"` + members(200_000) + `}`, 422, fault.Structure},
		{"the same member many times", `{"resourceType":"Patient"` + strings.Repeat(`,"active":true`, 200_000) + `}`, 400, fault.Structure},
		{"a long number", `{"resourceType":"Parameters","parameter":[{"name":"a","valueDecimal":1` + strings.Repeat("0", 1_000_000) + `}]}`, 422, fault.Value},
		{"a long integer", `{"resourceType":"Parameters","parameter":[{"name":"a","valueInteger":1` + strings.Repeat("0", 1_000_000) + `}]}`, 422, fault.Value},
		{"a long string", `{"resourceType":"Basic","code":{"text":"` + strings.Repeat("a", MaxString+1) + `"}}`, 422, fault.Value},
		{"deep narrative", `{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns='http://www.w3.org/1999/xhtml'>` + strings.Repeat("<p>", 100_000) + `"}}`, 422, fault.Invariant},
		{"invalid UTF-8", "{\"resourceType\":\"Patient\",\n \"language\":\"\xff\"}", 400, fault.Structure},
		{"deep XML", patient + strings.Repeat("<a>", 1_000_000), 413, fault.TooLong},
		{"deep XML extensions", patient + strings.Repeat(`<extension url="a">`, 64) + `<extension url="a"><valueCode value="a"/></extension>` + strings.Repeat(`</extension>`, 64) + `</Patient>`, 413, fault.TooLong},
		{"a million XML elements", patient + strings.Repeat(`<name><text value="a"/></name>`, 300_000), 413, fault.TooLong},
		{"many XML attributes", `<Patient xmlns="http://hl7.org/fhir"` + attributes + `/>`, 413, fault.TooLong},
		{"many XML namespaces", `<Patient xmlns="http://hl7.org/fhir"` + declarations.String() + `/>`, 413, fault.TooLong},
		{"a million XML faults", patient + strings.Repeat(`<name id="a"/>`, 600_000) + `</Patient>`, 422, fault.Invariant},
		{"XML with invalid UTF-8", patient + "\n<language value=\"\xff\"/></Patient>", 400, fault.Structure},
		{"billion laughs", `<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>` + patient + `<language value="&b;"/></Patient>`, 400, fault.Structure},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			read := ParseJSON
			if strings.HasPrefix(c.src, "<") {
				read = ParseXML
			}
			src := []byte(c.src)
			var err error
			used := worktest.Allocated(func() { _, err = read(spec.R4(), src, Options{}) })
			status, issues := issuesOf(t, err)
			assert.Equal(t, c.status, status)
			assert.LessOrEqual(t, len(issues), MaxIssues+1)
			assert.Equal(t, c.code, issues[0].Code, issues[0].Diagnostics)
			assert.Less(t, used, uint64(64*len(src)+1<<20), "bytes allocated for %d read", len(src))
			for _, i := range issues {
				assert.Less(t, len(i.Diagnostics)+len(i.Expression), 2000)
			}
		})
	}
}

func TestPositionOfInvalidUTF8(t *testing.T) {
	_, err := ParseJSON(spec.R4(), []byte("{\"resourceType\":\"Patient\",\n \"language\":\"\xc3\"}"), Options{})
	_, issues := issuesOf(t, err)
	assert.Equal(t, 2, issues[0].Line)
	assert.Equal(t, 14, issues[0].Column)
}

// TestDepthThatIsAllowed: legitimate nesting just below the limit passes in both formats.
func TestDepthThatIsAllowed(t *testing.T) {
	depth := 60
	src := `{"resourceType":"QuestionnaireResponse","status":"completed","item":[` + strings.Repeat(`{"linkId":"a","item":[`, depth) +
		`{"linkId":"b"}` + strings.Repeat(`]}`, depth) + `]}`
	assertRoundTrip(t, parse(t, src))
}

func TestManyIssuesAreCapped(t *testing.T) {
	src := `{"resourceType":"Patient","name":[` + strings.Repeat(`{"x":1,"text":"a"},`, 150) + `{"text":"a"}]}`
	_, err := ParseJSON(spec.R4(), []byte(src), Options{})
	_, issues := issuesOf(t, err)
	require.Len(t, issues, MaxIssues+1)
	assert.Equal(t, fault.Information, issues[MaxIssues].Severity)
	assert.Equal(t, "Patient.name[99].x", issues[99].Expression)
}
