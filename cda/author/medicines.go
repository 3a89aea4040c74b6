package author

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// medicineState is how a summary shows a medicine of a FHIR status: the CDA status, and a word for the reader. A status that is not here (draft,
// entered-in-error, cancelled, intended) keeps the medicine out of the summary: it is not, or not yet, a treatment.
var medicineState = map[string]struct{ code, word string }{
	"active": {"active", ""}, "completed": {"completed", "terminé"}, "stopped": {"aborted", "arrêté"}, "on-hold": {"suspended", "suspendu"},
	"not-taken": {"completed", "non pris"}, "unknown": {"completed", ""},
}

func (m *medicine) request() bool { return m.ResourceType == "MedicationRequest" }

func (m *medicine) doses() []dosage {
	if m.request() {
		return m.DosageInstruction
	}
	return m.Dosage
}

// span is the time of a treatment: of a statement its effective time, of a prescription the bounds of its first dosage.
func (m *medicine) span() (low, high string) {
	if !m.request() {
		if m.EffectivePeriod != nil {
			return m.EffectivePeriod.Start, m.EffectivePeriod.End
		}
		return m.EffectiveDateTime, ""
	}
	for _, d := range m.DosageInstruction {
		if d.Timing != nil && d.Timing.Repeat != nil && d.Timing.Repeat.BoundsPeriod != nil {
			return d.Timing.Repeat.BoundsPeriod.Start, d.Timing.Repeat.BoundsPeriod.End
		}
	}
	return "", ""
}

// product finds what the medicine is: its code, or that of the Medication that it refers to, in the resource or among those of the record.
func (s *summary) product(m *medicine) (code *codeableConcept, lot string) {
	if !m.MedicationCodeableConcept.empty() {
		return m.MedicationCodeableConcept, ""
	}
	if m.MedicationReference == nil {
		return nil, ""
	}
	if id, ok := strings.CutPrefix(m.MedicationReference.Reference, "#"); ok {
		for _, raw := range m.Contained {
			var c medication
			if resourceType(raw) == "Medication" && json.Unmarshal(raw, &c) == nil && c.ID == id {
				return c.Code, c.Batch.LotNumber
			}
		}
	}
	if found := s.record.medications[m.MedicationReference.localKey()]; found != nil {
		return found.Code, found.Batch.LotNumber
	}
	if m.MedicationReference.Display != "" {
		return &codeableConcept{Text: m.MedicationReference.Display}, ""
	}
	return nil, ""
}

func (s *summary) medicines(parent *etree.Element) {
	l := s.list(parent, sectionMedicines, "Date de début", "Date de fin", "Médicament", "Posologie", "Voie d’administration", "Motif", "Précisions")
	for _, m := range s.record.medicines {
		if medicineState[m.Status].code != "" {
			s.medicine(l, m)
		}
	}
}

func (s *summary) medicine(l *list, m *medicine) {
	code, lot := s.product(m)
	doses := m.doses()
	texts := make([]string, 0, len(doses))
	for i := range doses {
		texts = append(texts, doses[i].describe())
	}
	var one *dosage
	if len(doses) == 1 {
		one = &doses[0]
	}
	state := medicineState[m.Status]
	product, posology, note := s.cell(code.label()), s.cell(joinText(texts...)), s.cell(notes(m.Note))
	reasons := s.reasons(m.ReasonCode, m.ReasonReference)
	low, high := m.span()
	route := cell{}
	for i := range doses {
		route.text = joinText(route.text, doses[i].Route.label())
	}
	if one != nil {
		route = s.cell(route.text)
	}
	word := state.word
	if m.DoNotPerform {
		word = "à ne pas prendre"
	}
	more := note
	more.after = word
	l.row(cell{text: french(low)}, cell{text: french(high)}, product, posology, route, joinReasons(reasons), more)

	el := put(l.entry("typeCode", "DRIV"), "substanceAdministration", "classCode", "SBADM", "moodCode", mood(m), "negationInd", negated(m))
	mode := pccEntry + "7.1" // normal dosing
	if len(doses) > 1 {
		mode = pccEntry + "9" // split dosing: the dosages are parts of the act
	}
	templates(el, ccd+"24", pccEntry+"7", frEntry+"42", mode)
	s.ids[m.key()].put(el)
	putCode(el, "code", "DRUG", oidActCode, "Médicament")
	textRef(el, orCell(posology, product))
	put(el, "statusCode", "code", statusOf(m, state.code))
	interval(el, "effectiveTime", hl7(low), hl7(high), "UNK", "UNK", "xsi:type", "IVL_TS")
	if one != nil {
		one.put(el, route)
	}
	s.consumable(el, code, lot, product)
	if at := hl7(m.AuthoredOn); at != "" { // when it was prescribed; by whom is not told
		author := put(el, "author")
		put(author, "time", "value", at)
		null(put(author, "assignedAuthor"), "id", "NI")
	}
	if one != nil {
		s.instruction(el, one)
	}
	if len(doses) > 1 {
		s.parts(el, m)
	}
	s.putReasons(el, reasons)
	comment(el, note)
	if one != nil {
		one.precondition(el)
	}
}

// parts writes each dosage of a medicine that has several as an act inside of its act, in order. The product is that of the outer one.
func (s *summary) parts(el *etree.Element, m *medicine) {
	doses := m.doses()
	for i := range doses {
		d := &doses[i]
		relation := put(el, "entryRelationship", "typeCode", "COMP")
		put(relation, "sequenceNumber", "value", strconv.Itoa(i+1))
		part := put(relation, "substanceAdministration", "classCode", "SBADM", "moodCode", mood(m))
		templates(part, frEntry+"83.1")
		put(part, "id", "root", derivedUUID(s.header.id, m.key()+"/dosage/"+strconv.Itoa(i)))
		put(part, "statusCode", "code", "completed")
		if t := d.Timing; t != nil && t.Repeat != nil && t.Repeat.BoundsPeriod != nil {
			interval(part, "effectiveTime", hl7(t.Repeat.BoundsPeriod.Start), hl7(t.Repeat.BoundsPeriod.End), "UNK", "UNK", "xsi:type", "IVL_TS")
		}
		d.put(part, cell{})
		product := put(put(part, "consumable"), "manufacturedProduct")
		templates(product, ccd+"53", pccEntry+"7.2", frEntry+"43")
		material := put(product, "manufacturedMaterial")
		null(material, "code", "NA")
		null(material, "name", "NA")
		s.instruction(part, d)
		d.precondition(part)
	}
}

func mood(m *medicine) string {
	if m.request() {
		return "INT"
	}
	return "EVN"
}

func negated(m *medicine) string {
	if m.Status == "not-taken" || m.DoNotPerform {
		return "true"
	}
	return "false"
}

// statusOf is the status of the act. A statement whose time says as much as its status is "completed", as the volet has it.
func statusOf(m *medicine, code string) string {
	if low, _ := m.span(); code == "active" && !m.request() && hl7(low) != "" {
		return "completed"
	}
	return code
}

// consumable adds the product of an administration (FR-Produit-de-sante).
func (s *summary) consumable(el *etree.Element, code *codeableConcept, lot string, shown cell) {
	product := put(put(el, "consumable"), "manufacturedProduct")
	templates(product, ccd+"53", pccEntry+"7.2", frEntry+"43")
	material := put(product, "manufacturedMaterial")
	putConcept(material, "code", code, shown.id)
	putText(material, "name", code.label())
	putText(material, "lotNumberText", lot)
}

// instruction adds the instruction to the patient (FR-Instruction-au-patient), with a line in the narrative below the table.
func (s *summary) instruction(el *etree.Element, d *dosage) {
	if d.PatientInstruction == "" {
		return
	}
	c := s.cell(d.PatientInstruction)
	section := el
	for section.Tag != "section" {
		section = section.Parent()
	}
	line := put(section.SelectElement("text"), "paragraph")
	putText(line, "content", "Instruction au patient :", "styleCode", "Bold")
	putText(line, "content", c.text, "ID", c.id)
	act := put(put(el, "entryRelationship", "typeCode", "SUBJ", "inversionInd", "true"), "act", "classCode", "ACT", "moodCode", "INT")
	templates(act, ccd+"49", pccEntry+"3", frEntry+"33")
	putCode(act, "code", "PINSTRUCT", oidIHEAct, "")
	textRef(act, c)
	put(act, "statusCode", "code", "completed")
}
