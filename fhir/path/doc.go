// Package path is FHIRPath (http://hl7.org/fhirpath/N1, normative release 2.0.0) as FHIR R4 uses it
// (http://hl7.org/fhir/R4/fhirpath.html), over trees of package element.
//
// An expression is compiled once and evaluated as often as wanted, by any number of goroutines:
//
//	x, err := path.Compile("Patient.name.where(use = 'official').family")
//	names, err := x.Eval(nil, patient)   // a Collection of items
//	truth, err := x.Test(nil, patient)   // its truth, of an invariant
//	err = x.Elements(patient, func(e *element.Element) { ... }) // search extraction, without allocation for plain paths
//
// Three readings of the standard are deliberate, because R4's own search parameters and invariants depend on them:
//
//   - `as` and `is` with an unqualified name look at FHIR types for elements and at System types for computed values;
//   - `as` over several items filters them, as ofType does, instead of failing;
//   - `resolve() is T` is decided from the reference's text or type when nobody can resolve it.
//
// Expressions come from clients too (SearchParameter, FHIRPath Patch), so that everything is bounded: the text's length and
// nesting when compiling, steps, items and string sizes when evaluating. An evaluation over its budget ends in a fault with
// the code too-costly.
package path
