package metadata

import (
	"strings"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/vocabulary"
)

// The shapes of FHIR R4 that a DocumentReference and its contained resources need, with members in the order of the specification.

type coding struct {
	System  string `json:"system,omitempty"`
	Code    string `json:"code,omitempty"`
	Display string `json:"display,omitempty"`
}

type concept struct {
	Coding []coding `json:"coding,omitempty"`
	Text   string   `json:"text,omitempty"`
}

type identifier struct {
	Use    string   `json:"use,omitempty"`
	Type   *concept `json:"type,omitempty"`
	System string   `json:"system,omitempty"`
	Value  string   `json:"value,omitempty"`
}

type reference struct {
	Reference  string      `json:"reference,omitempty"`
	Identifier *identifier `json:"identifier,omitempty"`
	Display    string      `json:"display,omitempty"`
}

type extension struct {
	URL       string      `json:"url"`
	Extension []extension `json:"extension,omitempty"`
	String    string      `json:"valueString,omitempty"`
	Coding    *coding     `json:"valueCoding,omitempty"`
	Address   *address    `json:"valueAddress,omitempty"`
}

type humanName struct {
	Extension []extension `json:"extension,omitempty"`
	Use       string      `json:"use,omitempty"`
	Text      string      `json:"text,omitempty"`
	Family    string      `json:"family,omitempty"`
	Given     []string    `json:"given,omitempty"`
	Prefix    []string    `json:"prefix,omitempty"`
	Suffix    []string    `json:"suffix,omitempty"`
}

type contactPoint struct {
	System string `json:"system,omitempty"`
	Value  string `json:"value,omitempty"`
	Use    string `json:"use,omitempty"`
}

type address struct {
	Extension  []extension `json:"extension,omitempty"`
	Use        string      `json:"use,omitempty"`
	Text       string      `json:"text,omitempty"`
	Line       []string    `json:"line,omitempty"`
	City       string      `json:"city,omitempty"`
	District   string      `json:"district,omitempty"`
	State      string      `json:"state,omitempty"`
	PostalCode string      `json:"postalCode,omitempty"`
	Country    string      `json:"country,omitempty"`
}

type meta struct {
	Profile []string `json:"profile,omitempty"`
}

type period struct {
	Start string `json:"start,omitempty"`
	End   string `json:"end,omitempty"`
}

// toCoding names a code by the FHIR URI of its code system; a system of no known URI by its OID as a URN. The label is the published one where the set has it.
func toCoding(c Code, set vocabulary.Set) coding {
	display := c.Display
	if set != "" {
		if label := vocabulary.Load().Label(set, c.Code, c.System); label != "" {
			display = label
		}
	}
	return coding{systemURI(c.System), c.Code, display}
}

func systemURI(oid string) string {
	if oid == "" {
		return ""
	}
	if s, ok := vocabulary.Load().CodeSystem(oid); ok {
		return s.URI
	}
	if oid[0] >= '0' && oid[0] <= '2' {
		return "urn:oid:" + oid
	}
	return oid
}

func toConcept(c Code, set vocabulary.Set) *concept {
	if c.IsZero() {
		return nil
	}
	return &concept{Coding: []coding{toCoding(c, set)}, Text: c.Display}
}

// Types of identifiers.
const (
	systemFrenchIdentifiers = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"
	systemIdentifiers       = "http://terminology.hl7.org/CodeSystem/v2-0203"
	systemURN               = "urn:ietf:rfc:3986"
)

func typed(system, code string) *concept {
	return &concept{Coding: []coding{{System: system, Code: code}}}
}

// idSystem gives the FHIR system of an II's root.
func idSystem(root string) string {
	if strings.Contains(root, "-") {
		return "urn:uuid:" + strings.ToLower(root)
	}
	return "urn:oid:" + root
}

// toIdentifier gives an II as an identifier (HL7 CDA on FHIR): with an extension, that under the root; without, the root itself as a URN.
func toIdentifier(id cda.II) identifier {
	if id.Extension == "" {
		return identifier{System: systemURN, Value: idSystem(id.Root)}
	}
	return identifier{System: idSystem(id.Root), Value: id.Extension}
}

func toTelecoms(all []cda.TEL) []contactPoint {
	var points []contactPoint
	for _, t := range all {
		if t.NullFlavor != "" || t.Value == "" {
			continue
		}
		p := contactPoint{System: "other", Value: t.Value}
		scheme, rest := t.Scheme()
		switch scheme {
		case "tel":
			p = contactPoint{System: "phone", Value: rest}
		case "fax":
			p = contactPoint{System: "fax", Value: rest}
		case "mailto":
			p = contactPoint{System: "email", Value: rest}
		case "http", "https", "ftp":
			p.System = "url"
		}
		if p.Value == "" {
			continue
		}
		for _, use := range t.Use {
			switch use {
			case "H", "HP", "HV":
				p.Use = "home"
			case "WP", "DIR", "PUB":
				p.Use = "work"
			case "MC":
				p.Use = "mobile"
			case "TMP":
				p.Use = "temp"
			}
		}
		points = append(points, p)
	}
	return points
}

func toAddresses(all []cda.AD) []address {
	var addresses []address
	for i := range all {
		if a := toAddress(&all[i]); a != nil {
			addresses = append(addresses, *a)
		}
	}
	return addresses
}

// toAddress gives nil for an address that says nothing.
func toAddress(a *cda.AD) *address {
	out := address{Text: a.Text, City: a.City, District: a.County, State: a.State, PostalCode: a.PostalCode, Country: a.Country}
	for _, line := range a.Street() {
		if line != "" {
			out.Line = append(out.Line, line)
		}
	}
	if len(out.Line) == 0 && out.Text == "" && out.City == "" && out.District == "" && out.State == "" && out.PostalCode == "" && out.Country == "" {
		return nil
	}
	for _, use := range a.Use {
		switch use {
		case "H", "HP", "HV":
			out.Use = "home"
		case "WP", "DIR", "PUB":
			out.Use = "work"
		case "TMP":
			out.Use = "temp"
		}
	}
	return &out
}

func values(parts []cda.NamePart) []string {
	var v []string
	for _, p := range parts {
		if p.Value != "" {
			v = append(v, p.Value)
		}
	}
	return v
}

func personName(n cda.EN) []humanName {
	out := humanName{Text: n.Text, Family: cda.First(n.Family), Given: values(n.Given), Prefix: values(n.Prefix), Suffix: values(n.Suffix)}
	if out.Text == "" && out.Family == "" && len(out.Given) == 0 {
		return nil
	}
	return []humanName{out}
}
