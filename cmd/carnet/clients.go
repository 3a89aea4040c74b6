package main

import (
	"github.com/carnet-fhir/carnet/fhir/smart"
	"github.com/carnet-fhir/carnet/ihe/signin"
)

// consoleClient is the console, an application of the server's own.
const consoleClient = "carnet-console"

// ownClients are the clients that every server has.
func ownClients(baseURL string) []*smart.Client {
	console := signin.Origin(baseURL) + "/console/"
	return []*smart.Client{{
		ID: consoleClient, Name: "Console Carnet", URI: console, RedirectURIs: []string{console}, LaunchURI: console + "launch", AuthMethod: smart.AuthNone, Trusted: true,
		Scope: "launch launch/patient openid fhirUser patient/Patient.r patient/DocumentReference.rs patient/Binary.r",
	}}
}
