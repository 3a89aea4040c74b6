package validate

import (
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// sign gives the sign of a decimal literal: -1, 0 or 1.
func sign(literal string) int {
	mantissa := literal
	if i := strings.IndexAny(literal, "eE"); i >= 0 {
		mantissa = literal[:i]
	}
	if strings.Trim(mantissa, "-+0.") == "" {
		return 0
	}
	if literal[0] == '-' {
		return -1
	}
	return 1
}

// compareDecimals orders two decimal literals; what is not a number equals everything, for the parser reports it.
func compareDecimals(a, b string) int {
	x, _, errX := apd.NewFromString(a)
	y, _, errY := apd.NewFromString(b)
	if errX != nil || errY != nil {
		return 0
	}
	return x.Cmp(y)
}

// after says whether the dateTime a is surely later than b. Values of different precision are compared as far as both go,
// and of a time without zone nothing is known but its day.
func after(a, b string) bool {
	if len(a) >= len("2006-01-02T15:04") && len(b) >= len("2006-01-02T15:04") {
		x, errX := time.Parse(time.RFC3339Nano, a)
		y, errY := time.Parse(time.RFC3339Nano, b)
		if errX == nil && errY == nil {
			return x.After(y)
		}
	}
	day := len("2006-01-02")
	if (len(a) > day) != (len(b) > day) {
		// One has a time and a zone, the other is a local day: they may be a day apart and mean the same.
		x, errX := time.Parse(time.DateOnly, a[:min(len(a), day)])
		y, errY := time.Parse(time.DateOnly, b[:min(len(b), day)])
		if errX == nil && errY == nil {
			return x.After(y.AddDate(0, 0, 1))
		}
	}
	n := min(len(a), len(b), day)
	return a[:n] > b[:n]
}
