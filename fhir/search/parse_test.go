package search

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/search/searchtest"
)

// parsed are the conditions that queries become: type, query, condition (without the outer And when it is one).
var parsed = [][3]string{
	// nothing
	{"Patient", "", "and()"},
	{"Patient", "name=", "and()"},
	{"Patient", "_format=json&_pretty=true", "and()"},
	// strings
	{"Patient", "name=Ève", "name=eve"},
	{"Patient", "name=Ève,Lévy-Dûrand", "name=eve,levy durand"},
	{"Patient", "name=a&name=b", "and(name=a; name=b)"},
	{"Patient", `name=a\,b`, "name=a b"},
	{"Patient", `name:exact=a\,b\$c\|d\\e`, `name:exact=a,b$c|d\e`},
	{"Patient", "name:contains=vy", "name:contains=vy"},
	{"Patient", "name=--", "name=--"},
	{"Patient", "name:missing=true", "name:missing=true"},
	{"Patient", "address-city:missing=false", "address-city:missing=false"},
	// tokens
	{"Patient", "identifier=1", "identifier=1"},
	{"Patient", "identifier=http://s|1", "identifier=http://s|1"},
	{"Patient", "identifier=|1", "identifier=|1"},
	{"Patient", "identifier=http://s|", "identifier=http://s|"},
	{"Patient", `identifier=a\|b`, "identifier=a|b"},
	{"Patient", `identifier=s|a\|b,c`, "identifier=s|a|b,c"},
	{"Patient", "identifier:of-type=http://t|MR|1", "identifier:of-type=http://t|MR|1"},
	{"Patient", "identifier:text=Dossier", "identifier:text=dossier"},
	{"Patient", "gender:not=male,female", "not gender=male,female"},
	{"Patient", "gender=http://hl7.org/fhir/administrative-gender|male", "gender=http://hl7.org/fhir/administrative-gender|male,|male"},
	{"Patient", "gender=http://x|male", "gender=http://x|male"},
	{"Patient", "active=true", "active=true"},
	{"Patient", "_tag=http://s|a", "_tag=http://s|a"},
	{"Condition", "code:text=headache", "code:text=headache"},
	{"DocumentReference", "contenttype:below=text/xml", "contenttype:below=text/xml"},
	{"Patient", "gender:in=http://hl7.org/fhir/ValueSet/administrative-gender",
		"gender=http://hl7.org/fhir/administrative-gender|female,|female,http://hl7.org/fhir/administrative-gender|male,|male,http://hl7.org/fhir/administrative-gender|other,|other,http://hl7.org/fhir/administrative-gender|unknown,|unknown"},
	{"Condition", "code:in=http://vs", "code=http://s|a,http://s|b"},
	{"Condition", "code:not-in=http://vs", "not code=http://s|a,http://s|b"},
	// dates
	{"Patient", "birthdate=2000", "birthdate=2000-01-01..2001-01-01"},
	{"Patient", "birthdate=eq2000-02", "birthdate=2000-02-01..2000-03-01"},
	{"Patient", "birthdate=ge2000-12-31", "birthdate=ge2000-12-31..2001-01-01"},
	{"Patient", "birthdate=lt2000-01-01T10:00", "birthdate=lt2000-01-01T10:00:00..2000-01-01T10:01:00"},
	{"Patient", "birthdate=sa2000-01-01T10:00:00+02:00", "birthdate=sa2000-01-01T08:00:00..2000-01-01T08:00:01"},
	{"Patient", "birthdate=eb2000-01-01T10:00:00 02:00", "birthdate=eb2000-01-01T08:00:00..2000-01-01T08:00:01"},
	{"Patient", "birthdate=ne2000-01-01T10:00:00.5Z", "birthdate=ne2000-01-01T10:00:00.5..2000-01-01T10:00:00.6"},
	{"Patient", "birthdate=gt9999", "birthdate=gt9999-01-01..10000-01-01"},
	{"Patient", "birthdate=ap2021-05-22", "birthdate=ap2021-05-21T02:24:00..2021-05-23T21:36:00"},
	{"Patient", "birthdate=ge2000&birthdate=le2001", "and(birthdate=ge2000-01-01..2001-01-01; birthdate=le2001-01-01..2002-01-01)"},
	{"Patient", "_lastUpdated=gt2020-01-01", "_lastUpdated=gt2020-01-01..2020-01-02"},
	{"Patient", "death-date:missing=true", "death-date:missing=true"},
	// numbers
	{"RiskAssessment", "probability=100", "probability=99.5..100.5"},
	{"RiskAssessment", "probability=100.00", "probability=99.995..100.005"},
	{"RiskAssessment", "probability=1e2", "probability=50..150"},
	{"RiskAssessment", "probability=1.00e2", "probability=99.5..100.5"},
	{"RiskAssessment", "probability=gt0.8", "probability=gt0.75..0.85"},
	{"RiskAssessment", "probability=gt8e-1", "probability=gt0.75..0.85"},
	{"RiskAssessment", "probability=-2.0", "probability=-2.05..-1.95"},
	{"RiskAssessment", "probability=ap100", "probability=ap90.0..110.0"},
	{"RiskAssessment", "probability=ap-100", "probability=ap-110.0..-90.0"},
	{"RiskAssessment", "probability=ap0", "probability=ap-0.5..0.5"},
	// quantities
	{"Observation", "value-quantity=5.4|http://unitsofmeasure.org|mg", "value-quantity=5.35..5.45|http://unitsofmeasure.org|mg"},
	{"Observation", "value-quantity=5.40e-3|http://unitsofmeasure.org|g", "value-quantity=0.005395..0.005405|http://unitsofmeasure.org|g"},
	{"Observation", "value-quantity=5.4||mg", "value-quantity=5.35..5.45||mg"},
	{"Observation", "value-quantity=le5.4", "value-quantity=le5.35..5.45||"},
	{"Observation", "value-quantity=ap5.4|http://unitsofmeasure.org|mg", "value-quantity=ap4.86..5.94|http://unitsofmeasure.org|mg"},
	// references
	{"Observation", "subject=23", "subject=/23"},
	{"Observation", "subject=Patient/23", "subject=Patient/23"},
	{"Observation", "subject:Patient=23", "subject:Patient=Patient/23"},
	{"Observation", "subject:Patient=Patient/23", "subject:Patient=Patient/23"},
	{"Observation", "subject=Patient/23/_history/1", "subject=Patient/23"},
	{"Observation", "subject=" + searchtest.BaseURL + "/Patient/23", "subject=Patient/23"},
	{"Observation", "subject=http://other/Patient/23", "subject=http://other/Patient/23"},
	{"Observation", "subject:identifier=http://s|1", "subject:identifier=http://s|1"},
	{"Observation", "subject:text=zo", "subject:text=zo"},
	{"Observation", "subject:missing=true", "subject:missing=true"},
	{"Observation", "subject=urn:uuid:1", "subject=urn:uuid:1"},
	{"QuestionnaireResponse", "questionnaire=http://q|1.0", "questionnaire=http://q|1.0"},
	{"QuestionnaireResponse", "questionnaire:below=http://q|1", "questionnaire:below=http://q|1"},
	{"QuestionnaireResponse", "questionnaire=" + searchtest.BaseURL + "/Questionnaire/1", "questionnaire=" + searchtest.BaseURL + "/Questionnaire/1"},
	// uris
	{"ValueSet", "url=http://acme.org/fhir/ValueSet/123,http://b", "url=http://acme.org/fhir/ValueSet/123,http://b"},
	{"ValueSet", "url:below=http://acme.org/fhir/", "url:below=http://acme.org/fhir/"},
	{"ValueSet", "url:above=http://acme.org/fhir/ValueSet/123/_history/5", "url:above=http://acme.org/fhir/ValueSet/123/_history/5"},
	{"ValueSet", "url=urn:oid:1.2.3.4.5", "url=urn:oid:1.2.3.4.5"},
	{"Patient", "_profile=http://p", "_profile=http://p"},
	// composites
	{"Observation", "component-code-value-quantity=http://loinc.org|8480-6$lt60", "component-code-value-quantity=http://loinc.org|8480-6$lt59.5..60.5||"},
	{"Observation", `code-value-string=a\$b$c`, "code-value-string=a$b$c"},
	{"Group", "characteristic-value=gender$mixed,owner$Eve", "characteristic-value=gender$mixed,owner$Eve"},
	{"DocumentReference", "relationship=DocumentReference/1$replaces", "relationship=DocumentReference/1$replaces"},
	{"DocumentReference", "relationship=1$http://hl7.org/fhir/document-relationship-type|replaces",
		"relationship=/1$http://hl7.org/fhir/document-relationship-type|replaces,/1$|replaces"},
	// near
	{"Location", "near=42.256500|-83.694810|11.20|km", "near=42.2565 -83.69481 11200"},
	{"Location", "near=42|-83", "near=42 -83 50000"},
	{"Location", "near=42|-83|1|[mi_us]", "near=42 -83 1609"},
	// chains
	{"DiagnosticReport", "subject:Patient.name=peter", "subject->Patient{name=peter}"},
	{"DiagnosticReport", "subject.name=peter", "or(subject->Location{name=peter}; subject->Patient{name=peter})"},
	{"Observation", "patient.name=peter", "patient->Patient{name=peter}"},
	{"Observation", "patient.organization.partof.name=x", "patient->Patient{organization->Organization{partof->Organization{name=x}}}"},
	{"Observation", "subject:Patient.general-practitioner:Practitioner.identifier:of-type=s|c|v", "subject->Patient{general-practitioner->Practitioner{identifier:of-type=s|c|v}}"},
	{"Observation", "patient.gender:not=male", "patient->Patient{not gender=male}"},
	{"Observation", "patient._id=1", "patient->Patient{id in 1}"},
	{"Observation", "encounter.date=ge2020", "encounter->Encounter{date=ge2020-01-01..2021-01-01}"},
	{"DiagnosticReport", "result.code-value-quantity=http://loinc.org|2823-3$gt5.4|http://unitsofmeasure.org|mmol/L",
		"result->Observation{code-value-quantity=http://loinc.org|2823-3$gt5.35..5.45|http://unitsofmeasure.org|mmol/L}"},
	// _has
	{"Patient", "_has:Observation:patient:code=1234-5", "Observation.patient<-{code=1234-5}"},
	{"Patient", "_has:Observation:patient:code=123,456", "Observation.patient<-{code=123,456}"},
	{"Patient", "_has:Observation:patient:_has:AuditEvent:entity:agent=MyUserId", "Observation.patient<-{AuditEvent.entity<-{agent=/MyUserId}}"},
	{"Patient", "_has:Observation:patient:encounter.status=planned", "Observation.patient<-{encounter->Encounter{status=planned}}"},
	{"Observation", "patient._has:Encounter:patient:status=planned", "patient->Patient{Encounter.patient<-{status=planned}}"},
	{"Patient", "_has:Observation:patient:code:not=a", "Observation.patient<-{not code=a}"},
	// special
	{"Patient", "_id=1,2", "id in 1,2"},
	{"Patient", "_id:not=1", "not id in 1"},
	{"Patient", "_id:missing=true", "or()"},
	{"Patient", "_list=42", "in list 42"},
	{"Patient", "_list=42,List/43", "or(in list 42; in list 43)"},
	{"Condition", "_text=(bone OR liver) and metastases", "and(or(text bone; text liver); text metastases)"},
	{"Condition", "_content=Fièvre aiguë", "content fievre+aigue"},
	{"Condition", "_text=a NOT b", "and(not text b; text a)"},
	{"Condition", "_text=not (a or b)", "not or(text a; text b)"},
	{"Condition", "_text=a,b c", "or(text a; text b+c)"},
}

func parseOptions() ParseOptions {
	return ParseOptions{Now: testNow, MaxDepth: 8, ValueSet: func(url string) ([]Coding, bool) {
		return []Coding{{"http://s", "a"}, {"http://s", "b"}}, url == "http://vs"
	}}
}

func TestParseQuery(t *testing.T) {
	for _, c := range parsed {
		t.Run(c[0]+"?"+c[1], func(t *testing.T) {
			params := parseParams(c[1])
			q, err := ParseQuery(sharedRegistry(), Scope{Type: c[0]}, params, parseOptions())
			require.NoError(t, err)
			all, ok := q.Where[c[0]].(And)
			require.True(t, ok)
			got := showExpr(all)
			if len(all) == 1 {
				got = showExpr(all[0])
			}
			assert.Equal(t, c[2], got)
			assert.Empty(t, q.Ignored)
		})
	}
}

func BenchmarkParseQuery(b *testing.B) {
	for _, query := range []string{"identifier=urn:oid:1.2.250.1.213.1.4.8|279035121518989", "name=Lévy&birthdate=ge1970&gender=female&_count=20&_sort=-birthdate", "_has:Observation:patient:code=http://loinc.org|8480-6"} {
		params := parseParams(query)
		b.Run(query[:4], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseQuery(sharedRegistry(), Scope{Type: "Patient"}, params, ParseOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
