// Package author writes CDA R2 documents from FHIR R4 resources: N1, a header around a file, and the medical summary (volet de synthèse médicale, VSM),
// whose sections, coded entries and narrative come from the resources of a record.
//
// # Nothing is invented
//
// What the CI-SIS requires of a header must come from the caller or from the resources. What is missing, or cannot be said in CDA, is an error: a
// *fault.Fault (422) with one issue for each, so that a vendor sees the whole list at once. What the VSM has no place for is left out of the coded part
// or out of the summary as the comment on each resource type says; no resource is turned into a statement that it does not make.
//
// # Canonical
//
// The same input gives the same bytes: identifiers come from the caller, those of entries from the resources or as UUIDs of version 5 from the document's
// id and the resource's; the clock is the caller's.
package author
