// Package synthetic makes people who do not exist, and their records: deterministic for a seed, in the shapes of the French core profiles, with
// identities under the *test* OID of the INS (urn:oid:1.2.250.1.213.1.4.10) so that they can never be taken for real ones.
// The demo, the synthetic import and the benchmarks are fed from it.
package synthetic

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"
)

// Systems of the identifiers that are made (FR Core, section "Systems and type codes").
const (
	SystemINSTest = "urn:oid:1.2.250.1.213.1.4.10"
	SystemRPPS    = "https://rpps.esante.gouv.fr"
	SystemFINESS  = "https://finess.esante.gouv.fr"
	systemIPP     = "urn:oid:1.2.250.1.999.1.1"
)

// Resource is one made resource: its JSON has the same type and id.
type Resource struct {
	Type, ID string
	JSON     []byte
}

// Generator makes resources. It is not safe for concurrent use.
type Generator struct {
	rnd  *rand.Rand
	seed uint64
}

// New gives the generator of a seed.
func New(seed uint64) *Generator {
	return &Generator{seed: seed, rnd: rand.New(rand.NewPCG(seed, 0x6361726e6574))}
}

// Directory makes the structures and professionals that patients meet: n of each.
func (g *Generator) Directory(n int) []Resource {
	out := make([]Resource, 0, 3*n)
	for i := range n {
		out = append(out, g.organization(i), g.practitioner(i), g.role(i))
	}
	return out
}

// Patient makes the patient number i and nothing else.
func (g *Generator) Patient(i int) Resource {
	g.reseed(uint64(i), 1)
	return g.patient(i)
}

// Record makes the patient number i and what their record holds: an encounter, vital signs, a condition, sometimes an allergy
// and an immunization. Directory is the n that the directory was made with.
func (g *Generator) Record(i, directory int) []Resource {
	out := []Resource{g.Patient(i)}
	g.reseed(uint64(i), 2)
	who := fmt.Sprintf("p-%06d", i)
	by := fmt.Sprintf("ps-%04d", g.rnd.IntN(max(directory, 1)))
	day := time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC).AddDate(0, 0, g.rnd.IntN(700))
	out = append(out, g.encounter(i, who, by, day))
	for k := range vitals {
		out = append(out, g.vital(i, k, who, by, day))
	}
	out = append(out, g.condition(i, who, day))
	if g.rnd.IntN(3) == 0 {
		out = append(out, g.allergy(i, who, day))
	}
	if g.rnd.IntN(2) == 0 {
		out = append(out, g.immunization(i, who, by, day))
	}
	return out
}

// reseed makes each record depend on the seed and its number only, not on what was made before it.
func (g *Generator) reseed(i, salt uint64) {
	g.rnd = rand.New(rand.NewPCG(g.seed+i*0x9e3779b97f4a7c15, salt))
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

type object = map[string]any
type list = []any

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

func reference(typ, id string) object { return object{"reference": typ + "/" + id} }
