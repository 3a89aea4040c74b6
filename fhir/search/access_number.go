package search

import "bytes"

// Single numbers stand in the main index; ranges (of which an end may be missing) by (low, high) and by (high, low) in two others. Ranges of the index hold all matches
// and little else; matchNumber and matchUnit judge the rows in them.

// number adds the scans of a number or quantity operand.
func (a *access) number(t ParamType, names *indexNames, o *Operand) {
	r := rankOfPrefix(o.Prefix)
	lo, hi := plainRange(o)
	a.scans = append(a.scans, scan{index: names.main, lo: lo, hi: hi, rank: r, test: plainTest(t, o)})
	index, lo, hi := names.rangeOf(o)
	a.scans = append(a.scans, scan{index: index, lo: lo, hi: hi, rank: r, test: numberTest(t, o, index == names.longEnd)})
}

func decimalBytes(d *Decimal) []byte { return appendDecimal(nil, &d.Decimal) }

// plainRange bounds the single numbers that can match.
func plainRange(o *Operand) (lo, hi []byte) {
	switch o.Prefix {
	case Ne:
		return nil, nil
	case Gt, Sa:
		return after(decimalBytes(&o.Number)), nil
	case Ge:
		return decimalBytes(&o.Number), nil
	case Lt, Eb:
		return nil, decimalBytes(&o.Number)
	case Le:
		return nil, after(decimalBytes(&o.Number))
	case Ap:
		return decimalBytes(&o.LowNumber), after(decimalBytes(&o.HighNumber))
	default:
		return decimalBytes(&o.LowNumber), decimalBytes(&o.HighNumber)
	}
}

// rangeOf chooses the index of ranges in which the matches of an operand are one range.
func (n *indexNames) rangeOf(o *Operand) (index string, lo, hi []byte) {
	switch o.Prefix {
	case Ne:
		return n.long, nil, nil
	case Gt:
		return n.longEnd, after(decimalBytes(&o.Number)), nil
	case Ge:
		return n.longEnd, decimalBytes(&o.Number), nil
	case Eb:
		return n.longEnd, nil, decimalBytes(&o.Number)
	case Lt:
		return n.long, nil, decimalBytes(&o.Number)
	case Le:
		return n.long, nil, after(decimalBytes(&o.Number))
	case Sa:
		return n.long, after(decimalBytes(&o.Number)), nil
	case Ap:
		return n.longEnd, decimalBytes(&o.LowNumber), nil
	default:
		return n.long, decimalBytes(&o.LowNumber), decimalBytes(&o.HighNumber)
	}
}

// plainTest judges a row of a single number, whose range the index decides but for ne: the unit is left.
func plainTest(t ParamType, o *Operand) func([]byte) verdict {
	switch {
	case o.Prefix == Ne:
		return numberTest(t, o, false)
	case t != Quantity || o.Unit == "" && o.System == "":
		return nil
	}
	operand := *o
	return func(value []byte) verdict {
		rest, ok := skipDecimal(value)
		if !ok || len(rest) == 0 {
			return maybe
		}
		return unitTest(rest[1:], &operand)
	}
}

// cutRange reads what appendRange wrote; with end the bounds stand as (high, low).
func cutRange(value []byte, end bool) (low, high Decimal, rest []byte, ok bool) {
	low, rest, ok = cutDecimal(value)
	if !ok || len(rest) == 0 {
		return low, high, nil, false
	}
	if rest[0] == rangePlain {
		return low, low, rest[1:], true
	}
	high, rest, ok = cutDecimal(rest[1:])
	if end {
		low, high = high, low
	}
	return low, high, rest, ok
}

// numberTest judges a row of a range and, for quantities, a unit.
func numberTest(t ParamType, o *Operand, end bool) func([]byte) verdict {
	operand := *o
	return func(value []byte) verdict {
		low, high, unit, ok := cutRange(value, end)
		if !ok {
			return maybe
		}
		if !matchNumber(operand.Prefix, &low, &high, &operand) {
			return no
		}
		if t == Quantity {
			return unitTest(unit, &operand)
		}
		return yes
	}
}

// unitTest judges the unit at the end of a quantity's row.
func unitTest(value []byte, o *Operand) verdict {
	code, rest, _ := bytes.Cut(value, []byte{separator})
	text, system, ok := bytes.Cut(rest, []byte{separator})
	if !ok {
		return maybe
	}
	if len(code) > maxUnit || len(text) > maxUnit || len(system) > maxUnit {
		return maybe
	}
	return verdictOf(matchUnit(o, string(system), string(code), string(text)))
}

// partNumberConds are the conditions of a number or quantity within a composite: a range of single numbers, and all ranges.
func partNumberConds(t ParamType, o *Operand) []cond {
	test := inPart(numberTest(t, o, false))
	lo, hi := plainRange(o)
	main := cond{lo: append([]byte{partMain}, lo...), hi: []byte{partMain + 1}, test: test, rank: rankOfPrefix(o.Prefix)}
	if hi != nil {
		main.hi = append([]byte{partMain}, hi...)
	}
	return []cond{main, {lo: []byte{partLong}, hi: []byte{partLong + 1}, test: test, rank: rankRange}}
}
