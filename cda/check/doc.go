// Package check says what a CDA document breaks: the structure of the HL7 CDA R2 schema with the French extensions, the header rules of the CI-SIS ("Structuration
// minimale de documents de santé"), the rules of an N1 body (a file), and those of an N3 body (sections and entries by their template ids).
//
// Check walks the document once. Structure comes from a table that cda/check/gen makes of the schemas: each type has an automaton over the names of its children,
// so that all order, cardinality, types and values of the schema are held to, in the body as in the header. The other rules are a table too (Rules): each has an id,
// a severity, the path of the elements that it looks at, and a sentence that says what is allowed. While the document is walked the rules of an element are found by
// its place (header) or its template ids (body).
//
// A finding of severity error refuses the document. Warnings are of three kinds: rules of the prose that published documents break, codes of a person's specialty
// outside the value set, and what a document type asks for in its body without the sources telling whether all its versions do.
//
// One defect gives one finding: a rule says nothing about an element or attribute that the structure has already been blamed for.
package check
