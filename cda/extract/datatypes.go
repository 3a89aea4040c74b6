package extract

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/fhir/element"
)

// Systems used beside those of vocabulary.
const (
	systemUCUM   = "http://unitsofmeasure.org"
	systemEDQM   = "http://standardterms.edqm.eu"
	systemAbsent = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
	systemURI    = "urn:ietf:rfc:3986"
	extAbsent    = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
	hl7          = "http://terminology.hl7.org/CodeSystem/"
)

// token folds white space, which FHIR's code type does not take.
func token(s string) string {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= utf8.RuneSelf || c == ' ' && (i == 0 || i+1 == len(s) || s[i-1] == ' ') {
			return strings.Join(strings.Fields(s), " ")
		}
	}
	return s
}

// compact takes white space out of what becomes a URI or part of one.
func compact(s string) string {
	if strings.IndexFunc(s, unicode.IsSpace) < 0 {
		return s
	}
	return strings.Join(strings.Fields(s), "")
}

func codingOf(c Coding) object {
	var o object
	o.set("system", c.System)
	o.set("code", c.Code)
	o.set("display", c.Display)
	return o
}

// oddSystems are OIDs that documents write wrongly, or use for a code system that has another name in FHIR; vocabulary has the regular ones.
var oddSystems = map[string]string{
	"2.16.840.1.113883.6":            "http://hl7.org/fhir/sid/icd-10", // truncated
	"1.3.5.1.4.1.19376.1.5.3.2":      "urn:oid:1.3.6.1.4.1.19376.1.5.3.2",
	"2.16.840.1.113883.4.642.1.1074": hl7 + "condition-clinical",
	"2.16.840.1.113883.4.642.4.1074": hl7 + "condition-clinical",
	"2.16.840.1.113883.4.642.1.1075": hl7 + "condition-ver-status",
	"2.16.840.1.113883.4.642.4.1075": hl7 + "condition-ver-status",
	"2.16.840.1.113883.4.642.4.1373": hl7 + "allergyintolerance-clinical",
	"2.16.840.1.113883.4.642.4.130":  "http://hl7.org/fhir/allergy-intolerance-criticality",
	"2.16.840.1.113883.5.1150.1":     "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips",
	"1.2.840.10008.2.6.1":            systemURI,
	"2.16.840.1.113883.6.254":        "http://hl7.org/fhir/sid/icf-nl",
	"2.16.840.1.113883.4.642.2.468":  "http://www.genenames.org",
	"0.4.0.127.0.16.1.1.2.1":         systemEDQM,
	"2.16.840.1.113883.6.43.1":       hl7 + "icd-o-3",
	"1.2.250.1.213.2.49.1":           "http://www.orpha.net",
	"1.2.250.1.213.2.49.2":           "http://www.orpha.net",
	"1.2.250.1.213.2.3.3":            "https://smt.esante.gouv.fr/terminologie-bdpm",
	"2.16.840.1.113883.18.311":       hl7 + "v2-0487",
	"2.16.840.1.113883.6.163":        hl7 + "mdr",
	"1.2.250.1.215.200.4.1":          "https://smt.esante.gouv.fr/terminologie-nabm",
	"2.16.840.1.113883.5.1070":       hl7 + "v3-substanceAdminSubstitution",
	"2.16.840.1.113883.3.26.1.1":     "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl",
	"2.16.840.1.113883.6.96":         "http://snomed.info/sct",
	"2.16.840.1.113883.6.73":         "http://www.whocc.no/atc",
	"2.16.840.1.113883.6.3":          "http://hl7.org/fhir/sid/icd-10",
	"2.16.840.1.113883.6.1":          "http://loinc.org",
	"2.16.840.1.113883.6.139":        "http://hl7.org/fhir/sid/icpc-2",
	"2.16.840.1.113883.6.281":        "http://www.genenames.org",
	"1.2.840.10008.2.16.4":           "http://dicom.nema.org/resources/ontology/DCM",
}

func (x *extractor) system(oid string) string {
	oid = compact(oid)
	if s, ok := oddSystems[oid]; ok {
		if oid == "2.16.840.1.113883.6.254" {
			return "https://smt.esante.gouv.fr/terminologie-icf"
		}
		return s
	}
	return x.tables.SystemURI(oid)
}

// coding gives the code of a CD itself, empty when it has none.
func (x *extractor) coding(c cda.CD) object {
	var o object
	code := token(c.Code)
	if code == "" || c.NullFlavor != "" {
		return nil
	}
	system := x.system(c.CodeSystem)
	if system == systemURI {
		code = "urn:oid:" + compact(code)
	}
	o.set("system", system)
	o.set("version", strings.TrimSpace(c.CodeSystemVersion))
	o.set("code", code)
	o.set("display", token(c.DisplayName))
	return o
}

// codings gives the code and those of its translations, each once.
func (x *extractor) codings(c cda.CD) list {
	var out list
	if o := x.coding(c); o != nil {
		out = append(out, o)
	}
	for _, t := range c.Translations[:min(len(c.Translations), maxTranslations)] {
		o := x.coding(t)
		if o != nil && !slices.ContainsFunc(out, func(has any) bool { return sameCoding(has.(object), o) }) {
			out = append(out, o)
		}
	}
	return out
}

// maxTranslations bounds the further codings of one concept.
const maxTranslations = 100

func sameCoding(a, b object) bool {
	return a.get("code") == b.get("code") && a.get("system") == b.get("system")
}

// concept gives a CD as a CodeableConcept, empty when it says nothing.
func (x *extractor) concept(c cda.CD) object {
	var o object
	o.set("coding", x.codings(c))
	o.set("text", x.text(c))
	return o
}

// conceptOr is concept, or the reason why there is none: for elements that FHIR requires.
func (x *extractor) conceptOr(c cda.CD) object {
	if o := x.concept(c); o != nil {
		return o
	}
	return object{{"coding", list{codingOf(Coding{systemAbsent, absentReason(c.NullFlavor), ""})}}}
}

// text gives the words of a coded value: the narrative it refers to, its original text, its label.
func (x *extractor) text(c cda.CD) string {
	if s := x.referred(c.OriginalTextReference); s != "" {
		return s
	}
	if c.OriginalText != "" {
		return c.OriginalText
	}
	if s := token(c.DisplayName); s != "" {
		return s
	}
	for _, t := range c.Translations {
		if s := token(t.DisplayName); s != "" {
			return s
		}
	}
	return ""
}

// referred gives the narrative text of a reference ("#id"; a missing # is accepted), "" when it dangles.
func (x *extractor) referred(link string) string {
	id := strings.TrimPrefix(strings.TrimSpace(link), "#")
	if id == "" || strings.Contains(id, "://") {
		return ""
	}
	if x.narrative == nil {
		x.narrative = map[string]*etree.Element{}
		x.d.Body.Structured.Walk(func(s *cda.Section) { x.index(s.Narrative) })
	}
	el := x.narrative[id]
	if el == nil || x.words <= 0 {
		return ""
	}
	text := cda.Text(el)
	if x.words -= len(text); len(text) > element.MaxString {
		return ""
	}
	return text
}

func (x *extractor) index(el *etree.Element) {
	if el == nil {
		return
	}
	if id := cda.Attr(el, "ID"); id != "" && x.narrative[id] == nil {
		x.narrative[id] = el
	}
	for c := range cda.Elements(el) {
		x.index(c)
	}
}

// textOf gives the words of a statement's own text element.
func (x *extractor) textOf(el *etree.Element) string {
	text := cda.Child(el, "text")
	if s := x.referred(cda.Attr(cda.Child(text, "reference"), "value")); s != "" {
		return s
	}
	return cda.Text(text)
}

// absentReason gives the code of http://terminology.hl7.org/CodeSystem/data-absent-reason for a null flavor.
func absentReason(n cda.NullFlavor) string {
	switch n {
	case "NASK":
		return "not-asked"
	case "ASKU":
		return "asked-unknown"
	case "NAV":
		return "temp-unknown"
	case "NA":
		return "not-applicable"
	case "MSK":
		return "masked"
	case "OTH":
		return "unsupported"
	case "QS", "TRC":
		return "as-text"
	}
	return "unknown"
}

// absentExtension is what stands for a required primitive that is not known: the value of "_name".
func absentExtension(n cda.NullFlavor) object {
	return object{{"extension", list{object{{"url", extAbsent}, {"valueCode", absentReason(n)}}}}}
}

// identifier gives an II as an Identifier, empty for a null one.
func (x *extractor) identifier(id cda.II) object {
	root := compact(id.Root)
	if root == "" || id.NullFlavor != "" {
		return nil
	}
	uri := documentURI(cda.II{Root: root})
	if id.Extension == "" {
		return object{{"system", systemURI}, {"value", uri}}
	}
	return object{{"system", uri}, {"value", token(id.Extension)}}
}

// identifiers gives the ids of a statement.
func (x *extractor) identifiers(el *etree.Element) list {
	var out list
	for id := range cda.Children(el, "id") {
		if o := x.identifier(cda.ReadII(id)); o != nil {
			out = append(out, o)
		}
	}
	return out
}

var decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// numeral gives a decimal as JSON writes it, "" when it is none: a leading + or superfluous zeros are dropped, digits behind the point are kept.
func numeral(s string) number {
	s = strings.TrimPrefix(strings.TrimSpace(s), "+")
	minus := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	for len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9' {
		s = s[1:]
	}
	if strings.HasPrefix(s, ".") {
		s = "0" + s
	}
	s = strings.TrimSuffix(s, ".")
	if minus {
		s = "-" + s
	}
	if len(s) > 64 || !decimal.MatchString(s) {
		return ""
	}
	return number(s)
}

// quantity gives a PQ or REAL as a Quantity, empty when there is no number.
func quantity(q cda.PQ, comparator string) object {
	value := numeral(q.Value)
	if value == "" || q.NullFlavor != "" {
		return nil
	}
	o := object{{"value", value}}
	o.set("comparator", comparator)
	return append(o, unit(q.Unit)...)
}

// unit gives the members unit, system and code of a Quantity. What is not written in UCUM's letters is kept as text only.
func unit(u string) object {
	u = strings.TrimSpace(u)
	switch {
	case u == "" || u == "NA" || u == "1":
		return nil
	case len(u) == 8 && u[0] >= '1' && u[0] <= '3' && allDigits(u):
		return object{{"system", systemEDQM}, {"code", u}}
	case !ucum.MatchString(u):
		return object{{"unit", token(u)}}
	}
	return object{{"unit", u}, {"system", systemUCUM}, {"code", u}}
}

// ucum is a superset of UCUM's grammar that leaves out white space and letters beyond ASCII outside of annotations.
var ucum = regexp.MustCompile(`^[!-z|~]*(\{[^{}\s]*\}[!-z|~]*)*$`)

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// interval gives an IVL_PQ as a Range, or as a Quantity when it has one bound or two equal ones.
func interval(el *etree.Element) (name string, value object) {
	low, high := cda.Child(el, "low"), cda.Child(el, "high")
	l, h := quantity(cda.ReadPQ(low), ""), quantity(cda.ReadPQ(high), "")
	switch {
	case l != nil && h != nil:
		if l.get("value") == h.get("value") && l.get("code") == h.get("code") {
			return "Quantity", l
		}
		if !ascending(l, h) {
			return "Range", nil
		}
		return "Range", object{{"low", l}, {"high", h}}
	case l != nil:
		return "Quantity", quantity(cda.ReadPQ(low), bound(low, ">", ">="))
	case h != nil:
		return "Quantity", quantity(cda.ReadPQ(high), bound(high, "<", "<="))
	}
	if q := quantity(cda.ReadPQ(el), ""); q != nil {
		return "Quantity", q
	}
	return "Quantity", quantity(cda.ReadPQ(cda.Child(el, "center")), "")
}

// ascending says whether two bounds are in order, for all that can be told: only values of one unit compare. The comparison alone is in floating point.
func ascending(low, high object) bool {
	l, _ := low.get("value").(number)
	h, _ := high.get("value").(number)
	a, err1 := strconv.ParseFloat(string(l), 64)
	b, err2 := strconv.ParseFloat(string(h), 64)
	return err1 == nil && err2 == nil && (a <= b || low.get("code") != high.get("code"))
}

// amount gives an IVL_PQ where FHIR takes a SimpleQuantity, which has no comparator, or a Range, which may have one bound.
func amount(el *etree.Element) (name string, value object) {
	name, value = interval(el)
	if !value.has("comparator") {
		return name, value
	}
	low, high := quantity(cda.ReadPQ(cda.Child(el, "low")), ""), quantity(cda.ReadPQ(cda.Child(el, "high")), "")
	value = nil
	value.set("low", low)
	value.set("high", high)
	return "Range", value
}

func bound(el *etree.Element, open, closed string) string {
	if cda.Attr(el, "inclusive") == "false" {
		return open
	}
	return closed
}

// ratio gives an RTO as a Ratio, empty when a part is missing.
func ratio(el *etree.Element) object {
	n, d := quantity(cda.ReadPQ(cda.Child(el, "numerator")), ""), quantity(cda.ReadPQ(cda.Child(el, "denominator")), "")
	if n == nil || d == nil {
		return nil
	}
	return object{{"numerator", n}, {"denominator", d}}
}
