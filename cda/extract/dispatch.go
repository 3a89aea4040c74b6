package extract

import (
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// scope is what a statement inherits (context conduction) from the sections and statements around it.
type scope struct {
	section  string         // LOINC code of the nearest section that has one
	time     *etree.Element // effectiveTime of the nearest statement around that says one
	subject  *etree.Element // relatedSubject: who it is about, when not the person of the record
	author   object
	specimen string         // reference
	lab      bool           // within a laboratory report
	product  object         // medication of the statement around, for nested posologies
	concern  *etree.Element // act of a concern right around
}

// child is a statement below another, with the relationship that leads to it.
type child struct {
	relation *etree.Element // entryRelationship or component
	act      *etree.Element
	typeCode string
}

// children gives the statements directly below one, in document order.
func children(el *etree.Element) []child {
	var out []child
	for r := range cda.Elements(el) {
		if r.Space != cda.NS || r.Tag != "entryRelationship" && r.Tag != "component" {
			continue
		}
		for c := range cda.Elements(r) {
			if isStatement(c) {
				out = append(out, child{r, c, cda.Attr(r, "typeCode")})
			}
		}
	}
	return out
}

// section walks a section's entries, then those of inner sections.
func (x *extractor) section(sec *cda.Section, s scope) {
	if sec.Code.Code != "" {
		s.section = token(sec.Code.Code)
	}
	if a := x.actor(cda.Child(cda.Child(sec.Element, "author"), "assignedAuthor")); a != nil {
		s.author = a
	} else if s.author == nil {
		s.author = x.documentAuthor()
	}
	if rs := cda.Descend(sec.Element, "subject", "relatedSubject"); rs != nil {
		s.subject = rs
	}
	for _, e := range sec.Entries {
		if e.Statement == nil {
			continue
		}
		in := s
		if hasTemplate(e.Element, "1.2.250.1.213.1.1.3.21", "1.3.6.1.4.1.19376.1.3.1") {
			x.laboratory(e.Statement, in)
			continue
		}
		x.act(e.Statement, in)
	}
	for _, inner := range sec.Sections {
		x.section(inner, s)
	}
}

// act makes what a statement says and gives the references to its own resources, the main one first.
func (x *extractor) act(el *etree.Element, s scope) []string {
	if x.done(el) {
		return x.know(el).made
	}
	if rs := cda.Descend(el, "subject", "relatedSubject"); rs != nil {
		s.subject = rs
	}
	if a := x.actor(cda.Child(cda.Child(el, "author"), "assignedAuthor")); a != nil {
		s.author = a
	}
	fam := x.family(el)
	if m := x.mappers[fam]; m != nil {
		m(x, el, s)
	} else {
		x.fallback(el, s)
	}
	s.time, s.concern = timeOf(el, s), nil
	x.rest(el, s)
	return x.know(el).made
}

// rest extracts the statements below one that its mapper has not dealt with.
func (x *extractor) rest(el *etree.Element, s scope) {
	for _, c := range children(el) {
		if !x.done(c.act) {
			x.act(c.act, s)
		} else if x.know(c.act).fate != AsResource {
			x.rest(c.act, s)
		}
	}
}

// mappers gives what makes resources of each family.
func mappers() map[family]func(*extractor, *etree.Element, scope) {
	return map[family]func(*extractor, *etree.Element, scope){
		famComment: (*extractor).strayComment, famReference: (*extractor).strayReference, famAttribute: (*extractor).strayAttribute, famMeta: (*extractor).aboutDocument,
		famConcern: (*extractor).concern, famProblem: (*extractor).problem, famAllergy: (*extractor).allergy, famAdverse: (*extractor).adverseEvent,
		famPrescription: (*extractor).prescription, famDispense: (*extractor).dispense, famAdministration: (*extractor).administration,
		famTreatment: (*extractor).treatment, famImmunization: (*extractor).immunization, famRecommendation: (*extractor).recommendation,
		famSpecimen: (*extractor).specimen, famBattery: (*extractor).battery, famIsolate: (*extractor).isolate, famLab: (*extractor).labObservation,
		famResults: (*extractor).results, famVitalsOrganizer: (*extractor).vitals, famVital: (*extractor).vital, famSocial: (*extractor).social, famSurvey: (*extractor).survey,
		famGroup: (*extractor).group, famObservation: (*extractor).simple, famGenetics: (*extractor).genetics, famFamilyHistory: (*extractor).familyHistory, famProcedure: (*extractor).procedure,
		famEncounter: (*extractor).encounter, famRequest: (*extractor).request, famTransfer: (*extractor).transfer, famCoverage: (*extractor).coverage,
		famDevice: (*extractor).device, famStudy: (*extractor).study, famExposure: (*extractor).exposure, famMedia: (*extractor).media,
		famAttached: (*extractor).attached, famExternal: (*extractor).external, famDirective: (*extractor).directive,
	}
}

// fallback maps a statement without a known template by its element and mood.
func (x *extractor) fallback(el *etree.Element, s scope) {
	mood := cda.Attr(el, "moodCode")
	planned := mood == "INT" || mood == "RQO" || mood == "PRP" || mood == "ARQ"
	coded := x.concept(cda.ReadCD(cda.Child(el, "code"))) != nil
	switch el.Tag {
	case "observation":
		x.simple(el, s)
	case "organizer":
		x.group(el, s)
	case "procedure":
		x.procedure(el, s)
	case "substanceAdministration":
		if planned {
			x.prescription(el, s)
		} else {
			x.treatment(el, s)
		}
	case "supply":
		if len(participants(el, "DEV")) > 0 {
			x.device(el, s)
		} else {
			x.dispense(el, s)
		}
	case "encounter":
		x.encounter(el, s)
	case "observationMedia":
		x.media(el, s)
	case "act":
		switch {
		case mood == "DEF" || !coded:
			x.fate(el, Wrapper, "")
		case planned:
			x.request(el, s)
		default:
			x.procedure(el, s)
		}
	default:
		x.narrativeOnly(el, "no mapping for "+el.Tag)
	}
}

func hasTemplate(el *etree.Element, roots ...string) bool {
	for t := range cda.Children(el, "templateId") {
		for _, r := range roots {
			if cda.Attr(t, "root") == r {
				return true
			}
		}
	}
	return false
}

func (x *extractor) isFamily(el *etree.Element, f family) bool { return x.family(el) == f }

// family gives the family of a statement: the most specific of its templates. It is looked for once.
func (x *extractor) family(el *etree.Element) family {
	k := x.know(el)
	if !k.sorted {
		k.family, k.sorted = familyOf(el), true
	}
	return k.family
}

func familyOf(el *etree.Element) family {
	best := famNone
	for t := range cda.Children(el, "templateId") {
		root := strings.TrimSpace(cda.Attr(t, "root"))
		f, ok := families[root]
		if !ok {
			f = ancestor(root)
		}
		if f != famNone && (best == famNone || f < best) {
			best = f
		}
	}
	return best
}

// ancestor gives the family of FR.n for a template FR.n.m that is not known itself.
func ancestor(root string) family {
	if !strings.HasPrefix(root, fr) {
		return famNone
	}
	if i := strings.LastIndexByte(root, '.'); i > len(fr) {
		return families[root[:i]]
	}
	return famNone
}
