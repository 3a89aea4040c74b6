package check

import (
	"errors"
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/vocabulary"
	"github.com/carnet-fhir/carnet/internal/ins"
)

const role = "recordTarget/patientRole"

// patientRules are those of the person whose document it is.
func patientRules() []Rule {
	patient := role + "/patient"
	return []Rule{
		{"patient-once", cda.Error, "", "a document is about exactly one person: one recordTarget", has("recordTarget", 1, 1)},
		{"patient-null", cda.Error, "recordTarget", "the person has no null flavor", notNull},
		{"patient-id", cda.Error, role + "/id", "each identifier of the person has a root and an extension, and no null flavor", all(notNull, identifier(false))},
		{"patient-present", cda.Error, role, "patientRole has a patient", has("patient", 1, 1)},
		{"patient-name-once", cda.Error, patient, "the person has exactly one name", has("name", 1, 1)},
		{"patient-name-null", cda.Error, patient + "/name", "the name has no null flavor", notNull},
		{"patient-family", cda.Error, patient + "/name", "the name has at least one family", has("family", 1, -1)},
		{"patient-family-qualifier", cda.Error, patient + "/name/family", "the qualifier of a family name is BR (birth name) or CL (name used)", attr("qualifier", true, "BR", "CL", "SP")},
		{"patient-family-spouse", cda.Warning, patient + "/name/family", "SP is no longer allowed: a name used has the qualifier CL", noSpouse},
		{"patient-given", cda.Error, patient + "/name", "the name has at least one given", has("given", 1, -1)},
		{"patient-given-qualifier", cda.Error, patient + "/name/given", "a given name has no qualifier (all of the birth certificate), BR (the first of them) or CL (the one used)", optional("qualifier", "BR", "CL")},
		{"patient-gender-present", cda.Error, patient, "administrativeGenderCode stands exactly once", has("administrativeGenderCode", 1, 1)},
		{"patient-gender-complete", cda.Error, patient + "/administrativeGenderCode", "the sex has @code, @codeSystem and @displayName, and no null flavor", all(notNull, complete)},
		{"patient-gender-set", cda.Error, patient + "/administrativeGenderCode", "it must be in JDV_J143 (F, M, UN)", in(vocabulary.Gender)},
		{"patient-birthtime-present", cda.Error, patient, "birthTime stands exactly once", has("birthTime", 1, 1)},
		{"patient-birthtime", cda.Error, patient + "/birthTime", "the date of birth has a @value or a null flavor", attr("value", true)},
		{"patient-birthtime-form", cda.Warning, patient + "/birthTime", "a date of birth is written with 8 digits", eightDigits},
		{"patient-not-recorded", cda.Warning, patient, "race, ethnic group and religion are not recorded", notRecorded},
		{"guardian-name", cda.Error, patient + "/guardian/guardianPerson/name", "a guardian's name has a family", has("family", 1, -1)},
		{"guardian-organization", cda.Error, patient + "/guardian/guardianOrganization/id", structureID, structureIdentifier},
		{"ins-absent", cda.Warning, role, "a document without an INS is valid, and cannot enter a record", insAbsent},
		{"ins-once", cda.Error, role, "a person has one INS", insOnce},
		{"ins-form", cda.Warning, role + "/id", "an INS is the 13 characters of the number and their key of two", insForm},
		{"ins-family", cda.Error, role, "with an INS the name has a family of qualifier BR", insTrait("name", named("family", "BR"))},
		{"ins-given-first", cda.Error, role, "with an INS the name has a given of qualifier BR", insTrait("name", named("given", "BR"))},
		{"ins-given-all", cda.Error, role, "with an INS the name has a given without qualifier, all given names of the birth certificate", insTrait("name", named("given", ""))},
		{"ins-birthtime", cda.Error, role, "with an INS the date of birth is stated", insTrait("birthTime", func(p *etree.Element) bool { return cda.Attr(cda.Child(p, "birthTime"), "value") != "" })},
		{"ins-birthplace", cda.Error, role, "with an INS the place of birth is stated: birthplace/place/addr/county holds its INSEE code", insTrait("birthplace", birthplace)},
	}
}

const structureID = "the identifier of an organisation is of 1.2.250.1.71.4.2.2 and has an extension, or is of another root"

func noSpouse(c *checker, r *Rule, el *etree.Element) {
	if cda.Attr(el, "qualifier") == "SP" {
		c.report(r, el, "@qualifier", "family is qualified SP; %s", r.Allowed)
	}
}

func eightDigits(c *checker, r *Rule, el *etree.Element) {
	if v := cda.Attr(el, "value"); v != "" && (len(v) != 8 || !digits(v)) {
		c.report(r, el, "@value", "birthTime is written otherwise; %s", r.Allowed)
	}
}

func notRecorded(c *checker, r *Rule, el *etree.Element) {
	if found := cda.Child(el, "raceCode", "ethnicGroupCode", "religiousAffiliationCode"); found != nil {
		c.report(r, found, "", "%s is there; %s", found.Tag, r.Allowed)
	}
}

// insOf finds the first identifier that is an INS.
func insOf(role *etree.Element) *etree.Element {
	for id := range cda.Children(role, "id") {
		if isINS(id) {
			return id
		}
	}
	return nil
}

func isINS(id *etree.Element) bool {
	kind, ok := ins.KindOf(cda.Attr(id, "root"))
	return ok && kind.OID() == cda.Attr(id, "root")
}

func insAbsent(c *checker, r *Rule, el *etree.Element) {
	if insOf(el) == nil {
		c.report(r, el, "id", "no id is of 1.2.250.1.213.1.4.8 (NIR), .9 (NIA), .10 (test) or .11 (demonstration); %s", r.Allowed)
	}
}

func insOnce(c *checker, r *Rule, el *etree.Element) {
	first := insOf(el)
	for id := range cda.Children(el, "id") {
		if id != first && isINS(id) && (cda.Attr(id, "root") != cda.Attr(first, "root") || cda.Attr(id, "extension") != cda.Attr(first, "extension")) {
			c.report(r, id, "", "there is a second one that differs; %s", r.Allowed)
			return
		}
	}
}

// insForm names the rule that a number breaks, never the number.
func insForm(c *checker, r *Rule, el *etree.Element) {
	root, extension := cda.Attr(el, "root"), cda.Attr(el, "extension")
	if !isINS(el) || extension == "" {
		return
	}
	if _, err := ins.Parse(root, extension); err != nil {
		var broken *ins.Error
		if errors.As(err, &broken) {
			c.report(r, el, "@extension", "the INS breaks the rule %q of its form; %s", string(broken.Rule), r.Allowed)
		}
	}
}

// insTrait wants a trait of the patient when there is an INS. Where the whole element is missing or null, its own rule says so.
func insTrait(local string, present func(patient *etree.Element) bool) test {
	return func(c *checker, r *Rule, el *etree.Element) {
		patient := cda.Child(el, "patient")
		if patient == nil || insOf(el) == nil || present(patient) {
			return
		}
		found := cda.Child(patient, local)
		switch {
		case found == nil && local != "birthplace":
		case local == "name" && (nullFlavor(found) != "" || cda.Child(found, r.part()) == nil):
		case found == nil:
			c.report(r, patient, local, "%s is missing; %s", local, r.Allowed)
		default:
			c.report(r, found, "", "%s lacks it; %s", local, r.Allowed)
		}
	}
}

// part is the element of a name that an INS rule is about.
func (r *Rule) part() string {
	if strings.HasPrefix(r.ID, "ins-given") {
		return "given"
	}
	return "family"
}

// named says whether a person's name has a part with that qualifier among its qualifiers, or with none when it is "".
func named(local, qualifier string) func(*etree.Element) bool {
	return func(patient *etree.Element) bool {
		for part := range cda.Children(cda.Child(patient, "name"), local) {
			if cda.Attr(part, "qualifier") == qualifier && strings.TrimSpace(cda.RawText(part)) != "" {
				return true
			}
		}
		return false
	}
}

func birthplace(patient *etree.Element) bool {
	county := cda.Descend(patient, "birthplace", "place", "addr", "county")
	return strings.TrimSpace(cda.RawText(county)) != ""
}
