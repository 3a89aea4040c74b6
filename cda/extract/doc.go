// Package extract makes FHIR resources of the coded entries of a CDA document of level N3.
//
// Every clinical statement (act, observation, procedure, organizer, substanceAdministration, supply, encounter, observationMedia) is dispatched by its template ids, the most
// specific first, to the mapper of its family; without a known template by its element and moodCode. A statement becomes a resource, or a part of the resource of
// the statement that holds it (a comment, a severity, a dosage), or stays reachable as narrative only; an Outcome says which, and nothing is guessed: what a
// document does not say is left out or given as absent with its reason.
//
// Resources are JSON with references among them as urn:uuid:, name-based (RFC 4122, version 5) on the document's unique id and the statement's path: extracting again
// gives the same bytes.
package extract
