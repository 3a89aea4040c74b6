package synthetic

import (
	"fmt"
	"strings"

	"github.com/carnet-fhir/carnet/internal/nos"
)

const (
	frCore    = nos.FRCore
	structure = frCore + "StructureDefinition/"
)

// PatientID is the id of the patient of a number.
func PatientID(i int) string { return fmt.Sprintf("p-%06d", i) }

// patient makes the shape of fr-core-patient-ins: the five traits (name and given names of birth, birth date, sex, birthplace), the matricule, and the status of the identity.
func (g *Generator) patient(i int) Resource {
	p := g.person(i)
	number, err := p.origin.matricule(p.female, p.born.Year())
	if err != nil {
		return Resource{Type: "Patient", ID: PatientID(i)} // the tests make sure that it does not happen
	}
	body := g.demographics(p)
	body["meta"] = object{"profile": list{structure + "fr-core-patient-ins"}}
	body["extension"] = list{reliability("VALI", "INSI", p), birthplace(p.origin.place)}
	body["identifier"] = list{
		object{"use": "official", "type": typed(nos.IdentifierTypes, number.Kind().Code()), "system": number.System(), "value": number.Number()},
		ipp(i),
	}
	official := object{"use": "official", "family": strings.ToUpper(p.family), "given": list{strings.ToUpper(p.given[0])},
		"extension": list{object{"url": structure + "fr-core-patient-birth-list-given-name", "valueString": strings.ToUpper(strings.Join(p.given, " "))}}}
	names := list{official}
	if p.usual != "" {
		names = append(names, object{"use": "usual", "family": strings.ToUpper(p.usual), "given": list{p.given[0]}})
	}
	body["name"] = names
	return made("Patient", PatientID(i), body)
}

// local makes a patient of whom a hospital knows no matricule yet: an identity that is provisional, under a local number (IPP).
func (g *Generator) local(i int) Resource {
	p := g.person(i)
	body := g.demographics(p)
	body["meta"] = object{"profile": list{structure + "fr-core-patient"}}
	body["extension"] = list{birthplace(p.origin.place)}
	body["identifier"] = list{ipp(i)}
	body["name"] = list{object{"use": "official", "family": strings.ToUpper(p.family), "given": texts(p.given)}}
	return made("Patient", PatientID(i), body)
}

// demographics are the elements that every patient has.
func (g *Generator) demographics(p person) object {
	gender := "male"
	if p.female {
		gender = "female"
	}
	body := object{
		"active": true, "gender": gender, "birthDate": p.born.Format("2006-01-02"),
		"address": list{object{"use": "home", "line": list{p.street}, "city": p.home.name, "postalCode": p.home.postcode, "country": "FRA",
			"extension": list{inseeCode(p.home.insee)}}},
		"generalPractitioner": list{reference("Practitioner", ProfessionalID(p.familyDoctor))},
	}
	if p.adult {
		body["telecom"] = telecom(p)
	}
	return body
}

// telecom: the numbers are those that ARCEP keeps free for fiction (06 39 98), the mailboxes of a domain that cannot exist.
func telecom(p person) list {
	return list{object{"system": "phone", "use": "mobile", "value": fmt.Sprintf("+3363998%04d", p.number%10000)},
		object{"system": "email", "value": fmt.Sprintf("patient%d@example.org", p.number)}}
}

// reliability says how far an identity was checked, when and by what means.
func reliability(status, method string, p person) object {
	day := p.born.AddDate(0, 0, 7).Format("2006-01-02")
	if floor := "2021-01-01"; day < floor {
		day = floor // the INS is in use since 2021
	}
	return object{"url": structure + "fr-core-identity-reliability", "extension": list{
		object{"url": "identityStatus", "valueCoding": object{"system": frCore + "CodeSystem/fr-core-cs-v2-0445", "code": status}},
		object{"url": "methodCollection", "valueCoding": object{"system": frCore + "CodeSystem/fr-core-cs-method-collection", "code": method}},
		object{"url": "validationDate", "valueDate": day},
	}}
}

func birthplace(p place) object {
	return object{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
		"valueAddress": object{"extension": list{inseeCode(p.insee)}, "city": p.name}}
}

func inseeCode(code string) object {
	return object{"url": nos.ExtensionINSEE, "valueCoding": object{"system": nos.Commune, "code": code}}
}

func ipp(i int) object {
	return object{"use": "usual", "type": typed(nos.HL7v2Identifier, "PI"), "system": systemIPP, "value": fmt.Sprintf("IPP%08d", i)}
}

// representatives make the RelatedPersons of a minor: the parents, who hold parental authority (représentants légaux) until the majority.
func (g *Generator) representatives(i int) []Resource {
	child := g.person(i)
	if child.adult {
		return nil
	}
	var out []Resource
	for _, n := range child.parents {
		p := g.person(n)
		number, err := p.origin.matricule(p.female, p.born.Year())
		if err != nil {
			continue
		}
		relation, gender := concept{"FTH", "Père"}, "male"
		if p.female {
			relation, gender = concept{"MTH", "Mère"}, "female"
		}
		out = append(out, made("RelatedPerson", fmt.Sprintf("rp-%06d-%06d", i, n), object{
			"meta":       object{"profile": list{structure + "fr-core-related-person"}},
			"identifier": list{object{"use": "official", "type": typed(nos.IdentifierTypes, number.Kind().Code()), "system": number.System(), "value": number.Number()}},
			"active":     true, "patient": reference("Patient", PatientID(i)),
			"relationship": list{coding(nos.HL7RoleClass, "GUARD", "Représentant légal"), coding(nos.HL7RoleCode, relation.code, relation.name)},
			"name":         list{object{"use": "official", "family": strings.ToUpper(p.family), "given": list{p.given[0]}}},
			"telecom":      telecom(p), "gender": gender, "birthDate": p.born.Format("2006-01-02"),
			"address": list{object{"use": "home", "line": list{p.street}, "city": p.home.name, "postalCode": p.home.postcode, "country": "FRA"}},
			"period":  object{"start": child.born.Format("2006-01-02"), "end": child.born.AddDate(18, 0, -1).Format("2006-01-02")},
		}))
	}
	return out
}
