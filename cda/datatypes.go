package cda

import (
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// NullFlavor says why a value is missing (HL7 v3 NullFlavor: NI, NA, UNK, NASK, ASKU, NAV, MSK, OTH, ...); "" when none is stated.
type NullFlavor string

// II is an instance identifier.
type II struct {
	Root               string // OID, UUID or RUID
	Extension          string
	AssigningAuthority string
	NullFlavor         NullFlavor
	Element            *etree.Element // nil when absent
}

// ReadII reads an element of type II; of nil, the zero II.
func ReadII(el *etree.Element) II {
	if el == nil {
		return II{}
	}
	return II{Attr(el, "root"), Attr(el, "extension"), Attr(el, "assigningAuthorityName"), nullFlavor(el), el}
}

// Present says whether the element is there.
func (i II) Present() bool { return i.Element != nil }

// String gives root^extension, or root alone.
func (i II) String() string {
	if i.Extension == "" {
		return i.Root
	}
	return i.Root + "^" + i.Extension
}

// CD is a coded value: CD, CE, CV, CS or CO.
type CD struct {
	Code, CodeSystem, CodeSystemName, CodeSystemVersion, DisplayName string
	OriginalText                                                     string // folded text of originalText
	OriginalTextReference                                            string // originalText/reference/@value, a "#id" of the narrative
	Translations                                                     []CD
	Qualifiers                                                       []Qualifier
	NullFlavor                                                       NullFlavor
	Element                                                          *etree.Element // nil when absent
}

// Qualifier is a CR: a coded name and a coded value.
type Qualifier struct{ Name, Value CD }

// maxTranslationDepth bounds how deep translations and qualifiers of one coded value are followed.
const maxTranslationDepth = 3

// ReadCD reads an element of a coded type; of nil, the zero CD.
func ReadCD(el *etree.Element) CD { return readCD(el, 0) }

func readCD(el *etree.Element, depth int) CD {
	if el == nil {
		return CD{}
	}
	c := CD{Element: el}
	for i := range el.Attr {
		a := &el.Attr[i]
		if a.Space != "" {
			continue
		}
		switch a.Key {
		case "code":
			c.Code = a.Value
		case "codeSystem":
			c.CodeSystem = a.Value
		case "codeSystemName":
			c.CodeSystemName = a.Value
		case "codeSystemVersion":
			c.CodeSystemVersion = a.Value
		case "displayName":
			c.DisplayName = a.Value
		case "nullFlavor":
			c.NullFlavor = NullFlavor(a.Value)
		}
	}
	for child := range Elements(el) {
		switch {
		case Is(child, NS, "originalText"):
			c.OriginalText, c.OriginalTextReference = Text(child), Attr(Child(child, "reference"), "value")
		case Is(child, NS, "translation") && depth < maxTranslationDepth:
			c.Translations = append(c.Translations, readCD(child, depth+1))
		case Is(child, NS, "qualifier") && depth < maxTranslationDepth:
			c.Qualifiers = append(c.Qualifiers, Qualifier{readCD(Child(child, "name"), depth+1), readCD(Child(child, "value"), depth+1)})
		}
	}
	return c
}

// Present says whether the element is there.
func (c CD) Present() bool { return c.Element != nil }

// Coded says whether there is a code and no null flavor.
func (c CD) Coded() bool { return c.Code != "" && c.NullFlavor == "" }

// ST is a text.
type ST struct {
	Value      string // folded
	NullFlavor NullFlavor
	Element    *etree.Element // nil when absent
}

// ReadST reads a text element; of nil, the zero ST.
func ReadST(el *etree.Element) ST {
	if el == nil {
		return ST{}
	}
	return ST{Text(el), nullFlavor(el), el}
}

// Present says whether the element is there.
func (s ST) Present() bool { return s.Element != nil }

// INT is an integer.
type INT struct {
	Value      string // as it stands
	NullFlavor NullFlavor
	Element    *etree.Element // nil when absent
}

// ReadINT reads an element of type INT; of nil, the zero INT.
func ReadINT(el *etree.Element) INT {
	if el == nil {
		return INT{}
	}
	return INT{Attr(el, "value"), nullFlavor(el), el}
}

// Int gives the number, and whether there is one.
func (i INT) Int() (int, bool) {
	n, err := strconv.Atoi(i.Value)
	return n, err == nil
}

// Present says whether the element is there.
func (i INT) Present() bool { return i.Element != nil }

// BL is a boolean.
type BL struct {
	Value      string // "true", "false" or ""
	NullFlavor NullFlavor
	Element    *etree.Element // nil when absent
}

func readBL(el *etree.Element) BL {
	if el == nil {
		return BL{}
	}
	return BL{Attr(el, "value"), nullFlavor(el), el}
}

// PQ is a physical quantity.
type PQ struct {
	Value      string // decimal as it stands
	Unit       string // UCUM; "" and "1" mean none
	NullFlavor NullFlavor
	Element    *etree.Element // nil when absent
}

// ReadPQ reads an element of type PQ; of nil, the zero PQ.
func ReadPQ(el *etree.Element) PQ {
	if el == nil {
		return PQ{}
	}
	return PQ{Attr(el, "value"), Attr(el, "unit"), nullFlavor(el), el}
}

// Present says whether the element is there.
func (q PQ) Present() bool { return q.Element != nil }

// TEL is a telecommunication address.
type TEL struct {
	Value      string   // URL: tel:, mailto:, ...
	Use        []string // H, HP, HV, WP, DIR, PUB, EC, MC, PG
	NullFlavor NullFlavor
	Element    *etree.Element // nil when absent
}

// ReadTEL reads an element of type TEL; of nil, the zero TEL.
func ReadTEL(el *etree.Element) TEL {
	if el == nil {
		return TEL{}
	}
	return TEL{Attr(el, "value"), strings.Fields(Attr(el, "use")), nullFlavor(el), el}
}

// Scheme gives the scheme of the URL in lower case and what follows it; without a colon the scheme is "".
func (t TEL) Scheme() (scheme, rest string) {
	s, rest, ok := strings.Cut(t.Value, ":")
	if !ok {
		return "", t.Value
	}
	return strings.ToLower(s), rest
}

func nullFlavor(el *etree.Element) NullFlavor { return NullFlavor(Attr(el, "nullFlavor")) }

// each reads all children of that name.
func each[T any](el *etree.Element, local string, read func(*etree.Element) T) []T {
	var all []T
	for c := range Children(el, local) {
		all = append(all, read(c))
	}
	return all
}

// optional reads a part that may be absent.
func optional[T any](el *etree.Element, read func(*etree.Element) T) *T {
	if el == nil {
		return nil
	}
	v := read(el)
	return &v
}
