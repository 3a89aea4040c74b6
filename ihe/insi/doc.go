// Package insi is the national service of the INS (téléservice INSi): retrieval of an INS by traits and verification of one, as the référentiel national d'identitovigilance (RNIV) has them used.
//
// Service is the two operations. Registry answers them from people of its own, for sandboxes; Client asks the real service by SOAP. Both are strict: an identity is found by its exact
// traits or not at all. Names compare as the registry writes civil status: capitals without accents, a hyphen or apostrophe being as good as a space; nothing is phonetic, truncated or near. Two people with the same
// traits are "several", which no answer chooses from.
package insi
