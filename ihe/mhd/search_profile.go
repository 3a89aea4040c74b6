package mhd

import (
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// Canonical bases of the guides (MHD 4.2.3, PDSm 3.1.1).
const (
	mhdBase  = "https://profiles.ihe.net/ITI/MHD"
	pdsmBase = "https://interop.esante.gouv.fr/ig/fhir/pdsm"
)

// Extensions that searches and updates look at.
const (
	extArchived        = pdsmBase + "/StructureDefinition/pdsm-ext-is-archived"
	extDesignationType = mhdBase + "/StructureDefinition/ihe-designationType"
	extSourceID        = mhdBase + "/StructureDefinition/ihe-sourceId"
	extAuthorOrg       = mhdBase + "/StructureDefinition/ihe-authorOrg"
)

// SearchProfile gives the search of MHD and PDSm over that of R4: the guides' own parameters, the chains into contained authors and sources, and the names that PDSm asks of PractitionerRole.
func SearchProfile() search.Profile {
	return search.Profile{
		Parameters: searchParameters(), Contained: containedChains(), Aliases: searchAliases(),
		Joins: []search.Join{
			{Type: "DocumentReference", First: "patient", FirstElement: "subject", Second: "status", SecondElement: "status", Same: []string{"subject"}},
			{Type: "List", First: "patient", FirstElement: "subject", Second: "status", SecondElement: "status", Same: []string{"subject"}},
		},
	}
}

// searchParameters are those of MHD 4.2.3 (ITI-66, ITI-67) and of PDSm 3.1.1, by their canonical URLs. Two expressions are ours: isArchived is true or false for every resource, since a document that nobody archived is
// not archived; and authorOrg looks at List.source, where the extension stands, and not at the List, as the guide prints it.
func searchParameters() []spec.SearchParameter {
	archived := "extension.where(url='" + extArchived + "').where(value = true).exists()"
	return []spec.SearchParameter{
		{URL: mhdBase + "/SearchParameter/List-DesignationType", Code: "designationType", Type: "token", Base: []string{"List"},
			Expression: "List.extension.where(url='" + extDesignationType + "').value"},
		{URL: mhdBase + "/SearchParameter/List-SourceId", Code: "sourceId", Type: "token", Base: []string{"List"},
			Expression: "List.extension.where(url='" + extSourceID + "').value"},
		{URL: mhdBase + "/SearchParameter/DocumentReference-Creation", Code: "creation", Type: "date", Base: []string{"DocumentReference"},
			Expression: "DocumentReference.content.attachment.creation"},
		{URL: pdsmBase + "/SearchParameter/PDSm-isArchived", Code: "isArchived", Type: "token", Base: []string{"DocumentReference", "List"},
			Expression: "DocumentReference." + archived + " | List." + archived},
		{URL: pdsmBase + "/SearchParameter/PDSm-DocumentReference-period-start", Code: "period-start", Type: "date", Base: []string{"DocumentReference"},
			Expression: "DocumentReference.context.period.start"},
		{URL: pdsmBase + "/SearchParameter/PDSm-DocumentReference-period-end", Code: "period-end", Type: "date", Base: []string{"DocumentReference"},
			Expression: "DocumentReference.context.period.end"},
		{URL: pdsmBase + "/SearchParameter/PDSm-List-authorOrg", Code: "authorOrg", Type: "reference", Base: []string{"List"}, Target: []string{"Organization"},
			Expression: "List.source.extension.where(url='" + extAuthorOrg + "').value"},
	}
}

// containedChains are the chains that MHD and PDSm ask for where they have authors and sources contained.
func containedChains() []string {
	var chains []string
	person := func(via string, more ...string) {
		for _, code := range append([]string{"family", "given", "name", "identifier"}, more...) {
			chains = append(chains, via+"."+code)
		}
	}
	for _, via := range []string{"DocumentReference.author", "DocumentReference.authenticator", "List.source"} {
		role := via + ":PractitionerRole"
		person(via + ":Practitioner")
		person(role + ".practitioner:Practitioner")
		chains = append(chains, role+".identifier", role+".role", role+".specialty", role+".practitioner", role+".organization",
			role+".organization:Organization.name", role+".organization:Organization.identifier")
	}
	for _, via := range []string{"DocumentReference.author", "List.source"} {
		person(via + ":Patient")
		chains = append(chains, via+":Device.identifier", via+":Device.device-name")
	}
	for _, via := range []string{"DocumentReference.author:Organization", "DocumentReference.authenticator:Organization",
		"DocumentReference.author:RelatedPerson", "List.authorOrg:Organization"} {
		chains = append(chains, via+".name", via+".identifier")
	}
	return chains
}

// searchAliases gives a PractitionerRole the names of its Practitioner, as PDSm and MHD search by them, also under the names of the former directory guide; relatesto the spelling of PDSm's text; and
// related.identifier to the logical references of referenceIdList.
func searchAliases() map[string][]string {
	const person = "practitioner:Practitioner."
	return map[string][]string{
		"PractitionerRole.name":                       {person + "name"},
		"PractitionerRole.family":                     {person + "family"},
		"PractitionerRole.given":                      {person + "given"},
		"PractitionerRole.partOf.practitioner.family": {person + "family"},
		"PractitionerRole.partOf.practitioner.given":  {person + "given"},
		"PractitionerRole.partOf.familyEx":            {person + "family"},
		"PractitionerRole.partOf.givenEx":             {person + "given"},
		"DocumentReference.relatesTo":                 {"relatesto"},
		"DocumentReference.relatesTo.identifier":      {"relatesto:identifier", "relatesto:DocumentReference.identifier"},
		"DocumentReference.relatesto.identifier":      {"relatesto:identifier", "relatesto:DocumentReference.identifier"},
		"DocumentReference.related.identifier":        {"related:identifier", "related:ImagingStudy.identifier", "related:ServiceRequest.identifier", "related:Encounter.identifier"},
		"DocumentReference.encounter.identifier":      {"encounter:identifier", "encounter:Encounter.identifier"},
		"DocumentReference.custodian.identifier":      {"custodian:identifier", "custodian:Organization.identifier"},
	}
}
