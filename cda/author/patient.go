package author

import (
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/internal/ins"
)

// Extensions of FR Core and of FHIR that carry traits of the INS.
const (
	birthPlaceURL = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
	birthGivenURL = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-birth-list-given-name"
	inseeURL      = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-address-insee-code"
)

// person is a Patient read: an identity with the INS and its traits.
type person struct {
	ins        ins.Matricule
	others     []identifier // under OIDs
	birthName  string
	birthGiven string // all given names
	firstGiven string
	usedName   string
	usedGiven  string
	gender     string // F, M, UN
	birthDate  string // YYYYMMDD
	county     string
	city       string
	source     patient
}

var genders = map[string]string{"male": "M", "female": "F", "unknown": "UN"}

// readPatient reads the person and notes every trait that is missing: with an INS, the names of birth, the sex, the date and the place of birth must all be
// there (CI-SIS, structuration minimale).
func (d *defects) readPatient(raw []byte) *person {
	p := &person{}
	if len(raw) == 0 {
		d.missing("Patient", "the patient is missing")
		return p
	}
	if !read(d, raw, "Patient", "Patient", &p.source) {
		return p
	}
	d.readIdentifiers(p)
	d.readNames(p)
	d.readBirth(p)
	if p.gender = genders[p.source.Gender]; p.gender == "" {
		d.missing("Patient.gender", "the sex must be male, female or unknown, as the INS knows no other")
	}
	return p
}

func (d *defects) readIdentifiers(p *person) {
	found := false
	for i, id := range p.source.Identifier {
		if _, ok := ins.KindOf(id.System); ok && !(id.hasType("NH") && len(id.Type.Coding) == 1) {
			m, err := ins.Parse(id.System, id.Value)
			switch {
			case err != nil:
				d.wrong("Patient.identifier["+strconv.Itoa(i)+"].value", "this is no valid INS: "+err.Error())
			case !found:
				p.ins = m
			}
			found = true
			continue
		}
		if oid, ok := strings.CutPrefix(id.System, "urn:oid:"); ok && isOID(oid) && id.Value != "" && !ok2(ins.KindOf(id.System)) {
			p.others = append(p.others, identifier{System: oid, Value: id.Value})
		}
	}
	if !found {
		d.missing("Patient.identifier", "an INS (system urn:oid:1.2.250.1.213.1.4.8, or .9, .10, .11) is missing: a document without one cannot enter a record")
	}
}

func ok2(_ ins.Kind, ok bool) bool { return ok }

func (d *defects) readNames(p *person) {
	official := chooseUse(p.source.Name, "official")
	if official == nil {
		d.missing("Patient.name.where(use='official')", "the name of the birth certificate (use official) is missing")
		return
	}
	p.birthName = official.Family
	if p.birthName == "" {
		d.missing("Patient.name.where(use='official').family", "the family name of birth is missing")
	}
	if len(official.Given) > 0 {
		p.firstGiven = official.Given[0]
	} else {
		d.missing("Patient.name.where(use='official').given", "the first given name of birth is missing")
	}
	if all := find(official.Extension, birthGivenURL); all != nil {
		p.birthGiven = all.ValueString
	}
	if p.birthGiven == "" {
		d.missing("Patient.name.where(use='official').extension", "the given names of the birth certificate ("+birthGivenURL+") are missing")
	}
	if usual := chooseUse(p.source.Name, "usual"); usual != nil {
		p.usedName = usual.Family
		if len(usual.Given) > 0 {
			p.usedGiven = usual.Given[0]
		}
	}
}

func chooseUse(all []humanName, use string) *humanName {
	for i := range all {
		if all[i].Use == use {
			return &all[i]
		}
	}
	return nil
}

func (d *defects) readBirth(p *person) {
	if p.birthDate = hl7(p.source.BirthDate); len(p.birthDate) != 8 {
		d.missing("Patient.birthDate", "the date of birth must be known to the day")
	}
	place := find(p.source.Extension, birthPlaceURL)
	if place != nil && place.ValueAddress != nil {
		a := place.ValueAddress
		p.city = a.City
		more := a.Extension
		if a.CityMore != nil {
			more = append(append([]extension{}, more...), a.CityMore.Extension...)
		}
		if code := find(more, inseeURL); code != nil && code.ValueCoding != nil {
			p.county = code.ValueCoding.Code
		}
	}
	if p.county == "" {
		d.missing("Patient.extension('"+birthPlaceURL+"')", "the INSEE code of the place of birth ("+inseeURL+") is missing")
	}
}

func (p *person) put(root *etree.Element) {
	role := put(put(root, "recordTarget"), "patientRole")
	put(role, "id", "extension", p.ins.Number(), "root", p.ins.Kind().OID())
	for _, id := range p.others {
		put(role, "id", "extension", id.Value, "root", id.System)
	}
	putAddresses(role, p.source.Address)
	putTelecoms(role, p.source.Telecom)
	el := put(role, "patient")
	name := put(el, "name")
	putText(name, "family", p.birthName, "qualifier", "BR")
	putText(name, "family", p.usedName, "qualifier", "CL")
	putText(name, "given", p.birthGiven)
	putText(name, "given", p.firstGiven, "qualifier", "BR")
	putText(name, "given", p.usedGiven, "qualifier", "CL")
	putCode(el, "administrativeGenderCode", p.gender, oidGender, map[string]string{"F": "Féminin", "M": "Masculin", "UN": "Indéterminé"}[p.gender])
	put(el, "birthTime", "value", p.birthDate)
	p.putFate(el)
	addr := put(put(put(el, "birthplace"), "place"), "addr")
	putText(addr, "county", p.county)
	putText(addr, "city", p.city)
}

// putFate writes death and multiple birth, which are extensions of CDA.
func (p *person) putFate(el *etree.Element) {
	s := &p.source
	if at := hl7(s.DeceasedDateTime); at != "" {
		put(el, "sdtc:deceasedInd", "value", "true")
		put(el, "sdtc:deceasedTime", "value", at)
	} else if s.DeceasedBoolean != nil {
		put(el, "sdtc:deceasedInd", "value", strconv.FormatBool(*s.DeceasedBoolean))
	}
	switch {
	case s.MultipleBirthInteger != nil:
		put(el, "sdtc:multipleBirthInd", "value", "true")
		put(el, "sdtc:multipleBirthOrderNumber", "value", strconv.Itoa(*s.MultipleBirthInteger))
	case s.MultipleBirthBoolean != nil:
		put(el, "sdtc:multipleBirthInd", "value", strconv.FormatBool(*s.MultipleBirthBoolean))
	}
}
