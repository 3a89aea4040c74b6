package validate

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func definition(elements ...string) string {
	return `{"resourceType":"StructureDefinition","url":"http://a/p","name":"P","status":"active","kind":"resource","abstract":false,` +
		`"type":"Patient","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","derivation":"constraint",` +
		`"differential":{"element":[` + strings.Join(elements, ",") + `]}}`
}

func TestProfile(t *testing.T) {
	tests := []struct {
		name, def, good, bad string
		at, says             string
	}{
		{
			name: "minimum", def: `{"id":"Patient.identifier","path":"Patient.identifier","min":1}`,
			good: `{"resourceType":"Patient","identifier":[{"value":"x"}]}`, bad: `{"resourceType":"Patient"}`,
			at: "Patient", says: "asks for more of the element identifier",
		},
		{
			name: "minimum below an optional element", def: `{"id":"Patient.name.family","path":"Patient.name.family","min":1}`,
			good: `{"resourceType":"Patient"}`, bad: `{"resourceType":"Patient","name":[{"family":"x"},{"given":["y"]}]}`,
			at: "Patient.name[1]", says: "the element family",
		},
		{
			name: "maximum", def: `{"id":"Patient.name","path":"Patient.name","max":"1"}`,
			good: `{"resourceType":"Patient","name":[{"text":"x"}]}`, bad: `{"resourceType":"Patient","name":[{"text":"x"},{"text":"y"}]}`,
			at: "Patient", says: "allows less of the element name",
		},
		{
			name: "forbidden", def: `{"id":"Patient.photo","path":"Patient.photo","max":"0"}`,
			good: `{"resourceType":"Patient"}`, bad: `{"resourceType":"Patient","photo":[{"title":"x"}]}`,
			at: "Patient", says: "allows less of the element photo",
		},
		{
			name: "types of a choice", def: `{"id":"Patient.deceased[x]","path":"Patient.deceased[x]","type":[{"code":"boolean"}]}`,
			good: `{"resourceType":"Patient","deceasedBoolean":false}`, bad: `{"resourceType":"Patient","deceasedDateTime":"2020"}`,
			at: "Patient.deceased", says: "only these types here: boolean",
		},
		{
			name: "targets", good: `{"resourceType":"Patient","generalPractitioner":[{"reference":"Practitioner/1"}]}`,
			def: `{"id":"Patient.generalPractitioner","path":"Patient.generalPractitioner","type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Practitioner"]}]}`,
			bad: `{"resourceType":"Patient","generalPractitioner":[{"reference":"Organization/1"}]}`,
			at:  "Patient.generalPractitioner[0]", says: "allowed here: Practitioner",
		},
		{
			name: "fixed", def: `{"id":"Patient.identifier.system","path":"Patient.identifier.system","fixedUri":"http://a"}`,
			good: `{"resourceType":"Patient","identifier":[{"system":"http://a"},{"value":"x"}]}`, bad: `{"resourceType":"Patient","identifier":[{"system":"http://b"}]}`,
			at: "Patient.identifier[0].system", says: "fixes the value",
		},
		{
			name: "fixed, with members in another order", def: `{"id":"Patient.maritalStatus.coding","path":"Patient.maritalStatus.coding","fixedCoding":{"system":"http://a","code":"M"}}`,
			good: `{"resourceType":"Patient","maritalStatus":{"coding":[{"code":"M","system":"http://a"}]}}`,
			bad:  `{"resourceType":"Patient","maritalStatus":{"coding":[{"code":"M","system":"http://a","display":"x"}]}}`,
			at:   "Patient.maritalStatus.coding[0]", says: "fixes the value",
		},
		{
			name: "pattern", def: `{"id":"Patient.maritalStatus","path":"Patient.maritalStatus","patternCodeableConcept":{"coding":[{"system":"http://a","code":"M"}]}}`,
			good: `{"resourceType":"Patient","maritalStatus":{"text":"x","coding":[{"code":"N","system":"http://a"},{"code":"M","system":"http://a","display":"y"}]}}`,
			bad:  `{"resourceType":"Patient","maritalStatus":{"coding":[{"code":"M"},{"system":"http://a"}]}}`,
			at:   "Patient.maritalStatus", says: "does not match the pattern",
		},
		{
			name: "length", def: `{"id":"Patient.name.family","path":"Patient.name.family","maxLength":3}`,
			good: `{"resourceType":"Patient","name":[{"family":"éèà"}]}`, bad: `{"resourceType":"Patient","name":[{"family":"abcd"}]}`,
			at: "Patient.name[0].family", says: "longer than the profile allows",
		},
		{
			name: "binding", def: `{"id":"Patient.contact.relationship","path":"Patient.contact.relationship","binding":{"strength":"required","valueSet":"http://hl7.org/fhir/ValueSet/patient-contactrelationship|4.0.1"}}`,
			good: `{"resourceType":"Patient","contact":[{"name":{"text":"x"},"relationship":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0131","code":"N"}]}]}]}`,
			bad:  `{"resourceType":"Patient","contact":[{"name":{"text":"x"},"relationship":[{"text":"y"}]}]}`,
			at:   "Patient.contact[0].relationship[0]", says: "required value set",
		},
		{
			name: "extension", def: `{"id":"Patient.extension:place","path":"Patient.extension","sliceName":"place","min":1,"max":"1","type":[{"code":"Extension","profile":["http://a/ext"]}]}`,
			good: `{"resourceType":"Patient","extension":[{"url":"http://a/ext","valueString":"x"},{"url":"http://b","valueString":"y"}]}`,
			bad:  `{"resourceType":"Patient","extension":[{"url":"http://b","valueString":"y"}]}`,
			at:   "Patient", says: "asks for more of the element extension('http://a/ext')",
		},
		{
			name: "constraint", def: `{"id":"Patient","path":"Patient","constraint":[{"key":"x-1","severity":"error","human":"A birth date or a reason is needed.","expression":"birthDate.exists() or deceased.exists()"}]}`,
			good: `{"resourceType":"Patient","birthDate":"2020"}`, bad: `{"resourceType":"Patient"}`,
			at: "Patient", says: "constraint x-1 does not hold: A birth date",
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			p, err := validator.Profile(parse(t, definition(tc.def)))
			require.NoError(t, err)
			assert.Zero(t, p.Unchecked)
			assert.Empty(t, p.Issues(context.Background(), parse(t, tc.good)))
			found := p.Issues(context.Background(), parse(t, tc.bad))
			require.Len(t, found, 1)
			assert.Equal(t, tc.at, found[0].Expression)
			assert.Contains(t, found[0].Diagnostics, tc.says)
		})
	}
}

func TestProfileOfAnotherType(t *testing.T) {
	p, err := validator.Profile(parse(t, definition(`{"id":"Patient","path":"Patient"}`)))
	require.NoError(t, err)
	found := p.Issues(context.Background(), parse(t, `{"resourceType":"Basic","code":{"text":"x"}}`))
	require.Len(t, found, 1)
	assert.Contains(t, found[0].Diagnostics, "constrains Patient")
}

func TestUnusableProfiles(t *testing.T) {
	for name, src := range map[string]string{
		"not a profile": `{"resourceType":"Patient"}`,
		"unknown type":  strings.Replace(definition(`{"id":"Patient","path":"Patient"}`), `"type":"Patient"`, `"type":"Nonsense"`, 1),
		"foreign path":  definition(`{"id":"Basic.code","path":"Basic.code","min":1}`),
		"bad maximum":   definition(`{"id":"Patient.name","path":"Patient.name","max":"many"}`),
	} {
		_, err := validator.Profile(parse(t, src))
		assert.Error(t, err, name)
	}
}

func TestSlicesAreCounted(t *testing.T) {
	p, err := validator.Profile(parse(t, definition(
		`{"id":"Patient.identifier","path":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"open"},"min":1}`,
		`{"id":"Patient.identifier:a","path":"Patient.identifier","sliceName":"a","min":1}`,
		`{"id":"Patient.identifier:a.system","path":"Patient.identifier.system","fixedUri":"http://a"}`,
	)))
	require.NoError(t, err)
	assert.Equal(t, 2, p.Unchecked)
	assert.Empty(t, p.Issues(context.Background(), parse(t, `{"resourceType":"Patient","identifier":[{"system":"http://b"}]}`)))
}
