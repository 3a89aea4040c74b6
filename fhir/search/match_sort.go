package search

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
)

// CompareSort says in which order two resources of the same type stand by the sort keys (http://hl7.org/fhir/R4/search.html#sort): -1, 0 or 1. Of several values the one that comes earliest in the order asked counts: the
// least ascending, the greatest descending. A resource without a value comes last in both directions. This is the reference meaning of _sort; ties are the server's to order.
func (s *Snapshot) CompareSort(keys []SortKey, a, b *element.Element) int {
	for i := range keys {
		if order := s.compareBy(&keys[i], a, b); order != 0 {
			return order
		}
	}
	return 0
}

func (s *Snapshot) compareBy(key *SortKey, a, b *element.Element) int {
	direction := 1
	if key.Descending {
		direction = -1
	}
	switch key.Code {
	case "_id":
		return direction * strings.Compare(a.ChildValue("id"), b.ChildValue("id"))
	case "_lastUpdated":
		return direction * compareInt(s.updated(a), s.updated(b))
	}
	x, okX := s.sortValue(key, direction, a)
	y, okY := s.sortValue(key, direction, b)
	switch {
	case !okX && !okY:
		return 0
	case !okX:
		return 1
	case !okY:
		return -1
	}
	return direction * compareValues(key.Params[a.Type.Name].Type, &x, &y)
}

func (s *Snapshot) updated(root *element.Element) int64 {
	low, _, _ := parseInterval(root.Child("meta").ChildValue("lastUpdated"), s.registry.zone)
	return low
}

// sortValue finds the value that comes first in the direction; false when there is none.
func (s *Snapshot) sortValue(key *SortKey, direction int, root *element.Element) (first Value, ok bool) {
	p := key.Params[root.Type.Name]
	if p == nil {
		return first, false
	}
	for _, v := range s.ValuesOf(p, root) {
		if !ok || direction*compareValues(p.Type, &v, &first) < 0 {
			first, ok = v, true
		}
	}
	return first, ok
}

// compareValues orders two values: text folded, codes folded and then by system, references by their text, dates and numbers by their low and then their high end. A missing low end
// is below all, a missing high end above.
func compareValues(t ParamType, a, b *Value) int {
	switch t {
	case String:
		return strings.Compare(a.Folded, b.Folded)
	case Token:
		if order := strings.Compare(FoldCode(a.Code), FoldCode(b.Code)); order != 0 {
			return order
		}
		return strings.Compare(a.System, b.System)
	case URI:
		return strings.Compare(a.Text, b.Text)
	case Reference:
		return strings.Compare(referenceText(a), referenceText(b))
	case Date:
		if order := compareInt(a.Low, b.Low); order != 0 {
			return order
		}
		return compareInt(a.High, b.High)
	case Number, Quantity:
		if order := compareBound(&a.LowNumber, &b.LowNumber, -1); order != 0 {
			return order
		}
		return compareBound(&a.HighNumber, &b.HighNumber, 1)
	default:
		return 0
	}
}

func referenceText(v *Value) string {
	switch {
	case v.RefType != "":
		return v.RefType + "/" + v.RefID
	case v.URL == "":
		return ""
	}
	return v.URL + "\x00" + v.Version // all versions of a URL before any longer URL
}

func compareInt(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// compareBound orders two ends of ranges; one that is missing is infinite on its side.
func compareBound(a, b *Decimal, side int) int {
	switch {
	case a.Valid && b.Valid:
		return cmpDecimal(a, b)
	case a.Valid:
		return -side
	case b.Valid:
		return side
	}
	return 0
}
