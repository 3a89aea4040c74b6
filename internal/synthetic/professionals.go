package synthetic

import (
	"fmt"
	"strings"

	"github.com/carnet-fhir/carnet/internal/nos"
)

// ProfessionalID is the id of the Practitioner of a number.
func ProfessionalID(i int) string { return fmt.Sprintf("ps-%04d", i) }

// StructureID is the id of the Organization in which the professional of the number works.
func StructureID(i int) string { return fmt.Sprintf("org-%04d", i) }

func (g *Generator) job(i int) job {
	if i%familyDoctorStep == 0 {
		return generalPractitioner()
	}
	return g.jobs[(i-i/familyDoctorStep-1)%len(g.jobs)]
}

// rpps makes a number that was never given: those of real people begin with 1, those of ANS' test cards with 99 7.
func rpps(i int) string { return nos.WithKey(fmt.Sprintf("999%07d", i)) }

func (g *Generator) practitioner(i int) Resource {
	j := g.job(i)
	r := g.source(i, saltProfessional)
	female := r.IntN(2) == 0
	title, gender, from := "M", "male", boys
	if female {
		title, gender, from = "MME", "female", girls
	}
	number := rpps(i)
	family := pick(r, families)
	given := pick(r, from)
	name := object{"use": "official", "family": strings.ToUpper(family), "given": list{given}, "prefix": list{title}}
	if j.doctor {
		name["suffix"] = list{"DR"}
	}
	qualification := list{object{"code": object{"coding": list{
		object{"system": nos.CategorieProfession, "code": "C", "display": "Civil"}, concrete(j.profession)}}}}
	if j.specialty != "" {
		qualification = append(qualification, object{"code": object{"coding": list{
			object{"system": nos.TypeSavoirFaire, "code": "S", "display": "Spécialité ordinale"}, concrete(nos.SavoirFaire(j.specialty))}}})
	}
	return made("Practitioner", ProfessionalID(i), object{
		"meta": object{"profile": list{nos.ProfileASPerson}},
		"identifier": list{
			object{"use": "official", "type": typed(nos.IdentifierTypes, "RPPS"), "system": nos.SystemRPPS, "value": number},
			object{"use": "official", "type": typed(nos.IdentifierTypes, "IDNPS"), "system": nos.SystemIDNPS, "value": "8" + number},
		},
		"active": true, "name": list{name}, "gender": gender, "qualification": qualification,
		"telecom": list{object{"system": "email", "use": "work", "value": fmt.Sprintf("ps%d@medecin.mssante.example", i),
			"extension": list{object{"url": structure + "fr-core-contact-point-email-type",
				"valueCoding": object{"system": "https://mos.esante.gouv.fr/NOS/TRE_R256-TypeMessagerie/FHIR/TRE-R256-TypeMessagerie", "code": "MSSANTE"}}}}},
	})
}

func (g *Generator) role(i int) Resource {
	j := g.job(i)
	codes := list{one(j.profession), one(nos.Genre(j.genre))}
	mode := "S"
	if j.liberal {
		mode = "L"
	}
	codes = append(codes, one(nos.Mode(mode)))
	if j.section != "" {
		codes = append(codes, one(nos.Section(j.section)))
	}
	body := object{
		"meta":       object{"profile": list{nos.ProfileASRole}},
		"identifier": list{object{"system": nos.SystemRPPS, "value": fmt.Sprintf("F%s01", rpps(i))}},
		"active":     true, "practitioner": reference("Practitioner", ProfessionalID(i)), "organization": reference("Organization", StructureID(i)),
		"location": list{reference("Location", fmt.Sprintf("loc-%04d", i))}, "code": codes,
	}
	if j.specialty != "" {
		body["specialty"] = list{one(nos.SavoirFaire(j.specialty))}
	}
	return made("PractitionerRole", fmt.Sprintf("role-%04d", i), body)
}

func one(c nos.Concept) object { return object{"coding": list{concrete(c)}} }

func concrete(c nos.Concept) object {
	out := object{"system": c.System, "code": c.Code}
	if c.Display != "" {
		out["display"] = c.Display
	}
	return out
}
