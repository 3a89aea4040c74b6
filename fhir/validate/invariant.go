package validate

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// invariant is one constraint, ready to be checked (http://hl7.org/fhir/R4/conformance-rules.html#constraints).
type invariant struct {
	key      string
	severity fault.Severity
	text     string // the diagnostics
	native   native
	compiled *expression // where native is nil
}

func newInvariant(s spec.Invariant) *invariant {
	c := &invariant{
		key:      s.Key,
		severity: severityOf(s.Severity),
		text:     "The invariant " + s.Key + " does not hold: " + strings.TrimSuffix(s.Human, ".") + ".",
		native:   nativeOf(s.Key, s.Expression),
	}
	if c.native == nil {
		c.compiled = newExpression(s.Expression)
	}
	return c
}

// evaluationWeight is how many elements' visits one evaluation counts for, between two looks at the clock.
const evaluationWeight = 64

// invariant checks one constraint at an element.
func (w *walker) invariant(e *element.Element, c *invariant) {
	if w.done || c.severity != fault.Error && w.level < Full {
		return
	}
	if c.native != nil {
		if !c.native(w, e) {
			w.report(c.severity, fault.Invariant, offender(e, c.key), c.text)
		}
		return
	}
	if w.late(evaluationWeight) {
		return
	}
	holds, err := c.compiled.holds(e)
	switch {
	case err != nil:
		w.report(fault.Warning, fault.Processing, e, "The invariant "+c.key+" could not be evaluated.")
	case !holds:
		w.report(c.severity, fault.Invariant, e, c.text)
	}
}

// offender narrows a broken invariant of a whole resource down to the element that breaks it, where that is known.
func offender(e *element.Element, key string) *element.Element {
	if key == "dom-3" {
		if c := unreferenced(e); c != nil {
			return c
		}
	}
	return e
}
