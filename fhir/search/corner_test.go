package search

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/search/searchtest"
)

// agree holds the engine to the matcher for one search at the head, in pages of one and in one page, in its total, and with plans changed early and late; it gives the number of matches.
func (w *world) agree(t testing.TB, typ, query string) int {
	t.Helper()
	view := w.view(0)
	defer view.Close()
	q := w.parse(typ, query)
	want := wanted(t, w.content, q)
	for _, tuned := range []tuning{usual, eager} {
		w.engine.tuning = tuned
		for _, size := range []int{1, 1000} {
			require.ElementsMatch(t, want, w.pages(view, q, size), "%s?%s in pages of %d", typ, query, size)
		}
		q.Total = "accurate"
		counted, err := w.engine.Search(context.Background(), view, q, Page{}, Budget{})
		require.NoError(t, err)
		require.EqualValues(t, len(want), counted.Total, "total of %s?%s", typ, query)
	}
	return len(want)
}

// TestPairsOfBounds asks for ranges by two conditions, on parameters with one value and with several.
func TestPairsOfBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	w := newWorld(t)
	for _, res := range searchtest.Resources(r, 140) {
		w.put(string(res.JSON))
	}
	dates := []string{"1950", "1980-05", "2001-02-03", "2019", "2020-01-15", "2020-03", "2021-06-01T10:00:00Z", "2030"}
	numbers := []string{"-1", "0", "0.5", "1", "5", "5.40", "70", "100", "1e2", "1000"}
	prefixes := []string{"ge", "gt", "lt", "le", "sa", "eb", "", "ne"}
	matched := 0
	for _, p := range []struct {
		typ, code string
		values    []string
	}{{"Patient", "birthdate", dates}, {"Patient", "death-date", dates}, {"Encounter", "date", dates}, {"Observation", "date", dates}, {"Observation", "value-date", dates}, {"DocumentReference", "period", dates},
		{"Observation", "value-quantity", numbers}, {"Observation", "combo-value-quantity", numbers}, {"Encounter", "length", numbers}, {"RiskAssessment", "probability", numbers}, {"ChargeItem", "factor-override", numbers}} {
		for range 25 {
			query := fmt.Sprintf("%s=%s%s&%s=%s%s", p.code, prefixes[r.IntN(len(prefixes))], p.values[r.IntN(len(p.values))], p.code, prefixes[r.IntN(len(prefixes))], p.values[r.IntN(len(p.values))])
			matched += w.agree(t, p.typ, query)
		}
	}
	assert.Greater(t, matched, 300)
}

func TestSingleParameters(t *testing.T) {
	for name, want := range map[string]bool{"Patient.birthdate": true, "Observation.date": true, "Observation.value-quantity": true, "Patient.family": false, "Observation.combo-value-quantity": false,
		"RiskAssessment.probability": false, "Condition.recorded-date": true, "Encounter.date": true, "Encounter.location-period": false} {
		typ, code, _ := strings.Cut(name, ".")
		p, ok := sharedRegistry().Param(typ, code)
		require.True(t, ok, name)
		assert.Equal(t, want, p.single(sharedRegistry().Definitions()), name)
	}
}

// TestCompositesOfThree uses the only composites of R4 with three parts.
func TestCompositesOfThree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	w := newWorld(t)
	for i := range 40 {
		chromosome := fmt.Sprintf(`{"coding":[{"system":"http://chromosomes.example","code":"%d"},{"code":"%d"}]}`, r.IntN(3), r.IntN(3))
		w.put(fmt.Sprintf(`{"resourceType":"MolecularSequence","id":"s%d","coordinateSystem":0,"referenceSeq":{"chromosome":%s,"windowStart":%d,"windowEnd":%d},
			"variant":[{"start":%d,"end":%d},{"start":%d,"end":%d}]}`, i, chromosome, r.IntN(5), 5+r.IntN(5), r.IntN(5), r.IntN(9), r.IntN(5), r.IntN(9)))
	}
	matched := 0
	prefixes := []string{"", "ge", "gt", "lt", "le", "ne", "ap"}
	for range 120 {
		code := []string{"http://chromosomes.example|1", "1", "|2", "http://chromosomes.example|"}[r.IntN(4)]
		p := []string{"chromosome-window-coordinate", "chromosome-variant-coordinate"}[r.IntN(2)]
		matched += w.agree(t, "MolecularSequence", fmt.Sprintf("%s=%s$%s%d$%s%d", p, code, prefixes[r.IntN(7)], r.IntN(6), prefixes[r.IntN(7)], r.IntN(10)))
	}
	assert.Greater(t, matched, 100)
}

// TestLongValues searches for values that rows hold cut.
func TestLongValues(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("lorem ipsum ", 12)
	uri := "http://a.example/" + strings.Repeat("segment/", 40)
	for i, end := range []string{"alpha", "beta", "ALPHA", ""} {
		w.put(fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","name":[{"family":"%s"}],"identifier":[{"system":"%s","value":"%s%s"}]}`, i, long+end, uri, strings.Repeat(long, 3), end))
		w.put(fmt.Sprintf(`{"resourceType":"ValueSet","id":"v%d","status":"active","url":"%s","name":"%s"}`, i, uri+end, long))
		w.put(fmt.Sprintf(`{"resourceType":"QuestionnaireResponse","id":"q%d","status":"completed","questionnaire":"%s|%s"}`, i, uri, end))
	}
	total := 0
	for _, query := range []string{"family=" + long, "family=" + long + "a", "family=" + long[:90], "family=" + long[:100], "family=" + long[:101] + "x", "family:exact=" + long + "ALPHA", "family:contains=alpha", "family:contains=m a",
		"identifier=" + uri + "|" + strings.Repeat(long, 3) + "alpha", "identifier=" + strings.Repeat(long, 3) + "beta", "identifier=" + uri + "|", "family=" + long + "&_sort=family",
		`_filter=family eq "` + long + `beta"`, `_filter=family ew "beta"`, `_filter=family gt "` + long + `b"`} {
		total += w.agree(t, "Patient", query)
	}
	for _, query := range []string{"url=" + uri + "alpha", "url:below=" + uri, "url:below=" + uri[:200], "url:below=http://a.example", "url:above=" + uri + "beta/x", "url:above=" + uri + "alpha/" + uri, "_sort=url"} {
		total += w.agree(t, "ValueSet", query)
	}
	for _, query := range []string{"questionnaire=" + uri, "questionnaire=" + uri + "|beta", "questionnaire:below=" + uri + "|beta"} {
		total += w.agree(t, "QuestionnaireResponse", query)
	}
	assert.Greater(t, total, 40)
}

// TestOversizeComposites has composites that have no rows of their own.
func TestOversizeComposites(t *testing.T) {
	w := newWorld(t)
	codings := func(n, from int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"system":"http://s.example","code":"c%d"}`, from+i))
		}
		return `{"coding":[` + strings.Join(all, ",") + `]}`
	}
	long := strings.Repeat("x", 1000)
	w.put(`{"resourceType":"Observation","id":"many","status":"final","code":` + codings(30, 0) + `,"valueCodeableConcept":` + codings(30, 0) + `}`)
	w.put(`{"resourceType":"Observation","id":"few","status":"final","code":` + codings(2, 0) + `,"valueCodeableConcept":` + codings(2, 0) + `}`)
	w.put(`{"resourceType":"Observation","id":"long","status":"final","code":{"coding":[{"system":"` + long + `","code":"c1` + long + `"}]},"valueCodeableConcept":{"coding":[{"system":"` + long + `","code":"` + long + `"}]}}`)
	assert.Equal(t, 2, w.agree(t, "Observation", "code-value-concept=http://s.example|c1$http://s.example|c0"))
	assert.Equal(t, 1, w.agree(t, "Observation", "code-value-concept=c20$c25"))
	assert.Equal(t, 0, w.agree(t, "Observation", "code-value-concept=c20$c31"))
	assert.Equal(t, 1, w.agree(t, "Observation", "code-value-concept=c1"+long+"$"+long))
	assert.Equal(t, 3, w.agree(t, "Observation", "status=final"))
}

// TestValuesWithForbiddenBytes asks for bytes that no FHIR string holds.
func TestValuesWithForbiddenBytes(t *testing.T) {
	w := family(t)
	for _, query := range []string{"name=\x00", "identifier=\x00", "identifier=a\x01|b", "organization=Organization/ward\x00", "_source=\x01", "name:exact=\x00Alpha"} {
		q, err := ParseQuery(sharedRegistry(), Scope{Type: "Patient"}, parseParams(query), ParseOptions{})
		if err != nil {
			continue
		}
		view := w.view(0)
		assert.Empty(t, w.pages(view, q, 10), "%q", query)
		require.NoError(t, view.Close())
	}
}

// TestSnapshotsOfDeletedTypes reads past the deletion of everything.
func TestSnapshotsOfDeletedTypes(t *testing.T) {
	w := family(t)
	at := w.store.Head()
	w.delete("Patient", "anna")
	w.delete("Patient", "bruno")
	for query, want := range map[string]int{"": 2, "family=alpha": 1, "_sort=birthdate": 2, "_sort=-_lastUpdated": 2, "_sort=_lastUpdated": 2, "family:missing=false": 2, "organization.name=ward": 1, "_id=anna": 1} {
		assert.Empty(t, w.search("Patient", query).Matches, query)
		view := w.view(at)
		assert.Len(t, w.pages(view, w.parse("Patient", query), 1), want, query)
		require.NoError(t, view.Close())
	}
	w.put(anna)
	assert.Equal(t, []string{"Patient/anna"}, ids(w.search("Patient", "family=alpha").Matches), "created again")
}

// TestLongChains parses a chain of twenty links.
func TestLongChains(t *testing.T) {
	query := strings.Repeat("derived-from:Observation.", 20) + "status"
	q, err := ParseQuery(sharedRegistry(), Scope{Type: "Observation"}, [][2]string{{query, "final"}}, ParseOptions{})
	require.NoError(t, err)
	links := 0
	for x := q.Where["Observation"]; ; links++ {
		if all, ok := x.(And); ok && len(all) == 1 {
			x = all[0]
		}
		chain, ok := x.(*Chain)
		if !ok {
			break
		}
		x = chain.Inner
	}
	require.Equal(t, 20, links)
}
