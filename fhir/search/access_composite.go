package search

import "bytes"

// addComposite adds the scans of a composite operand (http://hl7.org/fhir/R4/search.html#composite): for each condition of the first part a range of rows, narrowed by the second part where the
// first is one value; all parts are judged on the row. It is false when a part cannot be judged on rows.
func (e *Engine) addComposite(a *access, p *Param, names *indexNames, o *Operand) bool {
	if len(o.Parts) != len(p.Components) || len(o.Parts) == 0 {
		return false
	}
	parts := make([][]cond, len(o.Parts))
	for i := range o.Parts {
		conds, ok := e.partConds(p.Components[i].Param, &o.Parts[i])
		if !ok {
			return false
		}
		parts[i] = conds
	}
	for i := range parts[0] {
		a.compositeScan(names.main, parts, &parts[0][i])
	}
	a.scans = append(a.scans, scan{index: names.main, lo: oversize, rank: rankPoint, point: true, hi: next(oversize),
		test: func([]byte) verdict { return maybe }})
	return true
}

// compositeScan adds the scans of rows whose first part satisfies one condition.
func (a *access) compositeScan(index string, parts [][]cond, first *cond) {
	test := partsTest(append([][]cond{{*first}}, parts[1:]...))
	if !first.point || len(parts) < 2 {
		s := scan{index: index, lo: appendEscaped(nil, first.lo), rank: max(first.rank, rankNear), test: test}
		s.hi = oversize
		if first.hi != nil {
			s.hi = appendEscaped(nil, first.hi)
		}
		a.scans = append(a.scans, s)
		return
	}
	head := appendEnd(appendEscaped(nil, first.lo))
	for i := range parts[1] {
		second := &parts[1][i]
		s := scan{index: index, rank: max(second.rank, rankNear), test: test, hi: after(head)}
		if second.rank == rankWalk {
			s.rank = rankNear // within one value of the first part
		}
		last := len(parts) == 2
		s.lo = joined(head, second.lo, last)
		if second.hi != nil {
			s.hi = joined(head, second.hi, last)
		}
		if last && second.point {
			s.point, s.rank = true, rankPoint
			if second.test == nil && first.test == nil {
				s.test = nil
			}
		}
		a.scans = append(a.scans, s)
	}
}

// joined puts a bound of the second part behind the first part.
func joined(head, bound []byte, last bool) []byte {
	b := bytes.Clone(head)
	if last {
		return append(b, bound...)
	}
	return appendEscaped(b, bound)
}

// partsTest judges each part of a row by its conditions.
func partsTest(parts [][]cond) func([]byte) verdict {
	return func(value []byte) verdict {
		result := yes
		var buffer [128]byte
		for i, conds := range parts {
			piece := value
			if i < len(parts)-1 {
				var ok bool
				if piece, value, ok = cutEscaped(buffer[:0], value); !ok {
					return maybe
				}
			}
			best := no
			for k := range conds {
				best = max(best, conds[k].admits(piece))
			}
			if result = min(result, best); result == no {
				return no
			}
		}
		return result
	}
}
