package validate

import (
	"context"
	"testing"
)

const patient = `{"resourceType":"Patient","id":"p1","meta":{"profile":["http://interopsante.org/fhir/StructureDefinition/FrPatient"]},
"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">A patient</div>"},
"extension":[{"url":"http://interopsante.org/fhir/StructureDefinition/fr-patient-birth-place","valueAddress":{"city":"Lyon","district":"69383"}}],
"identifier":[{"use":"official","type":{"coding":[{"system":"http://interopsante.org/CodeSystem/fr-v2-0203","code":"INS-NIR"}]},
"system":"urn:oid:1.2.250.1.213.1.4.8","value":"000000000000000"},{"use":"usual","system":"http://hospital.example/ipp","value":"12345","period":{"start":"2019-01-01"}}],
"active":true,"name":[{"use":"official","family":"EXEMPLE","given":["Alix","Camille"]},{"use":"usual","text":"Alix Exemple"}],
"telecom":[{"system":"phone","value":"0000000000","use":"mobile"},{"system":"email","value":"alix@example.org"}],"gender":"female","birthDate":"1970-01-01",
"address":[{"use":"home","line":["1 rue Exemple"],"city":"Lyon","postalCode":"69003","country":"FRA"}],
"maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M"}]},
"contact":[{"relationship":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0131","code":"N"}]}],"name":{"family":"EXEMPLE"}}],
"generalPractitioner":[{"reference":"Practitioner/pr1"}],"managingOrganization":{"reference":"Organization/o1"}}`

const observation = `{"resourceType":"Observation","id":"o1","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],
"code":{"coding":[{"system":"http://loinc.org","code":"85354-9","display":"Blood pressure panel"}],"text":"Blood pressure"},
"subject":{"reference":"Patient/p1"},"encounter":{"reference":"Encounter/e1"},"effectiveDateTime":"2024-03-01T10:00:00+01:00","issued":"2024-03-01T10:05:00+01:00",
"performer":[{"reference":"Practitioner/pr1"}],"interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"N"}]}],
"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":120,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":80,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"},
"referenceRange":[{"low":{"value":60,"unit":"mmHg"},"high":{"value":90,"unit":"mmHg"}}]}]}`

func BenchmarkIssues(b *testing.B) {
	for _, bm := range []struct {
		name, src string
		level     Level
	}{
		{"Patient/OnWrite", patient, OnWrite},
		{"Observation/OnWrite", observation, OnWrite},
		{"Patient/Full", patient, Full},
	} {
		b.Run(bm.name, func(b *testing.B) {
			root := parse(b, bm.src)
			if found := validator.Issues(context.Background(), root, bm.level); len(errorsOf(found)) > 0 {
				b.Fatal(found)
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(bm.src)))
			for b.Loop() {
				validator.Issues(context.Background(), root, bm.level)
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		New(validator.defs)
	}
}
