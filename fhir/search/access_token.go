package search

import "bytes"

// tokenConds gives the conditions of a token operand (http://hl7.org/fhir/R4/search.html#token) on rows of folded code, separator, system.
func tokenConds(m Modifier, o *Operand) ([]cond, bool) {
	if unclean(o.Code, o.System) {
		return nil, true
	}
	switch {
	case m == ModifierBelow:
		return []cond{{test: belowMIMETest(o), rank: rankWalk}}, true
	case m != NoModifier:
		return nil, false
	case !o.HasSystem:
		return []cond{prefixCond(append(appendPart(nil, FoldCode(o.Code)), separator))}, true
	case o.Code == "":
		return []cond{{test: inSystem(o.System), rank: rankWalk}}, true
	default:
		return []cond{pointCond(appendToken(nil, o.System, o.Code))}, true
	}
}

// inSystem judges whether a token's row ends with the system.
func inSystem(system string) func([]byte) verdict {
	end := append([]byte{separator}, appendPart(nil, system)...)
	return func(value []byte) verdict {
		i := bytes.IndexByte(value, separator)
		return verdictOf(i >= 0 && bytes.Equal(value[i:], end))
	}
}

// belowMIMETest judges the code of a row as a MIME type.
func belowMIMETest(o *Operand) func([]byte) verdict {
	operand := *o
	return func(value []byte) verdict {
		code, _, _ := bytes.Cut(value, []byte{separator})
		if len(code) > maxPart {
			return maybe
		}
		return verdictOf(belowMIME(&Value{Code: string(code)}, &operand))
	}
}

// ofType adds the scan of an :of-type operand.
func (a *access) ofType(names *indexNames, o *Operand) {
	if !unclean(o.System, o.Code, o.Value) {
		a.scans = append(a.scans, pointScan(names.ofType, appendOfType(nil, o.System, o.Code, o.Value)))
	}
}
