package search

import (
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// A code that no resource can have is no syntax error. R4 (http://hl7.org/fhir/R4/search.html#errors): where the condition is a logical one, "e.g. unknown subject or code, the server SHOULD process the search", which finds
// nothing by it, and may add hints. Query.Hints has them; ParseOptions.Strict makes them errors.

// maxNamed is how many codes a hint names; of more it names the value set.
const maxNamed = 20

// tokenRead is one token of the parameter being read.
type tokenRead struct {
	raw  string
	hint string // why no resource has it, by this parameter of one of the types searched; "": some may
}

// hintOf says why no resource can have the token by the parameter; "" when some may: elements of type code whose value sets the definitions hold whole, and booleans.
func (p *Param) hintOf(o *Operand) string {
	switch {
	case o.Code == "":
		return ""
	case p.gives("boolean"):
		if c := FoldCode(o.Code); c != "true" && c != "false" {
			return "the value is true or false."
		}
	case p.closed && !slices.ContainsFunc(p.codes, func(set *spec.CodeSet) bool { return hasCode(set, o) }):
		return "no resource has such a code; " + codesOf(p.codes)
	}
	return ""
}

// hasCode compares as a search does: codes without case, systems exactly.
func hasCode(set *spec.CodeSet, o *Operand) bool {
	fits := func(systems []string) bool { return o.System == "" || slices.Contains(systems, o.System) }
	if systems, ok := set.Codes[o.Code]; ok {
		return fits(systems)
	}
	folded := FoldCode(o.Code)
	for code, systems := range set.Codes {
		if FoldCode(code) == folded && fits(systems) {
			return true
		}
	}
	return false
}

func codesOf(sets []*spec.CodeSet) string {
	var urls, codes []string
	for _, set := range sets {
		urls = append(urls, set.URL)
		for code := range set.Codes {
			codes = append(codes, code)
		}
	}
	if len(codes) > maxNamed {
		return "the codes are those of " + strings.Join(urls, ", ") + "."
	}
	slices.Sort(codes)
	return "the codes are " + strings.Join(slices.Compact(codes), ", ") + "."
}

// hint takes down what is to be said of the parameter that was read: a token is hopeless when no type searched can have it.
func (p *parser) hint(q *Query, name string) *problem {
	for _, one := range p.tokens {
		if one.hint == "" || slices.ContainsFunc(p.tokens, func(t tokenRead) bool { return t.raw == one.raw && t.hint == "" }) {
			continue
		}
		if p.Strict {
			return &problem{fault.CodeInvalid, one.hint, false}
		}
		q.Hints = append(q.Hints, fault.Issue{Severity: fault.Warning, Code: fault.CodeInvalid, Expression: httpExpression(name), Diagnostics: "Parameter " + quoteName(name) + ": " + one.hint})
		return nil
	}
	return nil
}
