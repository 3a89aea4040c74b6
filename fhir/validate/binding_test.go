package validate

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

func TestBindings(t *testing.T) {
	condition := func(status string) string {
		return `{"resourceType":"Condition","subject":{"display":"x"},"verificationStatus":` + status + `}`
	}
	const confirmed = `{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}`
	tests := []struct {
		name, src string
		severity  fault.Severity // of the code-invalid issue; empty when there is none
		at        string
	}{
		{name: "required code in the set", src: `{"resourceType":"Patient","gender":"male"}`},
		{name: "required code not in the set", src: `{"resourceType":"Patient","gender":"M"}`, severity: fault.Error, at: "Patient.gender"},
		{name: "codes are case-sensitive", src: `{"resourceType":"Patient","gender":"Male"}`, severity: fault.Error, at: "Patient.gender"},
		{
			name: "a code that only has an extension", src: `{"resourceType":"Patient","_gender":{"extension":[{"url":"http://a","valueCode":"x"}]}}`,
		},
		{
			name: "in a repeated backbone", src: `{"resourceType":"Patient","contact":[{"name":{"text":"a"}},{"name":{"text":"b","use":"nick"}}]}`,
			severity: fault.Error, at: "Patient.contact[1].name.use",
		},
		{name: "in a data type of an extension", src: `{"resourceType":"Patient","extension":[{"url":"http://a","valueHumanName":{"use":"x","text":"y"}}]}`, severity: fault.Error, at: "Patient.extension[0].value.use"},
		{name: "abstract codes are no values", src: `{"resourceType":"Questionnaire","status":"active","item":[{"linkId":"1","type":"question"}]}`, severity: fault.Error, at: "Questionnaire.item[0].type"},
		{name: "required CodeableConcept", src: condition(`{"coding":[` + confirmed + `]}`)},
		{name: "one coding of several", src: condition(`{"coding":[{"system":"http://a","code":"b"},` + confirmed + `]}`)},
		{name: "right code of another system", src: condition(`{"coding":[{"system":"http://a","code":"confirmed"}]}`), severity: fault.Error, at: "Condition.verificationStatus"},
		{name: "no system", src: condition(`{"coding":[{"code":"confirmed"}]}`), severity: fault.Error, at: "Condition.verificationStatus"},
		{name: "text only where a code is required", src: condition(`{"text":"sure"}`), severity: fault.Error, at: "Condition.verificationStatus"},
		{name: "an extension that says why there is no code", src: condition(`{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`)},
		{name: "extensible, in the set", src: `{"resourceType":"Patient","maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M"}]}}`},
		{name: "extensible, outside the set", src: `{"resourceType":"Patient","maritalStatus":{"coding":[{"system":"http://a","code":"M"}]}}`, severity: fault.Warning, at: "Patient.maritalStatus"},
		{name: "extensible, text only", src: `{"resourceType":"Patient","maritalStatus":{"text":"married"}}`},
		{name: "extensible Coding", src: `{"resourceType":"Encounter","status":"finished","class":{"system":"http://a","code":"b"}}`, severity: fault.Warning, at: "Encounter.class"},
		{name: "a system that the definitions do not list", src: `{"resourceType":"Binary","contentType":"application/x-anything"}`},
		{name: "a preferred binding", src: `{"resourceType":"Patient","communication":[{"language":{"coding":[{"system":"http://a","code":"b"}]}}]}`},
		{name: "in a contained resource", src: `{"resourceType":"List","status":"current","mode":"working","subject":{"reference":"#p"},"contained":[{"resourceType":"Patient","id":"p","gender":"f"}]}`, severity: fault.Error, at: "List.contained[0].gender"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var found []fault.Issue
			for _, i := range issues(t, tc.src, Full) {
				if i.Code == fault.CodeInvalid {
					found = append(found, i)
				}
			}
			if tc.severity == "" {
				require.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			assert.Equal(t, tc.severity, found[0].Severity)
			assert.Equal(t, tc.at, found[0].Expression)
			onWrite := 0
			for _, i := range issues(t, tc.src, OnWrite) {
				if i.Code == fault.CodeInvalid {
					onWrite++
				}
			}
			assert.Equal(t, tc.severity == fault.Error, onWrite == 1, "only required bindings hold on a write")
		})
	}
}

func TestDiagnosticsListShortValueSets(t *testing.T) {
	found := issues(t, `{"resourceType":"Patient","gender":"secret-value"}`, OnWrite)
	require.Len(t, found, 1)
	assert.Equal(t, "The code is not in the required value set http://hl7.org/fhir/ValueSet/administrative-gender."+
		" Its codes are female, male, other, unknown.", found[0].Diagnostics)
	assert.NotContains(t, found[0].Diagnostics, "secret")
}

func TestReferences(t *testing.T) {
	observation := func(subject string) string {
		return `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{` + subject + `}}`
	}
	tests := []struct{ name, src, at, says string }{
		{name: "relative", src: observation(`"reference":"Patient/1"`)},
		{name: "with a version", src: observation(`"reference":"Patient/1/_history/2"`)},
		{name: "absolute", src: observation(`"reference":"https://a.example/fhir/Patient/1"`)},
		{name: "wrong type", src: observation(`"reference":"Practitioner/1"`), at: "Observation.subject", says: "points to a Practitioner"},
		{name: "wrong type, with a version", src: observation(`"reference":"Practitioner/1/_history/3"`), at: "Observation.subject", says: "points to a Practitioner"},
		{name: "wrong type, absolute", src: observation(`"reference":"https://a.example/fhir/Practitioner/1"`), at: "Observation.subject", says: "allowed here: Patient, Group, Device, Location"},
		{name: "urn", src: observation(`"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"`)},
		{name: "conditional", src: observation(`"reference":"Patient?identifier=http://a|1"`)},
		{name: "a URL that is no REST address", src: observation(`"reference":"https://a.example/some/where"`)},
		{name: "logical", src: observation(`"identifier":{"value":"x"}`)},
		{name: "type element", src: observation(`"type":"Patient","identifier":{"value":"x"}`)},
		{name: "wrong type element", src: observation(`"type":"Practitioner","identifier":{"value":"x"}`), at: "Observation.subject", says: "points to a Practitioner"},
		{name: "unknown type element", src: observation(`"type":"Nonsense","identifier":{"value":"x"}`), at: "Observation.subject.type", says: "name of a resource type"},
		{name: "type as a URL", src: observation(`"type":"http://a.example/model","identifier":{"value":"x"}`)},
		{name: "type and reference differ", src: observation(`"type":"Patient","reference":"Group/1"`), at: "Observation.subject.type", says: "is not the type of resource"},
		{
			name: "contained of the wrong type", at: "Observation.subject", says: "points to a Organization",
			src: `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"#o"},"contained":[{"resourceType":"Organization","id":"o","name":"x"}]}`,
		},
		{
			name: "to the container", src: `{"resourceType":"Patient","generalPractitioner":[{"reference":"#o"}],"contained":[{"resourceType":"Organization","id":"o","name":"x","extension":[{"url":"http://a","valueReference":{"reference":"#"}}]}]}`,
		},
		{name: "any target", src: `{"resourceType":"Basic","code":{"text":"x"},"subject":{"reference":"Slot/1"}}`},
		{
			name: "an entry has a scope of its own", at: "Bundle.entry[1].resource.subject", says: "ref-1",
			src: `{"resourceType":"Bundle","type":"collection","entry":[{"resource":` +
				`{"resourceType":"Basic","code":{"text":"x"},"subject":{"reference":"#p"},"contained":[{"resourceType":"Patient","id":"p"}]}},` +
				`{"resource":{"resourceType":"Basic","code":{"text":"x"},"subject":{"reference":"#p"}}}]}`,
		},
		{
			name: "two contained with one id", at: "List.contained[1]", says: "same id",
			src: `{"resourceType":"List","status":"current","mode":"working","subject":{"reference":"#p"},"contained":[{"resourceType":"Patient","id":"p"},{"resourceType":"Patient","id":"p"}]}`,
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			found := issues(t, tc.src, OnWrite)
			if tc.at == "" {
				require.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			assert.Equal(t, tc.at, found[0].Expression)
			assert.Contains(t, found[0].Diagnostics, tc.says)
			assert.Equal(t, fault.Error, found[0].Severity)
		})
	}
}

func TestManyFaultsAreCut(t *testing.T) {
	src := `{"resourceType":"Patient","name":[` + strings.TrimSuffix(strings.Repeat(`{"use":"x","text":"y"},`, 300), ",") + `]}`
	found := issues(t, src, OnWrite)
	require.Len(t, found, 101)
	assert.Equal(t, fault.Incomplete, found[100].Code)
}

func TestCancelledContextStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	src := `{"resourceType":"Patient","name":[` + strings.TrimSuffix(strings.Repeat(`{"text":"y"},`, 3000), ",") + `]}`
	found := validator.Issues(ctx, parse(t, src), OnWrite)
	require.Len(t, found, 1)
	assert.Equal(t, fault.Timeout, found[0].Code)
	assert.Equal(t, fault.Fatal, found[0].Severity)
}
