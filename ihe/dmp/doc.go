// Package dmp is the national layer over the FHIR server: who a person is, and the life of a person's record (dossier médical partagé).
//
// Identity holds Patients to FR Core's and the INS's rules as an interceptor of the repository. Records finds, opens and closes the record of an INS. See docs/design/identity.md.
package dmp
