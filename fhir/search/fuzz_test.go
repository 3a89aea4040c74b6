package search

import (
	"net/http"
	"testing"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// fuzzResource has a value for many kinds of parameters, so that parsed conditions are judged too.
const fuzzResource = `{"resourceType":"Observation","id":"f","meta":{"tag":[{"system":"http://s","code":"a"}],"profile":["http://p|1"]},"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a</div>"},
"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8480-6","display":"Systolique"}],"text":"Pression"},"subject":{"reference":"Patient/1","identifier":{"system":"s","value":"1"}},
"effectivePeriod":{"start":"2020"},"valueQuantity":{"value":5.40,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}}`

// checkQuery parses a query in every scope that it could have: it is a 400 or a condition that can be judged.
func checkQuery(t *testing.T, typ, raw string) {
	t.Helper()
	params, err := SplitQuery(raw)
	if err != nil {
		mustBeRefusal(t, err)
		return
	}
	for _, o := range []ParseOptions{{Now: testNow}, {Now: testNow, Lenient: true}} {
		q, err := ParseQuery(sharedRegistry(), Scope{Type: typ}, params, o)
		if err != nil {
			mustBeRefusal(t, err)
			continue
		}
		root := resource(t, fuzzResource)
		m := Matcher{Registry: sharedRegistry(), Source: shelf{"Observation/f": root}}
		for _, searched := range q.Types { // all of them, when the type is ""
			if q.Where[searched] == nil {
				t.Fatalf("a parsed query has no condition for %s", searched)
			}
			if _, err := m.Match(q.Where[searched], root); err != nil {
				t.Fatalf("match: %v", err)
			}
		}
	}
}

func mustBeRefusal(t *testing.T, err error) {
	t.Helper()
	f := fault.From(err)
	if f.Status != http.StatusBadRequest || len(f.Issues) == 0 {
		t.Fatalf("not a refusal: %d %v", f.Status, err)
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, c := range parsed {
		f.Add(c[0], c[1])
	}
	for _, c := range rejected {
		if len(c.query) < 1000 {
			f.Add(c.typ, c.query)
		}
	}
	for _, query := range []string{"code=http%3A%2F%2Floinc.org%7C8480-6&_sort=-date&_include=Observation:subject", "_has:Observation:derived-from:code=1", "subject.organization.partof.name=x", "date=ge2020&date=lt2021-01-01T10:00%2B02:00"} {
		f.Add("Observation", query)
	}
	f.Fuzz(func(t *testing.T, typ, raw string) { checkQuery(t, typ, raw) })
}

func FuzzFilter(f *testing.F) {
	for _, c := range judged {
		for _, queries := range [][]string{c.yes, c.no} {
			for _, query := range queries {
				if len(query) > 8 && query[:8] == "_filter=" {
					f.Add(c.typ, query[8:])
				}
			}
		}
	}
	f.Add("Patient", `_has:Observation:patient:code eq a and (organization[name co "x" or id eq 1].partof.name pr true)`)
	f.Add("Observation", `subject:Patient[gender eq male].general-practitioner.name sw "\u00e9"`)
	f.Fuzz(func(t *testing.T, typ, filter string) {
		for _, o := range []ParseOptions{{Now: testNow}, {Now: testNow, Lenient: true}} {
			q, err := ParseQuery(sharedRegistry(), Scope{Type: typ}, [][2]string{{"_filter", filter}}, o)
			if err != nil {
				mustBeRefusal(t, err)
				continue
			}
			root := resource(t, fuzzResource)
			m := Matcher{Registry: sharedRegistry(), Source: shelf{"Observation/f": root}}
			if _, err := m.Match(q.Where[typ], root); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzFold holds what the index and the matcher rely on: folding twice is folding once, and a value is never folded to nothing.
func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "Lévy-Dûrand", "L’Hôpital", "--", "\xff", "ﬁ", "½", "İ", "e\u0301", " a  b "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		folded := Fold(s)
		if again := Fold(folded); again != folded {
			t.Fatalf("%q folds to %q, and that to %q", s, folded, again)
		}
		if s != "" && folded == "" {
			t.Fatalf("%q folds to nothing", s)
		}
	})
}
