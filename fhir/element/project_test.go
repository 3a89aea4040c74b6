package element

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/carnet-fhir/carnet/fhir/spec"
)

const subsetted = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}`

func TestProjections(t *testing.T) {
	const src = `{"resourceType":"Observation","id":"o","meta":{"versionId":"1","lastUpdated":"2026-01-01T00:00:00.000Z","tag":[{"code":"t"}]},"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a</div>"},` +
		`"contained":[{"resourceType":"Basic","id":"b","code":{"text":"x"}}],"extension":[{"url":"http://e","valueCode":"e"}],"modifierExtension":[{"url":"http://m","valueBoolean":true}],` +
		`"status":"final","_status":{"id":"s"},"code":{"id":"c","coding":[{"system":"http://loinc.org","code":"1"}],"text":"a"},"subject":{"reference":"Patient/1"},` +
		`"valueQuantity":{"value":1.0},"note":[{"text":"n"}],"component":[{"code":{"text":"c"},"valueString":"s","referenceRange":[{"text":"r"}]}]}`
	r := parse(t, src).Root
	const meta = `"id":"o","meta":{"versionId":"1","lastUpdated":"2026-01-01T00:00:00.000Z","tag":[{"code":"t"},` + subsetted + `]}`
	const text = `"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a</div>"}`
	const modifier = `"modifierExtension":[{"url":"http://m","valueBoolean":true}]`
	const coded = `"status":"final","_status":{"id":"s"},"code":{"id":"c","coding":[{"system":"http://loinc.org","code":"1"}],"text":"a"}`

	assert.Equal(t, `{"resourceType":"Observation",`+meta+`,`+modifier+`,"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1"}],"text":"a"},`+
		`"subject":{"reference":"Patient/1"},"valueQuantity":{"value":1.0},"component":[{"code":{"text":"c"},"valueString":"s"}]}`,
		string(AppendSummary(nil, r, SummaryTrue)))
	assert.Equal(t, `{"resourceType":"Observation",`+meta+`,`+text+`,`+coded+`}`, string(AppendSummary(nil, r, SummaryText)))
	data := string(AppendSummary(nil, r, SummaryData))
	assert.NotContains(t, data, `"text":{"status"`)
	assert.Contains(t, data, `"note":[{"text":"n"}]`)
	assert.Equal(t, `{"resourceType":"Observation",`+meta+`,`+modifier+`,`+coded+`,"note":[{"text":"n"}]}`, string(AppendElements(nil, r, []string{"note"})))
	const quantity = `{"resourceType":"Observation",` + meta + `,` + modifier + `,` + coded + `,"valueQuantity":{"value":1.0}}`
	for _, name := range []string{"value", "value[x]", "valueQuantity"} {
		assert.Equal(t, quantity, string(AppendElements(nil, r, []string{name})))
	}
	assert.Equal(t, src, string(AppendJSON(nil, r)), "the source is untouched")
}

func TestProjectionOfLittle(t *testing.T) {
	r := parse(t, `{"resourceType":"Patient","gender":"male"}`).Root
	assert.Equal(t, `{"resourceType":"Patient","meta":{"tag":[`+subsetted+`]}}`, string(AppendElements(nil, r, nil)))
	marked := Subset(r, nil)
	assert.Equal(t, string(AppendJSON(nil, marked)), string(AppendElements(nil, marked, nil)), "the tag is there once")
}

// TestSummariesAreValid: no projection breaks a mandatory element or leaves an empty one.
func TestSummariesAreValid(t *testing.T) {
	for name, src := range samples(t, "valid/*.json") {
		r := parse(t, src).Root
		for _, mode := range []SummaryMode{SummaryTrue, SummaryText, SummaryData} {
			out := AppendSummary(nil, r, mode)
			_, err := ParseJSON(spec.R4(), out, Options{})
			assert.NoError(t, err, "%s in mode %d: %s", name, mode, out)
		}
		_, err := ParseJSON(spec.R4(), AppendElements(nil, r, []string{"code"}), Options{})
		assert.NoError(t, err, name)
	}
}
