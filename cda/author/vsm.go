package author

import (
	"strconv"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda/vocabulary"
)

// templateVSM is the template id of the volet de synthèse médicale, version 1.4.
var templateVSM = instance{root: "1.2.250.1.213.1.1.1.13", extension: "201310"}

// summary is a VSM being written.
type summary struct {
	*defects
	header *header
	record *record
	ids    map[string]instance // key of a resource -> id of its entry, for references among entries
	count  int                 // IDs given in narratives
}

// VSM writes a medical summary (volet de synthèse médicale 1.4, level N3). Sections: pathologies, past illness, procedures, allergies, social history,
// occupational risks, family history, results and points of attention, long-term treatments, and vaccinations after them. A section without content is
// left out, but for the three that the volet requires, which then say that nothing was transmitted.
//
// The error is a *fault.Fault that lists all that is missing or wrong.
func VSM(in Summary) ([]byte, error) {
	d := &defects{}
	in.Type = Code{Code: "SYNTH", System: oidTypes}
	in.Title = orElse(in.Title, "Synthèse médicale")
	if in.Event.Code == (Code{}) {
		in.Event.Code = Code{Code: "34117-2", System: oidLOINC, Display: "Historique et clinique"}
	}
	s := &summary{defects: d, header: d.readHeader(&in.Header), record: d.readRecord(in.Resources), ids: map[string]instance{}}
	s.findPhysician(&in.Header)
	s.checkRecord()
	if err := d.err(); err != nil {
		return nil, err
	}
	s.giveIDs()
	doc, root := newDocument()
	s.header.put(root, templateVSM)
	body := put(put(root, "component"), "structuredBody")
	s.body(body, in)
	for _, t := range body.FindElements(".//table") {
		prune(t)
	}
	return serialize(doc)
}

func (s *summary) findPhysician(in *Header) {
	if !in.TreatingPhysician.zero() {
		s.header.physician = s.readActor(in.TreatingPhysician, "treatingPhysician")
		return
	}
	for i, f := range s.header.functions {
		if f.Code == "PCP" {
			s.header.physician = s.header.authors[i]
			return
		}
	}
	s.missing("treatingPhysician", "a medical summary names the médecin traitant: give TreatingPhysician, or an author whose function is PCP")
}

// checkRecord notes resources that say too little to be written.
func (s *summary) checkRecord() {
	need := func(c *codeableConcept, resource *common, element string) {
		if c.empty() {
			s.missing(resource.key()+"."+element, "without it the resource says nothing that a summary could carry")
		}
	}
	for _, c := range s.record.conditions {
		need(c.Code, &c.common, "code")
	}
	for _, a := range s.record.allergies {
		if a.Code.empty() && len(a.Reaction) == 0 {
			need(a.Code, &a.common, "code")
		}
	}
	for _, p := range s.record.procedures {
		need(p.Code, &p.common, "code")
	}
	for _, o := range s.record.observations {
		need(o.Code, &o.common, "code")
	}
	for _, i := range s.record.immunizations {
		need(i.VaccineCode, &i.common, "vaccineCode")
	}
	for _, f := range s.record.families {
		need(f.Relationship, &f.common, "relationship")
	}
	for _, m := range s.record.medicines {
		if c, _ := s.product(m); c.empty() {
			s.missing(m.key()+".medication", "the medicine is missing: neither a code nor a Medication among the resources")
		}
	}
}

// giveIDs fixes the ids of entries before any is written, as entries refer to one another.
func (s *summary) giveIDs() {
	note := func(c *common) { s.ids[c.key()] = entryID(s.header.id, c.Identifier, c.key()) }
	for _, c := range s.record.conditions {
		note(&c.common)
	}
	for _, a := range s.record.allergies {
		note(&a.common)
	}
	for _, p := range s.record.procedures {
		note(&p.common)
	}
	for _, m := range s.record.medicines {
		note(&m.common)
	}
	for _, i := range s.record.immunizations {
		note(&i.common)
	}
	for _, o := range s.record.observations {
		note(&o.common)
	}
	for _, f := range s.record.families {
		note(&f.common)
	}
}

// body writes the sections in the order of the volet.
func (s *summary) body(body *etree.Element, in Summary) {
	history := s.open(body, sectionHistory)
	clinical := s.open(history, sectionClinical)
	s.problems(clinical)
	s.procedures(clinical)
	s.allergies(clinical)
	s.close(history, clinical)
	risks := s.open(history, sectionRisks)
	s.social(risks)
	s.lines(risks, sectionOccupational, "Risque", in.OccupationalRisks)
	s.families(risks)
	s.close(history, risks)
	s.fill(history)
	s.results(body, in.Vigilance)
	plan := s.open(body, sectionPlan)
	s.medicines(plan)
	s.fill(plan)
	s.immunizations(body)
}

// sectionModel is a section of the volet: template ids, LOINC code, label of the code, title.
type sectionModel struct {
	templates            []string
	code, display, title string
}

const (
	frSection = "1.2.250.1.213.1.1.2."
	pccBody   = "1.3.6.1.4.1.19376.1.5.3.1.3."
	pccMore   = "1.3.6.1.4.1.19376.1.5.3.1.1.5.3."
	ccd       = "2.16.840.1.113883.10.20.1."
)

// The sections of the VSM, and that of vaccinations, which the volet does not name and does not exclude.
var (
	sectionHistory = sectionModel{[]string{frSection + "29"}, "46612-8", "Conclusions de synthèse",
		"Pathologies en cours, antécédents, allergies et facteurs de risques"}
	sectionClinical = sectionModel{[]string{frSection + "30"}, "34117-2", "Historique et physique", "Pathologies en cours, antécédents et allergies"}
	sectionProblems = sectionModel{[]string{ccd + "11", pccBody + "6", frSection + "132"}, "11450-4", "Liste des problèmes actifs", "Pathologies en cours"}
	sectionPast     = sectionModel{[]string{pccBody + "8", frSection + "134"}, "11348-0", "Antécédents médicaux", "Antécédents médicaux"}
	sectionActs     = sectionModel{[]string{ccd + "12", pccBody + "11", pccBody + "12", frSection + "136"}, "47519-4", "Historique des actes",
		"Antécédents chirurgicaux et actes"}
	sectionAllergies = sectionModel{[]string{ccd + "2", pccBody + "13", frSection + "137"}, "48765-2", "Allergies et hypersensibilités",
		"Allergies et hypersensibilités"}
	sectionRisks = sectionModel{[]string{frSection + "31"}, "57207-3",
		"Facteurs de risque présents ou passés affectant l'état de santé et/ou une circonstance", "Facteurs de risque"}
	sectionSocial       = sectionModel{[]string{ccd + "15", pccBody + "16", pccBody + "16.1", frSection + "141"}, "29762-2", "Habitus, Mode de vie", "Mode de vie"}
	sectionOccupational = sectionModel{[]string{pccMore + "1", frSection + "74"}, "10161-8", "Facteurs de risques professionnels", "Facteurs de risques professionnels"}
	sectionFamily       = sectionModel{[]string{ccd + "4", pccBody + "14", pccBody + "15", frSection + "139"}, "10157-6",
		"Historique des pathologies familiales", "Antécédents familiaux"}
	sectionResults   = sectionModel{[]string{pccBody + "27", frSection + "150"}, "30954-2", "Résultats d'examens", "Résultats d’examens et points de vigilance"}
	sectionPlan      = sectionModel{[]string{frSection + "32"}, "18776-5", "Plan de traitement", "Traitement au long cours"}
	sectionMedicines = sectionModel{[]string{ccd + "8", pccBody + "19", frSection + "143"}, "10160-0", "Traitements", "Traitements"}
	sectionVaccines  = sectionModel{[]string{ccd + "6", pccBody + "23", frSection + "147"}, "11369-6", "Historique des vaccinations", "Vaccinations"}
)

// open begins a section below a body or another section.
func (s *summary) open(parent *etree.Element, m sectionModel) *etree.Element {
	el := put(put(parent, "component"), "section")
	templates(el, m.templates...)
	put(el, "id", "root", derivedUUID(s.header.id, "section/"+m.code))
	putCode(el, "code", m.code, oidLOINC, m.display)
	putText(el, "title", m.title)
	return el
}

// close takes a section without parts out again.
func (s *summary) close(parent, section *etree.Element) {
	if section.SelectElement("component") == nil {
		parent.RemoveChild(section.Parent())
	}
}

// nothing is what a required section says when there is nothing to say.
const nothing = "Aucune information transmise."

// fill gives a required section without parts a text.
func (s *summary) fill(section *etree.Element) {
	if section.SelectElement("component") == nil {
		putText(section, "text", nothing)
	}
}

// nextID gives an ID for a piece of narrative.
func (s *summary) nextID(prefix string) string {
	s.count++
	return prefix + "-" + strconv.Itoa(s.count)
}

// isEntered says whether a status is that of something recorded by mistake.
func enteredInError(status string) bool { return status == "entered-in-error" }

// label of a code in French, where CDA needs one and FHIR gives none.
func setLabel(set vocabulary.Set, code, system string) string {
	return vocabulary.Load().Label(set, code, system)
}
