package check

import (
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// sharedRules are those of the header's data types, wherever they stand.
func sharedRules() []Rule {
	return []Rule{
		{"telecom-value", cda.Error, "type:TEL", "a telecom has either a @value or a null flavor", telecomValue},
		{"telecom-scheme", cda.Error, "type:TEL", "it is written scheme:text with tel, fax, mailto, http, https, ftp or mllp", telecomScheme},
		{"telecom-use", cda.Warning, "type:TEL", "the use is one of H, HP, HV, WP, DIR, PUB, EC, MC, PG", uses("H", "HP", "HV", "WP", "DIR", "PUB", "EC", "MC", "PG")},
		{"addr-parts", cda.Error, "type:AD", "an address is written either in lines (streetAddressLine, 1 to 7) or in parts, each at most once", address},
		{"addr-use", cda.Warning, "type:AD", "the use is one of H, HP, HV, WP, TMP", uses("H", "HP", "HV", "WP", "TMP")},
		{"time-calendar", cda.Error, "type:TS", "a time is one of the calendar: YYYYMMDDhhmmss and a zone of hours and minutes", calendar},
		{"id-empty", cda.Error, "type:II", "an identifier has a root or a null flavor", rootOrNull},
		{"null-flavor", cda.Warning, "type:TEL | type:AD | type:TS | type:II", "a missing value is UNK, NASK, ASKU, NAV or MSK; NA and NI are met too", nullFlavors},
	}
}

func telecomValue(c *checker, r *Rule, el *etree.Element) {
	_, value := cda.LookupAttr(el, "value")
	_, null := cda.LookupAttr(el, "nullFlavor")
	if value == null {
		found := "neither"
		if value {
			found = "both"
		}
		c.report(r, el, "", "this one has %s; %s", found, r.Allowed)
	}
}

// telecomScheme never shows the value.
func telecomScheme(c *checker, r *Rule, el *etree.Element) {
	v, there := cda.LookupAttr(el, "value")
	if !there {
		return
	}
	scheme, text, ok := strings.Cut(v, ":")
	if !ok || text == "" || !oneOf(scheme, "tel", "fax", "mailto", "http", "https", "ftp", "mllp") {
		c.report(r, el, "@value", "this telecom is not; %s", r.Allowed)
	}
}

func uses(allowed ...string) test {
	return func(c *checker, r *Rule, el *etree.Element) {
		for _, use := range strings.Fields(cda.Attr(el, "use")) {
			if !oneOf(use, allowed...) {
				c.report(r, el, "@use", "%s/@use is %s; %s", el.Tag, quoted(use), r.Allowed)
				return
			}
		}
	}
}

// address counts lines and parts. An empty address without a null flavor is met, and harmless.
func address(c *checker, r *Rule, el *etree.Element) {
	lines, parts := 0, map[string]int{}
	for part := range cda.Elements(el) {
		if part.Tag == "streetAddressLine" {
			lines++
			continue
		}
		parts[part.Tag]++
		if parts[part.Tag] > 1 && part.Tag != "delimiter" {
			c.report(r, part, "", "%s is there twice; %s", part.Tag, r.Allowed)
			return
		}
	}
	if lines > 7 || lines > 0 && len(parts) > 0 {
		c.report(r, el, "", "this one has %d lines and %d kinds of parts; %s", lines, len(parts), r.Allowed)
	}
}

func calendar(c *checker, r *Rule, el *etree.Element) {
	v := cda.Attr(el, "value")
	if v == "" || !isTS(v) {
		return // for the structure to say
	}
	if _, err := cda.ParseTime(v); err != nil {
		c.report(r, el, "@value", "%s is not; %s", el.Tag, r.Allowed)
	}
}

func rootOrNull(c *checker, r *Rule, el *etree.Element) {
	if cda.Attr(el, "root") == "" && nullFlavor(el) == "" && !c.ruled(el) {
		c.report(r, el, "@root", "%s has neither; %s", el.Tag, r.Allowed)
	}
}

// ruled says whether the finding that was made last is about the same element, by a rule of its place.
func (c *checker) ruled(el *etree.Element) bool {
	n := len(c.findings)
	return n > 0 && c.findings[n-1].Severity == cda.Error && strings.HasPrefix(c.findings[n-1].Path, c.d.Path(el))
}

func nullFlavors(c *checker, r *Rule, el *etree.Element) {
	if v := nullFlavor(el); v != "" && !oneOf(v, "UNK", "NASK", "ASKU", "NAV", "MSK", "NA", "NI") {
		c.report(r, el, "@nullFlavor", "%s has the null flavor %s; %s", el.Tag, quoted(v), r.Allowed)
	}
}
