package vocabulary

// Set names a value set: the number of its JDV, or its title where it has none.
type Set string

// The value sets that the tables hold, by what they are for.
const (
	AuthorSpecialty         Set = "J01"                       // author, legalAuthenticator and participant: profession and specialty
	FacilityType            Set = "J02"                       // healthCareFacility/code
	PracticeSetting         Set = "J04"                       // standardIndustryClassCode
	DocumentClass           Set = "J06"                       // class of a document: XDS classCode
	DocumentType            Set = "J07"                       // ClinicalDocument/code: XDS typeCode
	MetadataConfidentiality Set = "J08"                       // XDS confidentialityCode: N, R, V and three visibility codes
	DocumentFormat          Set = "J10"                       // XDS formatCode; labels only in part
	PatientRelationship     Set = "J11"                       // informant: relation to the person
	CareMode                Set = "J19"                       // ROR: mode de prise en charge
	ParticipantFunction     Set = "J47"                       // author and participant: functionCode
	NonHealthProfession     Set = "J48"                       // professions outside health
	Civility                Set = "J113"                      // M, MME, as registered
	EncounterParticipation  Set = "J140"                      // encounterParticipant/@typeCode
	ParticipantRole         Set = "J141"                      // associatedEntity/@classCode: PROV, AGNT
	EncounterType           Set = "J142"                      // encompassingEncounter/code
	Gender                  Set = "J143"                      // administrativeGenderCode: F, M, UN
	Participation           Set = "J144"                      // participant/@typeCode
	ReferenceIDType         Set = "J197"                      // types of identifiers in XDS referenceIdList
	ReferenceIDTypeDMP      Set = "J231"                      // those that the DMP takes
	NamePrefix              Set = "J245"                      // name/prefix of a professional
	NameSuffix              Set = "J246"                      // name/suffix of a professional
	EarlierEncounterType    Set = "EncompassingEncounterCode" // before J142
	HL7Confidentiality      Set = "HL7Confidentiality"        // ClinicalDocument/confidentialityCode: U L M N R V
	HL7Gender               Set = "HL7AdministrativeGender"   // bodies: F, M, UN
	HL7Relationship         Set = "HL7PersonalRelationshipRoleType"
	ObservationMediaType    Set = "MediaTypeObservationMedia" // observationMedia/value/@mediaType
	AcquisitionModality     Set = "ModaliteAcquisition"       // imaging: DCM
	AnatomicalRegion        Set = "RegionAnatomique"          // imaging: SNOMED CT
)

// Concept is a code of a code system. System is the OID as CDA writes it ("URN" and "ASTM" for the two systems that have none).
type Concept struct {
	Code, System, Label string
	Until               string // last day of validity, YYYY-MM-DD, "" when open
}

// SetInfo says what a value set is.
type SetInfo struct {
	Set     Set
	OID     string
	Title   string // published title
	Version string // YYYY-MM-DD
	Until   string // day on which the set was closed, "" when open
}

type valueSet struct {
	info     SetInfo
	concepts []Concept
	byCode   map[string][]int // positions in concepts
}

// Info describes a value set.
func (t *Tables) Info(set Set) (SetInfo, bool) {
	s, ok := t.sets[set]
	if !ok {
		return SetInfo{}, false
	}
	return s.info, true
}

// Sets lists the value sets in the order of their names.
func (t *Tables) Sets() []SetInfo {
	all := make([]SetInfo, 0, len(t.order))
	for _, s := range t.order {
		all = append(all, t.sets[s].info)
	}
	return all
}

// Concepts gives the concepts of a value set as published; the slice must not be changed. Of an unknown set there are none.
func (t *Tables) Concepts(set Set) []Concept {
	if s, ok := t.sets[set]; ok {
		return s.concepts
	}
	return nil
}

// Find looks for a code of a code system (OID) in a value set.
func (t *Tables) Find(set Set, code, system string) (Concept, bool) {
	s, ok := t.sets[set]
	if !ok {
		return Concept{}, false
	}
	for _, i := range s.byCode[code] {
		if s.concepts[i].System == system {
			return s.concepts[i], true
		}
	}
	return Concept{}, false
}

// Contains says whether a code of a code system (OID) is in a value set.
func (t *Tables) Contains(set Set, code, system string) bool {
	_, ok := t.Find(set, code, system)
	return ok
}

// HasCode says whether a value set has the code in any of its code systems, as for attributes that carry no system.
func (t *Tables) HasCode(set Set, code string) bool {
	s, ok := t.sets[set]
	return ok && len(s.byCode[code]) > 0
}

// Systems gives the code systems (OIDs) in which a value set has that code.
func (t *Tables) Systems(set Set, code string) []string {
	s, ok := t.sets[set]
	if !ok {
		return nil
	}
	var systems []string
	for _, i := range s.byCode[code] {
		systems = append(systems, s.concepts[i].System)
	}
	return systems
}

// Label gives the published label of a code in a value set, "" when the code is not in it or has no label.
func (t *Tables) Label(set Set, code, system string) string {
	c, _ := t.Find(set, code, system)
	return c.Label
}
