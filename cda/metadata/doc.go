// Package metadata derives the document entry of a CDA document from its header: the metadata that XDS, MHD and PDSm share documents by.
//
// The mapping is that of the French document sharing (logical model DocumentEntry and its CDA mapping tables of PDSm for the DMP). What the header does not say
// is a finding, never a guess: an Entry has no value for it. Metadata that only a submitter or a registry knows (entryUUID, availabilityStatus, comments,
// custodian, visibility) are not part of an Entry; ReferenceOptions brings them in when a DocumentReference is made.
package metadata
