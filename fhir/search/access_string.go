package search

import "bytes"

// stringConds gives the conditions of a string operand (http://hl7.org/fhir/R4/search.html#string) on rows of folded text.
func stringConds(m Modifier, o *Operand) ([]cond, bool) {
	if unclean(o.Folded) && m != ModifierCompare {
		return nil, true
	}
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
	case ModifierCompare:
		return compareConds(o), true
	case ModifierEndsWith:
		return []cond{{rank: rankWalk, test: textTest(func(text []byte) bool { return bytes.HasSuffix(text, []byte(o.Folded)) })}}, true
	default:
		return nil, false
	}
}

// compareConds are those of _filter's comparisons of strings.
func compareConds(o *Operand) []cond {
	if o.Prefix == Eq || o.Prefix == "" {
		c := pointCond(appendString(nil, o.Folded))
		if len(o.Folded) > maxText {
			c.test = func([]byte) verdict { return maybe }
		}
		return []cond{c}
	}
	prefix, folded := o.Prefix, o.Folded
	return []cond{{rank: rankWalk, test: textTest(func(text []byte) bool { return comparePrefix(prefix, bytes.Compare(text, []byte(folded))) })}}
}

// textTest judges whole texts; cut ones the content must judge.
func textTest(test func(text []byte) bool) func([]byte) verdict {
	return func(value []byte) verdict {
		if len(value) == 0 || value[len(value)-1] == textCut {
			return maybe
		}
		return verdictOf(test(value[:len(value)-1]))
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
	if unclean(o.String) {
		return nil, true
	}
	switch m {
	case NoModifier:
		return []cond{pointCond(appendPart(nil, o.String))}, true
	case ModifierBelow:
		return []cond{belowURI(o.String)}, true
	case ModifierAbove:
		return aboveURI(o.String), true
	case ModifierStartsWith:
		return []cond{uriTest(o.String[:min(len(o.String), maxPart)], rankNear, func(uri []byte) bool { return bytes.HasPrefix(uri, []byte(o.String)) })}, true
	case ModifierEndsWith:
		return []cond{uriTest("", rankWalk, func(uri []byte) bool { return bytes.HasSuffix(uri, []byte(o.String)) })}, true
	case ModifierContains:
		return []cond{uriTest("", rankWalk, func(uri []byte) bool { return bytes.Contains(uri, []byte(o.String)) })}, true
	default:
		return nil, false
	}
}

func belowURI(uri string) cond {
	return uriTest(uri[:min(len(uri), maxPart)], rankNear, func(value []byte) bool { return isBelow(string(value), uri) })
}

// uriTest judges whole URIs that begin with the prefix; cut ones the content must judge.
func uriTest(prefix string, r rank, test func(uri []byte) bool) cond {
	c := cond{rank: r}
	if prefix != "" {
		c = prefixCond([]byte(prefix))
	}
	c.test = func(value []byte) verdict {
		if len(value) > maxPart {
			return maybe
		}
		return verdictOf(test(value))
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
