package validate

import (
	"sort"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// binding is a value set whose codes are all known, tied to an element (http://hl7.org/fhir/R4/terminologies.html#strength).
type binding struct {
	required bool
	codes    map[string][]string
	text     string // the diagnostics, without any value
}

// listed is the most codes that diagnostics enumerate.
const listed = 12

func newBinding(s spec.Binding, set *spec.CodeSet) *binding {
	b := &binding{required: s.Strength == "required", codes: set.Codes}
	var text strings.Builder
	if b.required {
		text.WriteString("The code is not in the required value set " + s.ValueSet + ".")
	} else {
		text.WriteString("None of the codes is in the extensible value set " + s.ValueSet + ", from which one should come if any applies.")
	}
	if len(set.Codes) <= listed {
		codes := make([]string, 0, len(set.Codes))
		for c := range set.Codes {
			codes = append(codes, c)
		}
		sort.Strings(codes)
		text.WriteString(" Its codes are " + strings.Join(codes, ", ") + ".")
	}
	b.text = text.String()
	return b
}

// bound checks a coded element against its binding. An element that says by an extension why it has no code passes: the
// binding is about codes that are there.
func (w *walker) bound(e *element.Element, b *binding) {
	if !b.required && w.level < Full {
		return
	}
	var ok bool
	switch e.Type.Name {
	case "code", "string", "uri":
		ok = !e.HasValue || b.codes[e.Value] != nil || (!b.required && e.Type.Name == "uri")
	case "Coding", "Quantity":
		ok = b.has(e) || e.Child("code") == nil && e.Child("extension") != nil
	case "CodeableConcept":
		ok = b.concept(e)
	default:
		return // the other types of a choice, such as Reference
	}
	if ok {
		return
	}
	severity := fault.Warning
	if b.required {
		severity = fault.Error
	}
	w.report(severity, fault.CodeInvalid, e, b.text)
}

// concept says whether one of the codings is in the value set. With none but an extension, there is nothing to check;
// text alone satisfies an extensible binding only.
func (b *binding) concept(e *element.Element) bool {
	coded := false
	for c := e.First; c != nil; c = c.Next {
		if c.Name != "coding" {
			continue
		}
		coded = true
		if b.has(c) {
			return true
		}
	}
	return !coded && (!b.required || e.Child("extension") != nil)
}

// has says whether system and code of a Coding or Quantity are in the value set.
func (b *binding) has(e *element.Element) bool {
	var code, system string
	for c := e.First; c != nil; c = c.Next {
		switch c.Name {
		case "code":
			code = c.Value
		case "system":
			system = c.Value
		}
	}
	for _, s := range b.codes[code] {
		if s == system {
			return true
		}
	}
	return false
}
