package author

import (
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda/vocabulary"
)

// The OIDs of national identifiers of professionals and structures, and the FHIR systems of the registers that they are made from (FR Core).
const (
	oidProfessional = "1.2.250.1.71.4.2.1"
	oidStructure    = "1.2.250.1.71.4.2.2"
	rppsSystem      = "https://rpps.esante.gouv.fr"
	finessSystem    = "https://finess.esante.gouv.fr"
	sireneSystem    = "https://sirene.fr"
)

// actor is an Actor read.
type actor struct {
	id         string // national id of the professional (PS_IdNat)
	profession coding // JDV_J01; zero when unknown
	person     *humanName
	telecom    []contactPoint
	address    []address
	org        *structure
}

// structure is an Organization read.
type structure struct {
	id       string // national id of the structure (Struct_IdNat)
	name     string
	telecom  []contactPoint
	address  []address
	practice coding // JDV_J04; zero when unknown
}

// readActor reads who it is and notes what is missing: a professional has a national id and a name.
func (d *defects) readActor(a Actor, expression string) *actor {
	out := &actor{}
	var p practitioner
	if read(d, a.Practitioner, "Practitioner", expression+".practitioner", &p) {
		out.id = professionalID(p.Identifier)
		out.person = chooseName(p.Name)
		out.telecom, out.address = p.Telecom, p.Address
		if out.id == "" {
			d.missing(expression+".practitioner.identifier", "the professional's national identifier (RPPS, or system urn:oid:"+oidProfessional+") is missing")
		}
		if out.person == nil {
			d.missing(expression+".practitioner.name.family", "the professional's family name is missing")
		}
	} else if len(a.Practitioner) == 0 {
		d.missing(expression+".practitioner", "the professional (Practitioner) is missing")
	}
	var r practitionerRole
	read(d, a.Role, "PractitionerRole", expression+".role", &r)
	out.profession = professionOf(&p, &r)
	if len(out.telecom) == 0 {
		out.telecom = r.Telecom
	}
	if len(a.Organization) > 0 {
		out.org = d.readStructure(a.Organization, expression+".organization")
	}
	return out
}

func (d *defects) readStructure(raw []byte, expression string) *structure {
	var o organization
	if !read(d, raw, "Organization", expression, &o) {
		return nil
	}
	s := &structure{id: structureID(o.Identifier), name: o.Name, telecom: o.Telecom, address: o.Address}
	if s.id == "" {
		d.missing(expression+".identifier", "the structure's national identifier (FINESS, SIREN, SIRET, or system urn:oid:"+oidStructure+") is missing")
	}
	for i := range o.Type {
		for _, k := range o.Type[i].Coding {
			if c, ok := vocabulary.Load().Find(vocabulary.PracticeSetting, k.Code, systemOID(k.System)); ok && s.practice.Code == "" {
				s.practice = coding{System: c.System, Code: c.Code, Display: c.Label}
			}
		}
	}
	return s
}

// professionalID makes the PS_IdNat: the register's digit and the number in it (8 for RPPS, 0 for ADELI).
func professionalID(all []identifier) string {
	for _, id := range all {
		if id.System == "urn:oid:"+oidProfessional && id.Value != "" {
			return id.Value
		}
	}
	for _, id := range all {
		switch {
		case id.System == rppsSystem && len(id.Value) == 11:
			return "8" + id.Value
		case id.System == rppsSystem && len(id.Value) == 12 && id.Value[0] == '8':
			return id.Value
		case id.hasType("ADELI") && len(id.Value) == 9:
			return "0" + id.Value
		}
	}
	return ""
}

// structureID makes the Struct_IdNat: 1 for FINESS, 2 for SIREN, 3 for SIRET.
func structureID(all []identifier) string {
	for _, id := range all {
		if id.System == "urn:oid:"+oidStructure && id.Value != "" {
			return id.Value
		}
	}
	for _, id := range all {
		switch {
		case id.System == finessSystem && len(id.Value) == 9:
			return "1" + id.Value
		case id.System == sireneSystem && len(id.Value) == 9:
			return "2" + id.Value
		case id.System == sireneSystem && len(id.Value) == 14:
			return "3" + id.Value
		}
	}
	return ""
}

// professionOf finds the profession and specialty in the form of JDV_J01 ("G15_10/SM26"): as it is coded, or made of a profession of TRE_G15 and a
// specialty of TRE_R38.
func professionOf(p *practitioner, r *practitionerRole) coding {
	concepts := append(append([]codeableConcept{}, r.Code...), r.Specialty...)
	for _, q := range p.Qualification {
		if q.Code != nil {
			concepts = append(concepts, *q.Code)
		}
	}
	var profession, specialty string
	for i := range concepts {
		for _, k := range concepts[i].Coding {
			if c, ok := vocabulary.Load().Find(vocabulary.AuthorSpecialty, k.Code, systemOID(k.System)); ok {
				return coding{System: c.System, Code: c.Code, Display: c.Label}
			}
			switch {
			case strings.Contains(k.System, "TRE_G15") && profession == "":
				profession = "G15_" + k.Code
			case strings.Contains(k.System, "TRE_R38") && specialty == "":
				specialty = k.Code
			}
		}
	}
	for _, code := range []string{profession + "/" + specialty, profession} {
		if c, ok := vocabulary.Load().Find(vocabulary.AuthorSpecialty, code, oidProfession); ok {
			return coding{System: c.System, Code: c.Code, Display: c.Label}
		}
	}
	return coding{}
}

// put writes the parts of an assigned entity. person and org name the elements of the person and the organisation, which differ by role.
func (a *actor) put(el *etree.Element, person, org string, practice bool) {
	put(el, "id", "root", oidProfessional, "extension", a.id)
	if a.profession.Code != "" {
		putCode(el, "code", a.profession.Code, a.profession.System, a.profession.Display)
	}
	putAddresses(el, a.address)
	putTelecoms(el, a.telecom)
	if a.person != nil {
		putProfessionalName(put(el, person), a.person)
	}
	if a.org != nil {
		a.org.put(put(el, org), practice)
	}
}

func (s *structure) put(el *etree.Element, practice bool) {
	put(el, "id", "root", oidStructure, "extension", s.id)
	putText(el, "name", s.name)
	putTelecoms(el, s.telecom)
	putAddresses(el, s.address)
	if practice && s.practice.Code != "" {
		putCode(el, "standardIndustryClassCode", s.practice.Code, s.practice.System, s.practice.Display)
	}
}

// putCustodian writes the structure that keeps the document, of which the schema takes one telephone and one address.
func (s *structure) putCustodian(el *etree.Element) {
	one := *s
	one.telecom, one.address = s.telecom[:min(1, len(s.telecom))], s.address[:min(1, len(s.address))]
	one.put(el, false)
}
