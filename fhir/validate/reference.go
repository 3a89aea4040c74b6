package validate

import (
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// target checks the type of resource that a Reference points to, as far as the reference tells it
// (http://hl7.org/fhir/R4/references.html): by its form [base]/Type/id, by its element type, or by the contained resource
// that it names.
func (w *walker) target(e *element.Element, targets []string) {
	var literal, typ *element.Element
	for c := e.First; c != nil; c = c.Next {
		switch c.Name {
		case "reference":
			literal = c
		case "type":
			typ = c
		}
	}
	said := ""
	if typ != nil && typ.HasValue && !strings.Contains(typ.Value, ":") {
		said = typ.Value
		if t := w.v.defs.Types[said]; t == nil || t.Kind != spec.Resource {
			w.report(fault.Error, fault.Value, typ, "The type of a reference is the name of a resource type of FHIR R4.")
			said = ""
		}
	}
	pointed := ""
	if literal != nil && literal.HasValue {
		pointed = w.pointedType(literal.Value)
	}
	if said != "" && pointed != "" && said != pointed && !w.v.defs.Types[pointed].Is(said) {
		w.report(fault.Error, fault.Value, typ, "The type of the reference is not the type of resource that it points to.")
	}
	if pointed == "" {
		pointed = said
	}
	if pointed == "" || len(targets) == 0 || slices.Contains(targets, pointed) {
		return
	}
	w.report(fault.Error, fault.Value, e, "The reference points to a "+pointed+"; allowed here: "+strings.Join(targets, ", ")+".")
}

// pointedType gives the resource type that a literal reference names; "" when it does not tell.
func (w *walker) pointedType(reference string) string {
	if id, local := strings.CutPrefix(reference, "#"); local {
		if id == "" {
			return w.root.Type.Name
		}
		if c := w.containedIDs().find(id); c != nil {
			return c.Type.Name
		}
		return "" // ref-1 reports that there is none
	}
	path, _, _ := strings.Cut(reference, "/_history/")
	i := strings.LastIndexByte(path, '/')
	if i < 0 || !element.IsID(path[i+1:]) {
		return ""
	}
	path = path[:i]
	name := path[strings.LastIndexByte(path, '/')+1:]
	if name != path && !strings.Contains(path, "://") {
		return "" // neither Type/id nor an absolute URL
	}
	if t := w.v.defs.Types[name]; t != nil && t.Kind == spec.Resource && !t.Abstract {
		return name
	}
	return ""
}
