package cda

import "github.com/beevik/etree"

// Header is the header of a document: every element of the CI-SIS "Structuration minimale de documents de santé". Absent parts are zero values or nil; null
// flavors are kept. Where the standard allows one and a document has several, slices keep them all.
type Header struct {
	RealmCodes          []CD
	TypeID              II
	TemplateIDs         []II
	ID                  II
	Code                CD
	Title               ST
	EffectiveTime       TS
	ConfidentialityCode CD
	LanguageCode        CD
	SetID               II
	VersionNumber       INT
	CopyTime            TS

	RecordTargets         []RecordTarget
	Authors               []Author
	DataEnterer           *Participation
	Informants            []Informant
	Custodian             *Custodian
	InformationRecipients []InformationRecipient
	LegalAuthenticator    *Participation
	Authenticators        []Participation
	Participants          []Participant
	InFulfillmentOf       []Order
	ServiceEvents         []ServiceEvent // of all documentationOf
	RelatedDocuments      []RelatedDocument
	Authorizations        []Consent
	ComponentOf           *EncompassingEncounter
}

// Patient gives the record target, nil when there is none. A document with several is refused by the rules; here it is the first.
func (h *Header) Patient() *RecordTarget {
	if len(h.RecordTargets) == 0 {
		return nil
	}
	return &h.RecordTargets[0]
}

// MainAct gives the service event that has a performer, else the first, nil when there is none (CI-SIS: exactly one has).
func (h *Header) MainAct() *ServiceEvent {
	for i := range h.ServiceEvents {
		if len(h.ServiceEvents[i].Performers) > 0 {
			return &h.ServiceEvents[i]
		}
	}
	if len(h.ServiceEvents) > 0 {
		return &h.ServiceEvents[0]
	}
	return nil
}

// HasTemplate says whether the document carries a template id of that root.
func (h *Header) HasTemplate(root string) bool {
	for i := range h.TemplateIDs {
		if h.TemplateIDs[i].Root == root {
			return true
		}
	}
	return false
}

// RecordTarget is the person whose document it is: recordTarget/patientRole.
type RecordTarget struct {
	Element     *etree.Element // recordTarget
	Role        *etree.Element // patientRole, nil when absent
	IDs         []II
	Addresses   []AD
	Telecoms    []TEL
	Patient     *etree.Element // patient, nil when absent
	Names       []EN
	Gender      CD
	BirthTime   TS
	Deceased    BL  // sdtc:deceasedInd
	DeceasedAt  TS  // sdtc:deceasedTime
	MultiBirth  BL  // sdtc:multipleBirthInd
	BirthOrder  INT // sdtc:multipleBirthOrderNumber
	Guardians   []Guardian
	BirthPlace  *Place
	Provider    *Organization // providerOrganization
	MaritalCode CD
}

// Name gives the first name, zero when there is none.
func (r *RecordTarget) Name() EN {
	if len(r.Names) == 0 {
		return EN{}
	}
	return r.Names[0]
}

// Place is where somebody was born, or a facility's location.
type Place struct {
	Element *etree.Element
	Name    EN
	Address AD // County holds the INSEE code (COG) of a place of birth
}

// Guardian represents the patient.
type Guardian struct {
	Element      *etree.Element
	Code         CD
	IDs          []II
	Addresses    []AD
	Telecoms     []TEL
	Person       *Person
	Organization *Organization
}

// Person is a person's name, as in assignedPerson.
type Person struct {
	Element *etree.Element
	Names   []EN
}

// Name gives the first name, zero when there is none or p is nil.
func (p *Person) Name() EN {
	if p == nil || len(p.Names) == 0 {
		return EN{}
	}
	return p.Names[0]
}

// Device is an assignedAuthoringDevice.
type Device struct {
	Element  *etree.Element
	Model    ST // manufacturerModelName
	Software ST // softwareName
}

// Organization is a representedOrganization, custodian organisation or the like.
type Organization struct {
	Element   *etree.Element
	IDs       []II
	Names     []EN
	Telecoms  []TEL
	Addresses []AD
	Industry  CD // standardIndustryClassCode
	PartOf    *etree.Element
}

// Name gives the first name as text, "" when there is none or o is nil.
func (o *Organization) Name() string {
	if o == nil || len(o.Names) == 0 {
		return ""
	}
	return o.Names[0].String()
}

// Assigned is an assignedEntity, assignedAuthor, intendedRecipient, associatedEntity or relatedEntity: an actor in a role.
type Assigned struct {
	Element      *etree.Element // nil when absent
	ClassCode    string
	IDs          []II
	Code         CD
	Addresses    []AD
	Telecoms     []TEL
	Person       *Person
	Device       *Device
	Organization *Organization
}

// Author wrote the document, or part of it.
type Author struct {
	Element  *etree.Element
	Function CD
	Time     TS
	Assigned Assigned
}

// Participation is a dataEnterer, legalAuthenticator or authenticator.
type Participation struct {
	Element       *etree.Element
	TemplateIDs   []II
	Time          TS
	SignatureCode CD
	Assigned      Assigned
}

// Informant told: an assigned entity or a related one.
type Informant struct {
	Element  *etree.Element
	Assigned *Assigned // assignedEntity
	Related  *Assigned // relatedEntity, with ClassCode
}

// Custodian keeps the document.
type Custodian struct {
	Element      *etree.Element
	Organization *Organization // representedCustodianOrganization
}

// InformationRecipient is to read the document.
type InformationRecipient struct {
	Element  *etree.Element
	TypeCode string
	Intended Assigned
}

// Participant took part otherwise.
type Participant struct {
	Element    *etree.Element
	TypeCode   string
	Function   CD
	Time       IVLTS
	Associated Assigned
}

// Order is what the document answers.
type Order struct {
	Element          *etree.Element // order
	IDs              []II
	Code             CD
	AccessionNumbers []II // ps3-20:accessionNumber
}

// ServiceEvent is an act that the document is about.
type ServiceEvent struct {
	Element       *etree.Element
	IDs           []II
	Code          CD
	StatusCode    CD // lab:statusCode
	EffectiveTime IVLTS
	Performers    []Performer
}

// Performer did an act.
type Performer struct {
	Element  *etree.Element
	TypeCode string
	Function CD
	Time     IVLTS
	Assigned Assigned
}

// RelatedDocument is a document that this one replaces.
type RelatedDocument struct {
	Element       *etree.Element
	TypeCode      string // RPLC
	ParentIDs     []II
	ParentSetID   II
	ParentVersion INT
}

// Consent is an authorization.
type Consent struct {
	Element    *etree.Element
	IDs        []II
	Code       CD
	StatusCode CD
}

// EncompassingEncounter is the stay or visit that the act belongs to.
type EncompassingEncounter struct {
	Element       *etree.Element
	IDs           []II
	Code          CD
	EffectiveTime IVLTS
	Discharge     CD
	Responsible   *Assigned
	Participants  []EncounterParticipant
	Facility      *Facility
}

// EncounterParticipant took part in an encounter.
type EncounterParticipant struct {
	Element  *etree.Element
	TypeCode string
	Time     IVLTS
	Assigned Assigned
}

// Facility is a healthCareFacility.
type Facility struct {
	Element  *etree.Element
	IDs      []II
	Code     CD
	Location *Place
	Provider *Organization
}
