package path

import (
	"math"
	"math/big"

	"github.com/cockroachdb/apd/v3"
)

// arithmetic is +, -, *, /, div and mod (N1 §6.6). What overflows, and a division by zero, is the empty collection.
type arithmetic struct {
	left, right node
	op          string
	pos         int
}

func (x *arithmetic) eval(ev *evaluator) (Collection, error) {
	mark := ev.mark()
	l, err := ev.single1(x.left, x.pos)
	if err != nil {
		return nil, err
	}
	r, err := ev.single1(x.right, x.pos)
	if err != nil || l == nil || r == nil {
		return nil, err
	}
	l, r = systemValue(l), systemValue(r)
	if l == nil || r == nil {
		return nil, nil
	}
	it, err := x.compute(ev, l, r)
	if err != nil || it == nil {
		return nil, err
	}
	ev.cut(mark)
	return ev.one(it), ev.spend(1)
}

func (x *arithmetic) compute(ev *evaluator, l, r Item) (Item, error) {
	switch v := l.(type) {
	case String:
		if w, ok := r.(String); ok && x.op == "+" {
			return ev.joined(string(v), string(w))
		}
	case Date, DateTime, Time:
		if q, ok := r.(Quantity); ok && (x.op == "+" || x.op == "-") {
			return x.shift(v, q)
		}
	case Integer:
		if w, ok := r.(Integer); ok {
			return integers(x.op, int64(v), int64(w)), nil
		}
	}
	if a, b, ok := asDecimals(l, r); ok {
		return decimals(x.op, a, b), nil
	}
	if a, b, ok := asQuantities(l, r); ok && x.op != "div" && x.op != "mod" {
		return quantities(x.op, a, b), nil
	}
	return nil, evalFault(x.pos, "%q does not apply to %s and %s", x.op, typeOf(l).Name, typeOf(r).Name)
}

// joined makes a string of two, within the limits.
func (ev *evaluator) joined(a, b string) (Item, error) {
	if len(a)+len(b) > maxText {
		return nil, costFault("a string grows too long")
	}
	return String(a + b), ev.spend((len(a) + len(b)) / 64)
}

func integers(op string, a, b int64) Item {
	switch op {
	case "+":
		return inRange(a + b)
	case "-":
		return inRange(a - b)
	case "*":
		return inRange(a * b)
	case "/":
		return decimals("/", decimalOf(Integer(a)), decimalOf(Integer(b)))
	}
	if b == 0 {
		return nil
	}
	if op == "div" {
		return inRange(a / b)
	}
	return inRange(a % b)
}

func inRange(v int64) Item {
	if v < math.MinInt32 || v > math.MaxInt32 {
		return nil
	}
	return Integer(v)
}

func decimals(op string, a, b Decimal) Item {
	var d apd.Decimal
	var err error
	switch op {
	case "+":
		_, err = exact.Add(&d, a.Decimal, b.Decimal)
	case "-":
		_, err = exact.Sub(&d, a.Decimal, b.Decimal)
	case "*":
		_, err = exact.Mul(&d, a.Decimal, b.Decimal)
	case "/":
		if q, ok := divide(a, b); ok {
			return q
		}
		return nil
	case "div":
		if b.IsZero() {
			return nil
		}
		// beyond the digits of the context the quotient is no integer of ours either
		if _, err = exact.QuoInteger(&d, a.Decimal, b.Decimal); err != nil {
			return nil
		}
		if i, ok := (Decimal{&d}).integer(); ok {
			return i
		}
		return nil
	default:
		if b.IsZero() {
			return nil
		}
		_, err = exact.Rem(&d, a.Decimal, b.Decimal)
	}
	if err != nil {
		return nil
	}
	if r, ok := bounded(&d); ok {
		return r
	}
	return nil
}

// divide gives a quotient to 28 digits, without trailing zeroes that the division made.
func divide(a, b Decimal) (Decimal, bool) {
	if b.IsZero() {
		return Decimal{}, false
	}
	var q apd.Decimal
	if _, err := division.Quo(&q, a.Decimal, b.Decimal); err != nil {
		return Decimal{}, false
	}
	r := new(apd.Decimal)
	r.Reduce(&q)
	if r.Exponent > 0 && r.Exponent < maxExponent {
		if _, err := exact.Quantize(r, r, 0); err != nil {
			return bounded(&q)
		}
	}
	return bounded(r)
}

func parseBig(i *big.Int) (Decimal, bool) {
	d := apd.NewWithBigInt(new(apd.BigInt).SetMathBigInt(i), 0)
	if d.NumDigits() <= maxDigits {
		return Decimal{d}, true
	}
	r := new(apd.Decimal)
	if _, err := exact.Round(r, d); err != nil {
		return Decimal{}, false
	}
	return bounded(r)
}

func quantities(op string, a, b Quantity) Item {
	switch op {
	case "+", "-":
		sign := int64(1)
		if op == "-" {
			sign = -1
		}
		if q, ok := addQuantities(a, b, sign); ok {
			return q
		}
		return nil
	}
	if a.foreign || b.foreign {
		return nil
	}
	value, ok := decimals(op, a.Value, b.Value).(Decimal)
	if !ok {
		return nil
	}
	q := Quantity{Value: value, Unit: multiplyUnits(a.Unit, b.Unit)}
	if op == "/" {
		q.Unit = divideUnits(a.Unit, b.Unit)
	}
	if len(q.Unit) > maxUnit {
		return nil
	}
	return q
}

// shift moves a date or time by a duration.
func (x *arithmetic) shift(at Item, q Quantity) (Item, error) {
	sign := int64(1)
	if x.op == "-" {
		sign = -1
	}
	c, ok := calendarUnit(q.Unit)
	if !ok {
		return nil, evalFault(x.pos, "a date or time moves only by calendar durations (years, months, weeks, days, hours, minutes, seconds)")
	}
	switch v := at.(type) {
	case Date:
		if m, ok := v.add(q, sign); ok {
			return Date{m}, nil
		}
	case DateTime:
		if m, ok := v.add(q, sign); ok {
			return DateTime{m}, nil
		}
	case Time:
		if c.prec <= byDay {
			return nil, evalFault(x.pos, "a time of day moves only by hours, minutes and seconds")
		}
		if t, ok := v.addTime(q, sign); ok {
			return t, nil
		}
	}
	return nil, nil
}

// polarity is the sign before an operand.
type polarity struct {
	operand  node
	negative bool
	pos      int
}

func (x *polarity) eval(ev *evaluator) (Collection, error) {
	it, err := ev.single1(x.operand, x.pos)
	if err != nil || it == nil {
		return nil, err
	}
	switch v := systemValue(it).(type) {
	case nil:
		return nil, nil
	case Integer:
		if !x.negative {
			return ev.one(v), nil
		}
		if n := inRange(-int64(v)); n != nil {
			return ev.one(n), nil
		}
		return nil, nil
	case Decimal:
		return ev.one(x.signed(v)), nil
	case Quantity:
		v.Value = x.signed(v.Value)
		return ev.one(v), nil
	}
	return nil, evalFault(x.pos, "a sign stands only before numbers")
}

func (x *polarity) signed(d Decimal) Decimal {
	if !x.negative || d.IsZero() {
		return d
	}
	return Decimal{new(apd.Decimal).Neg(d.Decimal)}
}

// concatenation is &: a missing operand counts as the empty string.
type concatenation struct {
	left, right node
	pos         int
}

func (x *concatenation) eval(ev *evaluator) (Collection, error) {
	mark := ev.mark()
	l, _, err := ev.text(x.left, x.pos)
	if err != nil {
		return nil, err
	}
	r, _, err := ev.text(x.right, x.pos)
	if err != nil {
		return nil, err
	}
	it, err := ev.joined(l, r)
	if err != nil {
		return nil, err
	}
	ev.cut(mark)
	return ev.one(it), nil
}
