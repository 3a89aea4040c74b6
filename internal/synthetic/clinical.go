package synthetic

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	loinc  = "http://loinc.org"
	ucum   = "http://unitsofmeasure.org"
	icd10  = "http://hl7.org/fhir/sid/icd-10"
	atc    = "http://www.whocc.no/atc"
	status = "http://terminology.hl7.org/CodeSystem/"
)

type vitalSign struct {
	code, display, unit string
	low, spread         int // in tenths of the unit
}

var vitals = []vitalSign{
	{"29463-7", "Body weight", "kg", 450, 600},
	{"8867-4", "Heart rate", "/min", 500, 500},
	{"8310-5", "Body temperature", "Cel", 360, 30},
}

func encounter(i int, who, by string, day time.Time) Resource {
	return made("Encounter", fmt.Sprintf("enc-%06d", i), object{
		"status": "finished", "class": object{"system": status + "v3-ActCode", "code": "AMB", "display": "ambulatory"},
		"subject":     reference("Patient", who),
		"participant": list{object{"individual": reference("Practitioner", by)}},
		"period":      object{"start": day.Format(time.RFC3339), "end": day.Add(25 * time.Minute).Format(time.RFC3339)},
	})
}

func vital(r *rand.Rand, i, k int, who, by string, day time.Time) Resource {
	v := vitals[k]
	tenths := v.low + r.IntN(v.spread)
	return made("Observation", fmt.Sprintf("obs-%06d-%d", i, k), object{
		"status": "final", "category": list{coding(status+"observation-category", "vital-signs", "Vital Signs")},
		"code": coding(loinc, v.code, v.display), "subject": reference("Patient", who),
		"encounter":         reference("Encounter", fmt.Sprintf("enc-%06d", i)),
		"effectiveDateTime": day.Add(time.Duration(k) * time.Minute).Format(time.RFC3339),
		"performer":         list{reference("Practitioner", by)},
		"valueQuantity": object{"value": json.Number(fmt.Sprintf("%d.%d", tenths/10, tenths%10)),
			"unit": v.unit, "system": ucum, "code": v.unit},
	})
}

func condition(r *rand.Rand, i int, who string, born, day time.Time) Resource {
	c := pick(r, conditions)
	return made("Condition", fmt.Sprintf("cond-%06d", i), object{
		"clinicalStatus":     coding(status+"condition-clinical", "active", "Active"),
		"verificationStatus": coding(status+"condition-ver-status", "confirmed", "Confirmed"),
		"code":               coding(icd10, c.code, c.name), "subject": reference("Patient", who),
		"onsetDateTime": later(day.AddDate(-r.IntN(20), 0, 0), born).Format("2006-01"), "recordedDate": day.Format("2006-01-02"),
	})
}

func allergy(r *rand.Rand, i int, who string, day time.Time) Resource {
	c := pick(r, substances)
	return made("AllergyIntolerance", fmt.Sprintf("all-%06d", i), object{
		"clinicalStatus":     coding(status+"allergyintolerance-clinical", "active", "Active"),
		"verificationStatus": coding(status+"allergyintolerance-verification", "confirmed", "Confirmed"),
		"type":               "allergy", "category": list{"medication"}, "criticality": pick(r, []string{"low", "high"}),
		"code": coding(atc, c.code, c.name), "patient": reference("Patient", who), "recordedDate": day.Format("2006-01-02"),
	})
}

func immunization(r *rand.Rand, i int, who, by string, born, day time.Time) Resource {
	c := pick(r, vaccines)
	return made("Immunization", fmt.Sprintf("imm-%06d", i), object{
		"status": "completed", "vaccineCode": coding(atc, c.code, c.name), "patient": reference("Patient", who),
		"occurrenceDateTime": later(day.AddDate(-r.IntN(5), 0, 0), born).Format("2006-01-02"),
		"lotNumber":          fmt.Sprintf("LOT%05d", r.IntN(100000)), "performer": list{object{"actor": reference("Practitioner", by)}},
	})
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
