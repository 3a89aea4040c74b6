package dmp

import (
	"regexp"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/search"
)

// Traits are the five identity traits of an INS (traits stricts of the RNIV).
type Traits struct {
	// Family is the birth name (nom de naissance).
	Family string
	// Given are all given names of the birth certificate (liste des prénoms de naissance), in order, separated by one space; composed names keep their hyphen.
	Given string
	// BirthDate is a FHIR date; a certificate may lack the day or the month.
	BirthDate string
	// Sex is male, female or unknown.
	Sex string
	// BirthPlace is the INSEE code of the commune, or of the country.
	BirthPlace string
}

// Trait names one of them in diagnostics.
type Trait string

// The traits.
const (
	TraitFamily     Trait = "birth name"
	TraitGiven      Trait = "list of birth given names"
	TraitBirthDate  Trait = "birth date"
	TraitSex        Trait = "sex"
	TraitBirthPlace Trait = "INSEE code of the birth place"
)

// traitPaths tell where each is in a Patient.
var traitPaths = map[Trait]string{
	TraitFamily:     "Patient.name.where(use='official').family",
	TraitGiven:      "Patient.name.where(use='official').extension('" + extensionGivenList + "').value",
	TraitBirthDate:  "Patient.birthDate",
	TraitSex:        "Patient.gender",
	TraitBirthPlace: "Patient.extension('" + extensionBirthPlace + "').value.extension('" + extensionINSEE + "').value.code",
}

func (t *Traits) each(yield func(Trait, string) bool) {
	_ = yield(TraitFamily, t.Family) && yield(TraitGiven, t.Given) && yield(TraitBirthDate, t.BirthDate) && yield(TraitSex, t.Sex) && yield(TraitBirthPlace, t.BirthPlace)
}

// value gives one trait.
func (t *Traits) value(which Trait) (out string) {
	t.each(func(name Trait, value string) bool {
		out = value
		return name != which
	})
	return out
}

// Differ lists the traits in which two identities differ. Names compare without case and accents, and hyphens and apostrophes as spaces: the national service writes LEGER for Léger. Nothing else is tolerated, and no trait
// that one of the two lacks is taken for equal.
func (t *Traits) Differ(other *Traits) []Trait {
	var out []Trait
	t.each(func(name Trait, value string) bool {
		if same := other.value(name); !equalTrait(name, value, same) {
			out = append(out, name)
		}
		return true
	})
	return out
}

func equalTrait(name Trait, a, b string) bool {
	if a == b {
		return true
	}
	if name != TraitFamily && name != TraitGiven {
		return false
	}
	return a != "" && b != "" && search.Fold(a) == search.Fold(b)
}

// TraitsOf reads the traits of a Patient; what is not there is "".
func TraitsOf(patient *element.Element) Traits {
	t := Traits{BirthDate: patient.ChildValue("birthDate"), Sex: patient.ChildValue("gender")}
	if name := officialName(patient); name != nil {
		t.Family = name.ChildValue("family")
		t.Given = strings.Join(strings.Fields(extensionOf(name, extensionGivenList).ChildValue("value")), " ")
	}
	t.BirthPlace = extensionOf(extensionOf(patient, extensionBirthPlace).Child("value"), extensionINSEE).Child("value").ChildValue("code")
	return t
}

func officialName(patient *element.Element) *element.Element {
	for name := range patient.Children("name") {
		if name.ChildValue("use") == "official" {
			return name
		}
	}
	return nil
}

// extensionOf finds an extension of an element (which may be nil) by its URL.
func extensionOf(e *element.Element, url string) *element.Element {
	for x := range e.Children("extension") {
		if x.ChildValue("url") == url {
			return x
		}
	}
	return nil
}

var inseeCode = regexp.MustCompile(`^([0-9]{5}|2[AB][0-9]{3})$`)

// Missing lists the traits that are not there.
func (t *Traits) Missing() (out []Trait) {
	t.each(func(name Trait, value string) bool {
		if value == "" {
			out = append(out, name)
		}
		return true
	})
	return out
}
