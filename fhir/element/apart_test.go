package element

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

const (
	entryGood = `{"resource":{"resourceType":"Patient","gender":"male"},"request":{"method":"POST","url":"Patient"}}`
	entryBad  = `{"resource":{"resourceType":"Patient","nom":1,"birthDate":"1980-02-30"},"request":{"method":"POST","url":"Patient"}}`
	entryDup  = `{"resource":{"resourceType":"Patient","gender":"male","gender":"male"},"request":{"method":"POST","url":"Patient"}}`
)

func bundleOf(kind string, entries ...string) string {
	// The type comes last: it is not known while the entries are read.
	return `{"resourceType":"Bundle","entry":[` + strings.Join(entries, ",") + `],"type":"` + kind + `"}`
}

func refusals(t *testing.T, r *Resource) map[int][]string {
	t.Helper()
	out := map[int][]string{}
	for i, err := range r.Refused {
		var f *fault.Fault
		require.True(t, errors.As(err, &f))
		for _, issue := range f.Issues {
			out[i] = append(out[i], fmt.Sprintf("%d %s %s", f.Status, issue.Code, issue.Expression))
		}
	}
	return out
}

func TestApartKeepsFaultsOfABatchInTheirEntries(t *testing.T) {
	r, err := ParseJSON(spec.R4(), []byte(bundleOf("batch", entryGood, entryBad, entryDup, entryGood)), Options{Apart: true})
	require.NoError(t, err)
	assert.Equal(t, map[int][]string{
		1: {"422 structure Bundle.entry[1].resource.nom", "422 value Bundle.entry[1].resource.birthDate"},
		2: {"400 structure Bundle.entry[2].resource.gender"},
	}, refusals(t, r))
}

func TestApartInXML(t *testing.T) {
	entry := func(content string) string {
		return `<entry><resource>` + content + `</resource><request><method value="POST"/><url value="Patient"/></request></entry>`
	}
	many := `<Patient>` + strings.Repeat(`<nom value="1"/>`, 3*MaxIssues) + `<gender value="male"/></Patient>`
	src := `<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/>` + entry(`<Patient><nom value="1"/></Patient>`) + entry(many) + entry(`<Patient/>`) + entry(`<Patient><gender value="male"/></Patient>`) + `</Bundle>`
	r, err := ParseXML(spec.R4(), []byte(src), Options{Apart: true})
	require.NoError(t, err)
	got := refusals(t, r)
	assert.Equal(t, []string{"422 structure Bundle.entry[0].resource.nom"}, got[0])
	assert.Len(t, got[1], MaxIssues+1, "the rest of an entry with too many faults is passed over")
	assert.NotContains(t, got, 3)
	n := 0
	for e := range r.Root.Children("entry") {
		assert.Equal(t, "Patient", e.Child("request").ChildValue("url"))
		n++
	}
	assert.Equal(t, 4, n)
}

func TestApartIsForBatchesOnly(t *testing.T) {
	for _, src := range []string{
		bundleOf("transaction", entryGood, entryBad),
		strings.Replace(bundleOf("batch", entryGood, entryBad), `"entry":`, `"foo":1,"entry":`, 1), // the Bundle itself is wrong
	} {
		_, err := ParseJSON(spec.R4(), []byte(src), Options{Apart: true})
		var f *fault.Fault
		require.True(t, errors.As(err, &f), "%v", err)
		assert.Equal(t, 422, f.Status)
		assert.Contains(t, f.Error(), "nom")
	}
}

// Each fault of the n-th entry costs a walk to n: there is an end to how many are told.
func TestApartIsBounded(t *testing.T) {
	entries := make([]string, 3*maxTold)
	for i := range entries {
		entries[i] = entryBad
	}
	r, err := ParseJSON(spec.R4(), []byte(bundleOf("batch", entries...)), Options{Apart: true})
	require.NoError(t, err)
	told := 0
	for _, issues := range refusals(t, r) {
		told += len(issues)
	}
	assert.Len(t, r.Refused, len(entries))
	assert.LessOrEqual(t, told, maxTold+2*len(entries))
}

func TestEmptyArrayIsNotJudged(t *testing.T) {
	judged := false
	_, err := ParseJSON(spec.R4(), []byte(`{"resourceType":"Bundle","type":"batch","entry":[]}`), Options{Judge: func(root *Element) []fault.Issue {
		judged = true
		assert.Nil(t, root.Child("entry"))
		return []fault.Issue{{Severity: fault.Error, Code: fault.Invariant, Expression: "Bundle.entry[0].request"}}
	}})
	var f *fault.Fault
	require.True(t, errors.As(err, &f))
	require.True(t, judged)
	require.Len(t, f.Issues, 1, "what is below a place that could not be read is not judged")
	assert.Equal(t, "Bundle.entry", f.Issues[0].Expression)
}
