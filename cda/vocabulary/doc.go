// Package vocabulary holds the terminology that CI-SIS documents are held to: the value sets (jeux de valeurs, "JDV") of the header and the document entry, the
// associations that give the class of a document type (ASS_X04) and the format of a document (ASS_A11 for N3, ASS_A12 for N1), and the FHIR URI of each code system
// that is known by an OID in CDA.
//
// The tables are compiled in (0.1 MB of text) and read once, by Load. A Tables value is immutable; all its methods may be called by many at once.
//
// A code is looked up with its code system. Labels are for display only: the framework says that a label which differs from the published one is harmless.
package vocabulary
