package metadata

import (
	"crypto/sha1" // fixed by XDS and PDSm; it identifies, it does not protect
	"strings"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/vocabulary"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// OIDs of the two national registers of actors.
const (
	OIDProfessional = "1.2.250.1.71.4.2.1" // PS_IdNat
	OIDStructure    = "1.2.250.1.71.4.2.2" // Struct_IdNat
)

// Media types of a deposited CDA document.
const (
	MimeCDA             = "text/xml"
	MimeAutoPresentable = "application/xslt+xml"
)

// Code is a code of a code system, named by its OID.
type Code struct {
	Code, System, Display string
}

// IsZero says whether there is no code.
func (c Code) IsZero() bool { return c.Code == "" }

// Entry is the document entry of one document (IHE ITI TF-3 table 4.2.3.2-1), as far as the document itself says it.
type Entry struct {
	Level    cda.Level
	MimeType string
	Size     int
	Hash     [sha1.Size]byte // over the bytes as deposited

	ID       cda.II // of the document
	SetID    cda.II
	Version  string
	Replaces []cda.II // parents of relatedDocument RPLC

	TypeCode, ClassCode, FormatCode Code
	Title, Language                 string
	Confidentiality                 Code
	FacilityType, PracticeSetting   Code
	EventCodes                      []Code

	CreationTime, ServiceStart, ServiceStop cda.TS

	Patient       cda.II // the identifier under an INS authority; zero when there is none
	SourcePatient cda.II // the local identifier, else the INS

	Authors            []Actor
	LegalAuthenticator *Actor
	ReferenceIDs       []ReferenceID

	header *cda.Header
}

// UniqueID gives XDS uniqueId: root, or root^extension.
func (e *Entry) UniqueID() string { return e.ID.String() }

// PatientID gives XDS patientId (CX), "" when the document has no INS.
func (e *Entry) PatientID() string { return cx(e.Patient) }

// SourcePatientID gives XDS sourcePatientId (CX); the type is PI for a local identifier and NH for an INS.
func (e *Entry) SourcePatientID() string { return cx(e.SourcePatient) }

func cx(id cda.II) string {
	if id.Extension == "" {
		return ""
	}
	kind := "PI"
	if _, ok := ins.KindOf(id.Root); ok {
		kind = "NH"
	}
	return id.Extension + "^^^&" + id.Root + "&ISO^" + kind
}

// ReferenceID is one of XDS referenceIdList.
type ReferenceID struct {
	Value     string
	Authority string // OID, "" for a study UID
	Type      string // urn:ihe:iti:xds:...
}

// Types of identifiers in referenceIdList (JDV_J231).
const (
	ReferenceOrder     = "urn:ihe:iti:xds:2013:order"
	ReferenceAccession = "urn:ihe:iti:xds:2013:accession"
	ReferenceStudy     = "urn:ihe:iti:xds:2016:studyInstanceUID"
)

// String gives the CXi form.
func (r ReferenceID) String() string {
	if r.Authority == "" {
		return r.Value + "^^^^" + r.Type
	}
	return r.Value + "^^^&" + r.Authority + "&ISO^" + r.Type
}

// Derive makes the entry of a document, and says what it needs and the header does not give. The entry is never nil.
func Derive(d *cda.Document) (*Entry, []cda.Finding) { return DeriveHashed(d, sha1.Sum(d.Raw)) }

// DeriveHashed is Derive for who knows the SHA-1 of the document's bytes already.
func DeriveHashed(d *cda.Document, hash [sha1.Size]byte) (*Entry, []cda.Finding) {
	h := &d.Header
	e := &Entry{
		Level: d.Body.Level(), MimeType: MimeCDA, Size: len(d.Raw), Hash: hash,
		ID: h.ID, SetID: h.SetID, Version: h.VersionNumber.Value, TypeCode: code(h.Code), Title: h.Title.Value, Language: h.LanguageCode.Code,
		Confidentiality: code(h.ConfidentialityCode), CreationTime: h.EffectiveTime, header: h,
	}
	if d.Envelope == cda.AutoPresentable {
		e.MimeType = MimeAutoPresentable
	}
	e.fromBody(d)
	e.fromAct(h)
	e.fromPatient(h)
	for i := range h.Authors {
		e.Authors = append(e.Authors, authorOf(&h.Authors[i]))
	}
	if h.LegalAuthenticator != nil {
		a := actorOf(&h.LegalAuthenticator.Assigned)
		e.LegalAuthenticator = &a
	}
	for i := range h.RelatedDocuments {
		if h.RelatedDocuments[i].TypeCode == "RPLC" {
			e.Replaces = append(e.Replaces, present(h.RelatedDocuments[i].ParentIDs)...)
		}
	}
	return e, e.judge(d)
}

func code(c cda.CD) Code {
	if !c.Coded() {
		return Code{}
	}
	return Code{c.Code, c.CodeSystem, c.DisplayName}
}

// fromBody finds class and format: the class by the type (ASS_X04), the format of an N1 by the media type of its body (ASS_A12), of an N3 by the template ids
// (ASS_A11).
func (e *Entry) fromBody(d *cda.Document) {
	t := vocabulary.Load()
	if c, ok := t.ClassOf(e.TypeCode.Code, e.TypeCode.System); ok {
		e.ClassCode = Code{c.Code, c.System, c.Label}
	}
	switch {
	case d.Body.NonXML != nil:
		mediaType, _, _ := strings.Cut(d.Body.NonXML.Content.MediaType, ";")
		if c, ok := t.FormatOfMediaType(strings.ToLower(strings.TrimSpace(mediaType))); ok {
			e.FormatCode = Code{c.Code, c.System, c.Label}
		}
	case d.Body.Structured != nil:
		roots := make([]string, len(d.Header.TemplateIDs))
		for i, id := range d.Header.TemplateIDs {
			roots[i] = id.Root
		}
		c, ok := t.FormatOfTemplates(roots)
		if !ok {
			c = t.FormatOutsideProfiles()
		}
		e.FormatCode = Code{c.Code, c.System, c.Label}
	}
}

// fromAct takes what the acts and the encounter say.
func (e *Entry) fromAct(h *cda.Header) {
	if act := h.MainAct(); act != nil {
		e.ServiceStart, e.ServiceStop = act.EffectiveTime.Low, act.EffectiveTime.High
		if len(act.Performers) > 0 && act.Performers[0].Assigned.Organization != nil {
			e.PracticeSetting = code(act.Performers[0].Assigned.Organization.Industry)
		}
	}
	if h.ComponentOf != nil && h.ComponentOf.Facility != nil {
		e.FacilityType = code(h.ComponentOf.Facility.Code)
	}
	for i := range h.ServiceEvents {
		e.addEvent(&h.ServiceEvents[i].Code)
	}
	e.references(h)
}

// addEvent adds an event and its translations: in imaging they are the act, the modality and the region.
func (e *Entry) addEvent(c *cda.CD) {
	if c.Coded() {
		e.EventCodes = append(e.EventCodes, code(*c))
	}
	for i := range c.Translations {
		if c.Translations[i].Coded() {
			e.EventCodes = append(e.EventCodes, code(c.Translations[i]))
		}
	}
}

// classImaging is the class whose service events carry DICOM study UIDs.
const classImaging = "31"

func (e *Entry) references(h *cda.Header) {
	seen := map[ReferenceID]bool{}
	add := func(r ReferenceID) {
		if r.Value != "" && !seen[r] {
			seen[r] = true
			e.ReferenceIDs = append(e.ReferenceIDs, r)
		}
	}
	for _, o := range h.InFulfillmentOf {
		for _, id := range present(o.IDs) {
			add(ReferenceID{id.Extension, id.Root, ReferenceOrder})
		}
	}
	for _, o := range h.InFulfillmentOf {
		for _, id := range present(o.AccessionNumbers) {
			add(ReferenceID{id.Extension, id.Root, ReferenceAccession})
		}
	}
	if e.ClassCode.Code != classImaging {
		return
	}
	for i := range h.ServiceEvents {
		for _, id := range present(h.ServiceEvents[i].IDs) {
			if id.Extension == "" {
				add(ReferenceID{id.Root, "", ReferenceStudy})
			}
		}
	}
}

// present drops identifiers with a null flavor or without root.
func present(ids []cda.II) []cda.II {
	var kept []cda.II
	for _, id := range ids {
		if id.NullFlavor == "" && id.Root != "" {
			kept = append(kept, id)
		}
	}
	return kept
}

// national tells identifiers of a person that no establishment gave: INS-A, INS-C, the NIR as a social security number, the pharmacy record.
func national(root string) bool {
	switch root {
	case "1.2.250.1.213.1.4.1", "1.2.250.1.213.1.4.2", "1.2.250.1.213.1.4.13", "1.2.250.1.176.1.2":
		return true
	}
	_, ok := ins.KindOf(root)
	return ok
}

func (e *Entry) fromPatient(h *cda.Header) {
	p := h.Patient()
	if p == nil {
		return
	}
	for _, id := range present(p.IDs) {
		_, isINS := ins.KindOf(id.Root)
		switch {
		case id.Extension == "":
		case isINS && e.Patient.Root == "":
			e.Patient = id
		case !national(id.Root) && e.SourcePatient.Root == "":
			e.SourcePatient = id
		}
	}
	if e.SourcePatient.Root == "" || e.byPatient() {
		e.SourcePatient = e.Patient
	}
}

// byPatient says whether the patient wrote the document: then there is no establishment.
func (e *Entry) byPatient() bool {
	for i := range e.header.Authors {
		if actorOf(&e.header.Authors[i].Assigned).Kind == ByPatient {
			return true
		}
	}
	return false
}
