package extract

import (
	"slices"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// concern is the act around problems or allergies: it follows them up and is no resource.
func (x *extractor) concern(el *etree.Element, s scope) {
	x.fate(el, Wrapper, "")
	s.time = nil // the time of a concern is that of its follow-up
	s.concern = el
	below := children(el)
	said := func(c child) bool {
		f := x.family(c.act)
		return f == famComment || f == famReference || f == famAttribute
	}
	for _, c := range below {
		if !said(c) {
			x.act(c.act, s)
		}
	}
	for _, c := range below {
		if said(c) && !x.done(c.act) {
			x.narrativeOnly(c.act, "said of a concern, which is no resource")
		}
	}
}

// notesOf gives the comments on a problem or allergy, and those on the concern around it, which the first of its problems takes.
func (x *extractor) notesOf(el *etree.Element, s scope) list {
	out := x.notes(el)
	if s.concern == nil {
		return out
	}
	for _, c := range children(s.concern) {
		if x.isFamily(c.act, famComment) && x.know(c.act).fate != AsPart {
			if n := x.note(c.act); n != nil {
				out = append(out, n)
				x.partOf(c.act, el)
			}
		}
	}
	return out
}

// attribute gives, by template, the observations below a statement that are its elements, and marks them.
func (x *extractor) attribute(el *etree.Element, roots ...string) cda.CD {
	for _, c := range children(el) {
		if hasTemplate(c.act, roots...) {
			x.part(c.act)
			return cda.ReadCD(cda.Child(c.act, "value"))
		}
	}
	return cda.CD{}
}

// Sections (LOINC) whose problems are those of the problem list.
const (
	sectionActiveProblems = "11450-4"
	sectionHistory        = "11348-0"
)

const enteredInError = "entered-in-error"

var clinicalStatuses = []string{"active", "recurrence", "relapse", "inactive", "remission", "resolved"}
var verificationStatuses = []string{"unconfirmed", "provisional", "differential", "confirmed", "refuted", "entered-in-error"}

// inSet gives a coded status when it is of the set, by its code whatever system it is said to be of: documents name the value set where the system belongs.
func inSet(c cda.CD, set []string) string {
	for _, candidate := range append([]cda.CD{c}, c.Translations...) {
		if slices.Contains(set, token(candidate.Code)) {
			return token(candidate.Code)
		}
	}
	switch token(c.Code) {
	case "55561003":
		return pick(set, "active")
	case "73425007":
		return pick(set, "inactive")
	case "413322009":
		return pick(set, "resolved")
	case "410605003":
		return pick(set, "confirmed")
	}
	return ""
}

func pick(set []string, s string) string {
	if slices.Contains(set, s) {
		return s
	}
	return ""
}

func status(system, code string) object {
	if code == "" {
		return nil
	}
	return object{{"coding", list{codingOf(Coding{hl7 + system, code, ""})}}}
}

// problem maps a problem observation (IHE PCC Problem Entry) to a Condition.
func (x *extractor) problem(el *etree.Element, s scope) {
	if s.subject != nil {
		x.relativeProblem(el, s)
		return
	}
	clinical := inSet(x.attribute(el, fr+"30", pcc+"1.1"), clinicalStatuses)
	verification := inSet(x.attribute(el, fr+"171"), verificationStatuses)
	severity := x.concept(x.attribute(el, fr+"29", pcc+"1"))
	onset, abatement := ends(el)
	if negated(el) {
		clinical, verification = "", "refuted"
	} else {
		clinical = clinicalOf(clinical, abatement, s)
	}
	code := x.concept(cda.ReadCD(cda.Child(el, "value")))
	if code == nil {
		if text := x.textOf(el); text != "" {
			code = object{{"text", text}}
		}
	}
	if code == nil {
		x.narrativeOnly(el, "a problem without a code or words")
		return
	}
	if verification == enteredInError { // con-5
		clinical, abatement = "", ""
	}
	notes := x.notesOf(el, s)
	var o object
	o.set("identifier", x.identifiers(el))
	o.set("clinicalStatus", status("condition-clinical", clinical))
	o.set("verificationStatus", status("condition-ver-status", verification))
	o.set("category", x.problemCategories(el, s))
	o.set("severity", severity)
	o.set("code", code)
	o.set("bodySite", some(x.bodySite(cda.Child(el, "targetSiteCode"))))
	o.set("subject", reference(x.o.Subject))
	o.set("onsetDateTime", onset)
	o.set("abatementDateTime", abatement)
	o.set("recordedDate", dateTime(cda.ReadTS(cda.Child(cda.Child(el, "author"), "time"))))
	o.set("recorder", x.practitioner(el, s))
	o.set("asserter", personOf(x.asserter(el)))
	x.stages(&o, el, s)
	s.concern = nil
	o.set("evidence", x.evidence(el, s))
	o.set("note", notes)
	x.put("Condition", el, "", o)
}

// clinicalOf applies the invariant con-4: an abatement is of a problem that is over. Without a status, that of an active concern or the section of active problems
// tells; else nothing is claimed.
func clinicalOf(said, abatement string, s scope) string {
	over := said == "inactive" || said == "remission" || said == "resolved"
	switch {
	case abatement != "" && !over:
		return "resolved"
	case said != "":
		return said
	case s.concern != nil && cda.Attr(cda.Child(s.concern, "statusCode"), "code") == "active", s.section == sectionActiveProblems:
		return "active"
	}
	return ""
}

// relativeProblem maps a problem of a relative (the mother in her child's document, the child in the mother's) to a FamilyMemberHistory: it is no Condition of the
// person of the record.
func (x *extractor) relativeProblem(el *etree.Element, s scope) {
	code := x.concept(cda.ReadCD(cda.Child(el, "value")))
	if code == nil || negated(el) {
		x.narrativeOnly(el, "a problem of a relative that is denied or has no code or words")
		return
	}
	var o object
	o.set("identifier", x.identifiers(el))
	o.set("status", "completed")
	x.relative(&o, el, s.subject)
	condition := object{{"code", code}}
	start, _ := ends(el)
	condition.set("onsetString", start)
	condition.set("note", x.notesOf(el, s))
	o.set("condition", list{condition})
	x.put("FamilyMemberHistory", el, "", o)
}

// personOf leaves out an asserter that is no person.
func personOf(a object) object {
	if a == nil || a.get("type") != "Practitioner" {
		return nil
	}
	return a
}

func some(o object) list {
	if o == nil {
		return nil
	}
	return list{o}
}

func (x *extractor) problemCategories(el *etree.Element, s scope) list {
	var out list
	if s.section == sectionActiveProblems || s.section == sectionHistory {
		out = append(out, status("condition-category", "problem-list-item"))
	}
	if s.section == "11535-2" || s.section == "46241-6" || s.section == "42347-5" {
		out = append(out, status("condition-category", "encounter-diagnosis"))
	}
	if c := x.concept(cda.ReadCD(cda.Child(el, "code"))); c != nil {
		out = append(out, c)
	}
	return out
}

// stages maps TNM observations (IHE PCC) to Condition.stage.
func (x *extractor) stages(o *object, el *etree.Element, _ scope) {
	for _, c := range children(el) {
		if !hasTemplate(c.act, "1.3.6.1.4.1.19376.1.7.3.1.4.14.2") {
			continue
		}
		x.part(c.act)
		value := cda.ReadCD(cda.Child(c.act, "value"))
		summary := x.concept(value)
		var parts string
		for _, q := range value.Qualifiers {
			if label := firstOf(token(q.Value.DisplayName), token(q.Value.Code)); label != "" {
				if parts != "" {
					parts += " "
				}
				parts += label
			}
		}
		if parts != "" {
			codings := list(nil)
			if summary != nil {
				codings, _ = summary.get("coding").(list)
			}
			for _, q := range value.Qualifiers {
				if c := x.coding(q.Value); c != nil {
					codings = append(codings, c)
				}
			}
			summary = nil
			summary.set("coding", codings)
			summary.set("text", parts)
		}
		if summary == nil {
			continue
		}
		stage := object{{"summary", summary}}
		stage.set("type", x.concept(cda.ReadCD(cda.Child(c.act, "code"))))
		o.add("stage", stage)
	}
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

// evidence extracts what else stands below a problem and refers to it.
func (x *extractor) evidence(el *etree.Element, s scope) list {
	var out list
	s.time = timeOf(el, s)
	for _, c := range children(el) {
		switch x.family(c.act) {
		case famComment, famReference, famAttribute:
			continue
		}
		for _, ref := range x.act(c.act, s) {
			out = append(out, object{{"detail", list{reference(ref)}}})
		}
	}
	return out
}
