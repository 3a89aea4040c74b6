package author

import (
	"strconv"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda/vocabulary"
)

const uriRoleCode = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"

// relatives are labels of relations that narratives need where a resource gives only a code.
var relatives = map[string]string{
	"MTH": "Mère", "FTH": "Père", "SIS": "Sœur", "BRO": "Frère", "NSIS": "Sœur", "NBRO": "Frère", "NMTH": "Mère", "NFTH": "Père", "SON": "Fils", "DAU": "Fille",
	"SONC": "Fils", "DAUC": "Fille", "CHILD": "Enfant", "GRMTH": "Grand-mère", "GRFTH": "Grand-père", "AUNT": "Tante", "UNCLE": "Oncle", "PRN": "Parent",
	"MGRMTH": "Grand-mère maternelle", "PGRMTH": "Grand-mère paternelle", "MGRFTH": "Grand-père maternel", "PGRFTH": "Grand-père paternel",
}

func (f *familyHistory) relative() string {
	if f.Relationship.Text == "" {
		if l := relatives[f.Relationship.code(uriRoleCode)]; l != "" {
			return l
		}
	}
	return f.Relationship.label()
}

func (s *summary) families(parent *etree.Element) {
	l := s.list(parent, sectionFamily, "Lien de parenté", "Antécédent", "Précisions")
	for _, f := range s.record.families {
		if f.Status != "entered-in-error" && f.Status != "health-unknown" {
			s.family(l, f)
		}
	}
}

// family writes the history of one relative as an organizer with an observation for each condition. A relative of whom no condition is known has a line
// in the narrative alone, as the organizer needs one.
func (s *summary) family(l *list, f *familyHistory) {
	subject, note := s.cell(f.relative()), s.cell(notes(f.Note))
	var organizer *etree.Element
	for i := range f.Condition {
		c := &f.Condition[i]
		if c.Code.empty() {
			continue
		}
		problem, more := s.cell(c.Code.label()), joinText(frenchSpan(start(c.OnsetPeriod), end(c.OnsetPeriod)), c.OnsetString, ageText(c.OnsetAge))
		remark := s.cell(joinText(more, notes(c.Note)))
		shown := subject
		if organizer != nil {
			shown.id = "" // the first row carries the ID of the relative
		}
		l.row(shown, problem, remark)
		if organizer == nil {
			organizer = s.organizer(l, f, subject)
		}
		s.familyObservation(organizer, f, i, problem, remark)
	}
	if organizer == nil {
		l.row(subject, cell{}, note)
	}
}

func (s *summary) organizer(l *list, f *familyHistory, shown cell) *etree.Element {
	el := put(l.entry(), "organizer", "classCode", "CLUSTER", "moodCode", "EVN")
	templates(el, ccd+"23", pccEntry+"15", frEntry+"59")
	s.ids[f.key()].put(el)
	put(el, "statusCode", "code", "completed")
	subject := put(el, "subject", "typeCode", "SBJ")
	templates(subject, pccEntry+"15.2", frEntry+"60")
	related := put(subject, "relatedSubject", "classCode", "PRS")
	relation := *f.Relationship
	relation.Coding = append([]coding{}, f.Relationship.Coding...)
	for i := range relation.Coding {
		if k := &relation.Coding[i]; k.System == uriRoleCode && k.Display == "" {
			k.Display = orElse(setLabel(vocabulary.HL7Relationship, k.Code, oidRoleCode), relatives[k.Code])
		}
	}
	putConcept(related, "code", &relation, shown.id)
	if gender := f.Sex.code("http://hl7.org/fhir/administrative-gender"); gender != "" {
		code := genders[gender]
		if code == "" {
			code = "UN"
		}
		putCode(put(related, "subject"), "administrativeGenderCode", code, oidGender, "")
	}
	return el
}

func (s *summary) familyObservation(organizer *etree.Element, f *familyHistory, i int, problem, remark cell) {
	c := &f.Condition[i]
	el := put(put(organizer, "component", "typeCode", "COMP"), "observation", "classCode", "OBS", "moodCode", "EVN")
	templates(el, ccd+"22", pccEntry+"13", pccEntry+"13.3", frEntry+"51")
	put(el, "id", "root", derivedUUID(s.header.id, f.key()+"/condition/"+strconv.Itoa(i)))
	putCode(el, "code", "282291009", oidSNOMED, "interprétation diagnostique")
	textRef(el, problem)
	put(el, "statusCode", "code", "completed")
	if low, high := hl7(start(c.OnsetPeriod)), hl7(end(c.OnsetPeriod)); low+high != "" {
		interval(el, "effectiveTime", low, high, "UNK", "")
	} else {
		null(el, "effectiveTime", "UNK")
	}
	putConcept(el, "value", c.Code, problem.id, "xsi:type", "CD")
	comment(el, remark)
}
