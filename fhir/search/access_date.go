package search

// Dates stand in three indexes: short ones (see maxShort) by (low, high) in the main one; long ones by (low, high) and by (high, low). Each prefix becomes ranges that hold all matches and
// little else, and matchDate judges the rows in them, so that what the prefixes mean is said in one place.

// date adds the scans of a date operand.
func (a *access) date(names *indexNames, o *Operand) {
	test := dateTest(o, false)
	lo, hi := shortRange(o)
	a.times(names.main, lo, hi, rankOfPrefix(o.Prefix), test)
	index, lo, hi := names.longRange(o)
	if index == "" {
		return
	}
	if index == names.longEnd {
		test = dateTest(o, true)
	}
	a.times(index, lo, hi, rankOfPrefix(o.Prefix), test)
}

// times adds a scan of the rows whose first instant is in [lo, hi).
func (a *access) times(index string, lo, hi int64, r rank, test func([]byte) verdict) {
	if lo < hi {
		a.scans = append(a.scans, scan{index: index, lo: appendTime(nil, lo), hi: appendTime(nil, hi), rank: r, test: test})
	}
}

func rankOfPrefix(p Prefix) rank {
	switch p {
	case Eq, Ap, "":
		return rankNear
	case Ne:
		return rankWalk
	default:
		return rankRange
	}
}

// shortRange bounds the low ends of the short values that can match: such a value's high end is less than maxShort above its low end.
func shortRange(o *Operand) (lo, hi int64) {
	const least, most = MinTime, MaxTime + 1
	switch o.Prefix {
	case Ne:
		return least, most
	case Gt:
		return o.High - maxShort, most
	case Lt, Eb:
		return least, o.Low
	case Ge:
		return o.Low - maxShort, most
	case Le:
		return least, o.High
	case Sa:
		return o.High, most
	case Ap:
		return o.Low - maxShort, o.High
	default:
		return o.Low, o.High
	}
}

// longRange chooses the index of long values in which the matches of an operand are one range; "" when no long value can match.
func (n *indexNames) longRange(o *Operand) (index string, lo, hi int64) {
	const least, most = MinTime, MaxTime + 1
	switch o.Prefix {
	case Ne:
		return n.long, least, most
	case Gt:
		return n.longEnd, o.High + 1, most
	case Ge:
		return n.longEnd, o.Low + 1, most
	case Lt:
		return n.long, least, o.Low
	case Le:
		return n.long, least, o.High
	case Sa:
		return n.long, o.High, most
	case Eb:
		return n.longEnd, least, o.Low + 1
	case Ap:
		return n.long, least, o.High
	default:
		if o.High-o.Low < maxShort {
			return "", 0, 0
		}
		return n.long, o.Low, o.High
	}
}

// dateTest judges a row of two instants; with end they stand as (high, low).
func dateTest(o *Operand, end bool) func([]byte) verdict {
	operand := *o
	return func(value []byte) verdict {
		if len(value) != 2*timeLength {
			return maybe
		}
		low, high := readTime(value), readTime(value[timeLength:])
		if end {
			low, high = high, low
		}
		return verdictOf(matchDate(operand.Prefix, low, high, &operand))
	}
}

// partDateConds are the conditions of a date within a composite: a range of short values, and all long ones.
func partDateConds(o *Operand) []cond {
	test := inPart(dateTest(o, false))
	conds := []cond{{lo: []byte{partLong}, hi: []byte{partLong + 1}, test: test, rank: rankRange}}
	if lo, hi := shortRange(o); lo < hi {
		main := cond{lo: appendTime([]byte{partMain}, lo), hi: appendTime([]byte{partMain}, hi), test: test, rank: rankOfPrefix(o.Prefix)}
		conds = append([]cond{main}, conds...)
	}
	return conds
}

// inPart judges the bytes behind the first one, which tells long values from others.
func inPart(test func([]byte) verdict) func([]byte) verdict {
	return func(value []byte) verdict {
		if len(value) == 0 {
			return maybe
		}
		return test(value[1:])
	}
}
