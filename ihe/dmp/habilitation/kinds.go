package habilitation

import (
	"slices"
	"time"
)

// Kinds is a set of documents by type and class. A type that matrix A names has the class that it has there, whatever the document says.
//
// A document is in the set when its type is in Types; or when matrix A does not name its type, and OtherTypes, or its class is in OtherTypesOfClasses, and neither its type is in NotTypes nor its class in NotClasses.
type Kinds struct {
	// Types are typeCodes, sorted.
	Types []string `json:"types,omitempty"`
	// AllTypes: every type that matrix A names is in Types.
	AllTypes bool `json:"allTypes,omitempty"`
	// OtherTypes: also every type that matrix A does not name.
	OtherTypes bool `json:"otherTypes,omitempty"`
	// OtherTypesOfClasses: of the types that matrix A does not name, those of documents of these classes (31, imaging, whose type is the DICOM code of the procedure); sorted.
	OtherTypesOfClasses []string `json:"otherTypesOfClasses,omitempty"`
	// NotTypes and NotClasses are, among the types that matrix A does not name, what the holder denied; sorted.
	NotTypes   []string `json:"notTypes,omitempty"`
	NotClasses []string `json:"notClasses,omitempty"`
}

// Everything says whether every document is in the set.
func (k *Kinds) Everything() bool {
	return k.AllTypes && k.OtherTypes && len(k.NotTypes) == 0 && len(k.NotClasses) == 0
}

// Empty says whether no document is.
func (k *Kinds) Empty() bool {
	return len(k.Types) == 0 && !k.OtherTypes && len(k.OtherTypesOfClasses) == 0
}

// has says whether a document is in the set.
func (k *Kinds) has(m *matrixA, typ, class string) bool {
	if _, found := slices.BinarySearch(k.Types, typ); found {
		return true
	}
	if m.byType[typ] != nil {
		return false
	}
	return (k.OtherTypes || slices.Contains(k.OtherTypesOfClasses, class)) && !slices.Contains(k.NotTypes, typ) && !slices.Contains(k.NotClasses, class)
}

// everyKind is the set of all documents.
func (m *matrixA) everyKind() Kinds {
	return Kinds{Types: m.types, AllTypes: true, OtherTypes: true}
}

// readBy is the set that a column reads.
func (m *matrixA) readBy(column string) Kinds {
	k := Kinds{OtherTypes: slices.Contains(m.UnknownType, column)}
	for _, t := range m.types {
		if m.byType[t].Cells[column].Yes {
			k.Types = append(k.Types, t)
		}
	}
	for class, l := range m.ofClass {
		if l.Cells[column].Yes && !k.OtherTypes {
			k.OtherTypesOfClasses = append(k.OtherTypesOfClasses, class)
		}
	}
	slices.Sort(k.OtherTypesOfClasses)
	k.AllTypes = len(k.Types) == len(m.types)
	return k
}

// asked is the set of the kinds of documents that provisions name: classes, types or both.
func (m *matrixA) asked(wanted []Provision) Kinds {
	var k Kinds
	for _, t := range m.types {
		if slices.ContainsFunc(wanted, func(v Provision) bool { return v.covers(t, m.byType[t].Class) }) {
			k.Types = append(k.Types, t)
		}
	}
	for _, v := range wanted {
		switch {
		case len(v.Types) == 0 && len(v.Classes) == 0:
			k.OtherTypes = true
		case len(v.Types) == 0:
			k.OtherTypesOfClasses = append(k.OtherTypesOfClasses, v.Classes...)
		}
		for _, t := range v.Types {
			// A type without a line is named by itself, unless a class is asked for too: which documents of the type have it is not known here.
			if m.byType[t] == nil && len(v.Classes) == 0 {
				k.Types = append(k.Types, t)
			}
		}
	}
	return k.tidy(m)
}

// tidy sorts, and drops what says nothing.
func (k Kinds) tidy(m *matrixA) Kinds {
	for _, list := range []*[]string{&k.Types, &k.OtherTypesOfClasses, &k.NotTypes, &k.NotClasses} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	if k.OtherTypes {
		k.OtherTypesOfClasses = nil
	}
	if k.OtherTypes && len(k.NotTypes) == 0 && len(k.NotClasses) == 0 {
		k.Types = slices.DeleteFunc(k.Types, func(t string) bool { return m.byType[t] == nil })
	}
	known := 0
	for _, t := range k.Types {
		if m.byType[t] != nil {
			known++
		}
	}
	k.AllTypes = known == len(m.types)
	if !k.OtherTypes {
		k.OtherTypesOfClasses = slices.DeleteFunc(k.OtherTypesOfClasses, func(c string) bool { return slices.Contains(k.NotClasses, c) })
		k.NotClasses = nil
	}
	if !k.OtherTypes && len(k.OtherTypesOfClasses) == 0 {
		k.NotTypes = nil
	}
	return k
}

// and is the intersection with a set without denials, as asked makes it.
func (k *Kinds) and(m *matrixA, o *Kinds) Kinds {
	both := Kinds{OtherTypes: k.OtherTypes && o.OtherTypes, NotTypes: slices.Clone(k.NotTypes), NotClasses: slices.Clone(k.NotClasses)}
	for _, t := range k.Types {
		if o.has(m, t, m.class(t, "")) {
			both.Types = append(both.Types, t)
		}
	}
	for _, t := range o.Types {
		if m.byType[t] == nil && k.OtherTypes && !slices.Contains(k.NotTypes, t) {
			both.Types = append(both.Types, t)
		}
	}
	switch {
	case k.OtherTypes:
		both.OtherTypesOfClasses = slices.Clone(o.OtherTypesOfClasses)
	case o.OtherTypes:
		both.OtherTypesOfClasses = slices.Clone(k.OtherTypesOfClasses)
	default:
		for _, c := range k.OtherTypesOfClasses {
			if slices.Contains(o.OtherTypesOfClasses, c) {
				both.OtherTypesOfClasses = append(both.OtherTypesOfClasses, c)
			}
		}
	}
	return both.tidy(m)
}

// without takes from a set what denials deny to an actor. Where a denial and its exceptions name types that matrix A does not know, the narrower reading is taken.
func (k *Kinds) without(m *matrixA, denials []*Provision, a *Actor, column string, at time.Time) Kinds {
	rest := Kinds{OtherTypes: k.OtherTypes, OtherTypesOfClasses: slices.Clone(k.OtherTypesOfClasses), NotTypes: slices.Clone(k.NotTypes), NotClasses: slices.Clone(k.NotClasses)}
	for _, t := range k.Types {
		denied := func(v *Provision) bool { return v.denies(a, column, t, m.class(t, ""), at) }
		if m.byType[t] == nil { // its class is not known here
			denied = func(v *Provision) bool { return len(v.Types) == 0 || slices.Contains(v.Types, t) }
		}
		if !slices.ContainsFunc(denials, denied) {
			rest.Types = append(rest.Types, t)
		}
	}
	for _, v := range denials {
		v.restrict(&rest, m, a, column, at)
	}
	return rest.tidy(m)
}

// restrict takes a denial from the types that matrix A does not name.
func (v *Provision) restrict(rest *Kinds, m *matrixA, a *Actor, column string, at time.Time) {
	switch {
	case v.lifted(a, column, "", at): // by an exception for everything
	case len(v.Types) > 0:
		for _, t := range v.Types {
			if m.byType[t] == nil {
				rest.NotTypes = append(rest.NotTypes, t)
			}
		}
	case len(v.Classes) > 0:
		for _, c := range v.Classes {
			if !v.lifted(a, column, c, at) {
				rest.NotClasses = append(rest.NotClasses, c)
			}
		}
	default:
		var left []string
		for _, x := range v.Except {
			for _, c := range x.Classes {
				if len(x.Types) == 0 && x.concerns(a, column, at) && (rest.OtherTypes || slices.Contains(rest.OtherTypesOfClasses, c)) {
					left = append(left, c)
				}
			}
		}
		rest.OtherTypes, rest.OtherTypesOfClasses = false, left
	}
}
