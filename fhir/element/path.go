package element

import (
	"strconv"

	"github.com/carnet-fhir/carnet/fhir/spec"
)

// Path gives the FHIRPath expression of an element from its outermost element: "Patient.name[0].given[1]". Elements that may
// repeat carry their index (from 0); a choice is named without its type: "Observation.value".
func Path(e *Element) string {
	if e == nil {
		return ""
	}
	var buf [128]byte
	return string(appendPath(buf[:0], e))
}

func appendPath(dst []byte, e *Element) []byte {
	if e.Parent == nil {
		return append(dst, e.Name...)
	}
	dst = appendPath(dst, e.Parent)
	dst = append(dst, '.')
	dst = append(dst, e.Name...)
	if e.Def == nil || e.Def.Max != 1 {
		dst = append(dst, '[')
		dst = strconv.AppendInt(dst, int64(Index(e)), 10)
		dst = append(dst, ']')
	}
	return dst
}

// Index gives the element's place among the siblings of its name, from 0.
func Index(e *Element) int {
	n := 0
	if e.Parent == nil {
		return n
	}
	for c := e.Parent.First; c != nil && c != e; c = c.Next {
		if c.Name == e.Name {
			n++
		}
	}
	return n
}

// memberName gives the JSON member and XML element name: the choice "value" of a Quantity is "valueQuantity".
func memberName(e *Element) string {
	if e.Def != nil && e.Def.Choice {
		return choiceName(e.Name, e.Type)
	}
	return e.Name
}

func choiceName(name string, t *spec.Type) string {
	return string(appendChoiceName(make([]byte, 0, 40), name, t))
}

func appendChoiceName(dst []byte, name string, t *spec.Type) []byte {
	dst = append(dst, name...)
	c := t.Name[0]
	if c >= 'a' && c <= 'z' {
		c -= 'a' - 'A'
	}
	dst = append(dst, c)
	return append(dst, t.Name[1:]...)
}
