package extract

import (
	"strings"
	"sync"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// Extensions of the R4 workflow pattern, for what a resource type has no element for.
const (
	extSupporting = "https://carnet-fhir.github.io/StructureDefinition/related-entry" // workflow-supportingInfo is not for Procedure
	extReason     = "http://hl7.org/fhir/StructureDefinition/workflow-reasonReference"
	extReasonCode = "http://hl7.org/fhir/StructureDefinition/workflow-reasonCode"
)

// complete puts the members that all resources have around the body of one: type, meta, extensions, encounter.
func (x *extractor) complete(typ string, el *etree.Element, body object) object {
	out := make(object, 0, len(body)+4)
	out = append(out, member{"resourceType", typ}, member{"meta", x.meta})
	if typ != "Specimen" {
		out.set("extension", x.contexts(el))
	}
	if typ == "Observation" || typ == "Procedure" || typ == "DiagnosticReport" {
		out.set("encounter", reference(x.stay.during(body)))
	}
	out = append(out, body...)
	return inOrder(spec.R4().Types[typ], out)
}

// ranks gives the place of each top level element in its resource's definition.
var ranks = sync.OnceValue(func() map[*spec.Element]int {
	all := map[*spec.Element]int{}
	for _, name := range spec.R4().Resources {
		for i, e := range spec.R4().Types[name].Elements { // inherited elements stand at the same place in all
			all[e] = i
		}
	}
	return all
})

// inOrder sorts the members of a resource as its definition has them, so that mappers may find things in any order.
func inOrder(t *spec.Type, o object) object {
	places := ranks()
	var room [32]int
	of := room[:0]
	for i := range o {
		place := -1 // resourceType
		if p, ok := t.Property(strings.TrimPrefix(o[i].name, "_")); ok {
			place = places[p.Element]
		}
		of = append(of, place)
		for k := i; k > 0 && of[k-1] > of[k]; k-- { // they are few, and nearly in order
			of[k-1], of[k] = of[k], of[k-1]
			o[k-1], o[k] = o[k], o[k-1]
		}
	}
	return o
}

// contexts gives the internal references (CI-SIS "Référence interne") below a statement that its mapper has no element for: to the resource made of what they name, or to
// its identifier and words.
func (x *extractor) contexts(el *etree.Element) list {
	var out list
	for _, c := range children(el) {
		if x.done(c.act) || !x.isFamily(c.act, famReference) {
			continue
		}
		concept := x.concept(cda.ReadCD(cda.Child(c.act, "code")))
		target := reference(x.resolve(c.act))
		reason := c.typeCode == "RSON"
		switch {
		case target == nil && reason && concept != nil:
			out = append(out, object{{"url", extReasonCode}, {"valueCodeableConcept", concept}})
		default:
			if target == nil {
				target.set("identifier", x.firstID(c.act))
			}
			target.set("display", textIn(concept))
			if target == nil {
				x.narrativeOnly(c.act, "a reference to nothing")
				continue
			}
			url := extSupporting
			if reason {
				url = extReason
			}
			out = append(out, object{{"url", url}, {"valueReference", target}})
		}
		x.part(c.act)
	}
	return out
}

// stay is the encounter that the document was written in.
type stay struct {
	ref        string
	start, end string // days, YYYY-MM-DD; end is "" when not said
}

// during gives the encounter, when what a resource tells of happened on a day of it; "" otherwise: documents tell of earlier things, too.
func (s stay) during(body object) string {
	if s.ref == "" || len(s.start) < 10 {
		return ""
	}
	day := ""
	for _, m := range body {
		switch m.name {
		case "effectiveDateTime", "performedDateTime":
			day, _ = m.value.(string)
		case "effectivePeriod", "performedPeriod":
			if p, ok := m.value.(object); ok {
				day, _ = p.get("start").(string)
			}
		}
	}
	if len(day) < 10 {
		return ""
	}
	day = day[:10]
	if day < s.start || day > max(s.start, s.end) {
		return ""
	}
	return s.ref
}
