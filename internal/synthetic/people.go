package synthetic

import (
	"fmt"
	"strings"
	"time"
)

const frCore = "https://hl7.fr/ig/fhir/core/"

func (g *Generator) patient(i int) Resource {
	female := g.rnd.IntN(2) == 0
	from := boys
	if female {
		from = girls
	}
	given, second := pick(g.rnd, from), pick(g.rnd, from)
	family := pick(g.rnd, families)
	if g.rnd.IntN(12) == 0 {
		family += "-" + pick(g.rnd, families)
	}
	born := time.Date(1930, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, g.rnd.IntN(94*365))
	town := pick(g.rnd, towns)
	gender := "male"
	if female {
		gender = "female"
	}
	ins := INS(female, born, town.insee, 1+i%999)
	return made("Patient", fmt.Sprintf("p-%06d", i), object{
		"meta": object{"profile": list{frCore + "StructureDefinition/fr-core-patient-ins"}},
		"extension": list{
			object{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": object{
				"extension": list{object{"url": frCore + "StructureDefinition/fr-core-address-insee-code", "valueCoding": object{
					"system": "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM", "code": town.insee}}},
				"city": town.name}},
		},
		"identifier": list{
			object{"use": "official", "type": coding(frCore+"CodeSystem/fr-core-cs-v2-0203", "INS-NIR-TEST", "NIR de test"),
				"system": SystemINSTest, "value": ins},
			object{"use": "usual", "type": coding("http://terminology.hl7.org/CodeSystem/v2-0203", "PI", "Patient internal identifier"),
				"system": systemIPP, "value": fmt.Sprintf("IPP%08d", i)},
		},
		"active": true,
		"name":   list{object{"use": "official", "family": strings.ToUpper(family), "given": list{given, second}}},
		"telecom": list{
			object{"system": "phone", "use": "mobile", "value": fmt.Sprintf("+336%08d", g.rnd.IntN(100000000))},
			object{"system": "email", "value": fmt.Sprintf("patient%d@example.org", i)},
		},
		"gender": gender, "birthDate": born.Format("2006-01-02"),
		"address": list{object{"use": "home", "line": list{fmt.Sprintf("%d rue %s", 1+g.rnd.IntN(120), pick(g.rnd, streets))},
			"city": town.name, "postalCode": town.postcode, "country": "FRA"}},
		"generalPractitioner": list{reference("Practitioner", fmt.Sprintf("ps-%04d", i%20))},
	})
}

// INS makes a test matricule of 15 characters (13 of the NIR and the key modulo 97; Corsica counts 2A as 19 and 2B as 18).
func INS(female bool, born time.Time, insee string, order int) string {
	sex := 1
	if female {
		sex = 2
	}
	nir := fmt.Sprintf("%d%02d%02d%s%03d", sex, born.Year()%100, int(born.Month()), insee, order)
	digits := strings.NewReplacer("2A", "19", "2B", "18").Replace(nir)
	rest := 0
	for _, c := range digits {
		rest = (rest*10 + int(c-'0')) % 97
	}
	return fmt.Sprintf("%s%02d", nir, 97-rest)
}

func (g *Generator) practitioner(i int) Resource {
	g.reseed(uint64(i), 3)
	return made("Practitioner", fmt.Sprintf("ps-%04d", i), object{
		"identifier": list{object{"type": coding(frCore+"CodeSystem/fr-core-cs-v2-0203", "RPPS", "N° RPPS"),
			"system": SystemRPPS, "value": fmt.Sprintf("9990%07d", i)}},
		"active": true,
		"name":   list{object{"use": "official", "family": strings.ToUpper(pick(g.rnd, families)), "given": list{pick(g.rnd, girls)}, "prefix": list{"DR"}}},
		"gender": pick(g.rnd, []string{"male", "female"}),
	})
}

func (g *Generator) organization(i int) Resource {
	g.reseed(uint64(i), 4)
	town := pick(g.rnd, towns)
	return made("Organization", fmt.Sprintf("org-%04d", i), object{
		"identifier": list{object{"type": coding(frCore+"CodeSystem/fr-core-cs-v2-0203", "FINEG", "FINESS géographique"),
			"system": SystemFINESS, "value": fmt.Sprintf("9900%05d", i)}},
		"active": true, "name": pick(g.rnd, []string{"Maison de santé", "Centre hospitalier", "Cabinet médical", "Pharmacie", "Laboratoire"}) + " de " + town.name,
		"address": list{object{"city": town.name, "postalCode": town.postcode, "country": "FRA"}},
	})
}

func (g *Generator) role(i int) Resource {
	g.reseed(uint64(i), 5)
	job := pick(g.rnd, professions)
	return made("PractitionerRole", fmt.Sprintf("role-%04d", i), object{
		"active": true, "practitioner": reference("Practitioner", fmt.Sprintf("ps-%04d", i)),
		"organization": reference("Organization", fmt.Sprintf("org-%04d", i)),
		"code":         list{coding("https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante", job.code, job.name)},
	})
}
