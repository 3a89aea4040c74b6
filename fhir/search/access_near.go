package search

import "math"

const (
	earthRadius     = 6_371_008.8 // metres, mean
	metresPerDegree = earthRadius * math.Pi / 180
)

// near adds the scan of a near operand: the band of latitude within reach, then the distance.
func (a *access) near(names *indexNames, o *Operand) {
	// A little wider than exact, so that rounding here cannot exclude what the matcher includes.
	reach := o.Distance/metresPerDegree*1.001 + 1e-6
	operand := *o
	a.scans = append(a.scans, scan{
		index: names.main,
		lo:    appendFloat(nil, max(o.Latitude-reach, -90)),
		hi:    after(appendFloat(nil, min(o.Latitude+reach, 90))),
		rank:  rankNear,
		test: func(value []byte) verdict {
			if len(value) != 16 {
				return maybe
			}
			return verdictOf(matchNear(&operand, readFloat(value), readFloat(value[8:])))
		},
	})
}
