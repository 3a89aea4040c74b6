package author

import (
	"encoding/json"
	"time"
)

// Code is a code of a code system. System is an OID or the URI that FHIR has for it.
type Code struct{ Code, System, Display string }

// Actor is somebody in a role, as FHIR resources (JSON). A professional is a Practitioner, with the profession and specialty in Role or in
// Practitioner.qualification; the Organization is where he works. Role may be nil, and so may Practitioner for a role that an organisation plays.
type Actor struct {
	Practitioner json.RawMessage // Practitioner
	Role         json.RawMessage // PractitionerRole
	Organization json.RawMessage // Organization
}

// Author wrote the document.
type Author struct {
	Actor
	Time     time.Time // of his contribution; zero: Header.Created
	Function Code      // towards the patient (JDV_J47, such as PCP); may be empty
}

// Event is the act that the document is about: documentationOf/serviceEvent.
type Event struct {
	Code            Code // may be empty
	Start, End      time.Time
	Performer       Actor // with Organization; zero: the first author
	PracticeSetting Code  // JDV_J04; zero: that among Organization.type
}

// Encounter is the visit or stay: componentOf/encompassingEncounter.
type Encounter struct {
	Code         Code // JDV_J142; may be empty
	Start, End   time.Time
	FacilityType Code   // JDV_J02
	FacilityName string // may be empty
}

// Header is what the header of a document is made of (CI-SIS, structuration minimale de documents de santé).
type Header struct {
	// ID and SetID identify the document and the series of its versions: "urn:oid:1.2.3", "urn:uuid:…", or the same without the prefix. SetID "" is ID.
	ID, SetID string
	Version   int // zero: 1
	// Replaces is the ID of the document that this one replaces, "" when none.
	Replaces string

	Type            Code      // JDV_J07; of a VSM it is fixed
	Title           string    // of a VSM "" is "Synthèse médicale"
	Created         time.Time // in the zone in which it is to be written
	Confidentiality string    // N, R or V
	Language        string    // "" is fr-FR

	Patient            json.RawMessage // Patient, with the INS and its traits
	Authors            []Author
	LegalAuthenticator Actor           // zero: the first author
	AuthenticatedAt    time.Time       // zero: Created
	Custodian          json.RawMessage // Organization
	// TreatingPhysician is the médecin traitant, whom a VSM must name; zero: the first author whose function is PCP.
	TreatingPhysician Actor
	Event             Event
	Encounter         Encounter
}

// Payload is the body of an N1 document.
type Payload struct {
	MediaType string // application/pdf, text/plain; text/rtf, image/jpeg and image/tiff where the receiver still takes them
	Data      []byte
}

// Summary is what a VSM is made of.
type Summary struct {
	Header
	// Resources are those of the record, as JSON, in any order: Condition, AllergyIntolerance, Procedure, MedicationStatement, MedicationRequest,
	// Medication (as referred to), Immunization, Observation and FamilyMemberHistory. Others are not of the summary and are passed over, as is what is
	// entered-in-error.
	Resources []json.RawMessage
	// Vigilance and OccupationalRisks are lines that the author adds to "points de vigilance" and "facteurs de risques professionnels".
	Vigilance, OccupationalRisks []string
}

func (a Actor) zero() bool { return a.Practitioner == nil && a.Role == nil && a.Organization == nil }
