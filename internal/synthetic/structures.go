package synthetic

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/carnet-fhir/carnet/internal/nos"
)

// premises are where the structure of a number is.
type premises struct {
	kind     kind
	town     place
	street   string
	lat, lon float64
}

func (g *Generator) premises(i int) premises {
	r := g.source(i, saltStructure)
	kinds := g.job(i).at
	p := premises{kind: kinds[i/familyDoctorStep%len(kinds)], town: pick(r, towns), street: street(r)}
	// Within about three kilometres of the centre.
	p.lat, p.lon = p.town.lat+(r.Float64()-0.5)*0.05, p.town.lon+(r.Float64()-0.5)*0.06
	return p
}

// name: towns begin with a vowel or not, so "de" is elided by the label "à".
func (p premises) name() string { return p.kind.name + " synthétique – " + p.town.name }

func (p premises) address() object {
	return object{"use": "work", "line": list{p.street}, "city": p.town.name, "postalCode": p.town.postcode, "country": "FRA",
		"extension": list{inseeCode(p.town.insee)}}
}

// finess makes a number under the department 99, which FINESS does not use.
func finess(i, rank int) string { return nos.WithKey(fmt.Sprintf("99%d%05d", rank, i)) }

// structures makes the Organization of a number, the legal entity above it where it has one, and its Location.
func (g *Generator) structures(i int) []Resource {
	p := g.premises(i)
	var out []Resource
	body := object{
		"meta": object{"profile": list{nos.ProfileASStruct}}, "active": true, "name": p.name(), "address": list{p.address()},
		"type":    list{one(nos.Sector(p.kind.sector))},
		"telecom": list{object{"system": "phone", "use": "work", "value": fmt.Sprintf("+3353640%04d", i%10000)}},
	}
	if p.kind.practice {
		body["identifier"] = list{
			object{"use": "official", "type": typed(nos.IdentifierTypes, "IDNST"), "system": nos.SystemIDNST, "value": "4" + rpps(i) + "001"},
			object{"use": "official", "type": typed(nos.IdentifierTypes, "INTRN"), "system": nos.SystemRPPSRang, "value": rpps(i) + "001"},
		}
	} else {
		body["type"] = append(body["type"].(list), object{"coding": list{object{"system": nos.CategorieFINESS, "code": p.kind.category.code, "display": p.kind.category.name}}}) //nolint:forcetypeassert // set above
		body["identifier"] = structureIdentifiers("FINEG", i, 0)
	}
	if p.kind.legal {
		entity := fmt.Sprintf("ej-%04d", i)
		body["partOf"] = reference("Organization", entity)
		out = append(out, made("Organization", entity, object{
			"meta": object{"profile": list{nos.ProfileASStruct}}, "active": true, "name": p.name() + " (entité juridique)", "address": list{p.address()},
			"identifier": structureIdentifiers("FINEJ", i, 1),
		}))
	}
	location := fmt.Sprintf("loc-%04d", i)
	return append(out, made("Organization", StructureID(i), body), made("Location", location, object{
		"status": "active", "name": p.name(), "mode": "instance", "address": p.address(), "managingOrganization": reference("Organization", StructureID(i)),
		"position": object{"latitude": decimal(p.lat), "longitude": decimal(p.lon)},
	}))
}

func structureIdentifiers(code string, i, rank int) list {
	number := finess(i, rank)
	siren := nos.WithKey(fmt.Sprintf("99%d%05d", rank+2, i))
	siret := nos.WithKey(siren + "0001")
	sirene := object{"type": typed(nos.IdentifierTypes, "SIREN"), "system": nos.SystemSIRENE, "value": siren}
	if code == "FINEG" {
		sirene = object{"type": typed(nos.IdentifierTypes, "SIRET"), "system": nos.SystemSIRENE, "value": siret}
	}
	return list{
		object{"use": "official", "type": typed(nos.IdentifierTypes, code), "system": nos.SystemFINESS, "value": number},
		object{"use": "official", "type": typed(nos.IdentifierTypes, "IDNST"), "system": nos.SystemIDNST, "value": "1" + number},
		sirene,
	}
}

// services makes what a hospital offers, and the endpoint at which it takes documents.
func (g *Generator) services(i int) []Resource {
	p := g.premises(i)
	if p.kind.sector != "SA01" {
		return nil
	}
	name := "Médecine polyvalente"
	if p.kind.name == samu.name {
		name = "Régulation médicale"
	}
	endpoint := fmt.Sprintf("end-%04d", i)
	return []Resource{
		made("Endpoint", endpoint, object{
			"status": "active", "name": "MHD", "connectionType": object{"system": status + "endpoint-connection-type", "code": "ihe-xds"},
			"payloadType": list{object{"text": "CDA"}}, "payloadMimeType": list{"text/xml"}, "managingOrganization": reference("Organization", StructureID(i)),
			"address": fmt.Sprintf("https://mhd%d.example.org/fhir", i)}),
		made("HealthcareService", fmt.Sprintf("hs-%04d", i), object{
			"active": true, "name": name, "providedBy": reference("Organization", StructureID(i)), "location": list{reference("Location", fmt.Sprintf("loc-%04d", i))},
			"endpoint": list{reference("Endpoint", endpoint)}}),
	}
}

func decimal(f float64) json.Number { return json.Number(fmt.Sprintf("%.5f", f)) }

func street(r *rand.Rand) string { return fmt.Sprintf("%d rue %s", 1+r.IntN(120), pick(r, streets)) }
