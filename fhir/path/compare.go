package path

import (
	"cmp"
	"strings"
)

// comparison is <, >, <= and >=.
type comparison struct {
	left, right node
	op          string
	pos         int
}

func (x *comparison) eval(ev *evaluator) (Collection, error) {
	t, err := x.truth(ev)
	return t.collection(), err
}

func (x *comparison) truth(ev *evaluator) (Truth, error) {
	mark := ev.mark()
	l, err := ev.single1(x.left, x.pos)
	if err != nil {
		return Unknown, err
	}
	r, err := ev.single1(x.right, x.pos)
	if err != nil {
		return Unknown, err
	}
	ev.cut(mark)
	if l != nil {
		l = systemValue(l)
	}
	if r != nil {
		r = systemValue(r)
	}
	if l == nil || r == nil {
		return Unknown, nil
	}
	o, comparable := compareValues(l, r)
	if !comparable {
		return x.unlike(l, r)
	}
	return x.holds(o), nil
}

// unlike answers for two values of different types. A quantity that has no definite value is complex still, and unknown.
func (x *comparison) unlike(l, r Item) (Truth, error) {
	if isQuantityElement(l) || isQuantityElement(r) {
		return Unknown, nil
	}
	return Unknown, evalFault(x.pos, "%s and %s have no order", typeOf(l).Name, typeOf(r).Name)
}

func isQuantityElement(it Item) bool {
	n, ok := it.(Node)
	return ok && kindOf(n.Type) == quantityValue
}

func (x *comparison) holds(o order) Truth {
	if o == unordered {
		return Unknown
	}
	switch x.op {
	case "<":
		return truthOf(o == less)
	case ">":
		return truthOf(o == greater)
	case "<=":
		return truthOf(o != greater)
	default:
		return truthOf(o != less)
	}
}

// compareValues orders two system values; comparable is false when their types have no order between them.
func compareValues(a, b Item) (o order, comparable bool) {
	switch v := a.(type) {
	case Integer:
		if w, ok := b.(Integer); ok {
			return orderOf(cmp.Compare(v, w)), true
		}
		return compareNumbers(a, b)
	case String:
		if w, ok := b.(String); ok {
			return orderOf(strings.Compare(string(v), string(w))), true
		}
	case Date:
		switch w := b.(type) {
		case Date:
			return compareMoments(v.moment, w.moment), true
		case DateTime:
			return compareMoments(v.moment, w.moment), true
		}
	case DateTime:
		switch w := b.(type) {
		case Date:
			return compareMoments(v.moment, w.moment), true
		case DateTime:
			return compareMoments(v.moment, w.moment), true
		}
	case Time:
		if w, ok := b.(Time); ok {
			return compareTimes(v, w), true
		}
	default:
		return compareNumbers(a, b)
	}
	return unordered, false
}

func compareNumbers(a, b Item) (o order, comparable bool) {
	if l, r, ok := asDecimals(a, b); ok {
		return orderOf(l.Cmp(r.Decimal)), true
	}
	if l, r, ok := asQuantities(a, b); ok {
		return compareQuantities(l, r), true
	}
	return unordered, false
}

// asDecimals takes two numbers as decimals.
func asDecimals(a, b Item) (l, r Decimal, ok bool) {
	l, ok = asDecimal(a)
	if !ok {
		return l, r, false
	}
	r, ok = asDecimal(b)
	return l, r, ok
}

func asDecimal(it Item) (Decimal, bool) {
	switch v := it.(type) {
	case Integer:
		return decimalOf(v), true
	case Decimal:
		return v, true
	}
	return Decimal{}, false
}

// asQuantities takes two numbers or quantities as quantities.
func asQuantities(a, b Item) (l, r Quantity, ok bool) {
	l, ok = asQuantity(a)
	if !ok {
		return l, r, false
	}
	r, ok = asQuantity(b)
	return l, r, ok
}

func asQuantity(it Item) (Quantity, bool) {
	if q, ok := it.(Quantity); ok {
		return q, true
	}
	d, ok := asDecimal(it)
	return Quantity{Value: d, Unit: "1"}, ok
}

// single1 evaluates a part that must give at most one item; nil is none.
func (ev *evaluator) single1(n node, pos int) (Item, error) {
	c, err := n.eval(ev)
	if err != nil || len(c) == 0 {
		return nil, err
	}
	if len(c) > 1 {
		return nil, evalFault(pos, "there are %d items where one is allowed", len(c))
	}
	return c[0], nil
}

// integer evaluates a part that must give at most one integer.
func (ev *evaluator) integer(n node, pos int) (i int, known bool, err error) {
	it, err := ev.single1(n, pos)
	if err != nil || it == nil {
		return 0, false, err
	}
	switch v := systemValue(it).(type) {
	case nil:
		return 0, false, nil
	case Integer:
		return int(v), true, nil
	default:
		return 0, false, evalFault(pos, "an integer was expected, not a %s", typeOf(it).Name)
	}
}

// text evaluates a part that must give at most one string.
func (ev *evaluator) text(n node, pos int) (s string, known bool, err error) {
	it, err := ev.single1(n, pos)
	if err != nil || it == nil {
		return "", false, err
	}
	s, known = textOf(it)
	if !known && systemValue(it) != nil {
		return "", false, evalFault(pos, "a string was expected, not a %s", typeOf(it).Name)
	}
	return s, known, nil
}
