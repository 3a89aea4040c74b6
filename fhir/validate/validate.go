// Package validate checks what the parser of package element cannot see from one element alone: codes of bound elements,
// the invariants of the definitions, the types that references point to, and the rules for contained resources.
//
// Two levels exist. OnWrite is what every write must pass: required bindings, reference targets, contained resources and
// all invariants of severity error. Full, for $validate, adds what only advises: invariants of severity warning, and
// extensible bindings. Invariants of common data types and resources are written in Go (files native_*.go), so that a
// write costs microseconds; all others run as FHIRPath, compiled when first met. A test holds both to the same answers.
//
// What is read from the standard's text rather than from an expression:
//   - ele-1 needs no evaluation: an element without value and without children other than its id breaks it.
//   - txt-1 and txt-2 (htmlChecks) are the parser's, which refuses a bad narrative before this package sees it.
//   - ref-1 as published refuses the reference "#" (to the container), which references.html allows, and says nothing of a
//     reference without a literal: both hold here.
//   - The rules for computable names (the warnings whose key ends in -0) are about names that are there, and the whole name.
//   - A primitive that has an extension instead of a value breaks no rule about its value, where the rule is in Go.
//   - Where two dates or quantities cannot be ordered (different precision or unit), per-1, mdd-1, inv-1 and rng-2 hold.
//
// Any other invariant that evaluates to nothing counts as broken, as in HL7's own validator.
package validate

import (
	"context"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// Level is how much is checked.
type Level uint8

// The levels.
const (
	OnWrite Level = iota + 1 // what a write must pass: errors only
	Full                     // everything, for $validate: errors and warnings
)

// maxDepth bounds the recursion for trees that did not come from the parser (which has its own, lower limit).
const maxDepth = 512

// Validator checks trees. It is immutable and safe for concurrent use.
type Validator struct {
	defs     *spec.Definitions
	types    []typePlan      // by spec.Type.ID
	elements []elementPlan   // by spec.Element.ID
	own      map[string]bool // the invariants of the definitions: key, newline, expression
}

// New prepares the checks of all types; it takes about a millisecond.
func New(defs *spec.Definitions) *Validator {
	return plan(defs)
}

// Issues checks a resource (or a data type, as it stands) that the parser accepted, and tells what is wrong, in the order
// of the content: at most element.MaxIssues issues, and one more that says when there would be others.
// When ctx ends before the check does, the last issue is a fatal one with the code timeout.
func (v *Validator) Issues(ctx context.Context, root *element.Element, level Level) []fault.Issue {
	if root == nil || root.Type == nil {
		return nil
	}
	w := walker{v: v, ctx: ctx, level: level, root: root}
	w.visit(root, 0)
	return w.issues
}
