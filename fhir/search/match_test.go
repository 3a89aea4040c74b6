package search

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
)

// shelf is a Source in memory, by "Type/id".
type shelf map[string]*element.Element

func (s shelf) Resource(typ, id string) (*element.Element, error) { return s[typ+"/"+id], nil }

func (s shelf) Resources(typ string) iter.Seq2[*element.Element, error] {
	return func(yield func(*element.Element, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(s)) {
			if strings.HasPrefix(key, typ+"/") && !yield(s[key], nil) {
				return
			}
		}
	}
}

// judged are conditions on one resource: its type and content, then queries that match it and queries that do not. The examples are those of http://hl7.org/fhir/R4/search.html where it has any.
var judged = []struct {
	name, typ, content string
	yes, no            []string
}{
	{
		"string", "Patient", `"name":[{"family":"Carreno Quinones","given":["Evelyn","Zoé"]},{"family":"Lévy-Dûrand","given":["Jean-Pierre"],"text":"Pr. Lévy"}]`,
		[]string{"given=eve", "given=EVE", "given=ève", "given=evelyn", "given=zoe", "given=ZOÉ", "given:exact=Evelyn", "given:contains=vel", "given:contains=ELYN", "family=levy-durand", "family=Levy Durand", "family=LÉVY",
			"family:exact=Lévy-Dûrand", "family:contains=durand", "name=pr levy", "name=carreno", "family=carreno  quinones", "given=x,eve", "given=eve&given=zoe", "given=jean pierre", "given=jean-", "name:missing=false", "phonetic=eve"},
		[]string{"given=velyn", "given:exact=evelyn", "given:exact=Eve", "given:exact=Zoe", "given:contains=z z", "family=durand", "family=levyd", "family:exact=Lévy-Durand", "given=x,y", "given=eve&given=max", "name:missing=true", "address=a"},
	},
	{"no string", "Patient", `"gender":"male"`, []string{"name:missing=true", "family:missing=true", "gender:missing=false"}, []string{"name=a", "name:missing=false", "name:contains=a"}},
	{
		"token in a CodeableConcept", "Condition",
		`"code":{"coding":[{"system":"http://acme.org/conditions/codes","code":"HA125","display":"Acute headache"},{"code":"local"}],"text":"Headache, acute"},"subject":{"reference":"Patient/1"}`,
		[]string{"code=http://acme.org/conditions/codes|ha125", "code=ha125", "code=HA125", "code=|local", "code=http://acme.org/conditions/codes|", "code=x,local", "code:text=headache", "code:text=acute head", "code:not=other", "code:missing=false"},
		[]string{"code=http://acme.org/conditions/code|ha125", "code=http://ACME.org/conditions/codes|ha125", "code=|ha125", "code=ha12", "code:text=ache", "code:not=local", "code:not=other,local", "code=http://x|", "code:missing=true"},
	},
	{
		"text only", "Condition", `"code":{"text":"Céphalée"},"subject":{"reference":"Patient/1"}`,
		[]string{"code:missing=false", "code:text=cephalee", "code:not=x"},
		[]string{"code:missing=true", "code=Céphalée", "code=|Céphalée"},
	},
	{
		"token on code and boolean", "Patient", `"gender":"male","active":true,"deceasedBoolean":false`,
		[]string{"gender=male", "gender=Male", "gender=http://hl7.org/fhir/administrative-gender|male", "gender=|male", "gender=http://hl7.org/fhir/administrative-gender|", "active=true", "deceased=false", "gender:not=female", "gender:in=http://hl7.org/fhir/ValueSet/administrative-gender"},
		[]string{"gender=female", "gender=http://x|male", "active=false", "deceased=true", "gender:not=male", "gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender", "gender:not=female,male"},
	},
	{"not without value", "Patient", `"active":true`, []string{"gender:not=male", "gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender", "gender:missing=true"}, []string{"gender=male", "gender:in=http://hl7.org/fhir/ValueSet/administrative-gender"}},
	{"deceased by date", "Patient", `"deceasedDateTime":"2020"`, []string{"deceased=true", "death-date=2020"}, []string{"deceased=false"}},
	{
		"identifier", "Patient", `"identifier":[{"system":"http://acme.org/patient","value":"2345","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}],"text":"Dossier médical"}},{"value":"Ab"}]`,
		[]string{"identifier=http://acme.org/patient|2345", "identifier=2345", "identifier=|AB", "identifier=http://acme.org/patient|", "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|2345",
			"identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|mr|2345", "identifier:text=dossier"},
		[]string{"identifier=|2345", "identifier=234", "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|1", "identifier:of-type=http://x|MR|2345", "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|PI|2345", "identifier:text=medical"},
	},
	{
		"MIME type", "DocumentReference", `"content":[{"attachment":{"contentType":"text/xml; charset=UTF-8"}}]`,
		[]string{"contenttype=text/xml; charset=UTF-8", "contenttype:below=text/xml", "contenttype:below=TEXT/XML", "contenttype:below=text"},
		[]string{"contenttype=text/xml", "contenttype:below=text/x", "contenttype:below=application", "contenttype:below=text/xml; charset=ASCII"},
	},
	{
		"dateTime at midnight", "Observation", `"effectiveDateTime":"2013-01-14T00:00:00Z"`,
		[]string{"date=2013-01-14", "date=eq2013-01-14", "date=2013-01", "date=2013", "date=ge2013-01-14", "date=le2013-01-14", "date=lt2013-01-14T10:00", "date=gt2013-01-13", "date=sa2013-01-13", "date=eb2013-01-15", "date=ap2013-01-14", "date=2013-01-14T01:00+01:00"},
		[]string{"date=ne2013-01-14", "date=2013-01-15", "date=gt2013-01-14", "date=lt2013-01-14", "date=sa2013-01-14", "date=eb2013-01-14", "date=2012"},
	},
	{"dateTime in the day", "Observation", `"effectiveDateTime":"2013-01-14T10:00:00Z"`,
		[]string{"date=2013-01-14", "date=2013-01-14T10:00", "date=2013-01-14T10:00:00Z", "date=2013-01-14T11:00:00+01:00", "date=ge2013-01-14T10:00", "date=ne2013-01-14T11:00"},
		[]string{"date=ne2013-01-14", "date=2013-01-14T10:00:00.5Z", "date=gt2013-01-14T10:00", "date=2013-01-14T11:00"}},
	{"next midnight", "Observation", `"effectiveDateTime":"2013-01-15T00:00:00Z"`, []string{"date=ne2013-01-14", "date=sa2013-01-14", "date=gt2013-01-14"}, []string{"date=eq2013-01-14"}},
	{"day", "Observation", `"effectiveDateTime":"2013-01-14"`,
		[]string{"date=2013-01-14", "date=lt2013-01-14T10:00", "date=gt2013-01-14T10:00", "date=ge2013-01-14T10:00", "date=2013-01", "date=ne2013-01-14T10:00"},
		[]string{"date=2013-01-14T10:00", "date=sa2013-01-14T10:00", "date=eb2013-01-14T10:00"}},
	{"from January", "Encounter", `"status":"planned","period":{"start":"2013-01-21"}`,
		[]string{"date=ge2013-03-14", "date=le2013-03-14", "date=gt2013-03-14", "date=ap2013-03-14", "date=ne2013-03-14", "date=gt9999"},
		[]string{"date=sa2013-03-14", "date=eb2013-03-14", "date=2013", "date=eb2099"}},
	{"from March", "Encounter", `"status":"planned","period":{"start":"2013-03-15"}`, []string{"date=sa2013-03-14", "date=ge2013-03-14"}, []string{"date=eb2013-03-14", "date=le2013-03-14"}},
	{"until January", "Encounter", `"status":"planned","period":{"end":"2013-01-21"}`, []string{"date=eb2013-03-14", "date=le2013-03-14", "date=lt0001-02"}, []string{"date=sa2013-03-14", "date=ge2013-03-14"}},
	{"period within", "Encounter", `"status":"planned","period":{"start":"2010-06-01","end":"2010-06-30"}`,
		[]string{"date=2010-06", "date=2010", "date=ge2010-01-01&date=le2011-12-31", "date=ge2010-06-30", "date=le2010-06-01", "date=ap2010-06-15"},
		[]string{"date=2010-06-01", "date=ge2010-07-01", "date=le2010-05-31", "date=gt2010-06-30", "date=lt2010-06-01"}},
	{"instant", "Observation", `"issued":"2020-03-15T10:30:00Z","effectiveInstant":"2020-03-15T10:30:00Z"`,
		[]string{"date=2020-03-15T10:30:00.000Z", "date=2020-03-15T10:30:00Z", "date=le2020-03-15T10:30:00Z", "date=ge2020-03-15T10:30:00Z"}, []string{"date=gt2020-03-15T10:30:00Z", "date=2020-03-15T10:30:01Z"}},
	{"date of birth", "Patient", `"birthDate":"1950-12"`, []string{"birthdate=1950", "birthdate=1950-12", "birthdate=ge1950-12-31", "birthdate=lt1951", "birthdate=gt1950-12-15"}, []string{"birthdate=1950-12-01", "birthdate=gt1950", "birthdate=sa1950-11-30T23:59:59.9Z,eb1950-12-15&birthdate=1950-11"}},
	{"ap of a date", "Patient", `"birthDate":"1980-01-01"`, []string{"birthdate=ap1983-01-01", "birthdate=ap1977"}, []string{"birthdate=ap1990-01-01", "birthdate=ap1960"}},
	{"lastUpdated", "Patient", `"meta":{"lastUpdated":"2020-01-01T00:00:00.123Z"}`, []string{"_lastUpdated=2020", "_lastUpdated=gt2019-12-31", "_lastUpdated:missing=false"}, []string{"_lastUpdated=gt2020-01-01"}},
	{
		"number", "RiskAssessment", `"status":"final","subject":{"reference":"Patient/1"},"prediction":[{"probabilityDecimal":100.4}]`,
		[]string{"probability=100", "probability=1e2", "probability=100.4", "probability=100.40", "probability=ge100", "probability=gt100", "probability=lt100.5", "probability=le100.4", "probability=ge100.4", "probability=ne100.0", "probability=sa100", "probability=eb101", "probability=ap95", "probability=ap110"},
		[]string{"probability=100.0", "probability=101", "probability=ne100", "probability=gt100.4", "probability=lt100.4", "probability=eb100.4", "probability=sa100.4", "probability=ap90"},
	},
	{"half up", "RiskAssessment", `"status":"final","subject":{"reference":"Patient/1"},"prediction":[{"probabilityDecimal":99.5}]`, []string{"probability=100", "probability=99.5"}, []string{"probability=99"}},
	{"half down", "RiskAssessment", `"status":"final","subject":{"reference":"Patient/1"},"prediction":[{"probabilityDecimal":100.5}]`, []string{"probability=101"}, []string{"probability=100"}},
	{"range", "RiskAssessment", `"status":"final","subject":{"reference":"Patient/1"},"prediction":[{"probabilityRange":{"low":{"value":1},"high":{"value":3}}}]`,
		[]string{"probability=gt2", "probability=lt2", "probability=ge3", "probability=le1", "probability=ne2", "probability=ap3", "probability=sa0.5", "probability=eb3.5"}, []string{"probability=2", "probability=gt3", "probability=lt1", "probability=sa1", "probability=eb3"}},
	{"open range", "RiskAssessment", `"status":"final","subject":{"reference":"Patient/1"},"prediction":[{"probabilityRange":{"low":{"value":1}}}]`, []string{"probability=gt1e9", "probability=sa0", "probability=ne5"}, []string{"probability=5", "probability=eb1e9", "probability=lt1"}},
	{"no number", "RiskAssessment", `"status":"final","subject":{"reference":"Patient/1"}`, []string{"probability:missing=true"}, []string{"probability=ne1", "probability=1"}},
	{
		"quantity", "Observation", `"valueQuantity":{"value":5.40,"unit":"milligramme","system":"http://unitsofmeasure.org","code":"mg"}`,
		[]string{"value-quantity=5.4|http://unitsofmeasure.org|mg", "value-quantity=5.4||mg", "value-quantity=5.4||milligramme", "value-quantity=5.4", "value-quantity=le5.4|http://unitsofmeasure.org|mg", "value-quantity=ap5|http://unitsofmeasure.org|mg",
			"value-quantity=gt5|http://unitsofmeasure.org|", "value-quantity=5.40e0", "value-quantity=ne5.5||mg"},
		[]string{"value-quantity=5.4|http://unitsofmeasure.org|g", "value-quantity=5.4|http://x|mg", "value-quantity=5.4||kg", "value-quantity=lt5.4", "value-quantity=5.4|http://unitsofmeasure.org|milligramme", "value-quantity=ne5.5||kg", "value-quantity=5.5"},
	},
	{"comparator", "Observation", `"valueQuantity":{"value":5,"comparator":"<"}`, []string{"value-quantity=lt5", "value-quantity=lt1", "value-quantity=ne5"}, []string{"value-quantity=5", "value-quantity=gt5"}},
	{"money", "ChargeItem", `"priceOverride":{"value":12.5,"currency":"EUR"}`, []string{"price-override=12.5|urn:iso:std:iso:4217|EUR", "price-override=12.5||EUR"}, []string{"price-override=12.5||USD"}},
	{
		"reference", "Observation", `"subject":{"reference":"Patient/23","display":"Zoé Lévy"}`,
		[]string{"subject=Patient/23", "subject=23", "subject:Patient=23", "patient=23", "patient=Patient/23", "subject=http://carnet.example/fhir/Patient/23", "subject=Patient/23/_history/2", "subject:text=zoe", "subject=1,23"},
		[]string{"subject=Group/23", "subject:Group=23", "subject=2", "subject=http://other.example/fhir/Patient/23", "encounter=23", "subject:text=levy"},
	},
	{"absolute reference", "Observation", `"subject":{"reference":"http://carnet.example/fhir/Patient/23"}`, []string{"subject=Patient/23", "patient=23", "subject=http://carnet.example/fhir/Patient/23"}, []string{"subject=http://carnet.example/fhirs/Patient/23"}},
	{"foreign reference", "Observation", `"subject":{"reference":"http://other.example/fhir/Patient/23"}`, []string{"subject=http://other.example/fhir/Patient/23", "patient=http://other.example/fhir/Patient/23"}, []string{"subject=Patient/23", "subject=23"}},
	{"group", "Observation", `"subject":{"reference":"Group/1"}`, []string{"subject=Group/1", "patient:missing=true"}, []string{"patient=1"}},
	{"logical reference", "Observation", `"subject":{"type":"Patient","identifier":{"system":"http://acme.org/fhir/identifier/mrn","value":"123456"}}`,
		[]string{"subject:identifier=http://acme.org/fhir/identifier/mrn|123456", "subject:identifier=123456", "patient:identifier=http://acme.org/fhir/identifier/mrn|", "subject:missing=false"}, []string{"subject:identifier=http://x|123456", "subject=123456", "subject:identifier=|123456"}},
	{"canonical", "QuestionnaireResponse", `"status":"completed","questionnaire":"http://acme.com/some-profile|1.1"`,
		[]string{"questionnaire=http://acme.com/some-profile", "questionnaire=http://acme.com/some-profile|1.1", "questionnaire:below=http://acme.com/some-profile", "questionnaire:below=http://acme.com/some-profile|1"},
		[]string{"questionnaire=http://acme.com/some-profile|1", "questionnaire:below=http://acme.com/some-profile|2", "questionnaire:below=http://acme.com/some-profile|1.10", "questionnaire=http://acme.com/some"}},
	{"uri", "ValueSet", `"url":"http://acme.org/fhir/ValueSet/123"`,
		[]string{"url=http://acme.org/fhir/ValueSet/123", "url:below=http://acme.org/fhir/", "url:below=http://acme.org/fhir", "url:above=http://acme.org/fhir/ValueSet/123/_history/5", "url:above=http://acme.org/fhir/ValueSet/123", "url:below=http://acme.org/fhir/ValueSet/123"},
		[]string{"url=http://acme.org/fhir/ValueSet/12", "url=HTTP://acme.org/fhir/ValueSet/123", "url:below=http://acme.org/fh", "url:above=http://acme.org/fhir/ValueSet/1234", "url:above=http://acme.org/fhir"}},
	{"oid", "ValueSet", `"url":"urn:oid:1.2.3.4.5"`, []string{"url=urn:oid:1.2.3.4.5"}, []string{"url=urn:oid:1.2.3.4"}},
	{"profile", "Patient", `"meta":{"profile":["http://p/a|2"]}`, []string{"_profile=http://p/a", "_profile=http://p/a|2", "_profile:below=http://p"}, []string{"_profile=http://p/a|3", "_profile=http://p"}},
	{"composite", "Observation", `"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":55},"component":[{"code":{"coding":[{"code":"a"}]},"valueQuantity":{"value":1}},{"code":{"coding":[{"code":"b"}]},"valueQuantity":{"value":9}}]`,
		[]string{"code-value-quantity=http://loinc.org|8480-6$lt60", "component-code-value-quantity=a$1", "component-code-value-quantity=b$gt5", "combo-code-value-quantity=8480-6$55", "combo-code-value-quantity=a$1", "code-value-quantity=x$1,8480-6$55"},
		[]string{"code-value-quantity=http://loinc.org|8480-6$gt60", "component-code-value-quantity=a$9", "code-value-quantity=a$1", "combo-code-value-quantity=a$55"}},
	{"relationship", "DocumentReference", `"relatesTo":[{"code":"replaces","target":{"reference":"DocumentReference/1"}},{"code":"appends","target":{"reference":"DocumentReference/2"}}]`,
		[]string{"relationship=DocumentReference/1$replaces", "relationship=2$appends", "relatesto=1", "relation=appends", "relationship=1$http://hl7.org/fhir/document-relationship-type|replaces"}, []string{"relationship=DocumentReference/1$appends"}},
	{"near", "Location", `"name":"x","position":{"latitude":48.8566,"longitude":2.3522}`, []string{"near=48.85|2.35|1|km", "near=48.8|2.3", "near=48.85|2.35|1000|m", "near=48.8566|2.3522|0"}, []string{"near=48.8|2.3|1|km", "near=43.3|5.4", "near=48.85|2.35|1|m"}},
	{"text", "Condition", `"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>Métastases&#160;osseuses, <b>os</b> &amp; foie</p></div>"},"code":{"text":"Tumeur"},"subject":{"reference":"Patient/1"}`,
		[]string{"_text=metastases", "_text=foie métastases", "_text=(rein OR foie) and os", "_content=tumeur foie", "_text=os NOT rein", "_content=Patient"}, []string{"_text=tumeur", "_text=metastase", "_text=os and rein", "_text=os NOT foie", "_text=b", "_content=rein", "_text=rein,poumon"}},
	{"id", "Patient", `"id":"Ab1","active":true`, []string{"_id=Ab1", "_id=x,Ab1", "_id:not=ab1", "_id:missing=false"}, []string{"_id=ab1", "_id:not=Ab1", "_id:missing=true"}},
	{"tag", "Patient", `"meta":{"tag":[{"system":"http://acme.org/codes","code":"needs-review"}],"security":[{"code":"R"}],"source":"http://s"}`, []string{"_tag=http://acme.org/codes|needs-review", "_security=r", "_source=http://s"}, []string{"_tag=http://x|needs-review", "_security=V"}},
	// _filter
	{
		"filter", "Patient", `"id":"f","name":[{"family":"Lévy-Dûrand","given":["Peter","James"]}],"birthDate":"2014-10-12","gender":"male","identifier":[{"system":"http://s","value":"1"}],"meta":{"profile":["http://p/a"]}`,
		[]string{`_filter=name co "ete"`, `_filter=given eq "peter" and birthdate ge 2014-10-10`, `_filter=given eq peter`, `_filter=given ne peter`, `_filter=given sw pet`, `_filter=given ew ter`, `_filter=family eq "levy durand"`, `_filter=family gt "kevin"`, `_filter=family le "levy durand"`,
			`_filter=gender eq male`, `_filter=gender ne female`, `_filter=not (gender eq female)`, `_filter=gender eq female or given eq peter`, `_filter=gender eq female and given eq x or given eq peter`, `_filter=gender pr true`, `_filter=address pr false`,
			`_filter=birthdate eq 2014`, `_filter=birthdate po 2014-10`, `_filter=birthdate co 2014-10-12T10:00`, `_filter=identifier eq http://s|1`, `_filter=identifier eq 1`, `_filter=_profile sw http://p`, `_filter=_profile ew /a`, `_filter=_profile co //`, `_filter=id eq f`, `_filter=_id ne g`,
			`_filter=gender in http://hl7.org/fhir/ValueSet/administrative-gender`, `_filter=((gender eq male))`, `_filter=birthdate ap 2014-10`, `_filter=(gender eq female or given eq peter) and birthdate lt 2015`, `_filter=given eq "j\u0061mes"`, `_filter= gender   eq	male `},
		[]string{`_filter=name co "etr"`, `_filter=given eq pete`, `_filter=family eq durand`, `_filter=family lt levy`, `_filter=gender ne male`, `_filter=not (gender eq male)`, `_filter=gender eq male and given eq x`, `_filter=given eq peter or gender eq male and given eq x`,
			`_filter=gender pr false`, `_filter=birthdate po 2015`, `_filter=birthdate co 2014-10-13`, `_filter=_profile sw p`, `_filter=id eq g`, `_filter=gender ni http://hl7.org/fhir/ValueSet/administrative-gender`, `_filter=address ne x`, `_filter=birthdate sa 2014-10-12`},
	},
	{"filter of quantity", "Observation", `"code":{"coding":[{"system":"http://loinc.org","code":"12907-2"}]},"valueQuantity":{"value":151,"system":"http://unitsofmeasure.org","code":"mmol/L"},"subject":{"reference":"Patient/3425"}`,
		[]string{`_filter=code eq loinc|12907-2`, `_filter=value-quantity gt 150|ucum|mmol/L`, `_filter=code-value-quantity eq loinc|12907-2$ge150|ucum|mmol/L`, `_filter=code-value-quantity ne loinc|12907-2$lt150`, `_filter=subject re Patient/3425`, `_filter=subject eq 3425`, `_filter=subject ne Patient/1`, `_filter=value-quantity co 151`},
		[]string{`_filter=code eq snomed|12907-2`, `_filter=value-quantity gt 150|ucum|mg`, `_filter=subject re Group/3425`, `_filter=subject ne 3425`, `_filter=encounter ne 1`, `_filter=code-value-quantity ne loinc|12907-2$ge150`}},
}

func TestMatch(t *testing.T) {
	m := &Matcher{Registry: sharedRegistry()}
	cases := 0
	for _, c := range judged {
		root := resource(t, `{"resourceType":"`+c.typ+`",`+c.content+`}`)
		for _, side := range []struct {
			queries []string
			want    bool
		}{{c.yes, true}, {c.no, false}} {
			for _, query := range side.queries {
				cases++
				got, err := m.Match(condition(t, sharedRegistry(), c.typ, query), root)
				require.NoError(t, err)
				assert.Equal(t, side.want, got, "%s: %s?%s", c.name, c.typ, query)
			}
		}
	}
	assert.Greater(t, cases, 300)
}

// ward is a small set of resources that refer to each other.
func ward(t *testing.T) shelf {
	s := shelf{}
	for _, json := range []string{
		`{"resourceType":"Organization","id":"o1","name":"Hôpital Nord"}`,
		`{"resourceType":"Organization","id":"o2","name":"Service","partOf":{"reference":"Organization/o1"}}`,
		`{"resourceType":"Practitioner","id":"joe","name":[{"family":"Joe"}],"address":[{"state":"CA"}]}`,
		`{"resourceType":"Practitioner","id":"jane","name":[{"family":"Jane"}],"address":[{"state":"MN"}]}`,
		`{"resourceType":"Patient","id":"p1","name":[{"family":"Peter"}],"gender":"male","managingOrganization":{"reference":"Organization/o2"},"generalPractitioner":[{"reference":"Practitioner/joe"},{"reference":"Practitioner/jane"}]}`,
		`{"resourceType":"Patient","id":"p2","name":[{"family":"Mary"}]}`,
		`{"resourceType":"Patient","id":"p3","link":[{"other":{"reference":"Patient/p1"},"type":"seealso"}]}`,
		`{"resourceType":"Observation","id":"a","code":{"coding":[{"code":"123"}]},"subject":{"reference":"Patient/p1"},"status":"final"}`,
		`{"resourceType":"Observation","id":"b","code":{"coding":[{"code":"456"}]},"subject":{"reference":"Patient/p1"},"derivedFrom":[{"reference":"Observation/a"}],"status":"final"}`,
		`{"resourceType":"Observation","id":"c","code":{"coding":[{"code":"123"}]},"subject":{"reference":"Patient/gone"},"status":"final"}`,
		`{"resourceType":"Observation","id":"d","code":{"coding":[{"code":"123"}]},"subject":{"reference":"Location/p1"},"status":"final"}`,
		`{"resourceType":"AuditEvent","id":"e","entity":[{"what":{"reference":"Observation/b"}}],"agent":[{"who":{"reference":"Practitioner/joe"}}]}`,
		`{"resourceType":"List","id":"l1","entry":[{"item":{"reference":"Patient/p1"}},{"item":{"reference":"Observation/c"}}]}`,
	} {
		root := resource(t, json)
		s[root.Type.Name+"/"+root.ChildValue("id")] = root
	}
	return s
}

func TestMatchAcrossResources(t *testing.T) {
	source := ward(t)
	m := &Matcher{Registry: sharedRegistry(), Source: source}
	for _, c := range []struct {
		typ, query string
		want       []string
	}{
		{"Observation", "patient.name=peter", []string{"a", "b"}},
		{"Observation", "subject:Patient.name=peter", []string{"a", "b"}},
		{"Observation", "subject.name=peter", []string{"a", "b"}},
		{"Observation", "subject:Location.name=peter", nil},
		{"Observation", "patient.organization.partof.name=hopital", []string{"a", "b"}},
		{"Observation", "patient.organization.name=hopital", nil},
		{"Observation", "patient.gender:not=female", []string{"a", "b"}},
		{"Observation", "derived-from:Observation.code=123", []string{"b"}},
		{"Observation", "patient._id=p1", []string{"a", "b"}},
		{"Patient", "_has:Observation:patient:code=123", []string{"p1"}},
		{"Patient", "_has:Observation:patient:code=123,456", []string{"p1"}},
		{"Patient", "_has:Observation:patient:code=123&_has:Observation:patient:code=456", []string{"p1"}},
		{"Patient", "_has:Observation:patient:code=789", nil},
		{"Patient", "_has:Observation:patient:_has:AuditEvent:entity:agent=joe", []string{"p1"}},
		{"Patient", "_has:Observation:patient:_has:AuditEvent:entity:agent=jane", nil},
		{"Patient", "_has:Patient:link:_id=p3", []string{"p1"}},
		{"Patient", "link._has:Observation:patient:code=123", []string{"p3"}},
		{"Patient", "general-practitioner:Practitioner.name=Joe&general-practitioner:Practitioner.address-state=MN", []string{"p1"}},
		{"Patient", `_filter=general-practitioner:Practitioner[name eq "joe"].address-state eq MN`, nil},
		{"Patient", `_filter=general-practitioner:Practitioner[name eq "jane"].address-state eq MN`, []string{"p1"}},
		{"Patient", `_filter=general-practitioner[name eq "jane" and not (name eq "x")].address-state eq MN`, []string{"p1"}},
		{"Patient", `_filter=_has:Observation:patient:code eq 123 and gender pr true`, []string{"p1"}},
		{"Patient", `_filter=not (_has:Observation:patient:code eq 123)`, []string{"p2", "p3"}},
		{"Observation", `_filter=subject.name co "ete"`, []string{"a", "b"}},
		{"Observation", `_filter=patient.organization.partof.name sw hop or code eq 123`, []string{"a", "b", "c", "d"}},
		{"Observation", `_filter=patient.birthdate pr false`, []string{"a", "b"}},
		{"Observation", `_filter=patient.id eq p1`, []string{"a", "b"}},
		{"Patient", "_list=l1", []string{"p1"}},
		{"Patient", "_list=List/l1,l2", []string{"p1"}},
		{"Observation", "_list=l1", []string{"c"}},
		{"Observation", "_list=none", nil},
	} {
		condition := condition(t, sharedRegistry(), c.typ, c.query)
		var got []string
		for root, err := range source.Resources(c.typ) {
			require.NoError(t, err)
			ok, err := m.Match(condition, root)
			require.NoError(t, err)
			if ok {
				got = append(got, root.ChildValue("id"))
			}
		}
		assert.Equal(t, c.want, got, "%s?%s", c.typ, c.query)
	}
}

func TestMatchCompartment(t *testing.T) {
	source := ward(t)
	m := &Matcher{Registry: sharedRegistry(), Source: source}
	var members []string
	for _, key := range slices.Sorted(maps.Keys(source)) {
		ok, err := m.Match(InCompartment{Type: "Patient", ID: "p1"}, source[key])
		require.NoError(t, err)
		if ok {
			members = append(members, key)
		}
	}
	assert.Equal(t, []string{"Observation/a", "Observation/b", "Patient/p1", "Patient/p3"}, members)
}

func TestCompareSort(t *testing.T) {
	s := sharedRegistry().Snapshot()
	source := shelf{}
	for _, json := range []string{
		`{"resourceType":"Patient","id":"1","name":[{"family":"Zola"},{"family":"abel"}],"birthDate":"1990"}`,
		`{"resourceType":"Patient","id":"2","name":[{"family":"Béart"}],"birthDate":"1980-05"}`,
		`{"resourceType":"Patient","id":"3","birthDate":"1980"}`,
		`{"resourceType":"Patient","id":"4","name":[{"family":"Clair"}]}`,
	} {
		root := resource(t, json)
		source["Patient/"+root.ChildValue("id")] = root
	}
	for _, c := range [][2]string{
		{"family", "1 2 4 3"}, {"-family", "1 4 2 3"}, {"birthdate", "3 2 1 4"}, {"-birthdate", "1 2 3 4"}, {"_id", "1 2 3 4"}, {"-_id", "4 3 2 1"}, {"gender,family", "1 2 4 3"}, {"-gender,-_id", "4 3 2 1"},
	} {
		q, err := ParseQuery(sharedRegistry(), Scope{Type: "Patient"}, [][2]string{{"_sort", c[0]}}, ParseOptions{})
		require.NoError(t, err)
		all := slices.SortedStableFunc(maps.Values(source), func(a, b *element.Element) int { return s.CompareSort(q.Sort, a, b) })
		var ids []string
		for _, root := range all {
			ids = append(ids, root.ChildValue("id"))
		}
		assert.Equal(t, c[1], strings.Join(ids, " "), c[0])
	}
}
