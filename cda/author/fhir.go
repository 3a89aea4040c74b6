package author

import (
	"encoding/json"
	"strings"
)

// The parts of FHIR R4 types that documents are made of. Decimals stay as they are written.

type coding struct {
	System  string `json:"system"`
	Version string `json:"version"`
	Code    string `json:"code"`
	Display string `json:"display"`
}

type codeableConcept struct {
	Coding []coding `json:"coding"`
	Text   string   `json:"text"`
}

func (c *codeableConcept) empty() bool { return c == nil || len(c.Coding) == 0 && c.Text == "" }

// label is how people read a concept: its text, else the first display, else the first code.
func (c *codeableConcept) label() string {
	if c == nil {
		return ""
	}
	if c.Text != "" {
		return c.Text
	}
	for _, k := range c.Coding {
		if k.Display != "" {
			return k.Display
		}
	}
	for _, k := range c.Coding {
		if k.Code != "" {
			return k.Code
		}
	}
	return ""
}

// code is the code of a concept in a system, "" without one.
func (c *codeableConcept) code(system string) string {
	if c == nil {
		return ""
	}
	for _, k := range c.Coding {
		if k.System == system {
			return k.Code
		}
	}
	return ""
}

type identifier struct {
	System string           `json:"system"`
	Value  string           `json:"value"`
	Type   *codeableConcept `json:"type"`
}

func (i identifier) hasType(code string) bool {
	if i.Type == nil {
		return false
	}
	for _, k := range i.Type.Coding {
		if k.Code == code {
			return true
		}
	}
	return false
}

type extension struct {
	URL          string           `json:"url"`
	ValueString  string           `json:"valueString"`
	ValueCoding  *coding          `json:"valueCoding"`
	ValueConcept *codeableConcept `json:"valueCodeableConcept"`
	ValueAddress *address         `json:"valueAddress"`
	Extension    []extension      `json:"extension"`
}

func find(all []extension, url string) *extension {
	for i := range all {
		if all[i].URL == url {
			return &all[i]
		}
	}
	return nil
}

type humanName struct {
	Use       string      `json:"use"`
	Text      string      `json:"text"`
	Family    string      `json:"family"`
	Given     []string    `json:"given"`
	Prefix    []string    `json:"prefix"`
	Suffix    []string    `json:"suffix"`
	Extension []extension `json:"extension"`
}

type address struct {
	Use        string      `json:"use"`
	Text       string      `json:"text"`
	Line       []string    `json:"line"`
	City       string      `json:"city"`
	District   string      `json:"district"`
	State      string      `json:"state"`
	PostalCode string      `json:"postalCode"`
	Country    string      `json:"country"`
	Extension  []extension `json:"extension"`
	CityMore   *element    `json:"_city"`
}

// element is what a primitive carries beside its value.
type element struct {
	Extension []extension `json:"extension"`
}

type contactPoint struct {
	System string `json:"system"`
	Value  string `json:"value"`
	Use    string `json:"use"`
}

type reference struct {
	Reference  string      `json:"reference"`
	Display    string      `json:"display"`
	Identifier *identifier `json:"identifier"`
}

type period struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

type quantity struct {
	Value      json.Number `json:"value"`
	Comparator string      `json:"comparator"`
	Unit       string      `json:"unit"`
	System     string      `json:"system"`
	Code       string      `json:"code"`
}

// unit is the unit for machines: the UCUM code. A quantity whose unit is only for people has none.
func (q *quantity) ucum() string {
	if q.System == "http://unitsofmeasure.org" {
		return q.Code
	}
	return ""
}

// text is the quantity for people.
func (q *quantity) text() string {
	if q == nil || q.Value == "" {
		return ""
	}
	unit := q.Unit
	if unit == "" {
		unit = q.Code
	}
	if unit == "1" {
		unit = ""
	}
	return strings.TrimSpace(q.Comparator + " " + strings.Replace(string(q.Value), ".", ",", 1) + " " + unit)
}

type rangeOf struct {
	Low  *quantity `json:"low"`
	High *quantity `json:"high"`
}

type ratio struct {
	Numerator   *quantity `json:"numerator"`
	Denominator *quantity `json:"denominator"`
}

type annotation struct {
	Text string `json:"text"`
}

// notes joins the notes of a resource.
func notes(all []annotation) string {
	texts := make([]string, 0, len(all))
	for _, a := range all {
		if a.Text != "" {
			texts = append(texts, a.Text)
		}
	}
	return strings.Join(texts, " ; ")
}

type patient struct {
	Identifier           []identifier   `json:"identifier"`
	Name                 []humanName    `json:"name"`
	Gender               string         `json:"gender"`
	BirthDate            string         `json:"birthDate"`
	Telecom              []contactPoint `json:"telecom"`
	Address              []address      `json:"address"`
	DeceasedBoolean      *bool          `json:"deceasedBoolean"`
	DeceasedDateTime     string         `json:"deceasedDateTime"`
	MultipleBirthBoolean *bool          `json:"multipleBirthBoolean"`
	MultipleBirthInteger *int           `json:"multipleBirthInteger"`
	Extension            []extension    `json:"extension"`
}

type practitioner struct {
	Identifier    []identifier    `json:"identifier"`
	Name          []humanName     `json:"name"`
	Telecom       []contactPoint  `json:"telecom"`
	Address       []address       `json:"address"`
	Qualification []qualification `json:"qualification"`
}

type qualification struct {
	Code *codeableConcept `json:"code"`
}

type practitionerRole struct {
	Code      []codeableConcept `json:"code"`
	Specialty []codeableConcept `json:"specialty"`
	Telecom   []contactPoint    `json:"telecom"`
}

type organization struct {
	Identifier []identifier      `json:"identifier"`
	Name       string            `json:"name"`
	Type       []codeableConcept `json:"type"`
	Telecom    []contactPoint    `json:"telecom"`
	Address    []address         `json:"address"`
}
