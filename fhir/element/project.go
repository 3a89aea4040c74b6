package element

import "strings"

// SummaryMode is a value of the search parameter _summary (http://hl7.org/fhir/R4/search.html#summary). The values count and false are
// no projections of a resource.
type SummaryMode uint8

// The modes.
const (
	SummaryTrue SummaryMode = iota + 1 // the elements marked as summary in the definition
	SummaryText                        // text, id, meta and mandatory elements of the top level
	SummaryData                        // all but text
)

// The tag that marks a resource as incomplete.
const (
	SubsettedSystem = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
	SubsettedCode   = "SUBSETTED"
)

// AppendSummary writes a resource's summary in JSON, tagged SUBSETTED.
func AppendSummary(dst []byte, e *Element, mode SummaryMode) []byte {
	return AppendJSON(dst, Summary(e, mode))
}

// AppendElements writes in JSON the top level elements named (see Subset), tagged SUBSETTED.
func AppendElements(dst []byte, e *Element, names []string) []byte {
	return AppendJSON(dst, Subset(e, names))
}

// Summary gives a copy of a resource that holds its summary, tagged SUBSETTED.
func Summary(root *Element, mode SummaryMode) *Element {
	var a arena
	var out *Element
	switch mode {
	case SummaryText:
		out = a.topLevel(root, func(c *Element) bool { return c.Name == "text" || always(c) })
	case SummaryData:
		out = a.topLevel(root, func(c *Element) bool { return c.Name != "text" })
	default:
		out = a.summary(nil, root)
	}
	markSubsetted(out)
	return out
}

// Subset gives a copy of a resource with the top level elements named, as _elements asks, tagged SUBSETTED. A choice may be named as
// "value", "value[x]" or with its type. Mandatory elements, id and meta stay, and so do implicitRules and modifierExtension,
// without which the rest could be misread.
func Subset(root *Element, names []string) *Element {
	var a arena
	out := a.topLevel(root, func(c *Element) bool {
		if always(c) || c.Name == "implicitRules" || c.Name == "modifierExtension" || len(names) > 0 && named(c.Name, names) {
			return true
		}
		if c.Def == nil || !c.Def.Choice {
			return false
		}
		member := memberName(c)
		for _, n := range names {
			if n == member || strings.TrimSuffix(n, "[x]") == c.Name {
				return true
			}
		}
		return false
	})
	markSubsetted(out)
	return out
}

// always says whether a top level element is in every projection but that of _summary=true.
func always(c *Element) bool {
	return c.Name == "id" || c.Name == "meta" || c.Def != nil && c.Def.Min > 0
}

func (a *arena) topLevel(root *Element, keep func(*Element) bool) *Element {
	out := a.create(nil, root.Name, root.Type, root.Def, root.Offset)
	for c := root.First; c != nil; c = c.Next {
		if keep(c) {
			a.clone(out, c)
		}
	}
	return out
}

// summary copies what is marked as summary, mandatory, or a modifier of the meaning, at every level. An element that belongs to the summary but has nothing
// in it that does (an extension, a value that is absent for a reason) is kept whole.
func (a *arena) summary(parent, e *Element) *Element {
	if parent != nil && e.Type.Name == "Extension" {
		return a.clone(parent, e)
	}
	out := a.create(parent, e.Name, e.Type, e.Def, e.Offset)
	out.Value, out.HasValue = e.Value, e.HasValue
	for c := e.First; c != nil; c = c.Next {
		if c.Def != nil && (c.Def.Summary || c.Def.Min > 0 || c.Def.Modifier) {
			a.summary(out, c)
		}
	}
	if hollow(out) {
		for c := e.First; c != nil; c = c.Next {
			a.clone(out, c)
		}
	}
	return out
}

// markSubsetted adds the tag to meta, once.
func markSubsetted(root *Element) {
	meta := root.Child("meta")
	if meta == nil {
		p, ok := root.Type.Property("meta")
		if !ok {
			return
		}
		meta = &Element{Name: "meta", Type: p.Type, Def: p.Element, Offset: -1}
		root.InsertAfter(root.Child("id"), meta)
	}
	for c := range meta.Children("tag") {
		if c.ChildValue("code") == SubsettedCode && c.ChildValue("system") == SubsettedSystem {
			return
		}
	}
	if tag, err := meta.NewChild("tag"); err == nil {
		_, _ = tag.SetChild("system", SubsettedSystem)
		_, _ = tag.SetChild("code", SubsettedCode)
	}
}
