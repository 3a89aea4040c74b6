package metadata

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/vocabulary"
)

// ProfilePDSm is the profile of the DocumentReference that an Entry gives (PDSm 3.1, parent IHE MHD Comprehensive DocumentReference).
const ProfilePDSm = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-comprehensive-document-reference"

// ReferenceOptions is what a DocumentReference says beside the document's own facts.
type ReferenceOptions struct {
	URL         string    // of the Binary: content.attachment.url
	Subject     string    // reference to the record's Patient
	Date        time.Time // when the DocumentReference is made
	Description string
	// ClassCode is the class for a type that has none (RuleClass); of others it is not looked at.
	ClassCode Code
	// Visibility is added to the confidentiality: MASQUE_PS, INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX of 1.2.250.1.213.1.1.4.13.
	Visibility []Code
	// Replaced are the references to the DocumentReferences that this one replaces; empty: the parents of the document by their unique ids.
	Replaced []string
	// NoRelations leaves the parents out, as when the record has none of them.
	NoRelations bool
	// Custodian is the reference to the Organization that keeps the document; "": the document's own custodian by its identifier.
	Custodian string
}

// ErrNoClass says that the class must be given.
var ErrNoClass = errors.New("the type has no class in ASS_X04; give one")

type documentReference struct {
	ResourceType     string      `json:"resourceType"`
	Meta             meta        `json:"meta"`
	Contained        []any       `json:"contained,omitempty"`
	MasterIdentifier identifier  `json:"masterIdentifier"`
	Status           string      `json:"status"`
	Type             *concept    `json:"type,omitempty"`
	Category         []concept   `json:"category,omitempty"`
	Subject          reference   `json:"subject"`
	Date             string      `json:"date,omitempty"`
	Author           []reference `json:"author,omitempty"`
	Authenticator    *reference  `json:"authenticator,omitempty"`
	Custodian        *reference  `json:"custodian,omitempty"`
	RelatesTo        []relation  `json:"relatesTo,omitempty"`
	Description      string      `json:"description,omitempty"`
	SecurityLabel    []concept   `json:"securityLabel,omitempty"`
	Content          []content   `json:"content"`
	Context          docContext  `json:"context"`
}

type relation struct {
	Code   string    `json:"code"`
	Target reference `json:"target"`
}

type content struct {
	Attachment attachment `json:"attachment"`
	Format     *coding    `json:"format,omitempty"`
}

type attachment struct {
	ContentType string `json:"contentType"`
	Language    string `json:"language,omitempty"`
	URL         string `json:"url,omitempty"`
	Size        int    `json:"size"`
	Hash        string `json:"hash"`
	Title       string `json:"title,omitempty"`
	Creation    string `json:"creation,omitempty"`
}

type docContext struct {
	Event             []concept   `json:"event,omitempty"`
	Period            *period     `json:"period,omitempty"`
	FacilityType      *concept    `json:"facilityType,omitempty"`
	PracticeSetting   *concept    `json:"practiceSetting,omitempty"`
	SourcePatientInfo *reference  `json:"sourcePatientInfo,omitempty"`
	Related           []reference `json:"related,omitempty"`
}

// DocumentReference gives the entry in the shape of PDSm, as JSON: status current, authors, authenticator and source patient contained. What the document does
// not say is left out; only a missing class is refused, with ErrNoClass.
func (e *Entry) DocumentReference(o ReferenceOptions) ([]byte, error) {
	class := e.ClassCode
	if class.IsZero() {
		class = o.ClassCode
	}
	if class.IsZero() {
		return nil, ErrNoClass
	}
	var held container
	system, value := e.MasterIdentifier()
	d := documentReference{
		ResourceType: "DocumentReference", Meta: meta{Profile: []string{ProfilePDSm}}, MasterIdentifier: identifier{Use: "usual", System: system, Value: value}, Status: "current",
		Type: toConcept(e.TypeCode, vocabulary.DocumentType), Category: []concept{*toConcept(class, vocabulary.DocumentClass)},
		Subject: reference{Reference: o.Subject}, Date: o.Date.Format(time.RFC3339), Custodian: e.custodian(o), RelatesTo: e.relations(o),
		Description: o.Description, SecurityLabel: e.labels(o), Content: []content{e.content(o)}, Context: e.context(&held),
	}
	for i := range e.Authors {
		d.Author = append(d.Author, held.add(&e.Authors[i], authorID(i)))
	}
	if e.LegalAuthenticator != nil && e.LegalAuthenticator.Kind == ByProfessional {
		// The profile takes no patient and no device here.
		to := held.add(e.LegalAuthenticator, "authenticator")
		d.Authenticator = &to
	}
	d.Contained = held.all
	return json.Marshal(d)
}

// MasterIdentifier gives the unique id as FHIR has it (IHE ITI MHD): a root alone is a URN under urn:ietf:rfc:3986, UUIDs in lower case; with an extension, the
// root is the system and the extension the value.
func (e *Entry) MasterIdentifier() (system, value string) {
	id := toIdentifier(e.ID)
	return id.System, id.Value
}

func (e *Entry) custodian(o ReferenceOptions) *reference {
	if o.Custodian != "" {
		return &reference{Reference: o.Custodian}
	}
	if e.header.Custodian == nil || e.header.Custodian.Organization == nil {
		return nil
	}
	org := e.header.Custodian.Organization
	ids := present(org.IDs)
	if len(ids) == 0 {
		return nil
	}
	id := structureIdentifier(ids[0])
	return &reference{Identifier: &id, Display: org.Name()}
}

func (e *Entry) relations(o ReferenceOptions) []relation {
	var all []relation
	for _, to := range o.Replaced {
		all = append(all, relation{"replaces", reference{Reference: to}})
	}
	if len(all) > 0 {
		return all
	}
	if o.NoRelations {
		return nil
	}
	for _, id := range e.Replaces {
		older := toIdentifier(id)
		all = append(all, relation{"replaces", reference{Identifier: &older}})
	}
	return all
}

func (e *Entry) labels(o ReferenceOptions) []concept {
	var all []concept
	for _, c := range append([]Code{e.Confidentiality}, o.Visibility...) {
		if l := toConcept(c, vocabulary.MetadataConfidentiality); l != nil {
			l.Text = ""
			all = append(all, *l)
		}
	}
	return all
}

func (e *Entry) content(o ReferenceOptions) content {
	c := content{Attachment: attachment{
		ContentType: e.MimeType, Language: e.Language, URL: o.URL, Size: e.Size, Hash: base64.StdEncoding.EncodeToString(e.Hash[:]),
		Title: e.Title, Creation: fhirTime(e.CreationTime),
	}}
	if !e.FormatCode.IsZero() {
		f := toCoding(e.FormatCode, vocabulary.DocumentFormat)
		c.Format = &f
	}
	return c
}

func fhirTime(t cda.TS) string {
	m, err := t.Moment()
	if err != nil {
		return ""
	}
	return m.FHIR()
}

func (e *Entry) context(held *container) docContext {
	c := docContext{
		FacilityType:    toConcept(e.FacilityType, vocabulary.FacilityType),
		PracticeSetting: toConcept(e.PracticeSetting, vocabulary.PracticeSetting),
	}
	for _, event := range e.EventCodes {
		c.Event = append(c.Event, *toConcept(event, ""))
	}
	if p := (period{fhirTime(e.ServiceStart), fhirTime(e.ServiceStop)}); p != (period{}) {
		c.Period = &p
	}
	if p := e.header.Patient(); p != nil {
		info := snapshot(p)
		info.ID = "source-patient"
		held.all = append(held.all, info)
		c.SourcePatientInfo = &reference{Reference: "#source-patient"}
	}
	for _, r := range e.ReferenceIDs {
		id := identifier{Type: typed(systemURN, r.Type), Value: r.Value}
		if r.Authority != "" {
			id.System = idSystem(r.Authority)
		}
		c.Related = append(c.Related, reference{Identifier: &id})
	}
	return c
}
