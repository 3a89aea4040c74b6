package scope

import (
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/search"
)

// ofPatient gives the condition that a resource of the type belongs to the patient's record; nil for none, possible false when no resource does.
//
//   - The Patient itself, by its id: what links to it (Patient.link) is another record.
//   - Types of the patient compartment: to read, what is in it (http://hl7.org/fhir/R4/compartmentdefinition-patient.html); to write, what is about the patient. A document that the patient wrote about
//     somebody else is in the compartment, and is not theirs to put into the other's record.
//   - Types outside of it that have a parameter for their patient (Task, Device): by that. A Device of nobody is read as the directory is.
//   - Shared types and Binary: no condition. A Binary exists for a caller when its securityContext does, which the repository sees to.
//   - Anything else (Bundle, Subscription, Linkage): not in a record.
func ofPatient(registry *search.Registry, typ, patient string, letter Letters) (own search.Expr, possible bool) {
	if !isID(patient) {
		return nil, false
	}
	reading := letter&(Read|Search) != 0
	switch {
	case typ == "Patient":
		return search.IDIn{IDs: []string{patient}}, true
	case typ == "Binary", shared[typ] && reading:
		return nil, true
	case shared[typ]:
		return nil, false
	}
	compartment := registry.Definitions().Compartments["Patient"].Params[typ]
	if reading && len(compartment) > 0 {
		return search.InCompartment{Type: "Patient", ID: patient}, true
	}
	if about := aboutPatient(registry, typ, patient); len(about) > 0 {
		if typ == "Device" && reading {
			about = append(about, missing(registry, typ, "patient"))
		}
		return about, true
	}
	if len(compartment) > 0 { // Appointment, Coverage: no one parameter says whose it is
		return search.InCompartment{Type: "Patient", ID: patient}, true
	}
	return nil, false
}

// aboutPatient gives a condition for each parameter that says of whom a resource of the type is.
func aboutPatient(registry *search.Registry, typ, patient string) search.Or {
	var out search.Or
	for _, code := range []string{"patient", "subject"} {
		p, ok := registry.Param(typ, code)
		if !ok || p.Type != search.Reference || !slices.Contains(p.Targets, "Patient") {
			continue
		}
		out = append(out, &search.Clause{Param: p, Operands: []search.Operand{{RefType: "Patient", RefID: patient, Raw: "Patient/" + patient}}})
	}
	return out
}

func missing(registry *search.Registry, typ, code string) search.Expr {
	p, ok := registry.Param(typ, code)
	if !ok {
		return search.Or{}
	}
	return &search.Clause{Param: p, Modifier: search.ModifierMissing, Operands: []search.Operand{{Bool: true, Raw: "true"}}}
}

// isID is the grammar of logical ids.
func isID(text string) bool {
	if text == "" || len(text) > 64 {
		return false
	}
	for i := range len(text) {
		c := text[i]
		if letter := c | 0x20; (letter < 'a' || letter > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// securedBy says whether a Binary has a securityContext (http://hl7.org/fhir/R4/binary-definitions.html#Binary.securityContext) that does not name another Patient.
func securedBy(binary *element.Element, patient string) bool {
	context := binary.Child("securityContext")
	if context == nil {
		return false
	}
	reference := context.ChildValue("reference")
	return reference != "" && (reference == "Patient/"+patient || !strings.Contains(reference, "Patient/"))
}
