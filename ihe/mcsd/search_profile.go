package mcsd

import (
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/internal/nos"
)

const searchParameter = nos.Annuaire + "SearchParameter/"

// SearchProfile adds the search parameters of the directory guide (IG Annuaire Santé 1.1.0) that its data and ours have: place by INSEE code, qualification, secure mailbox. The guide has
// address-insee for Organization only and leaves the Coding whole, which a string parameter cannot index: it is its code here, so that "75" finds a department.
func SearchProfile() search.Profile {
	insee := func(typ string) string {
		return typ + ".address.extension.where(url='" + nos.ExtensionINSEE + "').value.ofType(Coding).code"
	}
	return search.Profile{Parameters: []spec.SearchParameter{
		{URL: searchParameter + "as-sp-insee-code", Code: "address-insee", Type: "string", Base: []string{"Organization", "Location", "Practitioner"},
			Expression: insee("Organization") + " | " + insee("Location") + " | " + insee("Practitioner")},
		{URL: searchParameter + "as-sp-address-line", Code: "address-line", Type: "string", Base: []string{"Organization"}, Expression: "Organization.address.line"},
		{URL: searchParameter + "as-sp-qualification-code", Code: "qualification-code", Type: "token", Base: []string{"Practitioner"}, Expression: "Practitioner.qualification.code"},
		{URL: searchParameter + "as-sp-mailbox-mss", Code: "mailbox-mss", Type: "string", Base: []string{"Organization", "Practitioner", "PractitionerRole"},
			Expression: "Organization.telecom.value | Practitioner.telecom.value | PractitionerRole.telecom.value"},
	}}
}

const mcsdBase = "https://profiles.ihe.net/ITI/mCSD/"

// Extension declares the directory: ITI-90 and ITI-91 are searches and histories of the server itself.
func Extension() rest.Extension {
	return rest.Extension{
		Instantiates:         []string{mcsdBase + "CapabilityStatement/IHE.mCSD.Directory"},
		ImplementationGuides: []string{mcsdBase + "ImplementationGuide/ihe.iti.mcsd", nos.Annuaire + "ImplementationGuide/ans.fhir.fr.annuaire"},
		Profiles: map[string][]string{
			"Practitioner": {nos.ProfileASPerson}, "PractitionerRole": {nos.ProfileASRole}, "Organization": {nos.ProfileASStruct},
			"Location": {mcsdBase + "StructureDefinition/IHE.mCSD.LocationDistance"},
		},
	}
}
