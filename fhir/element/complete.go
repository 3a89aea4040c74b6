package element

import (
	"strconv"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// completeness reports the elements that are missing or too many below e, and the element that has nothing but an id
// (invariant ele-1: "All FHIR elements must have a @value or children").
func completeness(e *Element, report func(code fault.Code, step, text string)) {
	if e.First != nil && e.First == e.Last && !e.HasValue && e.First.Name == "id" && !e.IsResource() {
		report(fault.Invariant, "", "The element has nothing but an id (ele-1).")
	}
	for _, d := range e.Type.Elements {
		if d.Min == 0 && d.Max <= 1 {
			continue
		}
		n := 0
		for c := e.First; c != nil; c = c.Next {
			if c.Def == d {
				n++
			}
		}
		switch {
		case n < d.Min && n == 0:
			report(fault.Required, d.Name, "The element "+label(d)+" is mandatory in "+e.Type.Name+".")
		case n < d.Min:
			report(fault.Required, d.Name, "The element "+label(d)+" must appear at least "+strconv.Itoa(d.Min)+" times.")
		case d.Max > 1 && n > d.Max:
			report(fault.Structure, d.Name, "The element "+label(d)+" must not appear more than "+strconv.Itoa(d.Max)+" times.")
		}
	}
}

func label(d *spec.Element) string {
	if d.Choice {
		return "'" + d.Name + "[x]'"
	}
	return "'" + d.Name + "'"
}
