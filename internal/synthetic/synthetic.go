// Package synthetic makes people who do not exist, and their records: deterministic for a seed, in the shapes of the French core profiles and of the national directory, with
// identities under the *test* OID of the INS (urn:oid:1.2.250.1.213.1.4.10) so that they can never be taken for real ones. Professionals, structures, telephones and addresses carry numbers
// that are not given to anybody.
//
// Each person follows from the seed and their number alone (see household.go and identity.go): they can be made in any order, and a million of them without remembering one.
// The demo, the synthetic import and the benchmarks are fed from here.
package synthetic

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/internal/nos"
)

// Systems of the identifiers that are made.
const (
	SystemINSTest = "urn:oid:1.2.250.1.213.1.4.10" // of ins.Test
	systemIPP     = "urn:oid:1.2.250.1.999.1.1"    // a local authority of patient numbers
)

// DirectorySize is how many professionals there must be at least for every profession to occur.
const DirectorySize = 50

// Resource is one made resource: its JSON has the same type and id.
type Resource struct {
	Type, ID string
	JSON     []byte
}

// Generator makes resources. It is safe for concurrent use.
type Generator struct {
	seed uint64
	jobs []job
}

// New gives the generator of a seed.
func New(seed uint64) *Generator { return &Generator{seed: seed, jobs: jobs()} }

// Directory makes n professionals (at least DirectorySize for all professions of the habilitation matrix) with their activities, the structures, places and services of each.
func (g *Generator) Directory(n int) []Resource {
	var out []Resource
	for i := range n {
		out = append(out, g.structures(i)...)
		out = append(out, g.services(i)...)
		out = append(out, g.practitioner(i), g.role(i))
	}
	return out
}

// Patient makes the patient number i (below MaxPeople), with a qualified identity, and nothing else.
func (g *Generator) Patient(i int) Resource { return g.patient(i) }

// Local makes the same person as a patient with a local number only: what a register that does not check identities holds. Benchmarks repeat it, as no rule forbids it twice.
func (g *Generator) Local(i int) Resource { return g.local(i) }

// Trait is a person as the INS teleservice knows them.
type Trait struct {
	Matricule            ins.Matricule
	Family               string
	Given                []string
	Born                 time.Time
	Female               bool
	PlaceCode, PlaceName string
}

// Traits gives the five traits and the matricule of the person of a number.
func (g *Generator) Traits(i int) (Trait, error) {
	p := g.person(i)
	m, err := p.origin.matricule(p.female, p.born.Year())
	return Trait{m, p.family, p.given, p.born, p.female, p.origin.place.insee, p.origin.place.name}, err
}

// Record makes the patient number i and what their record holds: representatives of a minor, an encounter, vital signs, a condition, sometimes an allergy, an immunization and a
// care team. Directory is the n that the directory was made with.
func (g *Generator) Record(i, directory int) []Resource {
	out := append([]Resource{g.patient(i)}, g.representatives(i)...)
	r := g.source(i, saltRecord)
	p := g.person(i)
	who, by := PatientID(i), ProfessionalID(p.familyDoctor)
	day := time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC).AddDate(0, 0, r.IntN(700))
	if day.Before(p.born) {
		day = p.born.AddDate(0, 0, 8).Add(8 * time.Hour)
	}
	out = append(out, encounter(i, who, by, day))
	for k := range vitals {
		out = append(out, vital(r, i, k, who, by, day))
	}
	out = append(out, condition(r, i, who, p.born, day))
	if r.IntN(3) == 0 {
		out = append(out, allergy(r, i, who, day))
	}
	if r.IntN(2) == 0 {
		out = append(out, immunization(r, i, who, by, p.born, day))
	}
	if i%4 == 0 {
		out = append(out, g.careTeam(r, i, p, max(directory, 1), day))
	}
	return out
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

type (
	object = map[string]any
	list   = []any
)

// made renders the resource; maps of plain values cannot fail to marshal.
func made(typ, id string, body object) Resource {
	body["resourceType"], body["id"] = typ, id
	b, err := json.Marshal(body)
	if err != nil {
		return Resource{Type: typ, ID: id}
	}
	return Resource{Type: typ, ID: id, JSON: b}
}

func coding(system, code, display string) object {
	return object{"coding": list{object{"system": system, "code": code, "display": display}}, "text": display}
}

func typed(system, code string) object {
	return object{"coding": list{object{"system": system, "code": code}}}
}

func texts(of []string) list {
	out := make(list, len(of))
	for i, s := range of {
		out[i] = s
	}
	return out
}

func reference(typ, id string) object { return object{"reference": typ + "/" + id} }

// careTeam makes the people who take care of a patient: the family doctor, a nurse and a pharmacist where the directory has them, and whoever else.
func (g *Generator) careTeam(r *rand.Rand, i int, p person, directory int, day time.Time) Resource {
	pcp := object{"coding": list{object{"system": nos.HL7ParticipationFunc, "code": "PCP"}}, "text": "Médecin traitant"}
	members := list{object{"role": list{pcp}, "member": reference("Practitioner", ProfessionalID(p.familyDoctor)), "onBehalfOf": reference("Organization", StructureID(p.familyDoctor))}}
	for _, n := range r.Perm(directory)[:min(3, directory)] {
		if n == p.familyDoctor {
			continue
		}
		members = append(members, object{"role": list{one(g.job(n).profession)}, "member": reference("Practitioner", ProfessionalID(n)),
			"onBehalfOf": reference("Organization", StructureID(n))})
	}
	return made("CareTeam", fmt.Sprintf("ct-%06d", i), object{
		"status": "active", "name": "Équipe de soins", "subject": reference("Patient", PatientID(i)), "participant": members,
		"period": object{"start": day.Format("2006-01-02")},
	})
}
