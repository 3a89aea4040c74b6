package mhd

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
)

// The parameters of ITI-66 and ITI-67 as MHD 4.2.3 and PDSm 3.1.1 list them. Statements look each up in the registry that searches, so that none is declared that is not there.
var (
	listParameters = []string{"_id", "_lastUpdated", "authorOrg", "code", "date", "designationType", "identifier", "isArchived", "patient", "source", "sourceId", "status", "title"}
	docParameters  = []string{
		"_id", "_lastUpdated", "author", "category", "creation", "date", "event", "facility", "format", "identifier", "isArchived", "patient", "period", "period-end", "period-start",
		"related", "relatesto", "security-label", "setting", "status", "subject", "type",
	}
)

// Profiles of what is shared, by resource type.
var sharedProfiles = map[string][]string{
	"DocumentReference": {
		mhdBase + "/StructureDefinition/IHE.MHD.Minimal.DocumentReference", mhdBase + "/StructureDefinition/IHE.MHD.UnContained.Comprehensive.DocumentReference",
		mhdBase + "/StructureDefinition/IHE.MHD.Comprehensive.DocumentReference", mhdBase + "/StructureDefinition/IHE.MHD.SimplifiedPublish.DocumentReference",
		pdsmBase + "/StructureDefinition/pdsm-comprehensive-document-reference", pdsmBase + "/StructureDefinition/pdsm-simplified-publish",
	},
	"List": {
		mhdBase + "/StructureDefinition/IHE.MHD.Minimal.SubmissionSet", mhdBase + "/StructureDefinition/IHE.MHD.UnContained.Comprehensive.SubmissionSet",
		mhdBase + "/StructureDefinition/IHE.MHD.Comprehensive.SubmissionSet", mhdBase + "/StructureDefinition/IHE.MHD.Minimal.Folder",
		mhdBase + "/StructureDefinition/IHE.MHD.Comprehensive.Folder", pdsmBase + "/StructureDefinition/pdsm-submissionset-comprehensive",
		pdsmBase + "/StructureDefinition/pdsm-folder-comprehensive",
	},
}

// actor is one actor of a guide: what its capability statement requires.
type actor struct {
	id, title string
	// canonical is the guide's own statement.
	canonical string
	client    bool
	system    []string            // interactions
	resources map[string][]string // interactions by type
	operation bool                // $generate-metadata
}

// actors are those of MHD that this server is, and the three of PDSm: the server, and what it expects of its clients.
func actors() []actor {
	const mhd, pdsm = mhdBase + "/CapabilityStatement/IHE.MHD.", pdsmBase + "/CapabilityStatement/PDSm-"
	find := map[string][]string{"DocumentReference": {"read", "search-type"}, "List": {"read", "search-type"}, "Binary": {"read"}}
	update := map[string][]string{"DocumentReference": {"read", "search-type", "patch", "create"}, "List": {"read", "search-type"}, "Binary": {"read"}}
	provide := []string{"transaction"}
	publishes := map[string][]string{"DocumentReference": {"create"}}
	return []actor{
		{id: "mhd-document-recipient", title: "MHD Document Recipient", canonical: mhd + "DocumentRecipient", system: provide},
		{id: "mhd-document-recipient-comprehensive", title: "MHD Document Recipient, comprehensive metadata", canonical: mhd + "DocumentRecipient.Comprehensive", system: provide},
		{id: "mhd-document-recipient-uncontained", title: "MHD Document Recipient, uncontained references", canonical: mhd + "DocumentRecipient.UnContained", system: provide},
		{id: "mhd-document-recipient-simplified", title: "MHD Document Recipient, simplified publish", canonical: mhd + "DocumentRecipient.Simplified", resources: publishes},
		{id: "mhd-document-recipient-generate", title: "MHD Document Recipient, generate metadata", canonical: mhd + "DocumentRecipient.Generate", operation: true, resources: map[string][]string{"DocumentReference": nil}},
		{id: "mhd-document-responder", title: "MHD Document Responder", canonical: mhd + "DocumentResponder", resources: find},
		{id: "pdsm-gestionnaire", title: "PDSm Gestionnaire de partage de documents", canonical: pdsm + "GestionnaireDePartageDeDocuments", system: provide, resources: update},
		{id: "pdsm-producteur", title: "PDSm Producteur de documents", canonical: pdsm + "ProducteurDeDocuments", client: true, system: provide, resources: map[string][]string{"DocumentReference": {"create", "patch"}}},
		{id: "pdsm-consommateur", title: "PDSm Consommateur de documents", canonical: pdsm + "ConsommateurDeDocuments", client: true, resources: find},
	}
}

// instantiates gives the canonical URLs of the guides' statements that the server fulfils.
func instantiates() []string {
	var urls []string
	for _, a := range actors() {
		if !a.client {
			urls = append(urls, a.canonical)
		}
	}
	return urls
}

// statementBase is where the server's statements have their canonical URLs.
const statementBase = "https://carnet-fhir.github.io/CapabilityStatement/"

// Statements gives a CapabilityStatement (kind requirements) for each actor, as JSON by id: the guide's statement in the server's own terms, with the search parameters that the registry has. Clients' statements say what the server expects of them.
func Statements(registry *search.Registry) (map[string][]byte, error) {
	all := map[string][]byte{}
	for _, a := range actors() {
		text, err := a.statement(registry)
		if err != nil {
			return nil, err
		}
		all[a.id] = text
	}
	return all, nil
}

func (a *actor) statement(registry *search.Registry) ([]byte, error) {
	mode := "server"
	if a.client {
		mode = "client"
	}
	rest := object{"mode": mode}
	var resources []any
	for _, typ := range []string{"Binary", "DocumentReference", "List"} {
		interactions, ok := a.resources[typ]
		if !ok {
			continue
		}
		r, err := a.resource(registry, typ, interactions)
		if err != nil {
			return nil, err
		}
		resources = append(resources, r)
	}
	if len(resources) > 0 {
		rest["resource"] = resources
	}
	if len(a.system) > 0 {
		rest["interaction"] = codes(a.system)
	}
	guide := mhdBase + "/ImplementationGuide/ihe.iti.mhd"
	if a.id[:4] == "pdsm" {
		guide = pdsmBase + "/ImplementationGuide/ans.fhir.fr.pdsm"
	}
	return json.Marshal(object{
		"resourceType": "CapabilityStatement", "id": a.id, "url": statementBase + a.id, "name": nameOf(a.id), "title": a.title, "description": "What this server does as " + a.title + ", or expects of it.", "status": "active", "date": "2024-01-01",
		"kind": "requirements", "instantiates": []string{a.canonical}, "fhirVersion": "4.0.1", "format": []string{"application/fhir+json", "application/fhir+xml"},
		"patchFormat": []string{"application/json-patch+json", "application/xml-patch+xml", "application/fhir+json", "application/fhir+xml"}, "implementationGuide": []string{guide},
		"rest": []any{rest},
	})
}

func (a *actor) resource(registry *search.Registry, typ string, interactions []string) (object, error) {
	r := object{"type": typ}
	if profiles := sharedProfiles[typ]; len(profiles) > 0 {
		r["supportedProfile"] = profiles
	}
	if len(interactions) > 0 {
		r["interaction"] = codes(interactions)
	}
	if slices.Contains(interactions, "patch") {
		r["conditionalUpdate"] = true // R4 has no flag for a conditional patch
	}
	if a.operation {
		r["operation"] = []any{object{"name": "generate-metadata", "definition": mhdBase + "/OperationDefinition/generate-metadata"}}
	}
	if !slices.Contains(interactions, "search-type") {
		return r, nil
	}
	var params []any
	for _, code := range map[string][]string{"List": listParameters, "DocumentReference": docParameters}[typ] {
		p, ok := registry.Param(typ, code)
		if !ok {
			return nil, fmt.Errorf("mhd: the registry has no parameter %s of %s", code, typ)
		}
		params = append(params, object{"name": code, "type": string(p.Type), "definition": p.URL})
	}
	if len(params) > 0 {
		r["searchParam"] = params
	}
	return r, nil
}

func codes(list []string) []any {
	out := make([]any, len(list))
	for i, c := range list {
		out[i] = object{"code": c}
	}
	return out
}

// nameOf makes a computer's name of an id.
func nameOf(id string) string {
	out, upper := make([]byte, 0, len(id)), true
	for i := range len(id) {
		c := id[i]
		if c == '-' {
			upper = true
			continue
		}
		if upper && c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		out, upper = append(out, c), false
	}
	return string(out)
}

// StoreStatements keeps the statements in the repository, so that they are read and searched as any resource. What is there already is not written again.
func StoreStatements(ctx context.Context, repo *repository.Repository, registry *search.Registry) error {
	all, err := Statements(registry)
	if err != nil {
		return err
	}
	for id, text := range all {
		res, err := element.ParseJSON(registry.Definitions(), text, element.Options{})
		if err != nil {
			return fmt.Errorf("mhd: the statement %s: %w", id, err)
		}
		if _, err := repo.Update(ctx, "CapabilityStatement", id, res, repository.Conditions{}); err != nil {
			return fmt.Errorf("mhd: the statement %s: %w", id, err)
		}
	}
	return nil
}
