package path

import (
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
)

// Item is one item of a collection: a Node, or a system value (Boolean, Integer, Decimal, String, Date, DateTime, Time,
// Quantity) or a TypeInfo.
type Item interface {
	// String gives the value as the toString function does; a complex element's is "".
	String() string
	item()
}

// Collection is an ordered list of items. Collections are never changed once made.
type Collection []Item

// Node is an item that is an element of the content.
type Node struct{ *element.Element }

// Boolean is System.Boolean.
type Boolean bool

// Integer is System.Integer, within 32 bits.
type Integer int32

// String is System.String.
type String string

// TypeInfo is what the type function gives: a namespace (System or FHIR) and a name.
type TypeInfo struct{ Namespace, Name string }

func (Node) item()     {}
func (Boolean) item()  {}
func (Integer) item()  {}
func (Decimal) item()  {}
func (String) item()   {}
func (Date) item()     {}
func (DateTime) item() {}
func (Time) item()     {}
func (Quantity) item() {}
func (TypeInfo) item() {}

func (n Node) String() string {
	if v, ok := systemValue(n).(Node); ok {
		return v.Value
	} else if v := systemValue(n); v != nil {
		return v.String()
	}
	return ""
}

func (b Boolean) String() string { return strconv.FormatBool(bool(b)) }
func (i Integer) String() string { return strconv.Itoa(int(i)) }
func (s String) String() string  { return string(s) }

func (t TypeInfo) String() string { return t.Namespace + "." + t.Name }

// Elements gives the elements among the items.
func (c Collection) Elements() []*element.Element {
	out := make([]*element.Element, 0, len(c))
	for _, it := range c {
		if n, ok := it.(Node); ok {
			out = append(out, n.Element)
		}
	}
	return out
}

// String shows a collection for tests and logs of expressions, not of content: "{1, 'a'}".
func (c Collection) String() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, it := range c {
		if i > 0 {
			b.WriteString(", ")
		}
		switch v := it.(type) {
		case String:
			b.WriteString("'" + string(v) + "'")
		case Node:
			b.WriteString(v.Type.Name + ":" + v.String())
		default:
			b.WriteString(it.String())
		}
	}
	b.WriteByte('}')
	return b.String()
}

// Truth is the outcome of a condition in FHIRPath's logic of three values.
type Truth int8

// The values of Truth; Unknown is the empty collection.
const (
	Unknown Truth = iota
	True
	False
)

func truthOf(b bool) Truth {
	if b {
		return True
	}
	return False
}

// Not negates; the unknown stays unknown.
func (t Truth) Not() Truth {
	switch t {
	case True:
		return False
	case False:
		return True
	default:
		return Unknown
	}
}

// The collections that every evaluation shares.
var (
	trueCollection  = Collection{Boolean(true)}
	falseCollection = Collection{Boolean(false)}
)

func (t Truth) collection() Collection {
	switch t {
	case True:
		return trueCollection
	case False:
		return falseCollection
	default:
		return nil
	}
}

func (t Truth) String() string {
	return [...]string{"unknown", "true", "false"}[t]
}
