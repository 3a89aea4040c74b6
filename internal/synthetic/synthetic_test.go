package synthetic

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/fhir/validate"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/internal/nos"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

func TestSameSeedSameRecords(t *testing.T) {
	a, b := New(7), New(7)
	b.Record(3, DirectorySize) // what was made before does not matter
	assert.Equal(t, a.Record(11, DirectorySize), b.Record(11, DirectorySize))
	assert.NotEqual(t, New(7).Patient(11), New(8).Patient(11))
}

// TestGolden holds the people of seed 1 to what they were: demos, documents and tours name them.
func TestGolden(t *testing.T) {
	g := New(1)
	var made []Resource
	for i := range 4 {
		made = append(made, g.Record(i, DirectorySize)...)
	}
	made = append(made, g.Directory(8)...)
	var b strings.Builder
	for _, r := range made {
		b.Write(r.JSON)
		b.WriteByte('\n')
	}
	golden(t, "people.ndjson", b.String())

	sum := sha256.New()
	for i := range 1000 {
		for _, r := range g.Record(i, DirectorySize) {
			sum.Write(r.JSON)
		}
	}
	for _, r := range g.Directory(DirectorySize) {
		sum.Write(r.JSON)
	}
	golden(t, "thousand.sha256", hex.EncodeToString(sum.Sum(nil))+"\n")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// TestNoMatriculeTwice looks at people of several seeds; by construction (see identity.go) it holds for all numbers below MaxPeople.
func TestNoMatriculeTwice(t *testing.T) {
	require.Greater(t, MaxPeople, 1_000_000)
	for _, seed := range []uint64{1, 0xfeedfacecafe} {
		g := New(seed)
		seen := make(map[ins.Matricule]int, 220_000)
		look := func(i int) {
			p, err := g.Traits(i)
			require.NoError(t, err)
			if j, ok := seen[p.Matricule]; ok {
				t.Fatalf("people %d and %d have one matricule", j, i)
			}
			seen[p.Matricule] = i
		}
		for i := range 200_000 {
			look(i)
		}
		for i := MaxPeople - 20_000; i < MaxPeople; i++ {
			look(i)
		}
	}
}

// TestMatriculeTellsThePerson holds each matricule to the traits beside it.
func TestMatriculeTellsThePerson(t *testing.T) {
	g := New(1)
	for i := range 5000 {
		p, err := g.Traits(i)
		require.NoError(t, err)
		m := p.Matricule
		assert.Equal(t, ins.Test, m.Kind())
		assert.Equal(t, p.Female, m.Sex() == "female")
		assert.Equal(t, p.Born.Format("06"), m.BirthYear())
		month, known := m.BirthMonth()
		assert.True(t, known)
		assert.Equal(t, p.Born.Month(), time.Month(month))
		assert.Equal(t, p.PlaceCode, m.Place())
		assert.False(t, p.Born.After(today))
		assert.GreaterOrEqual(t, p.Born.Year(), firstYear)
	}
}

func TestHouseholds(t *testing.T) {
	g := New(1)
	minors, twins, represented, married := 0, 0, 0, 0
	for i := range 2000 {
		p := g.person(i)
		if p.usual != "" {
			married++
		}
		if twin(i) {
			first := g.person(i - 1)
			assert.Equal(t, first.born, p.born)
			assert.Equal(t, first.origin.place, p.origin.place)
			assert.NotEqual(t, first.origin.order, p.origin.order)
			twins++
		}
		for _, n := range p.parents {
			parent := g.person(n)
			assert.GreaterOrEqual(t, p.born.Year()-parent.born.Year(), 18)
			assert.Equal(t, p.home, parent.home)
			assert.Equal(t, p.street, parent.street)
			assert.Equal(t, household(i), household(n))
		}
		if !p.adult {
			minors++
			rp := g.representatives(i)
			assert.Len(t, rp, len(p.parents))
			represented += len(rp)
		} else {
			assert.Empty(t, g.representatives(i))
		}
	}
	assert.InDelta(t, 500, minors, 150)
	assert.Equal(t, 8, twins)
	assert.Greater(t, represented, minors)
	assert.Greater(t, married, 50)
}

// TestEveryProfessionOfTheMatrix reads the columns of the habilitation matrix and looks for somebody who stands under each code of each.
func TestEveryProfessionOfTheMatrix(t *testing.T) {
	raw, err := os.ReadFile("../../../shared/data/habilitation-columns.json")
	if err != nil {
		t.Skip("the columns of the matrix are not beside the repository")
	}
	var columns map[string]struct {
		Codes []struct{ System, Code string }
	}
	require.NoError(t, json.Unmarshal(raw, &columns))
	require.Len(t, columns, 19)
	have := map[string]bool{}
	g := New(1)
	for i := range DirectorySize {
		j := g.job(i)
		have[j.profession.Code] = true
		have[j.profession.Code+"/"+j.section] = true
		have[j.genre] = true
	}
	for name, c := range columns {
		for _, code := range c.Codes {
			assert.True(t, have[code.Code], "%s: nobody has %s", name, code.Code)
		}
	}
}

func TestStructuresOfAllKinds(t *testing.T) {
	g := New(1)
	have := map[string]bool{}
	for i := range DirectorySize {
		p := g.premises(i)
		have[p.kind.name] = true
		if !p.kind.practice {
			assert.Empty(t, nos.CheckFINESS(finess(i, 0)))
			assert.Empty(t, nos.CheckFINESS(finess(i, 1)))
		}
		assert.Empty(t, nos.CheckRPPS(rpps(i)))
	}
	for _, k := range []kind{university, hospital, samu, clinic, laboratory, pharmacy, nursingHome, center, pmi, healthHouse, practice, group, network, social} {
		assert.True(t, have[k.name], "no %s", k.name)
	}
	for i := range familyDoctors {
		assert.Equal(t, "SM54", g.job(i*familyDoctorStep).specialty)
	}
}

// TestEverythingIsValid parses and validates strictly, and follows the references.
func TestEverythingIsValid(t *testing.T) {
	defs := spec.R4()
	v := validate.New(defs)
	g := New(1)
	all := g.Directory(DirectorySize)
	for i := range 120 {
		all = append(all, g.Record(i, DirectorySize)...)
		all = append(all, Resource{Type: "Patient", ID: g.Local(i).ID, JSON: g.Local(i).JSON})
	}
	ids, identifiers := map[string]bool{}, map[string]string{}
	for _, r := range all {
		ids[r.Type+"/"+r.ID] = true
	}
	for _, r := range all {
		res, err := element.ParseJSON(defs, r.JSON, element.Options{})
		require.NoError(t, err, "%s", r.JSON)
		for _, issue := range v.Issues(t.Context(), res.Root, validate.Full) {
			require.NotContains(t, []string{"error", "fatal"}, string(issue.Severity), "%s/%s: %+v", r.Type, r.ID, issue)
		}
		for link := range element.References(res.Root) {
			require.True(t, ids[link.Value], "%s/%s refers to %s, which is not made", r.Type, r.ID, link.Value)
		}
		if r.Type == "Practitioner" || r.Type == "Organization" {
			for id := range res.Root.Children("identifier") {
				key := id.ChildValue("system") + "|" + id.ChildValue("value")
				require.Empty(t, identifiers[key], "%s is used twice", key)
				identifiers[key] = r.ID
			}
		}
	}
}

func TestPatientsAreOfTheBenchmarkSize(t *testing.T) {
	total := 0
	for i := range 100 {
		total += len(New(1).Local(i).JSON)
	}
	assert.InDelta(t, 1300, total/100, 150, "the mean Patient is what benchmarks call a 1.3 KB resource")
}

func BenchmarkRecord(b *testing.B) {
	g := New(1)
	for i := 0; b.Loop(); i++ {
		g.Record(i%MaxPeople, DirectorySize)
	}
}
