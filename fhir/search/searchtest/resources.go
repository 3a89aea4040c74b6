package searchtest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
)

// Resource is one generated resource.
type Resource struct {
	Type, ID string
	JSON     []byte
}

type object = map[string]any

// raw is written into JSON as it is.
type raw string

// MarshalJSON gives the text itself, so that "1.50" keeps its precision.
func (r raw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// perType is how many ids there are of each type; references point to any of them, whether it was made or not.
const perType = 12

// Types are the resource types that are generated.
var Types = []string{"Patient", "Practitioner", "Organization", "Location", "Encounter", "Observation", "DocumentReference", "List", "ChargeItem", "RiskAssessment", "QuestionnaireResponse", "ValueSet"}

var makers = map[string]func(*rand.Rand) object{
	"Patient": patient, "Practitioner": practitioner, "Organization": organization, "Location": location, "Encounter": encounter, "Observation": observation,
	"DocumentReference": document, "List": list, "ChargeItem": chargeItem, "RiskAssessment": riskAssessment, "QuestionnaireResponse": response, "ValueSet": valueSet,
}

// Resources makes n resources of mixed types with distinct ids ("Patient/p3"); n beyond the ids that there are makes all of them.
func Resources(r *rand.Rand, n int) []Resource {
	var all []Resource
	for i := range perType {
		for _, typ := range Types {
			all = append(all, Make(r, typ, ID(typ, i)))
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(n, len(all))]
}

// ID gives the id that Resources gives to the i-th resource of a type. Different types share some ids.
func ID(typ string, i int) string {
	if i%4 == 0 {
		return "same-" + strconv.Itoa(i)
	}
	return string(typ[0]|0x20) + strconv.Itoa(i)
}

// Make makes one resource, anew at each call: a later version of the same one.
func Make(r *rand.Rand, typ, id string) Resource {
	o := makers[typ](r)
	o["resourceType"], o["id"] = typ, id
	if chance(r, 40) {
		o["meta"] = meta(r)
	}
	if chance(r, 20) {
		o["text"] = narrative(r)
	}
	b, err := json.Marshal(o)
	if err != nil {
		panic(fmt.Sprintf("searchtest: %v", err)) // a fault of this package
	}
	return Resource{Type: typ, ID: id, JSON: b}
}

func meta(r *rand.Rand) object {
	m := object{}
	if chance(r, 60) {
		m["tag"] = some(r, 2, coding)
	}
	if chance(r, 40) {
		m["security"] = some(r, 1, coding)
	}
	if chance(r, 40) {
		m["profile"] = some(r, 2, func(r *rand.Rand) string { return pick(r, uris) + pick(r, []string{"", "|1.0"}) })
	}
	if chance(r, 40) || len(m) == 0 {
		m["source"] = pick(r, uris)
	}
	return m
}

// reference points to one of the types, in one of the ways that R4 has.
func reference(r *rand.Rand, types ...string) object {
	typ := pick(r, types)
	to := typ + "/" + ID(typ, r.IntN(perType))
	o := object{}
	switch r.IntN(10) {
	case 0:
		o["reference"] = BaseURL + "/" + to
	case 1:
		o["reference"] = to + "/_history/1"
	case 2:
		o["reference"] = "http://other.example/fhir/" + to
	case 3:
		o["identifier"] = identifier(r)
	case 4:
		o["display"] = pick(r, words)
	default:
		o["reference"] = to
	}
	if chance(r, 15) {
		o["identifier"] = identifier(r)
	}
	return o
}

// put sets an element now and then.
func put(r *rand.Rand, o object, percent int, name string, value func() any) {
	if chance(r, percent) {
		o[name] = value()
	}
}

func patient(r *rand.Rand) object {
	o := object{}
	put(r, o, 90, "name", func() any { return some(r, 2, humanName) })
	put(r, o, 80, "identifier", func() any { return some(r, 2, identifier) })
	put(r, o, 80, "birthDate", func() any { return day(r) })
	put(r, o, 80, "gender", func() any { return pick(r, []string{"male", "female", "other", "unknown"}) })
	put(r, o, 60, "active", func() any { return chance(r, 50) })
	put(r, o, 40, "address", func() any { return some(r, 2, address) })
	put(r, o, 40, "telecom", func() any { return some(r, 2, contact) })
	put(r, o, 50, "generalPractitioner", func() any {
		return some(r, 2, func(r *rand.Rand) object { return reference(r, "Practitioner", "Organization") })
	})
	put(r, o, 50, "managingOrganization", func() any { return reference(r, "Organization") })
	put(r, o, 15, "link", func() any { return []any{object{"other": reference(r, "Patient"), "type": "seealso"}} })
	switch r.IntN(4) {
	case 0:
		o["deceasedBoolean"] = chance(r, 50)
	case 1:
		o["deceasedDateTime"] = date(r)
	}
	return o
}

func practitioner(r *rand.Rand) object {
	o := object{"name": some(r, 1, humanName)}
	put(r, o, 70, "identifier", func() any { return some(r, 2, identifier) })
	put(r, o, 60, "gender", func() any { return pick(r, []string{"male", "female"}) })
	put(r, o, 60, "active", func() any { return chance(r, 50) })
	return o
}

func organization(r *rand.Rand) object {
	o := object{"name": pick(r, words) + " " + pick(r, cities)}
	put(r, o, 60, "identifier", func() any { return some(r, 2, identifier) })
	put(r, o, 60, "partOf", func() any { return reference(r, "Organization") })
	put(r, o, 40, "alias", func() any { return []any{pick(r, cities)} })
	put(r, o, 40, "address", func() any { return some(r, 1, address) })
	return o
}

func location(r *rand.Rand) object {
	o := object{"name": pick(r, cities)}
	put(r, o, 70, "position", func() any {
		return object{"latitude": raw(fmt.Sprintf("%.4f", 48.5+r.Float64())), "longitude": raw(fmt.Sprintf("%.4f", 2+r.Float64()))}
	})
	put(r, o, 50, "partOf", func() any { return reference(r, "Location") })
	put(r, o, 50, "managingOrganization", func() any { return reference(r, "Organization") })
	return o
}

func encounter(r *rand.Rand) object {
	o := object{"status": pick(r, []string{"planned", "in-progress", "finished"}), "class": coding(r)}
	put(r, o, 80, "subject", func() any { return reference(r, "Patient", "Group") })
	put(r, o, 70, "period", func() any { return period(r) })
	put(r, o, 50, "type", func() any { return some(r, 2, concept) })
	put(r, o, 40, "serviceProvider", func() any { return reference(r, "Organization") })
	put(r, o, 40, "partOf", func() any { return reference(r, "Encounter") })
	put(r, o, 40, "participant", func() any { return []any{object{"individual": reference(r, "Practitioner")}} })
	put(r, o, 40, "length", func() any {
		return object{"value": number(r), "system": "http://unitsofmeasure.org", "code": pick(r, []string{"min", "h"})}
	})
	return o
}

func observation(r *rand.Rand) object {
	o := object{"status": pick(r, []string{"final", "preliminary", "amended"}), "code": concept(r)}
	put(r, o, 80, "subject", func() any { return reference(r, "Patient", "Location") })
	put(r, o, 50, "encounter", func() any { return reference(r, "Encounter") })
	put(r, o, 40, "performer", func() any {
		return some(r, 2, func(r *rand.Rand) object { return reference(r, "Practitioner", "Organization", "Patient") })
	})
	put(r, o, 30, "derivedFrom", func() any { return []any{reference(r, "Observation", "DocumentReference")} })
	put(r, o, 40, "category", func() any { return some(r, 1, concept) })
	put(r, o, 30, "issued", func() any { return instant(r) })
	switch r.IntN(5) {
	case 0, 1:
		o["effectiveDateTime"] = date(r)
	case 2:
		o["effectivePeriod"] = period(r)
	case 3:
		o["effectiveInstant"] = instant(r)
	}
	observed(r, o)
	put(r, o, 30, "component", func() any {
		return some(r, 3, func(r *rand.Rand) object {
			c := object{"code": concept(r)}
			observed(r, c)
			return c
		})
	})
	return o
}

// observed sets the value of an Observation or of a component.
func observed(r *rand.Rand, o object) {
	switch r.IntN(7) {
	case 0, 1, 2:
		o["valueQuantity"] = quantity(r)
	case 3:
		o["valueCodeableConcept"] = concept(r)
	case 4:
		o["valueString"] = pick(r, words)
	case 5:
		o["valueDateTime"] = date(r)
	}
}

func document(r *rand.Rand) object {
	attachment := object{"contentType": pick(r, mimes)}
	put(r, attachment, 40, "url", func() any { return pick(r, uris) })
	put(r, attachment, 40, "language", func() any { return pick(r, []string{"fr", "fr-FR", "en"}) })
	put(r, attachment, 40, "creation", func() any { return date(r) })
	o := object{"status": pick(r, []string{"current", "superseded"}), "content": []any{object{"attachment": attachment}}}
	put(r, o, 70, "subject", func() any { return reference(r, "Patient", "Practitioner") })
	put(r, o, 60, "type", func() any { return concept(r) })
	put(r, o, 60, "date", func() any { return instant(r) })
	put(r, o, 50, "author", func() any {
		return some(r, 2, func(r *rand.Rand) object { return reference(r, "Practitioner", "Organization") })
	})
	put(r, o, 50, "masterIdentifier", func() any { return identifier(r) })
	put(r, o, 40, "identifier", func() any { return some(r, 2, identifier) })
	put(r, o, 40, "securityLabel", func() any { return some(r, 2, concept) })
	put(r, o, 30, "description", func() any { return pick(r, words) })
	put(r, o, 40, "relatesTo", func() any {
		return some(r, 2, func(r *rand.Rand) object {
			return object{"code": pick(r, []string{"replaces", "appends"}), "target": reference(r, "DocumentReference")}
		})
	})
	put(r, o, 50, "context", func() any {
		return object{"period": period(r), "encounter": []any{reference(r, "Encounter")}, "event": some(r, 2, concept)}
	})
	return o
}

func list(r *rand.Rand) object {
	o := object{"status": "current", "mode": "working", "title": pick(r, words), "entry": some(r, 4, func(r *rand.Rand) object {
		return object{"item": reference(r, "Patient", "Observation", "DocumentReference")}
	})}
	put(r, o, 60, "subject", func() any { return reference(r, "Patient") })
	put(r, o, 60, "code", func() any { return concept(r) })
	return o
}

func chargeItem(r *rand.Rand) object {
	o := object{"status": "billed", "code": concept(r), "subject": reference(r, "Patient")}
	put(r, o, 60, "factorOverride", func() any { return number(r) })
	put(r, o, 60, "priceOverride", func() any { return object{"value": number(r), "currency": pick(r, []string{"EUR", "USD"})} })
	put(r, o, 50, "quantity", func() any { return quantity(r) })
	return o
}

func riskAssessment(r *rand.Rand) object {
	prediction := object{}
	if chance(r, 50) {
		prediction["probabilityDecimal"] = number(r)
	} else {
		span := object{}
		low, high := object{"value": raw("0.1")}, object{"value": raw(pick(r, []string{"1.50", "100", "120"}))}
		switch r.IntN(3) {
		case 0:
			span["low"] = low
		case 1:
			span["high"] = high
		default:
			span["low"], span["high"] = low, high
		}
		prediction["probabilityRange"] = span
	}
	return object{"status": "final", "subject": reference(r, "Patient"), "prediction": []any{prediction}}
}

func response(r *rand.Rand) object {
	o := object{"status": "completed", "questionnaire": pick(r, uris[:3]) + pick(r, []string{"", "|1.0", "|1.1", "|2"})}
	put(r, o, 60, "authored", func() any { return date(r) })
	put(r, o, 60, "subject", func() any { return reference(r, "Patient", "Observation", "Organization") })
	put(r, o, 60, "author", func() any { return reference(r, "Practitioner") })
	return o
}

func valueSet(r *rand.Rand) object {
	o := object{"status": pick(r, []string{"draft", "active"}), "url": pick(r, uris), "name": "VS" + strconv.Itoa(r.IntN(5))}
	put(r, o, 50, "date", func() any { return date(r) })
	put(r, o, 50, "version", func() any { return pick(r, []string{"1", "2"}) })
	put(r, o, 50, "useContext", func() any {
		return some(r, 2, func(r *rand.Rand) object {
			c := object{"code": coding(r)}
			if chance(r, 50) {
				c["valueQuantity"] = quantity(r)
			} else {
				c["valueCodeableConcept"] = concept(r)
			}
			return c
		})
	})
	return o
}
