package author

import (
	"strconv"
	"time"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda/vocabulary"
)

// header is a Header read, ready to be written.
type header struct {
	in           *Header
	id, set      instance
	replaces     instance
	kind         coding
	patient      *person
	authors      []*actor
	signer       *actor
	custodian    *structure
	physician    *actor // nil when not asked for
	performer    *actor
	facility     coding
	eventCode    coding
	encounter    coding
	functions    []coding
	confidential coding
}

// readHeader reads and checks what a header needs and notes all that is missing.
func (d *defects) readHeader(in *Header) *header {
	h := &header{in: in}
	h.id = d.instance(in.ID, "id", "the id of the document")
	h.set = h.id
	if in.SetID != "" {
		h.set = d.instance(in.SetID, "setId", "the id of the series of versions")
	}
	if in.Replaces != "" {
		h.replaces = d.instance(in.Replaces, "replaces", "the id of the document that is replaced")
	}
	if in.Version < 0 {
		d.wrong("version", "the version number must be positive")
	}
	if in.Created.IsZero() {
		d.missing("created", "the time at which the document was made is missing")
	}
	if in.Title == "" {
		d.missing("title", "the title is missing")
	}
	h.kind = d.member(in.Type, vocabulary.DocumentType, "type", "the type of the document", true)
	h.confidential = d.confidentiality(in.Confidentiality)
	h.patient = d.readPatient(in.Patient)
	d.readActors(h)
	h.eventCode = d.free(in.Event.Code, "event.code")
	h.encounter = d.member(in.Encounter.Code, vocabulary.EncounterType, "encounter.code", "the type of the encounter", false)
	h.facility = d.member(in.Encounter.FacilityType, vocabulary.FacilityType, "encounter.facilityType", "the type of the facility (JDV_J02)", true)
	if in.Event.Start.IsZero() {
		d.missing("event.start", "the time at which the documented act began is missing")
	}
	return h
}

func (d *defects) readActors(h *header) {
	in := h.in
	if len(in.Authors) == 0 {
		d.missing("authors", "an author is missing")
	}
	for i, a := range in.Authors {
		at := "authors[" + strconv.Itoa(i) + "]"
		h.authors = append(h.authors, d.readActor(a.Actor, at))
		h.functions = append(h.functions, d.member(a.Function, vocabulary.ParticipantFunction, at+".function", "the function of the author (JDV_J47)", false))
	}
	switch {
	case !in.LegalAuthenticator.zero():
		h.signer = d.readActor(in.LegalAuthenticator, "legalAuthenticator")
	case len(h.authors) > 0:
		h.signer = h.authors[0]
	}
	if len(in.Custodian) == 0 {
		d.missing("custodian", "the organisation that keeps the document is missing")
	} else {
		h.custodian = d.readStructure(in.Custodian, "custodian")
	}
	switch {
	case !in.Event.Performer.zero():
		h.performer = d.readActor(in.Event.Performer, "event.performer")
	case len(h.authors) > 0:
		copied := *h.authors[0]
		h.performer = &copied
	}
	if h.performer == nil {
		return
	}
	if h.performer.org == nil {
		d.missing("event.performer.organization", "the organisation of the performer is missing")
		return
	}
	org := *h.performer.org
	h.performer.org = &org
	if in.Event.PracticeSetting != (Code{}) {
		org.practice = d.member(in.Event.PracticeSetting, vocabulary.PracticeSetting, "event.practiceSetting", "the practice setting (JDV_J04)", true)
	}
	if org.practice.Code == "" {
		d.missing("event.practiceSetting", "the practice setting (JDV_J04) of the performer's organisation is missing")
	}
}

func (d *defects) instance(s, expression, what string) instance {
	if s == "" {
		d.missing(expression, what+" is missing")
		return instance{}
	}
	i, ok := parseInstance(s)
	if !ok {
		d.wrong(expression, what+" must be an OID or a UUID, as urn:oid: or urn:uuid: or bare")
	}
	return i
}

// member looks a code up in its value set and takes the published label.
func (d *defects) member(c Code, set vocabulary.Set, expression, what string, required bool) coding {
	if c == (Code{}) {
		if required {
			d.missing(expression, what+" is missing")
		}
		return coding{}
	}
	found, ok := vocabulary.Load().Find(set, c.Code, systemOID(c.System))
	if !ok {
		d.wrong(expression, what+" is not in the value set "+string(set)+" of the CI-SIS")
		return coding{}
	}
	out := coding{System: found.System, Code: found.Code, Display: found.Label}
	if c.Display != "" {
		out.Display = c.Display
	}
	return out
}

// free takes a code of any code system that has an OID.
func (d *defects) free(c Code, expression string) coding {
	if c == (Code{}) {
		return coding{}
	}
	oid := systemOID(c.System)
	if oid == "" || c.Code == "" {
		d.wrong(expression, "the code system has no OID, so that CDA cannot name it")
	}
	return coding{System: oid, Code: c.Code, Display: c.Display}
}

var confidentialities = map[string]string{"N": "Normal", "R": "Restreint", "V": "Très restreint"}

func (d *defects) confidentiality(code string) coding {
	if code == "" {
		d.missing("confidentiality", "the confidentiality (N, R or V) is missing")
	} else if confidentialities[code] == "" {
		d.wrong("confidentiality", "the confidentiality must be N, R or V")
	}
	return coding{System: oidConfidence, Code: code, Display: confidentialities[code]}
}

// put writes the header in the order of the schema.
func (h *header) put(root *etree.Element, templateIDs ...instance) {
	put(root, "realmCode", "code", "FR")
	put(root, "typeId", "root", "2.16.840.1.113883.1.3", "extension", "POCD_HD000040")
	templates(root, vocabulary.TemplateFrance, vocabulary.TemplateCISIS)
	for _, t := range templateIDs {
		put(root, "templateId", "root", t.root, "extension", t.extension)
	}
	h.id.put(root)
	putCode(root, "code", h.kind.Code, h.kind.System, h.kind.Display)
	putText(root, "title", h.in.Title)
	put(root, "effectiveTime", "value", stamp(h.in.Created))
	putCode(root, "confidentialityCode", h.confidential.Code, h.confidential.System, h.confidential.Display)
	put(root, "languageCode", "code", orElse(h.in.Language, "fr-FR"))
	put(root, "setId", "extension", h.set.extension, "root", h.set.root)
	put(root, "versionNumber", "value", strconv.Itoa(max(h.in.Version, 1)))
	h.patient.put(root)
	h.putAuthors(root)
	h.custodian.putCustodian(put(put(put(root, "custodian"), "assignedCustodian"), "representedCustodianOrganization"))
	signer := put(root, "legalAuthenticator")
	put(signer, "time", "value", stamp(orCreated(h.in.AuthenticatedAt, h.in.Created)))
	put(signer, "signatureCode", "code", "S")
	h.signer.put(put(signer, "assignedEntity"), "assignedPerson", "representedOrganization", true)
	h.putPhysician(root)
	h.putEvent(root)
	if h.replaces.root != "" {
		h.replaces.put(put(put(root, "relatedDocument", "typeCode", "RPLC"), "parentDocument"))
	}
	h.putEncounter(root)
}

func (h *header) putAuthors(root *etree.Element) {
	for i, a := range h.authors {
		el := put(root, "author")
		if f := h.functions[i]; f.Code != "" {
			putCode(el, "functionCode", f.Code, f.System, f.Display)
		}
		put(el, "time", "value", stamp(orCreated(h.in.Authors[i].Time, h.in.Created)))
		a.put(put(el, "assignedAuthor"), "assignedPerson", "representedOrganization", true)
	}
}

// putPhysician names the médecin traitant as a participant.
func (h *header) putPhysician(root *etree.Element) {
	if h.physician == nil {
		return
	}
	el := put(root, "participant", "typeCode", "INF")
	putCode(el, "functionCode", "PCP", oidFunction, "Médecin traitant")
	interval(el, "time", stamp(h.in.Created), "", "", "", "xsi:type", "IVL_TS")
	h.physician.put(put(el, "associatedEntity", "classCode", "PROV"), "associatedPerson", "scopingOrganization", false)
}

func (h *header) putEvent(root *etree.Element) {
	el := put(put(root, "documentationOf"), "serviceEvent")
	if c := h.eventCode; c.Code != "" {
		putCode(el, "code", c.Code, c.System, c.Display)
	}
	interval(el, "effectiveTime", stamp(h.in.Event.Start), stampOf(h.in.Event.End), "", "")
	h.performer.put(put(put(el, "performer", "typeCode", "PRF"), "assignedEntity"), "assignedPerson", "representedOrganization", true)
}

func (h *header) putEncounter(root *etree.Element) {
	in := h.in.Encounter
	el := put(put(root, "componentOf"), "encompassingEncounter")
	if h.encounter.Code != "" {
		putCode(el, "code", h.encounter.Code, h.encounter.System, h.encounter.Display)
	}
	if in.Start.IsZero() && in.End.IsZero() {
		null(el, "effectiveTime", "UNK")
	} else {
		interval(el, "effectiveTime", stampOf(in.Start), stampOf(in.End), "", "")
	}
	facility := put(put(el, "location"), "healthCareFacility")
	putCode(facility, "code", h.facility.Code, h.facility.System, h.facility.Display)
	if in.FacilityName != "" {
		putText(put(facility, "location"), "name", in.FacilityName)
	}
}

func stampOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t)
}

func orCreated(t, created time.Time) time.Time {
	if t.IsZero() {
		return created
	}
	return t
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
