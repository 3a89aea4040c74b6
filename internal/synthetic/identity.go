package synthetic

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/carnet-fhir/carnet/internal/ins"
)

// Identities are unique by construction, for every seed, and depend on the person's number only. The number is cut in two:
//
//	slot = number mod 5,280   the birthplace (44), the month (12), and the year modulo 10
//	turn = number div 5,280   makes the order number in the register, from 001 to 999
//
// Two people of one slot have different turns, and two slots differ in the place, the month or the last digit of the year; so no matricule is made twice. What is left free (sex, decade)
// follows from the person's part in the household.
const (
	birthplaces = 44
	slots       = birthplaces * 12 * 10
	// twinShift parts the order numbers of second twins, who are born in the slot of the first, from those of everybody else.
	twinShift = 499
	// MaxPeople is how many people a seed has: their turns must stay below twinShift.
	MaxPeople = slots * twinShift
)

// Years of birth: a span of a hundred, so that the two digits of the matricule tell the year.
const (
	firstYear = 1926
	lastYear  = 2025
)

// today is the day that ages are reckoned on: a generator that looked at the clock would not make the same people tomorrow.
var today = time.Date(lastYear, 12, 31, 0, 0, 0, 0, time.UTC)

// origin is what a person's number fixes of their birth.
type origin struct {
	place place
	month int
	digit int // of the year
	order int
}

func (g *Generator) origin(i int) origin {
	// A unit stride spreads neighbours over places and months: 1,987 shares no factor with the number of slots.
	slot := int((uint64(i%slots)*1987 + g.seed%slots) % slots)
	order := i / slots
	if twin(i) {
		first := g.origin(i - 1)
		first.order = 1 + (first.order-1+twinShift)%999
		return first
	}
	p := slot % birthplaces
	o := origin{month: 1 + slot/birthplaces%12, digit: slot / birthplaces / 12, order: 1 + (order+slot*31)%999}
	if p < len(towns) {
		o.place = towns[p]
	} else {
		o.place = abroad[p-len(towns)]
	}
	return o
}

// year draws one of the years from lo to hi that end in the person's digit; at least ten years hold one.
func (o origin) year(r *rand.Rand, lo, hi int) int {
	lo, hi = max(lo, firstYear), min(hi, lastYear)
	lo += ((o.digit-lo)%10 + 10) % 10
	if lo > hi {
		return lo - 10
	}
	return lo + 10*r.IntN((hi-lo)/10+1)
}

// matricule makes the test number of a birth.
func (o origin) matricule(female bool, year int) (ins.Matricule, error) {
	sex := 1
	if female {
		sex = 2
	}
	return ins.New(ins.Test, fmt.Sprintf("%d%02d%02d%s%03d", sex, year%100, o.month, o.place.insee, o.order))
}
