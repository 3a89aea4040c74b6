package author

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/check"
)

// TestFactsArrive writes summaries of drawn resources and reads the entries again with the readers of package cda: each code, date and value that went in is
// in the entry that carries the resource's identifier, and nothing else is there.
func TestFactsArrive(t *testing.T) {
	base := readFixture(t).summary()
	rapid.Check(t, func(t *rapid.T) {
		s := base
		s.Resources = nil
		n := rapid.IntRange(0, 8).Draw(t, "resources")
		drawn := make([]fact, n)
		for i := range n {
			drawn[i] = drawFact(t, i)
			s.Resources = append(s.Resources, drawn[i].resource)
		}
		raw, err := VSM(s)
		require.NoError(t, err)
		doc, err := cda.Parse(raw, cda.Limits{})
		require.NoError(t, err)
		require.Empty(t, check.Check(doc))
		entries := map[string]*etree.Element{}
		for _, el := range doc.Root.FindElements(".//id") {
			if id := cda.Attr(el, "root"); strings.HasPrefix(id, "00000000-") && el.Parent().Tag != "act" {
				require.Nil(t, entries[id], "an id on two entries")
				entries[id] = el.Parent()
			}
		}
		require.Len(t, entries, n)
		for _, f := range drawn {
			f.check(t, entries[f.id])
		}
	})
}

// fact is a drawn resource and what its entry must say.
type fact struct {
	id       string
	resource json.RawMessage
	check    func(*rapid.T, *etree.Element)
}

func drawFact(t *rapid.T, i int) fact {
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
	head := map[string]any{"id": fmt.Sprint(i), "identifier": []any{map[string]any{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:" + id}}}
	f := fact{id: id}
	switch rapid.IntRange(0, 2).Draw(t, "kind") {
	case 0:
		f.check = drawCondition(t, head)
	case 1:
		f.check = drawQuantity(t, head)
	default:
		f.check = drawMedicine(t, head)
	}
	f.resource, _ = json.Marshal(head)
	return f
}

// drawDate draws a FHIR date of any precision and the HL7 form of it.
func drawDate(t *rapid.T, name string) (fhir, hl7 string) {
	year, month, day := rapid.IntRange(1900, 2024).Draw(t, name), rapid.IntRange(1, 12).Draw(t, name), rapid.IntRange(1, 28).Draw(t, name)
	switch rapid.IntRange(0, 3).Draw(t, name) {
	case 0:
		return fmt.Sprintf("%04d", year), fmt.Sprintf("%04d", year)
	case 1:
		return fmt.Sprintf("%04d-%02d", year, month), fmt.Sprintf("%04d%02d", year, month)
	case 2:
		return fmt.Sprintf("%04d-%02d-%02d", year, month, day), fmt.Sprintf("%04d%02d%02d", year, month, day)
	default:
		minute := rapid.IntRange(0, 59).Draw(t, name)
		return fmt.Sprintf("%04d-%02d-%02dT23:%02d:07+02:00", year, month, day, minute), fmt.Sprintf("%04d%02d%02d23%02d07+0200", year, month, day, minute)
	}
}

// drawCode draws a concept of one to three codings and the code, system and number of translations that CDA has of it.
func drawCode(t *rapid.T) (concept map[string]any, code, system string, translations int) {
	systems := map[string]string{"http://loinc.org": oidLOINC, "http://snomed.info/sct": oidSNOMED, "http://hl7.org/fhir/sid/icd-10": "2.16.840.1.113883.6.3",
		"urn:oid:1.2.250.1.999.2": "1.2.250.1.999.2", "https://example.org/without-an-oid": ""}
	var codings []any
	for range rapid.IntRange(1, 3).Draw(t, "codings") {
		uri := rapid.SampledFrom([]string{"http://loinc.org", "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10", "urn:oid:1.2.250.1.999.2",
			"https://example.org/without-an-oid"}).Draw(t, "system")
		c := rapid.StringMatching(`[A-Z][0-9]{2}(\.[0-9])?`).Draw(t, "code")
		codings = append(codings, map[string]any{"system": uri, "code": c, "display": "Libellé <" + c + ">"})
		switch oid := systems[uri]; {
		case oid == "":
		case code == "":
			code, system = c, oid
		default:
			translations++
		}
	}
	return map[string]any{"coding": codings}, code, system, translations
}

// sameCode holds a coded element against what was drawn. Without a code that CDA can carry, the null flavor says so.
func sameCode(t *rapid.T, el *etree.Element, code, system string, translations int) {
	got := cda.ReadCD(el)
	require.Equal(t, code, got.Code)
	require.Equal(t, system, got.CodeSystem)
	require.Len(t, got.Translations, translations)
	require.Equal(t, code == "", got.NullFlavor == "OTH")
}

func drawCondition(t *rapid.T, r map[string]any) func(*rapid.T, *etree.Element) {
	onset, low := drawDate(t, "onset")
	concept, code, system, translations := drawCode(t)
	r["resourceType"], r["code"], r["onsetDateTime"] = "Condition", concept, onset
	high := ""
	if rapid.Bool().Draw(t, "over") {
		r["abatementDateTime"], high = drawDate(t, "abatement")
	}
	return func(t *rapid.T, el *etree.Element) {
		require.Equal(t, "observation", el.Tag)
		span := cda.ReadIVLTS(cda.Child(el, "effectiveTime"))
		require.Equal(t, low, span.Low.Value)
		require.Equal(t, high, span.High.Value)
		sameCode(t, cda.Child(el, "value"), code, system, translations)
		concern := el.Parent().Parent()
		require.Equal(t, map[bool]string{true: "active", false: "completed"}[high == ""], cda.Attr(cda.Child(concern, "statusCode"), "code"))
	}
}

func drawQuantity(t *rapid.T, r map[string]any) func(*rapid.T, *etree.Element) {
	when, at := drawDate(t, "when")
	concept, code, system, translations := drawCode(t)
	value := rapid.StringMatching(`-?[1-9][0-9]{0,5}(\.[0-9]{1,6})?`).Draw(t, "value")
	unit := rapid.SampledFrom([]string{"mg/dL", "mm[Hg]", "{pack}/a", "1", ""}).Draw(t, "unit")
	comparator := rapid.SampledFrom([]string{"", "<", "<=", ">", ">="}).Draw(t, "comparator")
	quantity := map[string]any{"value": json.Number(value)}
	if unit != "" {
		quantity["system"], quantity["code"] = "http://unitsofmeasure.org", unit
	}
	if comparator != "" {
		quantity["comparator"] = comparator
	}
	r["resourceType"], r["status"], r["code"], r["effectiveDateTime"], r["valueQuantity"] = "Observation", "final", concept, when, quantity
	return func(t *rapid.T, el *etree.Element) {
		require.Equal(t, at, cda.Attr(cda.Child(el, "effectiveTime"), "value"))
		sameCode(t, cda.Child(el, "code"), code, system, translations)
		v := cda.Child(el, "value")
		kind := cda.XSIType(v)
		switch comparator {
		case "<", "<=":
			v = cda.Child(v, "high")
		case ">", ">=":
			v = cda.Child(v, "low")
		}
		require.Equal(t, map[bool]string{true: "PQ", false: "IVL_PQ"}[comparator == ""], kind)
		require.Equal(t, len(comparator) == 1, cda.Attr(v, "inclusive") == "false")
		got := cda.ReadPQ(v)
		require.Equal(t, value, got.Value, "decimals keep their digits")
		require.Equal(t, unit, got.Unit)
	}
}

func drawMedicine(t *rapid.T, r map[string]any) func(*rapid.T, *etree.Element) {
	begin, low := drawDate(t, "start")
	concept, code, system, translations := drawCode(t)
	times := rapid.IntRange(1, 7).Draw(t, "frequency")
	r["resourceType"], r["status"], r["medicationCodeableConcept"], r["effectivePeriod"] = "MedicationStatement", "active", concept, map[string]any{"start": begin}
	r["dosage"] = []any{map[string]any{
		"timing":      map[string]any{"repeat": map[string]any{"frequency": times, "period": 1, "periodUnit": "d"}},
		"doseAndRate": []any{map[string]any{"doseQuantity": map[string]any{"value": 2, "system": "http://unitsofmeasure.org", "code": "{tablet}"}}},
	}}
	every := map[int][2]string{1: {"1", "d"}, 2: {"12", "h"}, 3: {"8", "h"}, 4: {"6", "h"}, 5: {"4.8", "h"}, 6: {"4", "h"}, 7: {"", ""}}[times]
	return func(t *rapid.T, el *etree.Element) {
		require.Equal(t, "substanceAdministration", el.Tag)
		var period cda.PQ
		for e := range cda.Children(el, "effectiveTime") {
			if cda.XSIType(e) == "PIVL_TS" {
				period = cda.ReadPQ(cda.Child(e, "period"))
			} else {
				require.Equal(t, low, cda.ReadIVLTS(e).Low.Value)
			}
		}
		require.Equal(t, every, [2]string{period.Value, period.Unit}, "seven times a day has no finite period and stays in the narrative")
		require.Equal(t, "2", cda.Attr(cda.Descend(el, "doseQuantity", "low"), "value"))
		sameCode(t, cda.Descend(el, "consumable", "manufacturedProduct", "manufacturedMaterial", "code"), code, system, translations)
	}
}
