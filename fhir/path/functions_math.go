package path

import (
	"errors"
	"math"

	"github.com/cockroachdb/apd/v3"
)

// number gives the one number of the input as a decimal, and as the integer or quantity that it is.
func (c *call) number(in Collection) (d Decimal, it Item, err error) {
	it, err = c.single(in)
	if err != nil || it == nil {
		return d, nil, err
	}
	switch v := systemValue(it).(type) {
	case nil:
		return d, nil, nil
	case Integer:
		return decimalOf(v), v, nil
	case Decimal:
		return v, v, nil
	case Quantity:
		return v.Value, v, nil
	}
	return d, nil, evalFault(c.pos, "the function %s applies to a number, not to a %s", c.name, typeOf(it).Name)
}

func abs(ev *evaluator, c *call, in Collection) (Collection, error) {
	d, it, err := c.number(in)
	if err != nil || it == nil {
		return nil, err
	}
	positive := Decimal{new(apd.Decimal).Abs(d.Decimal)}
	switch v := it.(type) {
	case Integer:
		if v < 0 {
			it = inRange(-int64(v))
		}
	case Quantity:
		v.Value = positive
		it = v
	default:
		it = positive
	}
	if it == nil {
		return nil, nil
	}
	return ev.one(it), nil
}

func ceiling(ev *evaluator, c *call, in Collection) (Collection, error) {
	return whole(ev, c, in, apd.RoundCeiling)
}

func floor(ev *evaluator, c *call, in Collection) (Collection, error) {
	return whole(ev, c, in, apd.RoundFloor)
}

func truncate(ev *evaluator, c *call, in Collection) (Collection, error) {
	return whole(ev, c, in, apd.RoundDown)
}

// whole rounds to an integer.
func whole(ev *evaluator, c *call, in Collection, how apd.Rounder) (Collection, error) {
	d, it, err := c.number(in)
	if err != nil || it == nil {
		return nil, err
	}
	ctx := *exact
	ctx.Rounding = how
	var r apd.Decimal
	if _, err := ctx.Quantize(&r, d.Decimal, 0); err != nil {
		return nil, nil //nolint:nilerr // what overflows is empty
	}
	i, ok := Decimal{&r}.integer()
	if !ok {
		return nil, nil
	}
	return ev.one(i), nil
}

func round(ev *evaluator, c *call, in Collection) (Collection, error) {
	d, it, err := c.number(in)
	if err != nil || it == nil {
		return nil, err
	}
	digits := 0
	if len(c.args) == 1 {
		n, known, err := ev.integer(c.args[0], c.pos)
		if err != nil || !known {
			return nil, err
		}
		if n < 0 || n > maxDigits {
			return nil, evalFault(c.pos, "the precision must be from 0 to %d", maxDigits)
		}
		digits = n
	}
	return ev.one(d.roundTo(digits)), nil
}

func sqrt(ev *evaluator, c *call, in Collection) (Collection, error) {
	return compute(ev, c, in, func(r, d *apd.Decimal) error {
		if d.Sign() < 0 {
			return errUndefined
		}
		_, err := division.Sqrt(r, d)
		return err
	})
}

func ln(ev *evaluator, c *call, in Collection) (Collection, error) {
	return compute(ev, c, in, func(r, d *apd.Decimal) error {
		if d.Sign() <= 0 {
			return errUndefined
		}
		_, err := division.Ln(r, d)
		return err
	})
}

func exp(ev *evaluator, c *call, in Collection) (Collection, error) {
	return compute(ev, c, in, func(r, d *apd.Decimal) error {
		if f, err := d.Float64(); err != nil || math.Abs(f) > maxExponent {
			return errUndefined
		}
		_, err := division.Exp(r, d)
		return err
	})
}

// errUndefined says that a function has no result for the number.
var errUndefined = errors.New("undefined")

// compute applies a function of decimals; where it is not defined the result is empty.
func compute(ev *evaluator, c *call, in Collection, fn func(r, d *apd.Decimal) error) (Collection, error) {
	d, it, err := c.number(in)
	if err != nil || it == nil {
		return nil, err
	}
	// these take up to a third of a millisecond
	if err := ev.spend(2000); err != nil {
		return nil, err
	}
	r := new(apd.Decimal)
	if fn(r, d.Decimal) != nil {
		return nil, nil //nolint:nilerr // where it is not defined the result is empty
	}
	out, ok := bounded(new(apd.Decimal).Set(reduced(r)))
	if !ok {
		return nil, nil
	}
	return ev.one(out), nil
}

// reduced removes trailing zeroes, and an exponent above zero.
func reduced(d *apd.Decimal) *apd.Decimal {
	r := new(apd.Decimal)
	r.Reduce(d)
	if r.Exponent > 0 && r.Exponent < maxExponent {
		if _, err := exact.Quantize(r, r, 0); err != nil {
			return d
		}
	}
	return r
}

func logBase(ev *evaluator, c *call, in Collection) (Collection, error) {
	base, known, err := argument(ev, c)
	if err != nil || !known {
		return nil, err
	}
	return compute(ev, c, in, func(r, d *apd.Decimal) error {
		if d.Sign() <= 0 || base.Sign() <= 0 {
			return errUndefined
		}
		more := division.WithPrecision(40)
		var a, b, q apd.Decimal
		if _, err := more.Ln(&a, d); err != nil {
			return err
		}
		if _, err := more.Ln(&b, base.Decimal); err != nil {
			return err
		}
		if b.IsZero() {
			return errUndefined
		}
		if _, err := more.Quo(&q, &a, &b); err != nil {
			return err
		}
		_, err := division.Round(r, &q)
		return err
	})
}

// powerOf keeps integers integer where that is possible.
func powerOf(ev *evaluator, c *call, in Collection) (Collection, error) {
	exponent, known, err := argument(ev, c)
	if err != nil || !known {
		return nil, err
	}
	_, it, err := c.number(in)
	if err != nil || it == nil {
		return nil, err
	}
	out, err := compute(ev, c, in, func(r, d *apd.Decimal) error {
		if f, err := exponent.Float64(); err != nil || math.Abs(f) > 10_000 {
			return errUndefined
		}
		_, err := division.Pow(r, d, exponent.Decimal)
		if err == nil && r.Form != apd.Finite {
			return errUndefined
		}
		return err
	})
	if err != nil || len(out) == 0 {
		return nil, err
	}
	if _, isInteger := it.(Integer); isInteger && exponent.scale() == 0 && exponent.Sign() >= 0 {
		d, _ := out[0].(Decimal)
		if i, ok := d.integer(); ok {
			return ev.one(i), nil
		}
	}
	return out, nil
}

// argument gives the number that is the call's argument.
func argument(ev *evaluator, c *call) (Decimal, bool, error) {
	it, err := ev.single1(c.args[0], c.pos)
	if err != nil || it == nil {
		return Decimal{}, false, err
	}
	v := systemValue(it)
	if v == nil {
		return Decimal{}, false, nil
	}
	d, ok := asDecimal(v)
	if !ok {
		return d, false, evalFault(c.pos, "a number was expected, not a %s", typeOf(it).Name)
	}
	return d, true, nil
}
