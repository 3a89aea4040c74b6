package synthetic

import (
	"math/rand/v2"
	"strings"
	"time"
)

// People come in blocks of ten, which are five households, so that everybody's household follows from their number:
//
//	0 1 2 3   a couple with two children (in one block of 25 the children are twins)
//	4 5       a parent alone with a child
//	6 7       an older couple
//	8         somebody alone
//	9         an old person alone
const block = 10

var householdOf = [block]int{0, 0, 0, 0, 1, 1, 2, 2, 3, 4}

func twin(i int) bool { return i%block == 3 && i/block%25 == 0 }

func household(i int) int { return i/block*5 + householdOf[i%block] }

// parents gives the numbers of a child's parents; none for adults' parts.
func parents(i int) []int {
	switch i % block {
	case 2:
		return []int{i - 2, i - 1}
	case 3:
		return []int{i - 3, i - 2}
	case 5:
		return []int{i - 1}
	}
	return nil
}

// person is what a number and a seed tell of somebody.
type person struct {
	number       int
	female       bool
	family       string   // at birth
	usual        string   // when another is used
	given        []string // as on the birth certificate
	born         time.Time
	origin       origin
	home         place
	street       string
	parents      []int
	familyDoctor int
	adult        bool
}

// source gives the random numbers of one thing about one number: what was made before does not matter.
func (g *Generator) source(i, salt int) *rand.Rand {
	return rand.New(rand.NewPCG(g.seed+uint64(i)*0x9e3779b97f4a7c15, uint64(salt))) //nolint:gosec // reproducible on purpose
}

// Salts of sources.
const (
	saltPerson = iota + 10
	saltBirth
	saltHousehold
	saltRecord
	saltStructure
	saltProfessional
)

func (g *Generator) person(i int) person {
	r := g.source(i, saltPerson)
	p := person{number: i, origin: g.origin(i), parents: parents(i)}
	p.female = g.female(i)
	p.born = g.born(i)
	p.adult = !p.born.AddDate(18, 0, 0).After(today)
	shared := g.source(household(i), saltHousehold)
	name := pick(shared, families)
	p.home = pick(shared, towns)
	p.street = street(shared)
	p.familyDoctor = familyDoctorStep * shared.IntN(familyDoctors)
	p.family = name
	switch {
	case i%block == 1 || i%block == 7: // a partner keeps the name of birth, and may use the other's
		p.family = pick(r, families)
		if p.female && r.IntN(2) == 0 {
			p.usual = name
		}
	case len(p.parents) == 2 && shared.IntN(8) == 0:
		p.family += "-" + pick(shared, families)
	}
	from := boys
	if p.female {
		from = girls
	}
	for range 1 + r.IntN(3) {
		if n := pick(r, from); !contains(p.given, n) {
			p.given = append(p.given, n)
		}
	}
	return p
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if strings.EqualFold(e, s) {
			return true
		}
	}
	return false
}

func (g *Generator) female(i int) bool {
	even := g.source(i, saltBirth).IntN(2) == 0
	other := func(j int) bool { return g.source(j, saltBirth).IntN(2) == 0 }
	switch i % block {
	case 1: // mostly a man and a woman
		return other(i-1) == (g.source(i, saltBirth+100).IntN(15) == 0)
	case 7:
		return other(i-1) == (g.source(i, saltBirth+100).IntN(25) == 0)
	}
	return even
}

// born draws a birth date that fits the person's part, and the digit of the year that the number has.
func (g *Generator) born(i int) time.Time {
	r := g.source(i, saltBirth+200)
	o := g.origin(i)
	if twin(i) {
		return g.born(i - 1)
	}
	var year int
	switch i % block {
	case 0, 1:
		i0 := i - i%block
		a, b := g.born(i0+2).Year(), g.born(i0+3).Year()
		year = o.year(r, max(a, b)-42, min(a, b)-20)
	case 2, 5:
		year = o.year(r, 2006, lastYear)
	case 3:
		first := g.born(i - 1).Year()
		top := min(first+5, lastYear)
		year = o.year(r, top-9, top)
	case 4:
		child := g.born(i + 1).Year()
		year = o.year(r, child-40, child-20)
	case 6, 7:
		year = o.year(r, 1935, 1965)
	case 8:
		year = o.year(r, 1965, 2007)
	default:
		year = o.year(r, firstYear, 1958)
	}
	days := time.Date(year, time.Month(o.month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return time.Date(year, time.Month(o.month), 1+r.IntN(days), 0, 0, 0, 0, time.UTC)
}
