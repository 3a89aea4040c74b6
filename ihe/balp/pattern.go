package balp

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/repository"
)

// pattern is how one sort of interaction is traced (BALP 1.1.4, vol. 3, 5.7.4).
type pattern struct {
	// profile is the plain profile's name behind "IHE.BasicAudit."; that of the variant with a patient has "Patient" before it. "": BALP has none.
	profile              string
	action               string
	client, server, user coding
	// data says that what was asked for is named, query that the request is kept.
	data, query bool
}

var (
	patternCreate = pattern{profile: "Create", action: "C", client: typeSource, server: typeDestination, user: typeAuthor, data: true}
	patternRead   = pattern{profile: "Read", action: "R", client: typeDestination, server: typeSource, user: typeRecipient, data: true}
	patternUpdate = pattern{profile: "Update", action: "U", client: typeSource, server: typeDestination, user: typeAuthor, data: true}
	patternDelete = pattern{profile: "Delete", action: "D", client: typeApplication, server: typeCustodian, user: typeAuthor, data: true}
	patternQuery  = pattern{profile: "Query", action: "E", client: typeSource, server: typeDestination, user: typeRecipient, query: true}
	// Histories and operations are queries of which BALP says nothing.
	patternOther = pattern{action: "E", client: typeSource, server: typeDestination, user: typeRecipient, query: true}
	// ITI-65 as its recipient traces it.
	patternImport = pattern{action: "C", client: typeSource, server: typeDestination, user: typeAuthor, data: true}
)

var patterns = map[repository.Interaction]pattern{
	repository.Create: patternCreate, repository.Read: patternRead, repository.VRead: patternRead, repository.Update: patternUpdate, repository.Patch: patternUpdate,
	repository.Delete: patternDelete, repository.SearchType: patternQuery, repository.SearchSystem: patternQuery,
	repository.HistoryInstance: patternOther, repository.HistoryType: patternOther, repository.HistorySystem: patternOther, repository.Operation: patternOther,
	repository.Transaction: patternOther, repository.Batch: patternOther, // refused as a whole
}

// transaction is an IHE transaction that an interaction is part of, with the profile of its trace.
type transaction struct{ code, profile string }

// ihe says which MHD transaction a successful interaction on a type is.
func ihe(what repository.Interaction, typ string) transaction {
	switch {
	case what == repository.SearchType && typ == "List":
		return transaction{"ITI-66", "IHE.MHD.FindDocumentLists.Audit.Responder"}
	case what == repository.SearchType && typ == "DocumentReference":
		return transaction{"ITI-67", "IHE.MHD.FindDocumentReferences.Audit.Responder"}
	case what == repository.Read && typ == "Binary":
		return transaction{"ITI-68", "IHE.MHD.RetrieveDocument.Audit.Responder"}
	case what == repository.Create && typ == "DocumentReference":
		return transaction{"ITI-105", "IHE.MHD.SimplifiedPublish.Audit.Recipient"}
	}
	return transaction{}
}

// mhdSubmission are the ends of the profiles by which a Bundle says that it is a Provide Document Bundle, in MHD and PDSm.
const (
	iti65Code    = "ITI-65"
	iti65Profile = "IHE.MHD.ProvideBundle.Audit.Recipient"
)

// roleOf is the part that a resource has in an interaction (object-role): a document is a report, a submission set a job, anything else a domain resource.
func roleOf(typ string) coding {
	switch typ {
	case "Binary", "DocumentReference":
		return coding{systemRole, "3"}
	case "List":
		return coding{systemRole, "20"}
	}
	return coding{systemRole, "4"}
}

// conformance are types whose reading tells of no person: what the server can do, and what words mean.
var conformance = map[string]bool{
	"CapabilityStatement": true, "CodeSystem": true, "CompartmentDefinition": true, "ConceptMap": true, "GraphDefinition": true, "ImplementationGuide": true, "MessageDefinition": true,
	"NamingSystem": true, "OperationDefinition": true, "SearchParameter": true, "StructureDefinition": true, "StructureMap": true, "TerminologyCapabilities": true, "ValueSet": true,
}

// reads says that an interaction changes nothing.
func reads(what repository.Interaction) bool {
	switch what {
	case repository.Read, repository.VRead, repository.SearchType, repository.SearchSystem, repository.HistoryInstance, repository.HistoryType, repository.HistorySystem:
		return true
	}
	return false
}

// declared are the profiles that AuditEvents of the server are made by.
func declared() []string {
	var out []string
	for _, name := range []string{"Create", "Read", "Update", "Delete", "Query"} {
		out = append(out, balpBase+"IHE.BasicAudit."+name, balpBase+"IHE.BasicAudit.Patient"+name)
	}
	for _, name := range []string{
		"ProvideBundle.Audit.Recipient", "FindDocumentLists.Audit.Responder", "FindDocumentReferences.Audit.Responder", "RetrieveDocument.Audit.Responder", "SimplifiedPublish.Audit.Recipient",
	} {
		out = append(out, mhdBase+"IHE.MHD."+name)
	}
	return append(out, profileToken, profileIUA71, tdeProfile)
}

// profileURL gives the canonical of a pattern's profile.
func (p *pattern) profileURL(patient bool) string {
	var b strings.Builder
	b.WriteString(balpBase + "IHE.BasicAudit.")
	if patient {
		b.WriteString("Patient")
	}
	b.WriteString(p.profile)
	return b.String()
}
