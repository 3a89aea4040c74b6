package path

import (
	"math"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Decimal is System.Decimal, exact. The number pointed to must not be changed.
type Decimal struct{ *apd.Decimal }

func (d Decimal) String() string { return d.Text('f') }

// Decimals beyond these are not computed with: they would cost more than any clinical figure is worth.
const (
	maxExponent = 400
	maxDigits   = 200
)

// exact is the arithmetic of sums and products, division that of quotients, roots and logarithms, which need not end. The
// standard asks for 28 digits.
var (
	exact    = apd.BaseContext.WithPrecision(maxDigits)
	division = apd.BaseContext.WithPrecision(28)
)

// parseDecimal reads a decimal literal, false when it is none or beyond the limits.
func parseDecimal(s string) (Decimal, bool) {
	if s == "" || len(s) > maxDigits+20 || strings.ContainsAny(s, "nNiIxX_") {
		return Decimal{}, false
	}
	d, _, err := apd.NewFromString(s)
	if err != nil {
		return Decimal{}, false
	}
	return bounded(d)
}

func bounded(d *apd.Decimal) (Decimal, bool) {
	if d.Form != apd.Finite || d.Exponent > maxExponent || d.Exponent < -maxExponent || d.NumDigits() > maxDigits {
		return Decimal{}, false
	}
	return Decimal{d}, true
}

func decimalOf(i Integer) Decimal { return Decimal{apd.New(int64(i), 0)} }

// scale gives the number of digits after the decimal point.
func (d Decimal) scale() int {
	if d.Exponent < 0 {
		return int(-d.Exponent)
	}
	return 0
}

// normalScale is scale without trailing zeroes.
func (d Decimal) normalScale() int {
	var r apd.Decimal
	if d.IsZero() {
		return 0
	}
	r.Reduce(d.Decimal)
	return Decimal{&r}.scale()
}

// roundTo rounds half away from zero to the number of digits after the point.
func (d Decimal) roundTo(digits int) Decimal {
	if d.scale() <= digits {
		return d
	}
	r := new(apd.Decimal)
	c := *exact
	c.Rounding = apd.RoundHalfUp
	if _, err := c.Quantize(r, d.Decimal, int32(-digits)); err != nil {
		return d
	}
	return Decimal{r}
}

// integer gives the decimal as an Integer when it is whole and in range.
func (d Decimal) integer() (Integer, bool) {
	i, err := d.Int64()
	if err != nil || i < math.MinInt32 || i > math.MaxInt32 {
		return 0, false
	}
	return Integer(i), true
}

// plain gives the decimal's digits without trailing zeroes, the same text for equal numbers.
func (d Decimal) plain() string {
	var r apd.Decimal
	r.Reduce(d.Decimal)
	if r.IsZero() {
		return "0"
	}
	return r.Text('f')
}
