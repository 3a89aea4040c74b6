package author

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/extract"
)

// changed are the facts that come back in another form, or not at all, and why. Paths are of the resource that went in; "#" stands for any index.
var changed = map[string]string{
	"MedicationRequest.medicationReference": "the code of the Medication comes back as medicationCodeableConcept",
	"reasonReference[#].reference":          "references lead to what was extracted",
	"unit":                                  "CDA has one unit, the UCUM code",
	"MedicationStatement.dosage[#].timing.repeat.frequency":  "n times a day is written as once every nth of it",
	"MedicationStatement.dosage[#].timing.repeat.period":     "as above",
	"MedicationStatement.dosage[#].timing.repeat.periodUnit": "as above",
	"FamilyMemberHistory.sex.coding[#]":                      "the code system of HL7 v3 comes back",
	"FamilyMemberHistory.condition[#].onsetAge":              "an age has no place in the entry; the comment says it",
	"Observation.category[#].coding[#]":                      "the section of results says no category",
	"Observation.component":                                  "components come back as members of their own",
	"MedicationStatement.dosage[#].text":                     "of one dosage among several the narrative is shared",
}

// TestRoundTrip writes the fixture as a summary, extracts it again and finds each fact of each resource in what came of it.
func TestRoundTrip(t *testing.T) {
	f := readFixture(t)
	in := f.summary()
	raw, err := VSM(in)
	require.NoError(t, err)
	doc, err := cda.Parse(raw, cda.Limits{})
	require.NoError(t, err)
	got := extract.Extract(doc, extract.Options{})
	assert.Zero(t, got.NotExtracted, "every entry that is written can be read")
	byID := map[string]map[string]bool{}
	for _, r := range got.Resources {
		var v map[string]any
		require.NoError(t, decode(r.JSON, &v))
		for id := range facts(v) {
			if value, ok := strings.CutPrefix(id, r.Type+".identifier[0].value=urn:uuid:"); ok {
				byID[value] = facts(v)
			}
		}
	}
	document, _ := parseInstance(in.ID)
	checked := 0
	for _, raw := range f.Resources {
		var v map[string]any
		require.NoError(t, decode(raw, &v))
		var c common
		require.NoError(t, json.Unmarshal(raw, &c))
		if c.ResourceType == "Encounter" || c.ResourceType == "Medication" || c.key() == "Condition/c3" {
			continue // not of the summary, told with the medicine, entered in error
		}
		back := byID[entryID(document, c.Identifier, c.key()).root]
		if !assert.NotNil(t, back, "%s did not come back", c.key()) {
			continue
		}
		for _, fact := range slices.Sorted(keys(facts(v))) {
			if !excused(fact) {
				checked++
				assert.True(t, back[fact], "%s: %s", c.key(), fact)
			}
		}
	}
	assert.Greater(t, checked, 100)
}

func decode(raw []byte, into any) error {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	return d.Decode(into)
}

func keys(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// facts flattens a resource to "path=value". Code systems are compared by their OIDs.
func facts(v map[string]any) map[string]bool {
	out := map[string]bool{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, child := range v {
				walk(path+"."+k, child)
			}
		case []any:
			for i, child := range v {
				walk(path+"["+strconv.Itoa(i)+"]", child)
			}
		default:
			s := fmt.Sprint(v)
			if strings.HasSuffix(path, ".system") {
				if oid := systemOID(s); oid != "" {
					s = oid
				}
			}
			out[path+"="+s] = true
		}
	}
	walk(fmt.Sprint(v["resourceType"]), v)
	return out
}

// excused says whether a fact is one of those that change, or names the resource itself.
func excused(fact string) bool {
	path, _, _ := strings.Cut(fact, "=")
	general := digits.Replace(path)
	for c := range changed {
		if general == c || strings.HasPrefix(general, c+".") || strings.HasPrefix(general, c+"[") || strings.HasSuffix(general, "."+c) {
			return true
		}
	}
	rest, _ := strings.CutPrefix(path, path[:strings.IndexByte(path, '.')])
	return rest == ".id" || rest == ".resourceType" || strings.HasPrefix(rest, ".identifier")
}

var digits = strings.NewReplacer("[0]", "[#]", "[1]", "[#]", "[2]", "[#]", "[3]", "[#]")
