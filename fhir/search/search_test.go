package search

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

const (
	unit      = `{"resourceType":"Organization","id":"ward","name":"Ward","partOf":{"reference":"Organization/hospital"}}`
	hospital  = `{"resourceType":"Organization","id":"hospital","name":"Hospital","partOf":{"reference":"Organization/group"}}`
	group     = `{"resourceType":"Organization","id":"group","name":"Group"}`
	anna      = `{"resourceType":"Patient","id":"anna","name":[{"family":"Alpha"}],"birthDate":"1980","managingOrganization":{"reference":"Organization/ward"}}`
	bruno     = `{"resourceType":"Patient","id":"bruno","name":[{"family":"Beta"}],"managingOrganization":{"reference":"Organization/hospital"},"link":[{"other":{"reference":"Patient/anna"},"type":"seealso"}]}`
	weight    = `{"resourceType":"Observation","id":"weight","status":"final","code":{"text":"weight"},"subject":{"reference":"Patient/anna"},"performer":[{"reference":"Organization/ward/_history/1"}]}`
	height    = `{"resourceType":"Observation","id":"height","status":"final","code":{"text":"height"},"subject":{"reference":"Patient/bruno"},"hasMember":[{"reference":"Observation/weight"}]}`
	measures  = `{"resourceType":"List","id":"measures","status":"current","mode":"working","entry":[{"item":{"reference":"Observation/weight"}}]}`
	form      = `{"resourceType":"Questionnaire","id":"form","url":"http://a.example/form","version":"2","status":"active"}`
	olderForm = `{"resourceType":"Questionnaire","id":"older","url":"http://a.example/form","version":"1","status":"active"}`
	answers   = `{"resourceType":"QuestionnaireResponse","id":"answers","status":"completed","questionnaire":"http://a.example/form|1"}`
)

func family(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.put(unit, hospital, group, anna, bruno, weight, height, measures, form, olderForm, answers)
	return w
}

func TestInclude(t *testing.T) {
	w := family(t)
	for query, want := range map[string][]string{
		"Patient?_id=anna&_include=Patient:organization":                                                      {"Organization/ward"},
		"Patient?_id=anna&_include=Patient:organization&_include:iterate=Organization:partof":                 {"Organization/ward", "Organization/hospital", "Organization/group"},
		"Patient?_id=anna&_include=Patient:organization:Organization":                                         {"Organization/ward"},
		"Patient?_id=bruno&_include=Patient:*":                                                                {"Organization/hospital", "Patient/anna"},
		"Patient?_id=bruno&_include=*":                                                                        {"Organization/hospital", "Patient/anna"},
		"Patient?_include=Patient:link":                                                                       {},
		"Patient?_id=anna&_revinclude=Observation:subject":                                                    {"Observation/weight"},
		"Patient?_id=anna&_revinclude=Observation:subject&_revinclude:iterate=Observation:has-member":         {"Observation/weight", "Observation/height"},
		"Patient?_id=anna&_revinclude=Observation:subject&_revinclude=List:item":                              {"Observation/weight"},
		"Patient?_id=anna&_revinclude=Observation:subject&_revinclude:iterate=List:item":                      {"Observation/weight", "List/measures"},
		"Observation?_id=weight&_include=Observation:performer":                                               {"Organization/ward"},
		"Observation?_id=weight&_include=Observation:performer:Patient":                                       {},
		"QuestionnaireResponse?_include=QuestionnaireResponse:questionnaire":                                  {"Questionnaire/older"},
		"Questionnaire?_id=older&_revinclude=QuestionnaireResponse:questionnaire":                             {"QuestionnaireResponse/answers"},
		"Questionnaire?_id=form&_revinclude=QuestionnaireResponse:questionnaire":                              {},
		"Observation?_id=height&_include=Observation:subject&_include:iterate=Patient:organization":           {"Patient/bruno", "Organization/hospital"},
		"Observation?_id=height&_include:iterate=Observation:has-member&_include:iterate=Observation:subject": {"Observation/weight", "Patient/bruno", "Patient/anna"},
	} {
		typ, q, _ := strings.Cut(query, "?")
		result := w.search(typ, q)
		assert.ElementsMatch(t, want, ids(result.Included), query)
	}
}

func TestIncludeIsOfTheView(t *testing.T) {
	w := family(t)
	at := w.store.Head()
	w.delete("Organization", "ward")
	w.put(strings.Replace(hospital, `"Hospital"`, `"Clinic"`, 1))
	view := w.view(at)
	defer view.Close()
	result, err := w.engine.Search(context.Background(), view, w.parse("Patient", "_include=Patient:organization"), Page{Count: 10}, Budget{})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"Organization/ward", "Organization/hospital"}, ids(result.Included))
	for _, rec := range result.Included {
		assert.NotContains(t, string(rec.Body), "Clinic")
	}
	assert.Equal(t, []string{"Organization/hospital"}, ids(w.search("Patient", "_include=Patient:organization").Included))
}

func TestIncludeIsBounded(t *testing.T) {
	w := family(t)
	view := w.view(0)
	defer view.Close()
	q := w.parse("Patient", "_revinclude=Observation:subject&_include=Patient:organization")
	_, err := w.engine.Search(context.Background(), view, q, Page{Count: 10}, Budget{Includes: 2})
	requireTooCostly(t, err)
	_, err = w.engine.Search(context.Background(), view, q, Page{Count: 10}, Budget{Includes: 4})
	require.NoError(t, err)
}

func requireTooCostly(t testing.TB, err error) {
	t.Helper()
	var f *fault.Fault
	require.ErrorAs(t, err, &f)
	require.Equal(t, http.StatusForbidden, f.Status)
	require.Equal(t, fault.TooCostly, f.Issues[0].Code)
}

// restricted asks with a caller who may see some resources only.
func (w *world) restricted(query string, rules map[string]Expr) ([]string, []string, *Result) {
	w.t.Helper()
	view := w.view(0)
	defer view.Close()
	typ, q, _ := strings.Cut(query, "?")
	parsed := w.parse(typ, q)
	parsed.Total = "accurate"
	result, err := w.engine.Answer(context.Background(), view, &Request{Query: parsed, Page: Page{Count: 10},
		Restrict: func(typ string) (Expr, error) { return rules[typ], nil }})
	require.NoError(w.t, err)
	return ids(result.Matches), ids(result.Included), result
}

// TestRestrictHidesEverywhere checks that what a caller may not see is neither given nor felt: as a match, in a total, through a chain, a reverse chain, a list or an inclusion.
func TestRestrictHidesEverywhere(t *testing.T) {
	w := family(t)
	rules := map[string]Expr{
		"Patient":      condition(t, sharedRegistry(), "Patient", "family=beta"), // only bruno
		"Organization": Not{IDIn{[]string{"hospital"}}},
		"Observation":  InCompartment{Type: "Patient", ID: "bruno"},
		"List":         Or{},
	}
	for query, want := range map[string][2][]string{
		"Patient?":                                                                 {{"Patient/bruno"}, {}},
		"Patient?organization.name=ward":                                           {{}, {}},
		"Patient?organization.name=hospital":                                       {{}, {}},
		"Patient?organization=Organization/hospital":                               {{"Patient/bruno"}, {}},
		"Observation?":                                                             {{"Observation/height"}, {}},
		"Observation?subject:Patient.family=alpha":                                 {{}, {}},
		"Observation?subject:Patient.family=beta":                                  {{"Observation/height"}, {}},
		"Organization?":                                                            {{"Organization/ward", "Organization/group"}, {}},
		"Organization?_has:Patient:organization:family=alpha":                      {{}, {}},
		"Organization?_has:Organization:partof:name=hospital":                      {{}, {}},
		"Organization?_has:Patient:organization:family:missing=false":              {{}, {}},
		"Observation?_list=measures":                                               {{}, {}},
		"Patient?_include=Patient:organization&_include=Patient:link":              {{"Patient/bruno"}, {}},
		"Patient?_revinclude=Observation:subject":                                  {{"Patient/bruno"}, {"Observation/height"}},
		"Observation?_include=Observation:subject&_include=Observation:has-member": {{"Observation/height"}, {"Patient/bruno"}},
	} {
		if strings.Contains(query, "_has:Patient:organization:family:missing") {
			continue // the parser refuses :missing behind a link
		}
		matches, included, result := w.restricted(query, rules)
		assert.ElementsMatch(t, want[0], matches, query)
		assert.ElementsMatch(t, want[1], included, query)
		assert.EqualValues(t, len(want[0]), result.Total, query)
	}
	_, _, result := w.restricted("List?", rules)
	assert.Empty(t, result.Matches)
}

// TestRestrictionsLookAtEverything checks that a rule's own chains are not restricted by rules.
func TestRestrictionsLookAtEverything(t *testing.T) {
	w := family(t)
	rules := map[string]Expr{
		"Patient":      condition(t, sharedRegistry(), "Patient", "organization.name=ward"),
		"Organization": Or{},
	}
	matches, included, _ := w.restricted("Patient?_include=Patient:organization", rules)
	assert.Equal(t, []string{"Patient/anna"}, matches)
	assert.Empty(t, included)
}

func TestSeveralTypes(t *testing.T) {
	w := family(t)
	q := &Query{Types: []string{"Patient", "Observation", "Device", "Organization"}, Where: map[string]Expr{"Patient": And{}, "Observation": nil, "Device": And{}, "Organization": IDIn{[]string{"ward", "group"}}}}
	view := w.view(0)
	defer view.Close()
	want := []string{"Patient/bruno", "Patient/anna", "Observation/height", "Observation/weight", "Organization/group", "Organization/ward"}
	for _, size := range []int{1, 2, 3, 6, 100} {
		assert.Equal(t, want, w.pages(view, q, size), "in pages of %d", size)
	}
	q.Total = "accurate"
	result, err := w.engine.Search(context.Background(), view, q, Page{Count: 1}, Budget{})
	require.NoError(t, err)
	assert.EqualValues(t, 6, result.Total)

	q.Sort = []SortKey{{Code: "_id"}}
	for _, size := range []int{1, 2, 100} {
		assert.Equal(t, []string{"Patient/anna", "Patient/bruno", "Organization/group", "Observation/height", "Organization/ward", "Observation/weight"}, w.pages(view, q, size))
	}
	q.Sort = []SortKey{{Code: "_lastUpdated", Descending: true}}
	assert.Equal(t, w.pages(view, q, 100), w.pages(view, q, 1))
}

func TestTotals(t *testing.T) {
	w := newWorld(t)
	populate(w, 300)
	for query, want := range map[string]int64{
		"Patient?":                                              300,
		"Patient?_count=1":                                      300,
		"Patient?_total=none&_count=1":                          -1,
		"Patient?gender=male&_count=1":                          -1,
		"Patient?gender=male&_count=1&_total=accurate":          150,
		"Patient?gender=male&_count=1&_total=estimate":          150,
		"Patient?gender=male&_count=0":                          150,
		"Patient?gender=male&_count=200":                        150,
		"Patient?gender:not=male&_summary=count":                150,
		"Patient?family=family7&_summary=count":                 6,
		"Patient?birthdate=gt1900&_summary=count":               300,
		"Patient?gender=male&birthdate=lt1940&_count=0":         20,
		"Patient?_content=family7&_summary=count":               6,
		"Observation?patient.family=family7&_count=0":           12,
		"Patient?_has:Observation:patient:code=8480-6&_count=0": 300,
		"Patient?_id=p1,p2,nobody&_count=0":                     2,
		"Device?_summary=count":                                 0,
	} {
		typ, q, _ := strings.Cut(query, "?")
		result := w.search(typ, q)
		assert.Equal(t, want, result.Total, query)
	}
}

// TestBudgetsAreNeverExceeded runs searches with budgets of all sizes: they give the answer or too-costly, and read no more than they may.
func TestBudgetsAreNeverExceeded(t *testing.T) {
	w := newWorld(t)
	populate(w, 400)
	view := w.view(0)
	defer view.Close()
	for _, query := range []string{
		"Patient?gender=male", "Patient?family:contains=7", "Patient?birthdate=gt1900&gender:not=male", "Patient?_content=family7", "Patient?_sort=birthdate", "Patient?_sort=-_lastUpdated,family",
		"Patient?_sort=_id", "Observation?patient.gender=female&_total=accurate", "Patient?_has:Observation:patient:value-quantity=gt100", "Patient?birthdate:missing=true",
		"Patient?_revinclude=Observation:subject", "Patient?_lastUpdated=gt2000", "Patient?gender=male&_sort=_lastUpdated",
	} {
		typ, text, _ := strings.Cut(query, "?")
		q := w.parse(typ, text)
		q.Explain = true
		for _, budget := range []Budget{{Rows: 1}, {Rows: 30}, {Rows: 500}, {Records: 1}, {Records: 25}, {Records: 200}, {Inner: 1}, {Inner: 50}, {Rows: 3000, Records: 3000}} {
			result, err := w.engine.Search(context.Background(), view, q, Page{Count: 20}, budget)
			if err != nil {
				requireTooCostly(t, err)
				assert.NotContains(t, err.Error(), "family7", "no value in a fault")
				continue
			}
			budget = budget.withDefaults(DefaultBudget)
			assert.LessOrEqual(t, result.Plan.Rows, budget.Rows+1, query)
			assert.LessOrEqual(t, result.Plan.Records, budget.Records+1, query)
		}
	}
}

func TestSearchStopsWithItsContext(t *testing.T) {
	w := newWorld(t)
	populate(w, 400)
	view := w.view(0)
	defer view.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := w.engine.Search(ctx, view, w.parse("Patient", "_content=nothing"), Page{Count: 20}, Budget{})
	require.ErrorIs(t, err, context.Canceled)
	ctx, cancel = context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	_, err = w.engine.Search(ctx, view, w.parse("Patient", "_content=nothing"), Page{Count: 20}, Budget{})
	requireTooCostly(t, err)
}

// TestPagesHoldStillWhileOthersWrite follows next links while resources are created, changed and deleted.
func TestPagesHoldStillWhileOthersWrite(t *testing.T) {
	for _, query := range []string{"gender=male", "family=family", "_sort=birthdate", "_sort=-family,_id", "_sort=_lastUpdated", "_sort=-_lastUpdated", "birthdate=gt1950", ""} {
		w := newWorld(t)
		populate(w, 60)
		q := w.parse("Patient", query)
		at := w.store.Head()
		view := w.view(at)
		want := w.pages(view, q, 1000)
		require.NotEmpty(t, want)
		require.NoError(t, view.Close())
		var got []string
		var next []byte
		for i := 0; ; i++ {
			view := w.view(at)
			result, err := w.engine.Search(context.Background(), view, q, Page{Count: 4, Resume: next}, Budget{})
			require.NoError(t, err)
			require.NoError(t, view.Close())
			got = append(got, ids(result.Matches)...)
			if next = result.Next; next == nil {
				break
			}
			victim := want[(i*7)%len(want)]
			_, id, _ := strings.Cut(victim, "/")
			switch i % 3 {
			case 0:
				w.delete("Patient", id)
			case 1:
				w.put(fmt.Sprintf(`{"resourceType":"Patient","id":"%s","gender":"other","name":[{"family":"Changed"}]}`, id))
			default:
				w.put(fmt.Sprintf(`{"resourceType":"Patient","id":"new%d","gender":"male","birthDate":"1960-01-01","name":[{"family":"Family1"}]}`, i))
			}
		}
		assert.Equal(t, want, got, query)
	}
}

// TestResumeKeysAreChecked hands damaged and foreign keys to searches: a fault or an answer, never a panic.
func TestResumeKeysAreChecked(t *testing.T) {
	w := newWorld(t)
	populate(w, 40)
	view := w.view(0)
	defer view.Close()
	w.engine.tuning = eager
	var keys [][]byte
	queries := []string{"gender=male", "birthdate=gt1900", "_sort=birthdate", "_sort=-_lastUpdated,family", "_sort=_id", "_lastUpdated=gt2000", "general-practitioner.name=doctor"}
	for _, query := range queries {
		result, err := w.engine.Search(context.Background(), view, w.parse("Patient", query), Page{Count: 3}, Budget{})
		require.NoError(t, err)
		require.NotNil(t, result.Next, query)
		keys = append(keys, result.Next)
	}
	for _, key := range slices.Clone(keys) {
		for i := range key {
			for _, c := range []byte{0, 1, 0x7F, 0xFF} {
				damaged := slices.Clone(key)
				damaged[i] = c
				keys = append(keys, damaged)
			}
			keys = append(keys, key[:i], append(slices.Clone(key[:i]), 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01))
		}
	}
	for _, query := range queries {
		q := w.parse("Patient", query)
		for _, key := range keys {
			_, err := w.engine.Search(context.Background(), view, q, Page{Count: 3, Resume: key}, Budget{})
			if err != nil {
				var f *fault.Fault
				require.ErrorAs(t, err, &f)
				require.Equal(t, http.StatusBadRequest, f.Status)
			}
		}
	}
}

func FuzzReadPlace(f *testing.F) {
	f.Add((&place{mode: placeNewest, typ: 3, rid: 17}).encode())
	f.Add((&place{mode: placeWalk, driver: 1, row: row{part: 2, value: []byte("x"), rid: 9}}).encode())
	f.Add((&place{mode: placeSorted, rid: 5, keys: [][]byte{nil, {}, {1, 2}}}).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := readPlace(b)
		if err != nil {
			return
		}
		again, err := readPlace(p.encode())
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}

func TestFindAndMatches(t *testing.T) {
	w := family(t)
	view := w.view(0)
	defer view.Close()
	ctx := context.Background()
	found, err := w.engine.Find(ctx, view, "Patient", condition(t, sharedRegistry(), "Patient", "family=a,b"), 1, Budget{})
	require.NoError(t, err)
	assert.Len(t, found, 1)

	chained := condition(t, sharedRegistry(), "Patient", "organization.partof.name=hospital&_has:Observation:subject:status=final")
	rec, err := view.Read("Patient", "anna")
	require.NoError(t, err)
	ok, err := w.engine.MatchesRecord(ctx, view, rec, chained, Budget{})
	require.NoError(t, err)
	assert.True(t, ok)
	rec.Index = nil // as an older version comes
	ok, err = w.engine.MatchesRecord(ctx, view, rec, chained, Budget{})
	require.NoError(t, err)
	assert.True(t, ok)
	ok, err = w.engine.Matches(ctx, view, resource(t, bruno), chained, Budget{})
	require.NoError(t, err)
	assert.False(t, ok)
	// A resource that is not stored, in a type of which nothing is.
	ok, err = w.engine.Matches(ctx, view, resource(t, `{"resourceType":"Device","id":"d","status":"active"}`), condition(t, sharedRegistry(), "Device", "status=active"), Budget{})
	require.NoError(t, err)
	assert.True(t, ok)
	ok, err = w.engine.MatchesRecord(ctx, view, &store.Record{Type: "Patient", ID: "anna", Method: store.Deleted}, And{}, Budget{})
	require.NoError(t, err)
	assert.False(t, ok, "a deletion matches nothing")
}

func TestCompartmentMembers(t *testing.T) {
	w := family(t)
	view := w.view(0)
	defer view.Close()
	for typ, want := range map[string][]string{"Patient": {"Patient/anna", "Patient/bruno"}, "Observation": {"Observation/weight"}, "Organization": nil} {
		q := &Query{Types: []string{typ}, Where: map[string]Expr{typ: InCompartment{Type: "Patient", ID: "anna"}}}
		assert.ElementsMatch(t, want, w.pages(view, q, 10), typ)
	}
}
