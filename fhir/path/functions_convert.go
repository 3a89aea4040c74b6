package path

import (
	"strconv"
	"strings"
)

// iif evaluates only the branch that the criterion chooses. On a base it applies to at most one item, which is $this then.
func iif(ev *evaluator, c *call, in Collection) (Collection, error) {
	saved := ev.scope
	if !c.free {
		if _, err := c.single(in); err != nil {
			return nil, err
		}
		ev.scope.this, ev.scope.index = in, -1
	}
	t, err := ev.truth(c.args[0])
	if err != nil {
		return nil, err
	}
	var out Collection
	switch {
	case t == True:
		out, err = c.args[1].eval(ev)
	case len(c.args) == 3:
		out, err = c.args[2].eval(ev)
	}
	ev.scope = saved
	return out, err
}

// convert gives the converted value, nil when there is none.
type convert func(it Item) Item

func conversion(to convert) func(*evaluator, *call, Collection) (Collection, error) {
	return func(ev *evaluator, c *call, in Collection) (Collection, error) {
		it, err := c.single(in)
		if err != nil || it == nil {
			return nil, err
		}
		v := systemValue(it)
		if v == nil {
			return nil, nil
		}
		if v = to(v); v == nil {
			return nil, nil
		}
		return ev.one(v), nil
	}
}

func convertible(to convert) func(*evaluator, *call, Collection) (Truth, error) {
	return func(_ *evaluator, c *call, in Collection) (Truth, error) {
		it, err := c.single(in)
		if err != nil || it == nil {
			return Unknown, err
		}
		v := systemValue(it)
		return truthOf(v != nil && to(v) != nil), nil
	}
}

func toBoolean(it Item) Item {
	switch v := it.(type) {
	case Boolean:
		return v
	case Integer:
		return zeroOrOne(decimalOf(v))
	case Decimal:
		return zeroOrOne(v)
	case String:
		switch strings.ToLower(string(v)) {
		case "true", "t", "yes", "y", "1", "1.0":
			return Boolean(true)
		case "false", "f", "no", "n", "0", "0.0":
			return Boolean(false)
		}
	}
	return nil
}

func zeroOrOne(d Decimal) Item {
	switch i, ok := d.integer(); {
	case ok && i == 0:
		return Boolean(false)
	case ok && i == 1:
		return Boolean(true)
	}
	return nil
}

func toInteger(it Item) Item {
	switch v := it.(type) {
	case Integer:
		return v
	case Boolean:
		if v {
			return Integer(1)
		}
		return Integer(0)
	case String:
		digits := strings.TrimLeft(string(v), "+-")
		if len(v)-len(digits) > 1 || !isDigits(digits) {
			return nil
		}
		if i, err := strconv.ParseInt(string(v), 10, 32); err == nil {
			return Integer(i)
		}
	}
	return nil
}

func toDecimal(it Item) Item {
	switch v := it.(type) {
	case Decimal:
		return v
	case Integer:
		return decimalOf(v)
	case Boolean:
		if v {
			return Decimal{decimalOf(1).Decimal}
		}
		return decimalOf(0)
	case String:
		digits := strings.TrimLeft(string(v), "+-")
		if len(v)-len(digits) > 1 || !isNumber(digits) {
			return nil
		}
		if d, ok := parseDecimal(strings.TrimPrefix(string(v), "+")); ok {
			return d
		}
	}
	return nil
}

func toText(it Item) Item {
	switch it.(type) {
	case Node, TypeInfo:
		return nil
	}
	return String(it.String())
}

func toDate(it Item) Item {
	switch v := it.(type) {
	case Date:
		return v
	case DateTime:
		m := v.moment
		return Date{moment{year: m.year, month: m.month, day: m.day, prec: min(m.prec, byDay)}}
	case String:
		if d, ok := parseDateTime(string(v)); ok {
			return toDate(d)
		}
	}
	return nil
}

func toDateTime(it Item) Item {
	switch v := it.(type) {
	case DateTime:
		return v
	case Date:
		return DateTime(v)
	case String:
		if d, ok := parseDateTime(string(v)); ok {
			return d
		}
	}
	return nil
}

func toTime(it Item) Item {
	switch v := it.(type) {
	case Time:
		return v
	case String:
		if t, ok := parseTime(strings.TrimPrefix(string(v), "T")); ok {
			return t
		}
	}
	return nil
}

func toQuantity(it Item) Item {
	switch v := it.(type) {
	case Quantity:
		return v
	case Integer, Decimal:
		q, _ := asQuantity(v)
		return q
	case Boolean:
		q, _ := asQuantity(toInteger(v))
		return q
	case String:
		if q, ok := parseQuantity(string(v)); ok {
			return q
		}
	}
	return nil
}

// toQuantityOf is toQuantity([unit]).
func toQuantityOf(ev *evaluator, c *call, in Collection) (Collection, error) {
	q, known, err := quantityIn(ev, c, in)
	if err != nil || !known {
		return nil, err
	}
	return ev.one(q), nil
}

func convertsToQuantity(ev *evaluator, c *call, in Collection) (Truth, error) {
	if len(in) == 0 {
		return Unknown, nil
	}
	_, known, err := quantityIn(ev, c, in)
	return truthOf(known), err
}

// quantityIn converts the input, into the unit given as argument if any.
func quantityIn(ev *evaluator, c *call, in Collection) (q Quantity, known bool, err error) {
	it, err := c.single(in)
	if err != nil || it == nil {
		return q, false, err
	}
	v := systemValue(it)
	if v == nil {
		return q, false, nil
	}
	q, known = toQuantity(v).(Quantity)
	if !known || len(c.args) == 0 {
		return q, known, nil
	}
	unit, known, err := ev.text(c.args[0], c.pos)
	if err != nil || !known {
		return q, false, err
	}
	q, known = q.convert(unit)
	return q, known, nil
}
