package cda

import (
	"strings"

	"github.com/beevik/etree"
)

// EN is the name of a person or an organisation.
type EN struct {
	Family, Given, Prefix, Suffix []NamePart
	Text                          string // folded text beside the parts: the whole name of an organisation
	Use                           []string
	NullFlavor                    NullFlavor
	Element                       *etree.Element // nil when absent
}

// NamePart is one part of a name.
type NamePart struct {
	Value      string
	Qualifier  string // BR birth, CL called, SP spouse; "" none
	NullFlavor NullFlavor
	Element    *etree.Element
}

// ReadEN reads an element of type EN, PN, ON or TN; of nil, the zero EN.
func ReadEN(el *etree.Element) EN {
	if el == nil {
		return EN{}
	}
	n := EN{Use: strings.Fields(Attr(el, "use")), NullFlavor: nullFlavor(el), Element: el}
	var text strings.Builder
	for _, t := range el.Child {
		switch t := t.(type) {
		case *etree.CharData:
			text.WriteString(t.Data)
		case *etree.Element:
			n.part(t)
		}
	}
	n.Text = strings.Join(strings.Fields(text.String()), " ")
	return n
}

func (n *EN) part(el *etree.Element) {
	if el.Space != NS {
		return
	}
	p := NamePart{Text(el), Attr(el, "qualifier"), nullFlavor(el), el}
	switch el.Tag {
	case "family":
		n.Family = append(n.Family, p)
	case "given":
		n.Given = append(n.Given, p)
	case "prefix":
		n.Prefix = append(n.Prefix, p)
	case "suffix":
		n.Suffix = append(n.Suffix, p)
	}
}

// Present says whether the element is there.
func (n EN) Present() bool { return n.Element != nil }

// Part gives the first value among parts with that qualifier, "" when there is none.
func Part(parts []NamePart, qualifier string) string {
	for _, p := range parts {
		if p.Qualifier == qualifier && p.Value != "" {
			return p.Value
		}
	}
	return ""
}

// First gives the first value that is not empty.
func First(parts []NamePart) string {
	for _, p := range parts {
		if p.Value != "" {
			return p.Value
		}
	}
	return ""
}

// String gives the name as one reads it: prefixes, given, family, suffixes, or the text.
func (n EN) String() string {
	var words []string
	for _, parts := range [][]NamePart{n.Prefix, n.Given, n.Family, n.Suffix} {
		for _, p := range parts {
			if p.Value != "" {
				words = append(words, p.Value)
			}
		}
	}
	if len(words) == 0 {
		return n.Text
	}
	return strings.Join(words, " ")
}

// AD is a postal address: lines, or elementary parts.
type AD struct {
	Lines                                                       []string // streetAddressLine
	HouseNumber, HouseNumberNumeric, StreetName, StreetNameType string
	AdditionalLocator, UnitID, PostBox, Precinct, County        string
	PostalCode, City, State, Country                            string
	Text                                                        string // folded text beside the parts
	Use                                                         []string
	NullFlavor                                                  NullFlavor
	Element                                                     *etree.Element // nil when absent
}

// ReadAD reads an element of type AD; of nil, the zero AD.
func ReadAD(el *etree.Element) AD {
	if el == nil {
		return AD{}
	}
	a := AD{Use: strings.Fields(Attr(el, "use")), NullFlavor: nullFlavor(el), Element: el}
	var text strings.Builder
	for _, t := range el.Child {
		switch t := t.(type) {
		case *etree.CharData:
			text.WriteString(t.Data)
		case *etree.Element:
			if to := a.part(t); to != nil {
				*to = Text(t)
			}
		}
	}
	a.Text = strings.Join(strings.Fields(text.String()), " ")
	return a
}

// part gives the field that an element belongs into, nil when there is none.
func (a *AD) part(el *etree.Element) *string {
	if el.Space != NS {
		return nil
	}
	switch el.Tag {
	case "streetAddressLine":
		a.Lines = append(a.Lines, "")
		return &a.Lines[len(a.Lines)-1]
	case "houseNumber":
		return &a.HouseNumber
	case "houseNumberNumeric":
		return &a.HouseNumberNumeric
	case "streetName":
		return &a.StreetName
	case "streetNameType":
		return &a.StreetNameType
	case "additionalLocator":
		return &a.AdditionalLocator
	case "unitID":
		return &a.UnitID
	case "postBox":
		return &a.PostBox
	case "precinct":
		return &a.Precinct
	case "county":
		return &a.County
	case "postalCode":
		return &a.PostalCode
	case "city":
		return &a.City
	case "state":
		return &a.State
	case "country":
		return &a.Country
	}
	return nil
}

// Present says whether the element is there.
func (a AD) Present() bool { return a.Element != nil }

// Street gives the lines, or one line made of the elementary parts of a street.
func (a AD) Street() []string {
	if len(a.Lines) > 0 {
		return a.Lines
	}
	number := a.HouseNumber
	if number == "" {
		number = a.HouseNumberNumeric
	}
	var lines []string
	for _, line := range []string{a.UnitID, a.AdditionalLocator, join(number, a.StreetNameType, a.StreetName), a.PostBox, a.Precinct} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func join(words ...string) string {
	var kept []string
	for _, w := range words {
		if w != "" {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}
