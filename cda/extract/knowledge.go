package extract

import (
	"github.com/beevik/etree"
)

// knowledge is what has been found out of a statement, or of another element that resources are made of.
type knowledge struct {
	verdict                // fate "" until it is decided
	path    string         // of a statement
	made    []string       // references to what was made of it, the main one first
	owner   *etree.Element // of a part that does not belong to the statement around it
	family  family
	sorted  bool // the family is known
}

// know gives what is known of an element, to be added to.
func (x *extractor) know(el *etree.Element) *knowledge {
	k := x.known[el]
	if k == nil {
		if len(x.fresh) == 0 {
			x.fresh = make([]knowledge, 64)
		}
		k, x.fresh = &x.fresh[0], x.fresh[1:]
		x.known[el] = k
	}
	return k
}

// done says whether the fate of a statement is decided.
func (x *extractor) done(el *etree.Element) bool { return x.know(el).fate != "" }

// refs gives the references to what was made of an element.
func (x *extractor) refs(el *etree.Element) []string {
	if k := x.known[el]; k != nil {
		return k.made
	}
	return nil
}

// verdict is the fate of a statement, and why.
type verdict struct {
	fate   Fate
	reason string
}

func (x *extractor) fate(el *etree.Element, f Fate, reason string) {
	if k := x.know(el); k.fate != AsResource {
		k.verdict = verdict{f, reason}
	}
}

// lost says whether the statement that an element is a part of became no resource.
func (x *extractor) lost(el *etree.Element) bool {
	for {
		if el = x.owner(el); el == nil {
			return true
		}
		switch x.know(el).fate {
		case AsResource:
			return false
		case AsPart:
		default:
			return true
		}
	}
}

// owner gives the statement that an element is a part of, nil when there is none.
func (x *extractor) owner(el *etree.Element) *etree.Element {
	if k := x.known[el]; k != nil && k.owner != nil {
		return k.owner
	}
	for p := el.Parent(); p != nil && p != x.d.Root; p = p.Parent() {
		if isStatement(p) {
			return p
		}
	}
	return nil
}
