package insi

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/internal/ins"
)

var ctx = context.Background()

func matricule(t testing.TB, body string) ins.Matricule {
	t.Helper()
	m, err := ins.New(ins.Test, body)
	require.NoError(t, err)
	return m
}

// people of the tests: they do not exist.
func people(t testing.TB) []Identity {
	return []Identity{
		{INS: matricule(t, "2680775056123"), Traits: Traits{"LEGER", "JEANNE MARIE-LOUISE", "female", "1968-07-14", "75056"}},
		// Twins: one name, one day, one place.
		{INS: matricule(t, "1850369123010"), Traits: Traits{"O'BRIEN-ROY", "PAUL HENRI", "male", "1985-03-09", "69123"}},
		{INS: matricule(t, "1850369123011"), Traits: Traits{"O'BRIEN-ROY", "PIERRE HENRI", "male", "1985-03-09", "69123"}},
		// Homonyms, born in two places.
		{INS: matricule(t, "1700113055021"), Traits: Traits{"MARTIN", "JEAN", "male", "1970-01-02", "13055"}},
		{INS: matricule(t, "1700167482022"), Traits: Traits{"MARTIN", "JEAN", "male", "1970-01-02", "67482"}},
		// Born abroad, day and month not known; Corsica; an INS that changed.
		{INS: matricule(t, "2559999350031"), Traits: Traits{"EL AMRANI", "FATIMA ZOHRA", "female", "1955", "99350"}},
		{
			INS: matricule(t, "190042A004041"), Traits: Traits{"ÇELIK", "ŒDIPE", "male", "1990-04-05", "2A004"},
			Earlier: []Earlier{{INS: matricule(t, "290042A004041"), End: "2015-06-01"}},
		},
	}
}

func registry(t testing.TB) *Registry {
	r, err := NewRegistry(people(t)...)
	require.NoError(t, err)
	return r
}

func TestRetrieve(t *testing.T) {
	r := registry(t)
	for _, c := range []struct {
		name  string
		query Query
		who   int // of people; -1 none, -2 several
	}{
		{"exact", Query{"LEGER", "JEANNE", "female", "1968-07-14", "75056"}, 0},
		{"without the place", Query{"LEGER", "JEANNE", "female", "1968-07-14", ""}, 0},
		{"accents and case", Query{"Léger", "jeanne", "female", "1968-07-14", ""}, 0},
		{"the whole list", Query{"LEGER", "JEANNE MARIE-LOUISE", "female", "1968-07-14", ""}, 0},
		{"another given name of the list", Query{"LEGER", "Marie-Louise", "female", "1968-07-14", ""}, 0},
		{"a composed name with a space", Query{"LEGER", "Marie Louise", "female", "1968-07-14", ""}, 0},
		{"half of a composed name", Query{"LEGER", "MARIE", "female", "1968-07-14", ""}, -1},
		{"a short form", Query{"LEGER", "JEAN", "female", "1968-07-14", ""}, -1},
		{"a name that sounds alike", Query{"LEGE", "JEANNE", "female", "1968-07-14", ""}, -1},
		{"the name used", Query{"DURAND", "JEANNE", "female", "1968-07-14", ""}, -1},
		{"another sex", Query{"LEGER", "JEANNE", "male", "1968-07-14", ""}, -1},
		{"another day", Query{"LEGER", "JEANNE", "female", "1968-07-15", ""}, -1},
		{"day and month exchanged", Query{"O'BRIEN-ROY", "PAUL", "male", "1985-09-03", ""}, -1},
		{"another place", Query{"LEGER", "JEANNE", "female", "1968-07-14", "75115"}, -1},
		{"one twin", Query{"O’Brien Roy", "Paul", "male", "1985-03-09", ""}, 1},
		{"the other twin", Query{"OBRIEN ROY", "Pierre", "male", "1985-03-09", ""}, -1},
		{"the other twin, spelled", Query{"O'BRIEN-ROY", "Pierre", "male", "1985-03-09", ""}, 2},
		{"what both twins have", Query{"O'BRIEN-ROY", "Henri", "male", "1985-03-09", ""}, -2},
		{"homonyms", Query{"MARTIN", "JEAN", "male", "1970-01-02", ""}, -2},
		{"homonyms told apart by the place", Query{"MARTIN", "JEAN", "male", "1970-01-02", "67482"}, 4},
		{"unknown day and month as 01", Query{"El Amrani", "Fatima", "female", "1955-01-01", ""}, 5},
		{"unknown day and month left out", Query{"EL-AMRANI", "FATIMA ZOHRA", "female", "1955", "99350"}, 5},
		{"an unknown day is no joker", Query{"El Amrani", "Fatima", "female", "1955-02-01", ""}, -1},
		{"cedilla and ligature", Query{"Celik", "Oedipe", "male", "1990-04-05", "2A004"}, 6},
		{"no given name", Query{"LEGER", "", "female", "1968-07-14", ""}, -1},
		{"no name", Query{"", "JEANNE", "female", "1968-07-14", ""}, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := r.Retrieve(ctx, c.query)
			switch c.who {
			case -1:
				require.ErrorIs(t, err, ErrNone)
			case -2:
				require.ErrorIs(t, err, ErrSeveral)
			default:
				require.NoError(t, err)
				require.Equal(t, people(t)[c.who], *got)
			}
		})
	}
}

func TestVerify(t *testing.T) {
	r := registry(t)
	p := people(t)
	verify := func(m ins.Matricule, tr Traits) bool {
		ok, err := r.Verify(ctx, Verification{m, tr})
		require.NoError(t, err)
		return ok
	}
	require.True(t, verify(p[0].INS, p[0].Traits))
	require.True(t, verify(p[0].INS, Traits{"Léger", "Jeanne Marie Louise", "female", "1968-07-14", "75056"}))
	require.False(t, verify(p[0].INS, Traits{"LEGER", "JEANNE", "female", "1968-07-14", "75056"}), "the list is one trait")
	require.False(t, verify(p[1].INS, p[0].Traits))
	require.False(t, verify(p[1].INS, p[2].Traits), "a twin")
	require.True(t, verify(p[6].INS, p[6].Traits))
	require.False(t, verify(p[6].Earlier[0].INS, p[6].Traits), "an INS of earlier times")
	require.False(t, verify(matricule(t, "2680775056999"), p[0].Traits))
}

func TestRegistryRefuses(t *testing.T) {
	p := people(t)
	_, err := NewRegistry(p[0], Identity{INS: p[0].INS, Traits: p[1].Traits})
	require.Error(t, err)
	_, err = NewRegistry(p[6], Identity{INS: p[6].Earlier[0].INS, Traits: p[1].Traits})
	require.Error(t, err)
	_, err = NewRegistry(Identity{INS: p[0].INS})
	require.Error(t, err)
}

// Whoever is found has every trait that was asked, and changing any one trait finds nobody, or somebody else who has it.
func TestNeverByGuess(t *testing.T) {
	r := registry(t)
	all := people(t)
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(all).Draw(t, "person").Traits
		q := Query(p)
		switch rapid.IntRange(0, 4).Draw(t, "trait") {
		case 0:
			q.Family = rapid.StringMatching(`[A-Z]{1,8}`).Draw(t, "family")
		case 1:
			q.Given = rapid.StringMatching(`[A-Z]{1,8}`).Draw(t, "given")
		case 2:
			q.Sex = rapid.SampledFrom([]string{"male", "female", "unknown", ""}).Draw(t, "sex")
		case 3:
			q.BirthDate = fmt.Sprintf("19%02d-%02d-%02d", rapid.IntRange(0, 99).Draw(t, "y"), rapid.IntRange(1, 12).Draw(t, "m"), rapid.IntRange(1, 28).Draw(t, "d"))
		case 4:
			q.BirthPlace = rapid.SampledFrom([]string{"75056", "69123", "13055", "67482"}).Draw(t, "place")
		}
		got, err := r.Retrieve(ctx, q)
		if err != nil {
			return
		}
		require.Equal(t, civil(q.Family), civil(got.Traits.Family))
		require.True(t, givenFits(q.Given, got.Traits.Given))
		require.Equal(t, q.Sex, got.Traits.Sex)
		require.Equal(t, fullDate(q.BirthDate), fullDate(got.Traits.BirthDate))
		require.Equal(t, q.BirthPlace, got.Traits.BirthPlace)
	})
}
