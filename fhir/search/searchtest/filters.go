package searchtest

import (
	"math/rand/v2"
	"strings"
)

// filter makes a _filter expression over a type.
func filter(r *rand.Rand, typ string, depth int) string {
	if depth < 2 && chance(r, 50) {
		left, right := filter(r, typ, depth+1), filter(r, typ, depth+1)
		switch r.IntN(4) {
		case 0:
			return left + " or " + right
		case 1:
			return "not (" + left + ")"
		case 2:
			return "(" + left + " or " + right + ") and " + filter(r, typ, depth+1)
		}
		return left + " and " + right
	}
	return test(r, typ, depth, "")
}

// test makes one test, behind a path of chains and _has.
func test(r *rand.Rand, typ string, depth int, path string) string {
	if from := sources(typ); depth < 2 && len(from) > 0 && chance(r, 15) {
		s := pick(r, from)
		return test(r, s[0], depth+1, path+"_has:"+s[0]+":"+s[1]+":")
	}
	p := pick(r, params[typ])
	if p.kind == referenceKind && depth < 2 && chance(r, 40) {
		target := pick(r, p.targets)
		link := p.code
		if len(p.targets) > 1 {
			link += ":" + target
		}
		if chance(r, 25) {
			link += "[" + filter(r, target, 2) + "]"
		}
		return test(r, target, depth+1, path+link+".")
	}
	if chance(r, 10) && !composite(p.kind) {
		return path + p.code + " pr " + pick(r, []string{"true", "false"})
	}
	operator, value := comparison(r, p)
	return path + p.code + " " + operator + " " + value
}

func comparison(r *rand.Rand, p param) (operator, value string) {
	either := pick(r, []string{"eq", "eq", "ne"})
	ordered := pick(r, []string{"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap", "co"})
	switch p.kind {
	case stringKind:
		return pick(r, []string{"eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le"}), quote(strings.ReplaceAll(text(r), `\`, ""))
	case dateKind:
		if chance(r, 10) {
			ordered = "po"
		}
		return ordered, date(r)
	case numberKind:
		return ordered, pick(r, numbers)
	case quantityKind:
		return ordered, pick(r, numbers) + pick(r, []string{"", "|ucum|mg", "||g"})
	case uriKind:
		return pick(r, []string{"eq", "ne", "co", "sw", "ew"}), pick(r, uris)
	case statusKind:
		return either, pick(r, []string{"male", "final", "current", "active"})
	case booleanKind:
		return either, pick(r, []string{"true", "false"})
	case contactKind:
		return either, "0123456789"
	case mimeKind:
		return either, "application/pdf"
	case referenceKind:
		target := pick(r, p.targets)
		return pick(r, []string{"re", "eq", "ne"}), target + "/" + ID(target, r.IntN(perType))
	case canonicalKind:
		return either, pick(r, uris[:3])
	case identifierKind:
		return either, identifierValue(r)
	case codeValueKind:
		return either, token(r) + "$" + pick(r, numbers)
	case codeConceptKind:
		return either, token(r) + "$" + token(r)
	case relationshipKind:
		return either, "DocumentReference/" + ID("DocumentReference", r.IntN(perType)) + "$replaces"
	case nearKind:
		return "eq", "48.8|2.3|20|km"
	default:
		return either, token(r)
	}
}
