package author

import (
	"strings"

	"github.com/beevik/etree"
)

// telecomSchemes are the URL schemes of FHIR's kinds of contact point.
var telecomSchemes = map[string]string{"phone": "tel:", "sms": "tel:", "fax": "fax:", "email": "mailto:"}

var useCodes = map[string]string{"home": "H", "work": "WP", "mobile": "MC", "temp": "TMP"}

// putTelecoms adds contact points. One whose kind has no scheme in CDA (pager, other) is left out.
func putTelecoms(parent *etree.Element, all []contactPoint) {
	for _, t := range all {
		value := strings.Join(strings.Fields(t.Value), "")
		scheme, known := telecomSchemes[t.System]
		switch {
		case value == "":
			continue
		case t.System == "url" && hasScheme(value, "http:", "https:", "ftp:"):
		case known:
			value = scheme + strings.TrimPrefix(value, scheme)
		default:
			continue
		}
		use := useCodes[t.Use]
		if use == "TMP" {
			use = ""
		}
		put(parent, "telecom", "value", value, "use", use)
	}
}

func hasScheme(s string, schemes ...string) bool {
	for _, p := range schemes {
		if strings.HasPrefix(strings.ToLower(s), p) {
			return true
		}
	}
	return false
}

// maxLines is how many lines the CI-SIS allows in an address.
const maxLines = 7

// putAddresses adds addresses: in parts when there is at most one line, else in lines, as the CI-SIS does not let both stand together.
func putAddresses(parent *etree.Element, all []address) {
	for i := range all {
		a := &all[i]
		use := useCodes[a.Use]
		if use == "MC" {
			use = ""
		}
		town := strings.TrimSpace(a.PostalCode + " " + a.City)
		switch {
		case len(a.Line) > 1 || len(a.Line) == 0 && town == "" && a.Country == "" && a.Text != "":
			lines := a.Line
			if len(lines) == 0 {
				lines = []string{a.Text}
			}
			el := put(parent, "addr", "use", use)
			for _, l := range append(append([]string{}, lines[:min(len(lines), maxLines-2)]...), town, a.Country) {
				putText(el, "streetAddressLine", l)
			}
		case len(a.Line) == 1 || town != "" || a.Country != "":
			el := put(parent, "addr", "use", use)
			if len(a.Line) == 1 {
				putText(el, "streetName", a.Line[0])
			}
			putText(el, "postalCode", a.PostalCode)
			putText(el, "city", a.City)
			putText(el, "state", a.State)
			putText(el, "country", a.Country)
		}
	}
}

// civilities and ranks are the prefixes (JDV_J245) and suffixes (JDV_J246) of a professional's name in the ways in which they are met.
var (
	civilities = map[string]string{"M": "M", "M.": "M", "MR": "M", "MME": "MME", "MME.": "MME", "MLLE": "MME"}
	ranks      = map[string]string{"DR": "DR", "DR.": "DR", "PR": "PR", "PR.": "PR", "MC": "MC", "MG": "MG", "PC": "PC", "PG": "PG"}
)

// putProfessionalName adds the name of a professional or of another person who is not the patient.
func putProfessionalName(parent *etree.Element, n *humanName) {
	el := put(parent, "name")
	var prefix, suffix string
	for _, p := range append(append([]string{}, n.Prefix...), n.Suffix...) {
		key := strings.ToUpper(strings.TrimSpace(p))
		if prefix == "" {
			prefix = civilities[key]
		}
		if suffix == "" {
			suffix = ranks[key]
		}
	}
	putText(el, "prefix", prefix)
	putText(el, "given", strings.Join(n.Given, " "))
	putText(el, "family", n.Family)
	putText(el, "suffix", suffix)
}

// chooseName is the name to write of a person: official first, then usual, then the first that has a family name.
func chooseName(all []humanName) *humanName {
	for _, use := range []string{"official", "usual", ""} {
		for i := range all {
			if all[i].Use == use && all[i].Family != "" {
				return &all[i]
			}
		}
	}
	for i := range all {
		if all[i].Family != "" {
			return &all[i]
		}
	}
	return nil
}
