package author

import (
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda/vocabulary"
)

// Code systems that documents are written with (OIDs).
const (
	oidLOINC       = "2.16.840.1.113883.6.1"
	oidSNOMED      = "2.16.840.1.113883.6.96"
	oidActCode     = "2.16.840.1.113883.5.4"
	oidGender      = "2.16.840.1.113883.5.1"
	oidRoleCode    = "2.16.840.1.113883.5.111"
	oidFunction    = "2.16.840.1.113883.5.88"
	oidTypes       = "1.2.250.1.213.1.1.4.12"
	oidConfidence  = "2.16.840.1.113883.5.25"
	oidIHEAct      = "1.3.6.1.4.1.19376.1.5.3.2"
	oidClinical    = "2.16.840.1.113883.4.642.1.1074"
	oidVerStatus   = "2.16.840.1.113883.4.642.1.1075"
	oidAllergyStat = "2.16.840.1.113883.4.642.4.1373"
	oidCriticality = "2.16.840.1.113883.4.642.4.130"
	oidProfession  = "1.2.250.1.213.1.1.4.5"
	oidPractice    = "1.2.250.1.213.1.1.4.9"
	uriIPSAbsent   = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
)

// systemOID is the OID of a code system given as an OID or as a URI; "" when it has none, so that a code of it cannot be written in CDA.
func systemOID(system string) string {
	if isOID(system) {
		return system
	}
	if oid, ok := vocabulary.Load().SystemOID(system); ok && isOID(oid) {
		return oid
	}
	if oid, ok := strings.CutPrefix(system, "urn:oid:"); ok && isOID(oid) {
		return oid
	}
	return ""
}

func systemName(oid string) string {
	s, _ := vocabulary.Load().CodeSystem(oid)
	return s.Name
}

// isOID says whether s is an object identifier as the schema has it.
func isOID(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) < 2 || len(s) > 255 || parts[0] != "0" && parts[0] != "1" && parts[0] != "2" {
		return false
	}
	for _, p := range parts {
		if p == "" || len(p) > 1 && p[0] == '0' || strings.Trim(p, "0123456789") != "" {
			return false
		}
	}
	return true
}

// putCode adds a coded element of a code that the package knows to be written in CDA.
func putCode(parent *etree.Element, tag, code, system, display string, pairs ...string) *etree.Element {
	el := put(parent, tag, pairs...)
	codeAttrs(el, code, system, display)
	return el
}

func codeAttrs(el *etree.Element, code, system, display string) {
	for _, a := range [][2]string{{"code", code}, {"displayName", display}, {"codeSystem", system}, {"codeSystemName", systemName(system)}} {
		if a[1] != "" {
			el.CreateAttr(a[0], clean(a[1]))
		}
	}
}

// putConcept adds a concept: the first coding whose system has an OID is the code, the others are translations. Without one, the null flavor OTH says
// that the text carries the meaning. ref is the ID of the text in the narrative, "" for none.
func putConcept(parent *etree.Element, tag string, c *codeableConcept, ref string, pairs ...string) *etree.Element {
	el := put(parent, tag, pairs...)
	coded := writable(c)
	if len(coded) > 0 {
		codeAttrs(el, coded[0].Code, coded[0].System, coded[0].Display)
		if coded[0].Version != "" {
			el.CreateAttr("codeSystemVersion", clean(coded[0].Version))
		}
	} else {
		el.CreateAttr("nullFlavor", "OTH")
	}
	switch {
	case ref != "":
		put(put(el, "originalText"), "reference", "value", "#"+ref)
	case len(coded) == 0:
		putText(el, "originalText", c.label())
	}
	for _, k := range coded[min(1, len(coded)):] {
		t := put(el, "translation")
		codeAttrs(t, k.Code, k.System, k.Display)
	}
	return el
}

// writable are the codings of a concept that CDA can carry, their systems as OIDs.
func writable(c *codeableConcept) []coding {
	if c == nil {
		return nil
	}
	var out []coding
	for _, k := range c.Coding {
		if oid := systemOID(k.System); oid != "" && k.Code != "" && !strings.ContainsAny(k.Code, " \t\n\r") {
			k.System = oid
			out = append(out, k)
		}
	}
	return out
}
