package search

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/search/searchtest"
)

// show writes a value as tests state it.
func show(t ParamType, v *Value) string {
	switch t {
	case Token:
		s := v.Code
		if v.System != "" {
			s = v.System + "|" + s
		}
		if v.TypeCode != "" {
			s += " of-type " + v.TypeSystem + "|" + v.TypeCode
		}
		return s + quoted(v.Text)
	case String:
		return v.Folded + quoted(v.Text)
	case URI:
		return v.Text
	case Date:
		return showTime(v.Low) + ".." + showTime(v.High)
	case Number:
		return showNumber(&v.LowNumber, &v.HighNumber)
	case Quantity:
		return strings.Join([]string{showNumber(&v.LowNumber, &v.HighNumber), v.System, v.Code, v.Unit}, "|")
	case Reference:
		s := v.URL
		if v.RefType != "" {
			s = v.RefType + "/" + v.RefID
		}
		if v.Version != "" {
			s += " version " + v.Version
		}
		if v.IdentifierValue != "" {
			s += " identifier " + v.IdentifierSystem + "|" + v.IdentifierValue
		}
		return s + quoted(v.Text)
	case Special:
		return fmt.Sprint(v.Latitude, " ", v.Longitude)
	default:
		return "?"
	}
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf(" %q", text)
}

func showTime(t int64) string {
	switch t {
	case MinTime:
		return "-"
	case MaxTime:
		return "+"
	}
	return strings.TrimSuffix(time.UnixMicro(t).UTC().Format("2006-01-02T15:04:05.999999"), "T00:00:00")
}

func showNumber(low, high *Decimal) string {
	text := func(d *Decimal, missing string) string {
		if !d.Valid {
			return missing
		}
		return d.Text('f')
	}
	if low.Valid && high.Valid && cmpDecimal(low, high) == 0 {
		return text(low, "")
	}
	return text(low, "-") + ".." + text(high, "+")
}

func showAll(p *Param, values []Value) []string {
	out := []string{}
	for i := range values {
		if p.Type != Composite {
			out = append(out, show(p.Type, &values[i]))
			continue
		}
		var parts []string
		for k, part := range values[i].Parts {
			parts = append(parts, strings.Join(showAll(p.Components[k].Param, part), " or "))
		}
		out = append(out, strings.Join(parts, " $ "))
	}
	return out
}

// extracted gives the shown values of one parameter.
func extracted(t *testing.T, root *element.Element, code string) []string {
	t.Helper()
	reg := sharedRegistry()
	p, ok := reg.Param(root.Type.Name, code)
	if !assert.True(t, ok, "%s.%s", root.Type.Name, code) {
		return nil
	}
	single := showAll(p, reg.Snapshot().ValuesOf(p, root))
	for _, pv := range reg.Extract(root) {
		if pv.Param == p {
			assert.Equal(t, single, showAll(p, pv.Values), "ValuesOf and Extract of %s", code)
			return single
		}
	}
	assert.Empty(t, single, "Extract has no %s", code)
	return single
}

func TestExtract(t *testing.T) {
	for _, c := range []struct {
		typ, content, code string
		want               []string
	}{
		// token
		{"Patient", `"gender":"male"`, "gender", []string{"male"}},
		{"Patient", `"active":false`, "active", []string{"false"}},
		{"Patient", `"_active":{"extension":[{"url":"http://x","valueCode":"a"}]}`, "active", []string{}},
		{"Patient", `"deceasedDateTime":"2020"`, "deceased", []string{"true"}},
		{"Patient", `"deceasedBoolean":false`, "deceased", []string{"false"}},
		{"Patient", `"communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"fr"},{"code":"fr-FR"}],"text":"Français"}}]`, "language",
			[]string{"urn:ietf:bcp:47|fr", "fr-FR", ` "Français"`}},
		{"Patient", `"identifier":[{"system":"http://s","value":"1","type":{"coding":[{"system":"http://t","code":"MR"},{"code":"PI"}],"text":"Dossier"}},{"value":"2"}]`, "identifier",
			[]string{`http://s|1 of-type http://t|MR "Dossier"`, "http://s|1 of-type |PI", "2"}},
		{"Patient", `"telecom":[{"system":"phone","value":"01"},{"system":"email","value":"a@b"}]`, "phone", []string{"01"}},
		{"Patient", `"telecom":[{"system":"phone","value":"01"},{"system":"email","value":"a@b"}]`, "telecom", []string{"01", "a@b"}},
		{"Encounter", `"class":{"system":"http://s","code":"AMB","display":"ambulatory"}`, "class", []string{`http://s|AMB "ambulatory"`}},
		{"Patient", `"meta":{"tag":[{"system":"http://s","code":"a"}],"security":[{"code":"R"}]}`, "_tag", []string{"http://s|a"}},
		{"DocumentReference", `"content":[{"attachment":{"contentType":"application/pdf"}}]`, "contenttype", []string{"application/pdf"}},
		{"CodeSystem", `"url":"http://a"`, "system", []string{"http://a"}},
		{"Subscription", `"channel":{"type":"rest-hook","payload":"application/fhir+json"}`, "payload", []string{"application/fhir+json"}},
		// string
		{"Patient", `"name":[{"use":"official","text":"Zoé Lévy","family":"Lévy-Dûrand","given":["Zoé","Ève"],"prefix":["Dr"],"suffix":["fils"],"period":{"start":"2000"}}]`, "name",
			[]string{`zoe levy "Zoé Lévy"`, `levy durand "Lévy-Dûrand"`, `zoe "Zoé"`, `eve "Ève"`, `dr "Dr"`, `fils "fils"`}},
		{"Patient", `"name":[{"family":"  L’Hôpital "}]`, "family", []string{`l hopital "  L’Hôpital "`}},
		{"Patient", `"address":[{"use":"home","line":["12, rue de l'Œuf"],"city":"Nîmes","postalCode":"30000","country":"FR"}]`, "address",
			[]string{`12 rue de l oeuf "12, rue de l'Œuf"`, `nimes "Nîmes"`, `30000 "30000"`, `fr "FR"`}},
		{"Patient", `"address":[{"use":"home"}]`, "address-use", []string{"home"}},
		{"Observation", `"valueCodeableConcept":{"text":"Rhésus +"}`, "value-string", []string{`rhesus + "Rhésus +"`}},
		// date
		{"Patient", `"birthDate":"1950"`, "birthdate", []string{"1950-01-01..1951-01-01"}},
		{"Patient", `"birthDate":"1950-12"`, "birthdate", []string{"1950-12-01..1951-01-01"}},
		{"Patient", `"birthDate":"2000-02-29"`, "birthdate", []string{"2000-02-29..2000-03-01"}},
		{"Patient", `"deceasedDateTime":"2020-03-15T10:30:00+02:00"`, "death-date", []string{"2020-03-15T08:30:00..2020-03-15T08:30:01"}},
		{"Patient", `"deceasedBoolean":true`, "death-date", []string{}},
		{"Observation", `"effectiveDateTime":"2020-03-15T10:30:00.25Z"`, "date", []string{"2020-03-15T10:30:00.25..2020-03-15T10:30:00.26"}},
		{"Observation", `"effectiveInstant":"2020-03-15T10:30:00Z"`, "date", []string{"2020-03-15T10:30:00..2020-03-15T10:30:00.000001"}},
		{"Observation", `"effectivePeriod":{"start":"2020-01","end":"2020-02-03"}`, "date", []string{"2020-01-01..2020-02-04"}},
		{"Observation", `"effectivePeriod":{"start":"2020-01"}`, "date", []string{"2020-01-01..+"}},
		{"Observation", `"effectivePeriod":{"end":"2020-01"}`, "date", []string{"-..2020-02-01"}},
		{"Observation", `"effectivePeriod":{"start":"2021","end":"2019"}`, "date", []string{}},
		{"Observation", `"effectivePeriod":{"extension":[{"url":"http://x","valueCode":"a"}]}`, "date", []string{}},
		{"Observation", `"effectiveTiming":{"event":["2020-03-01","2020-01-01","2020-02"]}`, "date", []string{"2020-01-01..2020-03-02"}},
		{"Observation", `"effectiveTiming":{"repeat":{"boundsPeriod":{"start":"2013-01-31","end":"2013-03-24"},"frequency":1}}`, "date", []string{"2013-01-31..2013-03-25"}},
		{"Observation", `"effectiveTiming":{"repeat":{"frequency":1}}`, "date", []string{}},
		// number and quantity
		{"ChargeItem", `"factorOverride":0.80`, "factor-override", []string{"0.80"}},
		{"ChargeItem", `"factorOverride":1e2`, "factor-override", []string{"100"}},
		{"RiskAssessment", `"prediction":[{"probabilityDecimal":0.1},{"probabilityRange":{"low":{"value":1},"high":{"value":2}}},{"probabilityRange":{"high":{"value":3}}}]`, "probability",
			[]string{"0.1", "1..2", "-..3"}},
		{"Observation", `"valueQuantity":{"value":5.40,"unit":"milligramme","system":"http://unitsofmeasure.org","code":"mg"}`, "value-quantity", []string{"5.40|http://unitsofmeasure.org|mg|milligramme"}},
		{"Observation", `"valueQuantity":{"value":5,"comparator":"<"}`, "value-quantity", []string{"-..5|||"}},
		{"Observation", `"valueQuantity":{"value":5,"comparator":">="}`, "value-quantity", []string{"5..+|||"}},
		{"Observation", `"valueQuantity":{"unit":"mg"}`, "value-quantity", []string{}},
		{"Observation", `"valueSampledData":{"origin":{"value":2,"unit":"mV"},"period":10,"factor":0.5,"dimensions":1,"data":"4 E -2 U 8"}`, "value-quantity", []string{"1.0..6.0|||mV"}},
		{"ChargeItem", `"priceOverride":{"value":12.5,"currency":"EUR"}`, "price-override", []string{"12.5|urn:iso:std:iso:4217|EUR|"}},
		{"Condition", `"onsetAge":{"value":40,"system":"http://unitsofmeasure.org","code":"a"}`, "onset-age", []string{"40|http://unitsofmeasure.org|a|"}},
		{"Condition", `"onsetRange":{"low":{"value":40,"unit":"years"},"high":{"value":50,"unit":"years"}}`, "onset-age", []string{"40..50|||years"}},
		{"Encounter", `"length":{"value":90,"code":"min"}`, "length", []string{"90||min|"}},
		// reference
		{"Observation", `"subject":{"reference":"Patient/1"}`, "subject", []string{"Patient/1"}},
		{"Observation", `"subject":{"reference":"Patient/1"}`, "patient", []string{"Patient/1"}},
		{"Observation", `"subject":{"reference":"Group/1"}`, "patient", []string{}},
		{"Observation", `"subject":{"reference":"Patient/1/_history/3","display":"Zoé"}`, "subject", []string{`Patient/1 "Zoé"`}},
		{"Observation", `"subject":{"reference":"` + searchtest.BaseURL + `/Patient/1"}`, "patient", []string{"Patient/1"}},
		{"Observation", `"subject":{"reference":"` + searchtest.BaseURL + `x/Patient/1"}`, "patient", []string{searchtest.BaseURL + "x/Patient/1"}},
		{"Observation", `"subject":{"reference":"http://other/fhir/Patient/1/_history/2"}`, "subject", []string{"http://other/fhir/Patient/1"}},
		{"Observation", `"subject":{"reference":"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"}`, "subject", []string{"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"}},
		{"Observation", `"contained":[{"resourceType":"Patient","id":"p"}],"subject":{"reference":"#p"}`, "subject", []string{""}},
		{"Observation", `"contained":[{"resourceType":"Patient","id":"p"}],"subject":{"reference":"#p"}`, "patient", []string{""}},
		{"Observation", `"subject":{"identifier":{"system":"http://s","value":"1"}}`, "subject", []string{" identifier http://s|1"}},
		{"Observation", `"subject":{"type":"Patient","identifier":{"value":"1"}}`, "patient", []string{" identifier |1"}},
		{"QuestionnaireResponse", `"questionnaire":"http://q|1.1"`, "questionnaire", []string{"http://q version 1.1"}},
		{"Bundle", `"type":"document","entry":[{"resource":{"resourceType":"Composition","id":"c"}},{"resource":{"resourceType":"Patient","id":"p"}}]`, "composition", []string{"Composition/c"}},
		// uri
		{"ValueSet", `"url":"http://a/vs"`, "url", []string{"http://a/vs"}},
		{"Patient", `"meta":{"profile":["http://p|2","http://q"],"source":"http://s#1"}`, "_profile", []string{"http://p|2", "http://p", "http://q"}},
		{"Patient", `"meta":{"source":"http://s#1"}`, "_source", []string{"http://s#1"}},
		// special
		{"Location", `"position":{"latitude":48.85,"longitude":2.35}`, "near", []string{"48.85 2.35"}},
		{"Location", `"position":{"latitude":99,"longitude":2.35}`, "near", []string{}},
		// composite
		{"Observation", `"code":{"coding":[{"system":"http://l","code":"a"},{"code":"b"}]},"valueQuantity":{"value":1}`, "code-value-quantity", []string{"http://l|a or b $ 1|||"}},
		{"Observation", `"code":{"coding":[{"code":"a"}]},"valueString":"x"`, "code-value-quantity", []string{}},
		{"Observation", `"component":[{"code":{"coding":[{"code":"a"}]},"valueQuantity":{"value":1}},{"code":{"coding":[{"code":"b"}]},"valueQuantity":{"value":2}}]`, "component-code-value-quantity",
			[]string{"a $ 1|||", "b $ 2|||"}},
		{"DocumentReference", `"relatesTo":[{"code":"replaces","target":{"reference":"DocumentReference/1"}}]`, "relationship", []string{"DocumentReference/1 $ replaces"}},
		{"Observation", `"code":{"coding":[{"code":"a"}]},"valueDateTime":"2020"`, "code-value-date", []string{"a $ 2020-01-01..2021-01-01"}},
		// not from the resource
		{"Patient", `"id":"1"`, "_id", []string{}},
		{"Patient", `"meta":{"lastUpdated":"2020-01-01T00:00:00Z"}`, "_lastUpdated", []string{}},
	} {
		t.Run(c.typ+"."+c.code+" "+c.content, func(t *testing.T) {
			root := resource(t, `{"resourceType":"`+c.typ+`",`+c.content+`}`)
			if c.code == "_id" || c.code == "_lastUpdated" {
				for _, pv := range sharedRegistry().Extract(root) {
					assert.NotEqual(t, c.code, pv.Param.Code)
				}
				return
			}
			assert.Equal(t, c.want, extracted(t, root, c.code))
		})
	}
}

func TestExtractInZone(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Skip("no time zone database")
	}
	reg := NewRegistry(RegistryOptions{Zone: paris})
	p, _ := reg.Param("Patient", "birthdate")
	values := reg.Snapshot().ValuesOf(p, resource(t, `{"resourceType":"Patient","birthDate":"2020-03-29"}`))
	assert.Equal(t, []string{"2020-03-28T23:00:00..2020-03-29T22:00:00"}, showAll(p, values), "the day on which the clocks go forward has 23 hours")
}

func TestInstants(t *testing.T) {
	for _, text := range []string{"", "1", "20", "0000", "2020-", "2020-1", "2020-13", "2020-00", "2020-01-00", "2020-02-30", "2019-02-29", "2020-01-01T", "2020-01-01T10", "2020-01-01T24:00",
		"2020-01-01T10:60", "2020-01-01T10:00:61", "2020-01-01T10:00:00.", "2020-01-01T10:00:00.1x", "2020-01-01T10:00:00+1", "2020-01-01T10:00:00+15:00", "2020-01-01T10:00:00+01:60", "2020-01-01Z", "2020-01-01T10:00:00ZZ",
		"2020-01-01 10:00", "20200101", "-2020", "２０２０"} {
		_, _, ok := parseInterval(text, time.UTC)
		assert.False(t, ok, text)
	}
	// Days by arithmetic equal those of package time.
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		year, month, date := 1+r.IntN(9999), 1+r.IntN(12), 1+r.IntN(28)
		want := time.Date(year, time.Month(month), date, 0, 0, 0, 0, time.UTC)
		low, high, ok := parseInterval(want.Format("2006-01-02"), time.UTC)
		assert.True(t, ok)
		assert.Equal(t, want.UnixMicro(), low)
		assert.Equal(t, want.AddDate(0, 0, 1).UnixMicro(), high)
	}
	low, high, ok := parseInterval("2020-01-01T10:00:00 02:00", time.UTC)
	assert.True(t, ok, "a plus sign that was not escaped")
	assert.Equal(t, "2020-01-01T08:00:00..2020-01-01T08:00:01", showTime(low)+".."+showTime(high))
}

func TestFold(t *testing.T) {
	for _, c := range [][2]string{
		{"", ""}, {"abc", "abc"}, {"ABC", "abc"}, {"Lévy-Dûrand", "levy durand"}, {"levy durand", "levy durand"}, {"L’Hôpital", "l hopital"}, {"L'HOPITAL", "l hopital"},
		{"Œuvrard", "oeuvrard"}, {"æther", "aether"}, {"Groß", "gross"}, {"ẞ", "ss"}, {"  a \t b\n", "a b"}, {"a. b, c", "a b c"}, {"Núñez", "nunez"}, {"Łódź", "lodz"}, {"ﬁn", "fin"},
		{"Ångström", "angstrom"}, {"e\u0301", "e"}, {"--", "--"}, {"...", "..."}, {"A+", "a+"}, {"中文", "中文"}, {"Ω", "ω"}, {"İ", "i"}, {"ı", "i"}, {"ø", "o"}, {"a\u00a0b", "a b"}, {"n°5", "n°5"},
		{"½", "1⁄2"}, {"\xff", "�"},
	} {
		assert.Equal(t, c[1], Fold(c[0]), "%q", c[0])
		assert.Equal(t, Fold(c[0]), Fold(Fold(c[0])), "folding twice changes nothing: %q", c[0])
	}
}

func BenchmarkExtract(b *testing.B) {
	for _, c := range []struct{ name, json string }{{"Patient", benchPatient}, {"Observation", benchObservation}} {
		root := resource(b, c.json)
		s := sharedRegistry().Snapshot()
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var memory Extraction
			for b.Loop() {
				memory.Extract(s, root)
				memory.Forget()
			}
		})
	}
}

const benchPatient = `{"resourceType":"Patient","id":"p1","meta":{"profile":["http://interopsante.org/fhir/StructureDefinition/FrPatient"],"tag":[{"system":"http://a.example/tags","code":"synthetic"}]},
"identifier":[{"use":"official","type":{"coding":[{"system":"http://interopsante.org/fhir/CodeSystem/fr-v2-0203","code":"INS-NIR"}]},"system":"urn:oid:1.2.250.1.213.1.4.8","value":"279035121518989"},
{"use":"usual","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"PI"}]},"system":"urn:oid:1.2.3.4","value":"000000241"}],
"active":true,"name":[{"use":"official","family":"PATIENT","given":["DOMINIQUE","Marie","Lise"]},{"use":"usual","family":"Lévy-Dûrand","given":["Zoé"]}],
"telecom":[{"system":"phone","value":"+33 6 12 34 56 78","use":"mobile"},{"system":"email","value":"zoe.levy@example.org"}],"gender":"female","birthDate":"1979-03-05",
"address":[{"use":"home","line":["12, rue de l'Église"],"city":"Saint-Étienne","postalCode":"42000","country":"FRA"}],
"maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M","display":"Married"}]},
"generalPractitioner":[{"reference":"Practitioner/8a1f0c"}],"managingOrganization":{"reference":"Organization/77"}}`

const benchObservation = `{"resourceType":"Observation","id":"o1","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}]}],
"code":{"coding":[{"system":"http://loinc.org","code":"85354-9","display":"Blood pressure panel"}],"text":"Pression artérielle"},"subject":{"reference":"Patient/0191c2a0"},
"encounter":{"reference":"Encounter/0191c2a1"},"effectiveDateTime":"2024-03-15T10:30:00+01:00","issued":"2024-03-15T10:31:00.123+01:00","performer":[{"reference":"Practitioner/0191c2a2"}],
"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6","display":"Systolic blood pressure"}]},"valueQuantity":{"value":128,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4","display":"Diastolic blood pressure"}]},"valueQuantity":{"value":82,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}`
