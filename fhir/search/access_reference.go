package search

import "bytes"

// referenceConds gives the conditions of a reference operand (http://hl7.org/fhir/R4/search.html#reference) on rows of Type/id, or URL, separator and version. A bare id may be one of any type that the
// parameter can point to.
func (e *Engine) referenceConds(p *Param, m Modifier, typeModifier string, o *Operand) ([]cond, bool) {
	if unclean(o.RefType, o.RefID, o.URL, o.Version) {
		return nil, true
	}
	if m == ModifierBelow {
		return []cond{belowCanonical(o)}, true
	}
	switch {
	case m != NoModifier:
		return nil, false
	case o.URL != "" && typeModifier != "":
		return nil, true
	case o.URL != "" && o.Version != "":
		return []cond{pointCond(appendReference(nil, "", "", o.URL, o.Version))}, true
	case o.URL != "":
		return []cond{prefixCond(append(appendPart(nil, o.URL), separator))}, true
	case o.RefID == "":
		return nil, true
	}
	types := p.Targets
	switch {
	case o.RefType != "" && typeModifier != "" && o.RefType != typeModifier:
		return nil, true
	case o.RefType != "":
		types = []string{o.RefType}
	case typeModifier != "" && !p.canTarget(typeModifier):
		return nil, true
	case typeModifier != "":
		types = []string{typeModifier}
	case len(types) == 0:
		types = e.registry.Definitions().Resources
	}
	conds := make([]cond, 0, len(types))
	for _, t := range types {
		conds = append(conds, pointCond(appendReference(nil, t, o.RefID, "", "")))
	}
	return conds, true
}

// belowCanonical finds the versions of a canonical that are the operand's or lie within it.
func belowCanonical(o *Operand) cond {
	c := prefixCond(append(appendPart(nil, o.URL), separator))
	wanted := o.Version
	c.test = func(value []byte) verdict {
		_, version, _ := bytes.Cut(value, []byte{separator})
		if len(version) > maxPart {
			return maybe
		}
		return verdictOf(belowVersion(string(version), wanted))
	}
	return c
}
