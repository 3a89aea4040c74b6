package search

import "bytes"

// stringConds gives the conditions of a string operand (http://hl7.org/fhir/R4/search.html#string) on rows of folded text.
func stringConds(m Modifier, o *Operand) ([]cond, bool) {
	switch m {
	case NoModifier:
		return []cond{startsWith(o.Folded)}, true
	case ModifierExact:
		// The row tells the folded text only: it finds the candidates, and the content tells how it was written.
		c := pointCond(appendString(nil, Fold(o.String)))
		c.test = func([]byte) verdict { return maybe }
		return []cond{c}, true
	case ModifierContains:
		return []cond{{test: containing(o.Folded), rank: rankWalk}}, true
	default:
		return nil, false
	}
}

func startsWith(folded string) cond {
	if len(folded) > maxText {
		c := pointCond(appendString(nil, folded))
		c.test = func([]byte) verdict { return maybe }
		return c
	}
	return prefixCond([]byte(folded))
}

func containing(folded string) func([]byte) verdict {
	return func(value []byte) verdict {
		text := value[:max(len(value)-1, 0)]
		if bytes.Contains(text, []byte(folded)) {
			return yes
		}
		if len(value) > 0 && value[len(value)-1] == textCut {
			return maybe
		}
		return no
	}
}

// uriConds gives the conditions of a uri operand (http://hl7.org/fhir/R4/search.html#uri).
func uriConds(m Modifier, o *Operand) ([]cond, bool) {
	if hasNUL(o.String) {
		return nil, true
	}
	switch m {
	case NoModifier:
		return []cond{pointCond(appendPart(nil, o.String))}, true
	case ModifierBelow:
		return []cond{belowURI(o.String)}, true
	case ModifierAbove:
		return aboveURI(o.String), true
	default:
		return nil, false
	}
}

func belowURI(uri string) cond {
	prefix := uri
	if len(prefix) > maxPart {
		prefix = prefix[:maxPart]
	}
	c := prefixCond([]byte(prefix))
	c.test = func(value []byte) verdict {
		if len(value) > maxPart && bytes.IndexByte(value, 0xFF) >= 0 {
			return maybe
		}
		return verdictOf(isBelow(string(value), uri))
	}
	return c
}

// aboveURI lists the URIs that the operand is below of: itself and each of its ancestors.
func aboveURI(uri string) []cond {
	var conds []cond
	for _, ancestor := range ancestors(uri) {
		conds = append(conds, pointCond(appendPart(nil, ancestor)))
	}
	return conds
}

// ancestors gives every URL that the URL is below of (see isBelow): itself, and what ends before or at one of its slashes.
func ancestors(url string) []string {
	all := []string{url}
	for i := range len(url) {
		if url[i] == '/' {
			all = append(all, url[:i])
			if i+1 < len(url) {
				all = append(all, url[:i+1])
			}
		}
	}
	return all
}
