package search

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search/searchtest"
)

// showExpr writes a condition as tests state it.
func showExpr(x Expr) string {
	switch c := x.(type) {
	case And:
		return "and(" + showParts(c) + ")"
	case Or:
		return "or(" + showParts(c) + ")"
	case Not:
		return "not " + showExpr(c.Expr)
	case *Clause:
		name := c.Param.Code
		if c.TypeModifier != "" {
			name += ":" + c.TypeModifier
		}
		if c.Modifier != "" {
			name += ":" + string(c.Modifier)
		}
		var operands []string
		for i := range c.Operands {
			operands = append(operands, showOperand(c, &c.Operands[i]))
		}
		return name + "=" + strings.Join(operands, ",")
	case *Chain:
		return c.Param.Code + "->" + c.Target + "{" + showExpr(c.Inner) + "}"
	case *Has:
		return c.Source + "." + c.Param.Code + "<-{" + showExpr(c.Inner) + "}"
	case IDIn:
		return "id in " + strings.Join(c.IDs, ",")
	case InList:
		return "in list " + c.ID
	case InCompartment:
		return "in " + c.Type + "/" + c.ID
	case Text:
		if c.Content {
			return "content " + strings.Join(c.Words, "+")
		}
		return "text " + strings.Join(c.Words, "+")
	}
	return fmt.Sprintf("%T", x)
}

func showParts(parts []Expr) string {
	var out []string
	for _, p := range parts {
		out = append(out, showExpr(p))
	}
	return strings.Join(out, "; ")
}

func showOperand(c *Clause, o *Operand) string {
	prefix := string(o.Prefix)
	if prefix == "eq" {
		prefix = ""
	}
	switch {
	case c.Modifier == ModifierMissing:
		return fmt.Sprint(o.Bool)
	case c.Modifier == ModifierOfType:
		return o.System + "|" + o.Code + "|" + o.Value
	case c.Modifier == ModifierIdentifier:
		return showToken(o)
	case c.Modifier == ModifierExact:
		return o.String
	case c.Modifier == ModifierText, c.Param.Type == String:
		return prefix + o.Folded
	}
	switch c.Param.Type {
	case Token:
		return prefix + showToken(o)
	case Date:
		return prefix + showTime(o.Low) + ".." + showTime(o.High)
	case Number:
		return prefix + o.LowNumber.Text('f') + ".." + o.HighNumber.Text('f')
	case Quantity:
		return prefix + o.LowNumber.Text('f') + ".." + o.HighNumber.Text('f') + "|" + o.System + "|" + o.Unit
	case Reference:
		s := o.RefType + "/" + o.RefID
		if o.URL != "" {
			s = o.URL
		}
		if o.Version != "" {
			s += "|" + o.Version
		}
		return prefix + s
	case URI:
		return prefix + o.String
	case Special:
		return fmt.Sprintf("%v %v %.0f", o.Latitude, o.Longitude, o.Distance)
	case Composite:
		var parts []string
		for i := range o.Parts {
			parts = append(parts, showOperand(&Clause{Param: c.Param.Components[i].Param}, &o.Parts[i]))
		}
		return prefix + strings.Join(parts, "$")
	}
	return "?"
}

func showToken(o *Operand) string {
	if o.HasSystem {
		return o.System + "|" + o.Code
	}
	return o.Code
}

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

// rejected are queries that make a 400, with the code of their issue and a part of what it says.
var rejected = []struct {
	typ, query string
	code       fault.Code
	says       string
	ignorable  bool
}{
	{"Patient", "nom=x", fault.NotSupported, `"nom": Patient has no search parameter`, true},
	{"Patient", "Name=x", fault.NotSupported, "no search parameter", true},
	{"Patient", "name:=x", fault.NotSupported, "modifier", true},
	{"Patient", "name:fuzzy=x", fault.NotSupported, `":fuzzy"`, true},
	{"Patient", "name:not=x", fault.NotSupported, `":not" does not apply to a string`, true},
	{"Patient", "name:text=x", fault.NotSupported, "does not apply", true},
	{"Patient", "gender:exact=x", fault.NotSupported, "does not apply", true},
	{"Patient", "gender:of-type=a|b|c", fault.NotSupported, "does not apply", true},
	{"Patient", "gender:below=male", fault.NotSupported, "does not apply", true},
	{"Condition", "code:below=http://snomed.info/sct|1", fault.NotSupported, "does not apply", true},
	{"Condition", "code:above=1", fault.NotSupported, "does not apply", true},
	{"Condition", "onset-date:text=1995", fault.NotSupported, "does not apply", true},
	{"Condition", "onset-date=23 May 2009", fault.Value, "a date is written", false},
	{"Patient", "name:missing=maybe", fault.Value, "true or false", false},
	{"Patient", "name:missing=true,false", fault.Value, "true or false", false},
	{"Patient", `name=a\b`, fault.Value, `'\'`, false},
	{"Patient", `name=a\`, fault.Value, `'\'`, false},
	{"Patient", "name=a,,b", fault.Value, "empty", false},
	{"Patient", "name=,", fault.Value, "empty", false},
	{"Patient", "name= ", fault.Value, "blank", false},
	{"Patient", "identifier=|", fault.Value, "system or a code", false},
	{"Patient", "identifier=a|b|c", fault.Value, "one '|'", false},
	{"Patient", "identifier:of-type=a|b", fault.Value, "of-type takes", false},
	{"Patient", "identifier:of-type=a||c", fault.Value, "of-type takes", false},
	{"Patient", "active=x|true", fault.Value, "without '|'", false},
	{"Patient", "telecom=phone|555", fault.Value, "without '|'", false},
	{"Patient", "birthdate=xx2000", fault.Value, "prefix", false},
	{"Patient", "birthdate=GT2000", fault.Value, "a date", false},
	{"Patient", "birthdate=2000-13", fault.Value, "a date", false},
	{"Patient", "birthdate=gt", fault.Value, "a date", false},
	{"Patient", "birthdate=2000-01-01T10", fault.Value, "a date", false},
	{"Patient", "birthdate:exact=2000", fault.NotSupported, "does not apply", true},
	{"RiskAssessment", "probability=a", fault.Value, "a number", false},
	{"RiskAssessment", "probability=1.", fault.Value, "a number", false},
	{"RiskAssessment", "probability=.5", fault.Value, "a number", false},
	{"RiskAssessment", "probability=1e99999", fault.Value, "a number", false},
	{"RiskAssessment", "probability=NaN", fault.Value, "a number", false},
	{"RiskAssessment", "probability=0x1", fault.Value, "a number", false},
	{"Observation", "value-quantity=5.4|mg", fault.Value, "a quantity", false},
	{"Observation", "value-quantity=mg", fault.Value, "prefix", false},
	{"Observation", "subject:Practitioner=1", fault.NotSupported, "cannot point to Practitioner", true},
	{"Observation", "subject:Patient=Group/1", fault.Value, "a reference of that type", false},
	{"Observation", "subject:above=1", fault.NotSupported, "does not apply", true},
	{"Observation", "subject=#p", fault.Value, "contained", false},
	{"Observation", "subject=Foo/1", fault.Value, "a reference is", false},
	{"Observation", "subject=Patient?identifier=1", fault.Value, "a reference is", false},
	{"QuestionnaireResponse", "questionnaire:identifier=1", fault.NotSupported, "does not apply", true},
	{"QuestionnaireResponse", "questionnaire=|1", fault.Value, "canonical", false},
	{"ValueSet", "url:below=urn:oid:1.2", fault.Value, "URNs", false},
	{"Observation", "code-value-quantity=a", fault.Value, "one part for each component", false},
	{"Observation", "code-value-quantity=a$b$c", fault.Value, "one part for each component", false},
	{"Observation", "code-value-quantity=a$", fault.Value, "empty", false},
	{"Observation", "code-value-quantity=a$x", fault.Value, "", false},
	{"Observation", "code-value-quantity:missing=true", fault.NotSupported, "does not apply", true},
	{"Location", "near=1", fault.Value, "a position", false},
	{"Location", "near=91|0", fault.Value, "degrees", false},
	{"Location", "near=1|1|x", fault.Value, "distance", false},
	{"Location", "near=1|1|1|parsec", fault.Value, "unit", false},
	{"Location", "near=1|1|-1", fault.Value, "distance", false},
	{"Condition", "code:in=http://unknown", fault.Value, "cannot expand", false},
	{"Observation", "patient.foo=1", fault.NotSupported, "Patient has no search parameter", true},
	{"Observation", "code.name=1", fault.NotSupported, "only reference parameters", true},
	{"Observation", "subject:Foo.name=1", fault.NotSupported, "name of a resource type", true},
	{"Observation", "patient:Practitioner.name=1", fault.NotSupported, "cannot point to", true},
	{"Observation", "patient.name:missing=true", fault.NotSupported, "end of a chain", true},
	{"Observation", "patient.birthdate=x", fault.Value, "", false},
	{"Observation", "patient.=1", fault.NotSupported, "", true},
	{"Observation", ".name=1", fault.NotSupported, "", true},
	{"Observation", strings.Repeat("derived-from:Observation.", 20) + "code=1", fault.TooCostly, "too many links", false},
	{"Patient", "_has:Observation:patient=1", fault.NotSupported, "_has is written", true},
	{"Patient", "_has:Observation:patient:=1", fault.NotSupported, "_has is written", true},
	{"Patient", "_has:Foo:patient:code=1", fault.NotSupported, "resource type", true},
	{"Patient", "_has:Observation:code:code=1", fault.NotSupported, "of type token", true},
	{"Patient", "_has:Observation:encounter:code=1", fault.NotSupported, "cannot point to Patient", true},
	{"Patient", "_id:exact=1", fault.NotSupported, "_id takes", true},
	{"Patient", "_list=$current-problems", fault.NotSupported, "functional", true},
	{"Patient", "_list:not=1", fault.NotSupported, "no modifier", true},
	{"Patient", "_query=x", fault.NotSupported, "named queries", true},
	{"Patient", "_text=(a", fault.Value, "not closed", false},
	{"Patient", "_text=a)", fault.Value, "closed that was not opened", false},
	{"Patient", "_text=or", fault.Value, "a word is missing", false},
	{"Patient", "_text=a not", fault.Value, "behind NOT", false},
	{"Patient", "_text=" + strings.Repeat("(", 30) + "a", fault.TooCostly, "nest", false},
	{"Patient", "_type=Patient", fault.NotSupported, "_type belongs", false},
	{"Patient", "_count=-1", fault.Value, "whole number", false},
	{"Patient", "_count=x", fault.Value, "whole number", false},
	{"Patient", "_count=1&_count=2", fault.Value, "more than once", false},
	{"Patient", "_total=exact", fault.CodeInvalid, "none, estimate, accurate", false},
	{"Patient", "_summary=yes", fault.CodeInvalid, "one of", false},
	{"Patient", "_elements=nom", fault.NotSupported, "names of elements", true},
	{"Patient", "_elements=name&_summary=true", fault.Invalid, "exclude", false},
	{"Patient", "_summary=text&_include=Patient:organization", fault.Invalid, "includes", false},
	{"Patient", "_sort=foo", fault.NotSupported, "no search parameter", true},
	{"Patient", "_sort:asc=name", fault.NotSupported, "no modifier", true},
	{"Patient", "_sort=_score", fault.NotSupported, "no search parameter", true},
	{"Location", "_sort=near", fault.NotSupported, "no order", true},
	{"Patient", "_sort=" + strings.Repeat("name,", 9) + "name", fault.TooLong, "keys", false},
	{"Patient", "_include=organization", fault.NotSupported, "Type:parameter", true},
	{"Patient", "_include=Foo:bar", fault.NotSupported, "resource type", true},
	{"Patient", "_include=Patient:name", fault.NotSupported, "reference parameters", true},
	{"Patient", "_include=Patient:foo", fault.NotSupported, "no search parameter", true},
	{"Patient", "_include=Patient:organization:Foo", fault.NotSupported, "resource type", true},
	{"Patient", "_include=Patient:organization:Patient", fault.NotSupported, "cannot point to", true},
	{"Patient", "_include:deep=Patient:organization", fault.NotSupported, ":iterate", true},
	{"Patient", "_contained=true", fault.NotSupported, "no contained", true},
	{"Patient", "_containedType=x", fault.CodeInvalid, "one of", false},
	{"Patient", "__explain=1", fault.Value, "true or false", false},
	{"Patient", "name=" + strings.Repeat("a,", 600) + "a", fault.TooLong, "alternatives", false},
	{"Patient", "name=" + strings.Repeat("a", 70_000), fault.TooLong, "bytes", false},
	{"Patient", strings.Repeat("name=a&", 101) + "name=a", fault.TooLong, "parameters", false},
	{"Foo", "name=a", fault.NotSupported, "not a resource type", false},
}

func TestParseQueryRejects(t *testing.T) {
	for _, c := range rejected {
		name := c.typ + "?" + c.query
		t.Run(name[:min(len(name), 60)], func(t *testing.T) {
			_, err := ParseQuery(sharedRegistry(), Scope{Type: c.typ}, parseParams(c.query), parseOptions())
			require.Error(t, err)
			f := fault.From(err)
			assert.Equal(t, http.StatusBadRequest, f.Status)
			require.Len(t, f.Issues, 1, "%v", f)
			assert.Equal(t, c.code, f.Issues[0].Code, "%v", f)
			assert.Contains(t, f.Issues[0].Diagnostics, c.says)

			o := parseOptions()
			o.Lenient = true
			q, err := ParseQuery(sharedRegistry(), Scope{Type: c.typ}, parseParams(c.query), o)
			if c.ignorable {
				require.NoError(t, err)
				assert.Len(t, q.Ignored, 1)
				assert.Empty(t, q.Used)
			} else {
				require.Error(t, err, "lenient handling does not pass over what cannot be read")
			}
		})
	}
}

func TestParseQueryReportsAll(t *testing.T) {
	_, err := ParseQuery(sharedRegistry(), Scope{Type: "Patient"}, parseParams("foo=1&birthdate=x&name=ok&name:bar=1&_count=x"), parseOptions())
	require.Error(t, err)
	f := fault.From(err)
	require.Len(t, f.Issues, 4)
	for i, name := range []string{`"foo"`, `"birthdate"`, `"name:bar"`, `"_count"`} {
		assert.Contains(t, f.Issues[i].Diagnostics, name)
	}
}

// What a client sent as a value, or hid in a name, is not told back.
func TestParseQueryKeepsValuesToItself(t *testing.T) {
	for _, query := range []string{"birthdate=Dupont", "name Dupont=1", "identifier=a|Dupont|c", "_filter=name xx Dupont", "_sort=Dupont", "_include=Dupont", "value-quantity=Dupont", "_elements=Dupont", "gender:Dupont<script>=1"} {
		_, err := ParseQuery(sharedRegistry(), Scope{Type: "Patient"}, parseParams(query), parseOptions())
		require.Error(t, err)
		if !strings.Contains(query, ":Dupont") { // modifiers are names of the standard, or none
			assert.NotContains(t, err.Error(), "Dupont", query)
		}
		assert.NotContains(t, err.Error(), "<", query)
	}
}

func TestParseResultParameters(t *testing.T) {
	q, err := ParseQuery(sharedRegistry(), Scope{Type: "Patient"}, parseParams("_sort=-birthdate,family,_id,-_lastUpdated&_count=20&_total=accurate&_elements=name,deceased&_elements=birthDate"+
		"&_include=Patient:organization&_include:iterate=Organization:partof:Organization&_revinclude=Observation:patient&_include:recurse=Patient:*&_include=*&_contained=false&_containedType=container&__explain=true&gender=male"), parseOptions())
	require.NoError(t, err)
	assert.Equal(t, 20, q.Count)
	assert.Equal(t, "accurate", q.Total)
	assert.Equal(t, []string{"name", "deceased", "birthDate"}, q.Elements)
	assert.True(t, q.Explain)
	assert.Equal(t, "false", q.Contained)
	require.Len(t, q.Sort, 4)
	assert.True(t, q.Sort[0].Descending)
	assert.Equal(t, Date, q.Sort[0].Params["Patient"].Type)
	assert.Equal(t, SortKey{Code: "_id"}, q.Sort[2])
	assert.Equal(t, SortKey{Code: "_lastUpdated", Descending: true}, q.Sort[3])
	require.Len(t, q.Includes, 5)
	assert.Equal(t, Include{Source: "Patient", Code: "organization", Param: q.Includes[0].Param}, q.Includes[0])
	assert.Equal(t, "Organization", q.Includes[1].Target)
	assert.True(t, q.Includes[1].Iterate)
	assert.True(t, q.Includes[2].Reverse)
	assert.Equal(t, "Observation", q.Includes[2].Param.Resource)
	assert.Equal(t, Include{Iterate: true, Source: "Patient", Code: "*"}, q.Includes[3])
	assert.Equal(t, Include{Source: "*", Code: "*"}, q.Includes[4])
	assert.Len(t, q.Used, 14)
	assert.Equal(t, [2]string{"gender", "male"}, q.Used[13])

	q, err = ParseQuery(sharedRegistry(), Scope{Type: "Patient"}, nil, parseOptions())
	require.NoError(t, err)
	assert.Equal(t, -1, q.Count)
}

func TestParseSystemSearch(t *testing.T) {
	q, err := ParseQuery(sharedRegistry(), Scope{}, parseParams("_type=Patient,Observation,Patient&_tag=a&identifier=1"), parseOptions())
	require.NoError(t, err)
	assert.Equal(t, []string{"Observation", "Patient"}, q.Types)
	assert.Equal(t, "and(_tag=a; identifier=1)", showExpr(q.Where["Observation"]))
	assert.Equal(t, "Observation", q.Where["Observation"].(And)[0].(*Clause).Param.Resource)

	q, err = ParseQuery(sharedRegistry(), Scope{}, parseParams("_lastUpdated=gt2020&_sort=-_lastUpdated"), parseOptions())
	require.NoError(t, err)
	assert.Len(t, q.Types, len(q.Where))
	assert.Greater(t, len(q.Types), 140)

	for _, query := range []string{"identifier=1", "_type=Patient,Observation&birthdate=2000", "_type=Patient,Foo", "_type=Patient,Observation&_sort=birthdate"} {
		_, err := ParseQuery(sharedRegistry(), Scope{}, parseParams(query), parseOptions())
		require.Error(t, err, query)
		assert.Len(t, fault.From(err).Issues, 1)
	}
	o := parseOptions()
	o.Lenient = true
	q, err = ParseQuery(sharedRegistry(), Scope{}, parseParams("_type=Patient,Observation&birthdate=2000&_tag=a"), o)
	require.NoError(t, err)
	assert.Equal(t, []string{`"birthdate"`}, q.Ignored)
	assert.Equal(t, "and(_tag=a)", showExpr(q.Where["Patient"]))
}

func TestParseCompartmentSearch(t *testing.T) {
	in := &InCompartment{Type: "Patient", ID: "23"}
	q, err := ParseQuery(sharedRegistry(), Scope{Type: "Observation", Compartment: in}, parseParams("code=a"), parseOptions())
	require.NoError(t, err)
	assert.Equal(t, "and(in Patient/23; code=a)", showExpr(q.Where["Observation"]))
	q, err = ParseQuery(sharedRegistry(), Scope{Compartment: in}, nil, parseOptions())
	require.NoError(t, err)
	assert.Contains(t, q.Types, "Patient")
	assert.Contains(t, q.Types, "Observation")
	assert.NotContains(t, q.Types, "Medication")
	_, err = ParseQuery(sharedRegistry(), Scope{Type: "Medication", Compartment: in}, nil, parseOptions())
	require.Error(t, err)
	_, err = ParseQuery(sharedRegistry(), Scope{Compartment: &InCompartment{Type: "Organization", ID: "1"}}, nil, parseOptions())
	require.Error(t, err)
}

func TestParseCondition(t *testing.T) {
	x, err := ParseCondition(sharedRegistry(), "Patient", parseParams("identifier=a|1"), ParseOptions{Lenient: true})
	require.NoError(t, err)
	assert.Equal(t, "and(identifier=a|1)", showExpr(x))
	for _, query := range []string{"identifier=1&_count=1", "identifier=1&_sort=name", "foo=1"} {
		_, err = ParseCondition(sharedRegistry(), "Patient", parseParams(query), ParseOptions{Lenient: true})
		require.Error(t, err, "%s: a condition is never lenient", query)
	}
}

func TestSplitQuery(t *testing.T) {
	params, err := SplitQuery("a=1&b=%C3%A8+x&a=2&&c&d=e=f")
	require.NoError(t, err)
	assert.Equal(t, [][2]string{{"a", "1"}, {"b", "è x"}, {"a", "2"}, {"c", ""}, {"d", "e=f"}}, params)
	_, err = SplitQuery("a=%zz")
	require.Error(t, err)
}

// An untyped chain over references to anything multiplies; it must be refused before it costs.
func TestParseChainsAreBounded(t *testing.T) {
	start := time.Now()
	_, err := ParseQuery(sharedRegistry(), Scope{Type: "Provenance"}, parseParams("target.target.target.target.target.target._id=1"), parseOptions())
	if err != nil {
		assert.Equal(t, http.StatusBadRequest, fault.From(err).Status)
	}
	_, err = ParseQuery(sharedRegistry(), Scope{Type: "List"}, parseParams("item.subject.subject.subject.subject.subject.subject._id=1"), parseOptions())
	require.Error(t, err)
	assert.Less(t, time.Since(start), 2*time.Second)
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
