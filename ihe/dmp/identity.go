package dmp

import (
	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// Status is the reliability of an identity (RNIV; identityStatus of FR Core's identity reliability).
type Status string

// The statuses.
const (
	// Provisional (identité provisoire): what a new record has.
	Provisional Status = "PROV"
	// Retrieved (identité récupérée): the national service gave it, no document was seen.
	Retrieved Status = "RECUP"
	// Validated: a document of high trust was seen. FR Core asks for an INS then.
	Validated Status = "VALI"
	// Qualified (identité qualifiée): retrieved or verified at the national service, and validated.
	Qualified Status = "QUAL"
)

// MayHoldINS says that an INS belongs to an identity of the status. FR Core's code systems disagree on the word: in 2.1 (v2-0445) a qualified identity is VALI, later
// it is QUAL; both ask for an INS with VALI.
func (s Status) MayHoldINS() bool { return s == Validated || s == Qualified }

// insIdentifier is an identifier of a Patient under one of the INS systems.
type insIdentifier struct {
	element *element.Element
	kind    ins.Kind
	number  string
	use     string
	// nss says that it is typed as an insured's number (NH), which may be a parent's.
	nss bool
}

// current says that it is the person's INS now.
func (i *insIdentifier) current() bool { return !i.nss && i.use != "old" }

// insIdentifiers lists the identifiers under INS systems, in any spelling.
func insIdentifiers(patient *element.Element) []insIdentifier {
	var out []insIdentifier
	for e := range patient.Children("identifier") {
		kind, ok := ins.KindOf(e.ChildValue("system"))
		if !ok {
			continue
		}
		i := insIdentifier{element: e, kind: kind, number: e.ChildValue("value"), use: e.ChildValue("use")}
		for c := range e.Child("type").Children("coding") {
			i.nss = i.nss || c.ChildValue("system") == SystemV2IdentifierType && c.ChildValue("code") == "NH"
		}
		out = append(out, i)
	}
	return out
}

// currentINS gives the INS that a stored Patient holds now; the zero Matricule when it holds none. Stored Patients were judged: mode reads what they hold.
func currentINS(mode ins.Mode, patient *element.Element) ins.Matricule {
	for _, i := range insIdentifiers(patient) {
		if i.current() {
			if m, err := mode.Parse(i.kind.System(), i.number); err == nil {
				return m
			}
		}
	}
	return ins.Matricule{}
}

// statusOf gives the identity status, and the coding that says so (nil when there is none).
func statusOf(patient *element.Element) (Status, *element.Element) {
	for x := range patient.Children("extension") {
		if x.ChildValue("url") != extensionReliability {
			continue
		}
		for part := range x.Children("extension") {
			if part.ChildValue("url") == "identityStatus" {
				coding := part.Child("value")
				return Status(coding.ChildValue("code")), coding
			}
		}
	}
	return "", nil
}

// ReplacedBy gives the id of the Patient into which one was merged, "" when it was not (Patient.link, type replaced-by).
func ReplacedBy(patient *element.Element) string {
	for link := range patient.Children("link") {
		if link.ChildValue("type") == "replaced-by" {
			return patientID(link.Child("other").ChildValue("reference"))
		}
	}
	return ""
}
