package author

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// common is what all resources of a record have.
type common struct {
	ResourceType string            `json:"resourceType"`
	ID           string            `json:"id"`
	Identifier   []identifier      `json:"identifier"`
	Note         []annotation      `json:"note"`
	Contained    []json.RawMessage `json:"contained"`
}

// key names a resource among those of the record.
func (c *common) key() string { return c.ResourceType + "/" + c.ID }

type condition struct {
	common
	ClinicalStatus     *codeableConcept  `json:"clinicalStatus"`
	VerificationStatus *codeableConcept  `json:"verificationStatus"`
	Severity           *codeableConcept  `json:"severity"`
	Code               *codeableConcept  `json:"code"`
	BodySite           []codeableConcept `json:"bodySite"`
	OnsetDateTime      string            `json:"onsetDateTime"`
	OnsetPeriod        *period           `json:"onsetPeriod"`
	OnsetAge           *quantity         `json:"onsetAge"`
	OnsetString        string            `json:"onsetString"`
	AbatementDateTime  string            `json:"abatementDateTime"`
	AbatementPeriod    *period           `json:"abatementPeriod"`
	AbatementAge       *quantity         `json:"abatementAge"`
	AbatementString    string            `json:"abatementString"`
}

type allergy struct {
	common
	ClinicalStatus     *codeableConcept `json:"clinicalStatus"`
	VerificationStatus *codeableConcept `json:"verificationStatus"`
	Type               string           `json:"type"`
	Category           []string         `json:"category"`
	Criticality        string           `json:"criticality"`
	Code               *codeableConcept `json:"code"`
	OnsetDateTime      string           `json:"onsetDateTime"`
	OnsetPeriod        *period          `json:"onsetPeriod"`
	Reaction           []struct {
		Manifestation []codeableConcept `json:"manifestation"`
		Description   string            `json:"description"`
		Onset         string            `json:"onset"`
		Severity      string            `json:"severity"`
	} `json:"reaction"`
}

type procedure struct {
	common
	Status            string            `json:"status"`
	Code              *codeableConcept  `json:"code"`
	PerformedDateTime string            `json:"performedDateTime"`
	PerformedPeriod   *period           `json:"performedPeriod"`
	PerformedString   string            `json:"performedString"`
	BodySite          []codeableConcept `json:"bodySite"`
	ReasonCode        []codeableConcept `json:"reasonCode"`
	ReasonReference   []reference       `json:"reasonReference"`
}

type medication struct {
	common
	Code  *codeableConcept `json:"code"`
	Batch struct {
		LotNumber string `json:"lotNumber"`
	} `json:"batch"`
}

// medicine is a MedicationStatement or a MedicationRequest.
type medicine struct {
	common
	Status                    string            `json:"status"`
	Intent                    string            `json:"intent"`
	DoNotPerform              bool              `json:"doNotPerform"`
	MedicationCodeableConcept *codeableConcept  `json:"medicationCodeableConcept"`
	MedicationReference       *reference        `json:"medicationReference"`
	EffectiveDateTime         string            `json:"effectiveDateTime"`
	EffectivePeriod           *period           `json:"effectivePeriod"`
	AuthoredOn                string            `json:"authoredOn"` // of a MedicationRequest
	Dosage                    []dosage          `json:"dosage"`
	DosageInstruction         []dosage          `json:"dosageInstruction"`
	ReasonCode                []codeableConcept `json:"reasonCode"`
	ReasonReference           []reference       `json:"reasonReference"`
}

type dosage struct {
	Text               string           `json:"text"`
	PatientInstruction string           `json:"patientInstruction"`
	Timing             *timing          `json:"timing"`
	AsNeededBoolean    bool             `json:"asNeededBoolean"`
	AsNeeded           *codeableConcept `json:"asNeededCodeableConcept"`
	Site               *codeableConcept `json:"site"`
	Route              *codeableConcept `json:"route"`
	DoseAndRate        []struct {
		DoseQuantity *quantity `json:"doseQuantity"`
		DoseRange    *rangeOf  `json:"doseRange"`
		RateQuantity *quantity `json:"rateQuantity"`
		RateRange    *rangeOf  `json:"rateRange"`
		RateRatio    *ratio    `json:"rateRatio"`
	} `json:"doseAndRate"`
	MaxDosePerPeriod *ratio `json:"maxDosePerPeriod"`
}

type timing struct {
	Repeat *struct {
		BoundsPeriod *period     `json:"boundsPeriod"`
		Frequency    int         `json:"frequency"`
		FrequencyMax int         `json:"frequencyMax"`
		Period       json.Number `json:"period"`
		PeriodMax    json.Number `json:"periodMax"`
		PeriodUnit   string      `json:"periodUnit"`
		When         []string    `json:"when"`
		Offset       int         `json:"offset"`
		TimeOfDay    []string    `json:"timeOfDay"`
		DayOfWeek    []string    `json:"dayOfWeek"`
		Count        int         `json:"count"`
		Duration     json.Number `json:"duration"`
	} `json:"repeat"`
	Code *codeableConcept `json:"code"`
}

type immunization struct {
	common
	Status             string           `json:"status"`
	VaccineCode        *codeableConcept `json:"vaccineCode"`
	OccurrenceDateTime string           `json:"occurrenceDateTime"`
	OccurrenceString   string           `json:"occurrenceString"`
	LotNumber          string           `json:"lotNumber"`
	Site               *codeableConcept `json:"site"`
	Route              *codeableConcept `json:"route"`
	DoseQuantity       *quantity        `json:"doseQuantity"`
	ProtocolApplied    []struct {
		DoseNumberPositiveInt int    `json:"doseNumberPositiveInt"`
		DoseNumberString      string `json:"doseNumberString"`
	} `json:"protocolApplied"`
}

// value is a value[x] of an observation or of a component.
type value struct {
	Quantity *quantity        `json:"valueQuantity"`
	Concept  *codeableConcept `json:"valueCodeableConcept"`
	Text     *string          `json:"valueString"`
	Boolean  *bool            `json:"valueBoolean"`
	Integer  *json.Number     `json:"valueInteger"`
	DateTime string           `json:"valueDateTime"`
	Period   *period          `json:"valuePeriod"`
	Range    *rangeOf         `json:"valueRange"`
	Ratio    *ratio           `json:"valueRatio"`
	Time     string           `json:"valueTime"`
}

type observation struct {
	common
	value
	Status            string            `json:"status"`
	Category          []codeableConcept `json:"category"`
	Code              *codeableConcept  `json:"code"`
	EffectiveDateTime string            `json:"effectiveDateTime"`
	EffectivePeriod   *period           `json:"effectivePeriod"`
	EffectiveInstant  string            `json:"effectiveInstant"`
	Interpretation    []codeableConcept `json:"interpretation"`
	Method            *codeableConcept  `json:"method"`
	BodySite          *codeableConcept  `json:"bodySite"`
	ReferenceRange    []struct {
		Low  *quantity `json:"low"`
		High *quantity `json:"high"`
		Text string    `json:"text"`
	} `json:"referenceRange"`
	Component []component `json:"component"`
}

type component struct {
	value
	Code           *codeableConcept  `json:"code"`
	Interpretation []codeableConcept `json:"interpretation"`
}

type familyHistory struct {
	common
	Status       string           `json:"status"`
	Relationship *codeableConcept `json:"relationship"`
	Sex          *codeableConcept `json:"sex"`
	Condition    []struct {
		Code        *codeableConcept `json:"code"`
		OnsetAge    *quantity        `json:"onsetAge"`
		OnsetString string           `json:"onsetString"`
		OnsetPeriod *period          `json:"onsetPeriod"`
		Note        []annotation     `json:"note"`
	} `json:"condition"`
}

// record is the resources of a Summary, each kind in an order that does not depend on that of the input: the latest first, then by key.
type record struct {
	conditions    []*condition
	allergies     []*allergy
	procedures    []*procedure
	medicines     []*medicine
	medications   map[string]*medication
	immunizations []*immunization
	observations  []*observation
	families      []*familyHistory
}

// maxResources bounds a summary.
const maxResources = 10_000

func (d *defects) readRecord(raws []json.RawMessage) *record {
	r := &record{medications: map[string]*medication{}}
	if len(raws) > maxResources {
		d.add(fault.TooCostly, "resources", "a summary takes at most "+strconv.Itoa(maxResources)+" resources")
		return r
	}
	for i, raw := range raws {
		d.readResource(r, raw, "resources["+strconv.Itoa(i)+"]")
	}
	r.sort()
	return r
}

// take reads one resource and appends it.
func take[T any](d *defects, raw json.RawMessage, kind, at string, to *[]*T) {
	v := new(T)
	if read(d, raw, kind, at, v) {
		*to = append(*to, v)
	}
}

func (d *defects) readResource(r *record, raw json.RawMessage, at string) {
	switch kind := resourceType(raw); kind {
	case "Condition":
		take(d, raw, kind, at, &r.conditions)
	case "AllergyIntolerance":
		take(d, raw, kind, at, &r.allergies)
	case "Procedure":
		take(d, raw, kind, at, &r.procedures)
	case "MedicationStatement", "MedicationRequest":
		take(d, raw, kind, at, &r.medicines)
	case "Medication":
		m := &medication{}
		if read(d, raw, kind, at, m) {
			r.medications[m.key()] = m
		}
	case "Immunization":
		take(d, raw, kind, at, &r.immunizations)
	case "Observation":
		take(d, raw, kind, at, &r.observations)
	case "FamilyMemberHistory":
		take(d, raw, kind, at, &r.families)
	case "":
		d.add(fault.Structure, at, "this is no FHIR resource: it has no resourceType")
	}
}

func (r *record) sort() {
	sortBy(r.conditions, func(c *condition) (string, string) { return c.start(), c.key() })
	sortBy(r.allergies, func(a *allergy) (string, string) { return a.start(), a.key() })
	sortBy(r.procedures, func(p *procedure) (string, string) {
		return first(p.PerformedDateTime, start(p.PerformedPeriod)), p.key()
	})
	sortBy(r.medicines, func(m *medicine) (string, string) { s, _ := m.span(); return s, m.key() })
	sortBy(r.immunizations, func(i *immunization) (string, string) { return i.OccurrenceDateTime, i.key() })
	sortBy(r.observations, func(o *observation) (string, string) { return o.when(), o.key() })
	sortBy(r.families, func(f *familyHistory) (string, string) { return "", f.key() })
}

func sortBy[T any](all []*T, by func(*T) (date, key string)) {
	slices.SortStableFunc(all, func(a, b *T) int {
		dateA, keyA := by(a)
		dateB, keyB := by(b)
		return cmp.Or(cmp.Compare(dateB, dateA), cmp.Compare(keyA, keyB))
	})
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

func start(p *period) string {
	if p == nil {
		return ""
	}
	return p.Start
}

func end(p *period) string {
	if p == nil {
		return ""
	}
	return p.End
}

// localKey is the key of a reference to another resource of the record: the last two steps of its path.
func (r *reference) localKey() string {
	if r == nil {
		return ""
	}
	parts := strings.Split(strings.TrimSuffix(r.Reference, "/"), "/")
	if len(parts) < 2 {
		return r.Reference
	}
	return parts[len(parts)-2] + "/" + parts[len(parts)-1]
}
