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
		s := scan{index: index, lo: first.lo, rank: max(first.rank, rankNear), test: test}
		s.hi = oversize
		if first.hi != nil {
			s.hi = first.hi
		}
		a.scans = append(a.scans, s)
		return
	}
	head := append(bytes.Clone(first.lo), partEnd)
	for i := range parts[1] {
		second := &parts[1][i]
		s := scan{index: index, rank: max(second.rank, rankNear), test: test, hi: after(head)}
		if second.rank == rankWalk {
			s.rank = rankNear // within one value of the first part
		}
		s.lo = append(bytes.Clone(head), second.lo...)
		if second.hi != nil {
			s.hi = append(bytes.Clone(head), second.hi...)
		}
		if len(parts) > 2 && second.point {
			s.lo = append(s.lo, partEnd)
			s.hi = after(s.lo)
		}
		if len(parts) == 2 && second.point {
			s.point, s.rank = true, rankPoint
			if second.test == nil && first.test == nil {
				s.test = nil
			}
		}
		a.scans = append(a.scans, s)
	}
}

// partsTest judges each part of a row by its conditions.
func partsTest(parts [][]cond) func([]byte) verdict {
	return func(value []byte) verdict {
		result := yes
		for i, conds := range parts {
			piece := value
			if i < len(parts)-1 {
				var ok bool
				if piece, value, ok = bytes.Cut(value, []byte{partEnd}); !ok {
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
