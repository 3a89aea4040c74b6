package author

import (
	"strconv"

	"github.com/beevik/etree"
)

func (s *summary) immunizations(parent *etree.Element) {
	l := s.list(parent, sectionVaccines, "Date", "Vaccin", "Rang", "Lot", "Voie", "Site", "Précisions")
	for _, i := range s.record.immunizations {
		if i.Status == "completed" || i.Status == "not-done" {
			s.immunization(l, i)
		}
	}
}

func (i *immunization) rank() string {
	for _, p := range i.ProtocolApplied {
		if p.DoseNumberPositiveInt > 0 {
			return strconv.Itoa(p.DoseNumberPositiveInt)
		}
		if p.DoseNumberString != "" {
			return p.DoseNumberString
		}
	}
	return ""
}

func (s *summary) immunization(l *list, i *immunization) {
	name, negated := i.VaccineCode.label(), "false"
	if i.Status == "not-done" {
		name, negated = "Non réalisé : "+name, "true"
	}
	vaccine, route, site, note := s.cell(name), s.cell(i.Route.label()), s.cell(i.Site.label()), s.cell(notes(i.Note))
	l.row(cell{text: first(french(i.OccurrenceDateTime), i.OccurrenceString)}, vaccine, cell{text: i.rank()}, cell{text: i.LotNumber}, route, site, note)
	el := put(l.entry(), "substanceAdministration", "classCode", "SBADM", "moodCode", "EVN", "negationInd", negated)
	templates(el, ccd+"24", pccEntry+"12", frEntry+"45")
	s.ids[i.key()].put(el)
	putCode(el, "code", "IMMUNIZ", oidActCode, "Vaccination")
	textRef(el, vaccine)
	put(el, "statusCode", "code", "completed")
	if when := hl7(i.OccurrenceDateTime); when != "" {
		put(el, "effectiveTime", "value", when)
	} else {
		null(el, "effectiveTime", "UNK")
	}
	if !i.Route.empty() {
		putConcept(el, "routeCode", i.Route, route.id)
	}
	if !i.Site.empty() {
		putConcept(el, "approachSiteCode", i.Site, site.id)
	}
	if i.DoseQuantity.writable() {
		put(el, "doseQuantity", i.DoseQuantity.attrs()...)
	}
	s.consumable(el, i.VaccineCode, i.LotNumber, vaccine)
	if len(i.ProtocolApplied) > 0 && i.ProtocolApplied[0].DoseNumberPositiveInt > 0 {
		rank := put(put(el, "entryRelationship", "typeCode", "SUBJ"), "observation", "classCode", "OBS", "moodCode", "EVN")
		templates(rank, ccd+"46", frEntry+"82")
		putCode(rank, "code", "30973-2", oidLOINC, "Rang de la vaccination")
		put(rank, "statusCode", "code", "completed")
		put(rank, "value", "xsi:type", "INT", "value", strconv.Itoa(i.ProtocolApplied[0].DoseNumberPositiveInt))
	}
	comment(el, note)
}
