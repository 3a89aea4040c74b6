package search

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// populate fills a world that is large enough for plans to differ: n patients with two observations each, of two kinds.
func populate(w *world, n int) {
	var all []string
	for i := range n {
		gender := []string{"male", "female"}[i%2]
		family := fmt.Sprintf("Family%d", i%50)
		all = append(all, fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","active":true,"gender":"%s","birthDate":"%d-%02d-%02d","name":[{"family":"%s","given":["Given%d"]}],
			"identifier":[{"system":"urn:oid:1.2.3","value":"%06d"}],"generalPractitioner":[{"reference":"Practitioner/d%d"}]}`,
			i, gender, 1930+i%80, 1+i%12, 1+i%28, family, i, i, i%10))
		for k, code := range []string{"29463-7", "8480-6"} {
			all = append(all, fmt.Sprintf(`{"resourceType":"Observation","id":"o%d-%d","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"%s"}]},
				"subject":{"reference":"Patient/p%d"},"effectiveDateTime":"20%02d-%02d-01T10:00:00Z","valueQuantity":{"value":%d.5,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}`,
				i, k, code, i, i%20, 1+i%12, 40+i%90))
		}
	}
	for i := range 10 {
		all = append(all, fmt.Sprintf(`{"resourceType":"Practitioner","id":"d%d","name":[{"family":"Doctor%d"}]}`, i, i))
	}
	all = append(all, `{"resourceType":"List","id":"l1","status":"current","mode":"working","entry":[{"item":{"reference":"Patient/p3"}},{"item":{"reference":"Patient/p5"}}]}`)
	w.putAll(all)
}

// TestPlans shows how typical searches are answered; go test -rewrite writes the file anew, for a reader to judge.
func TestPlans(t *testing.T) {
	w := newWorld(t)
	populate(w, 3000)
	searches := strings.Split(strings.TrimSpace(`
Patient?
Patient?identifier=urn:oid:1.2.3|000042
Patient?gender=female
Patient?gender=female&active=true
Patient?family=family7
Patient?family=family7&gender=male
Patient?family=family
Patient?family=family&gender=male
Patient?family:exact=Family7
Patient?family:contains=ly7
Patient?birthdate=1980-05-03
Patient?birthdate=gt1940
Patient?birthdate=gt1940&family=family
Patient?birthdate:missing=true
Patient?gender:not=male
Patient?_id=p1,p2
Patient?_id=p1&gender=male
Patient?_lastUpdated=gt2020
Patient?_list=l1
Patient?_content=family7
Patient?general-practitioner=d3
Patient?general-practitioner=Practitioner/d3&gender=male
Patient?general-practitioner.name=doctor3
Patient?general-practitioner.name=doctor
Patient?_has:Observation:patient:code=8480-6
Patient?_has:Observation:patient:date=ge2019-11
Patient?identifier=urn:oid:1.2.3|000042&_has:Observation:patient:code=8480-6
Patient?_sort=birthdate
Patient?birthdate=ge1990&family=family&_sort=birthdate
Patient?_sort=-birthdate,family
Patient?gender=male&_sort=-_lastUpdated
Patient?family=family7&_sort=birthdate
Patient?gender=male&_sort=family
Patient?_sort=_id
Patient?_filter=family eq "family7" or identifier eq "000042"
Observation?subject=Patient/p7
Observation?patient=p7
Observation?subject=p7
Observation?subject=Patient/p7&code=http://loinc.org|8480-6&date=ge2005
Observation?code=http://loinc.org|8480-6&status=final
Observation?subject:Patient.family=family7&code=http://loinc.org|8480-6
Observation?patient.gender=male&code=8480-6
Observation?patient.general-practitioner.name=doctor3
Observation?value-quantity=gt100|http://unitsofmeasure.org|kg
Observation?code-value-quantity=http://loinc.org|8480-6$gt128
Observation?code=8480-6&_summary=count
Observation?_include=Observation:subject&subject=Patient/p7
`), "\n")
	var b strings.Builder
	for _, line := range searches {
		typ, query, _ := strings.Cut(line, "?")
		q := w.parse(typ, query)
		q.Explain = true
		view := w.view(0)
		count := 20
		if q.Summary == "count" {
			count = 0
		}
		result, err := w.engine.Search(context.Background(), view, q, Page{Count: count}, Budget{})
		require.NoError(t, err, line)
		require.NoError(t, view.Close())
		told := 0
		for _, s := range result.Plan.Steps {
			told += s.Rows
		}
		assert.Equal(t, result.Plan.Rows+result.Plan.Records, told, "%s: what is read is told at the step that it is read for\n%v", line, result.Plan.Steps)
		fmt.Fprintf(&b, "%s\n----\n%s%d matches, %d rows, %d records\n\n", line, result.Plan, len(result.Matches), result.Plan.Rows, result.Plan.Records)
	}
	golden(t, "plans.txt", b.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}
