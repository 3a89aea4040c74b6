// Package terminology will hold CodeSystem, ValueSet and ConceptMap operations. Nothing is built yet; required bindings are checked by fhir/validate.
package terminology
