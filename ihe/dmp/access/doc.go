// Package access is the access control of the server as the French shared health record (dossier médical partagé, DMP) has it: repository.Access over the scopes of the caller's token and the rules of package habilitation.
//
// What the rules hide does not exist: the rules become conditions that are conjoined to every search, chain, inclusion and read, so that nothing is filtered from an answer afterwards. Relations between people and professionals are read
// from Consent resources, from Patient and from RelatedPerson; a change holds for the next request. See docs/design/access.md.
package access
