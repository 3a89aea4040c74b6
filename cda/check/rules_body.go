package check

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/vocabulary"
)

// bodyRules are those of N1 and N3 bodies. They have no test of their own: what runs them is payload, sections and template.
func bodyRules() []Rule {
	section := "component/structuredBody//section"
	entry := section + "/entry//*"
	return append(n1Rules(), []Rule{
		{"model-type", cda.Error, "code", "a model of documents has its own types", nil},
		{"model-section", cda.Error, "component/structuredBody", "the model of the document requires the section", nil},
		{"model-section-named", cda.Warning, "component/structuredBody", "the model of the document speaks of the section; whether all its versions require it is not told", nil},
		{"model-header", cda.Error, "", "the model of the document requires it", nil},
		{"model-header-versions", cda.Warning, "", "the model of the document asks for it, perhaps not in all its versions", nil},
		{"section-template", cda.Warning, section, "a section has a templateId", nil},
		{"section-code", cda.Error, section, "a section has a code", nil},
		{"section-text", cda.Error, section, "a section without inner sections has its narrative text", nil},
		{"section-code-template", cda.Error, section + "/code", "the code of a section is that of its template", nil},
		{"section-code-rare", cda.Warning, section + "/code", "the code of a section is that of its template, as far as published documents tell", nil},
		{"entry-element", cda.Error, entry, "a template stands on its own kind of element", nil},
		{"entry-element-rare", cda.Warning, entry, "a template stands on its own kind of element, as far as published documents tell", nil},
		{"entry-companion", cda.Error, entry, "a template stands together with those that it builds on", nil},
		{"entry-companion-rare", cda.Warning, entry, "a template stands together with those that it builds on, as far as published documents tell", nil},
		{"entry-part", cda.Error, entry, "an entry has the parts that its template requires", nil},
		{"entry-part-rare", cda.Warning, entry, "an entry has the parts that its template requires, as far as published documents tell", nil},
		{"narrative-idref", cda.Warning, section + "/text//*", "an IDREF of the narrative names an ID of the document", nil},
		{"narrative-reference", cda.Information, entry, "a reference into the narrative finds its target", nil},
	}...)
}

// rule gives one of two rules: the one that refuses when a fact is sure, else the one that warns.
func (c *checker) rule(sure bool, refuses, warns string) *Rule {
	if sure {
		return c.r.byID[refuses]
	}
	return c.r.byID[warns]
}

// body looks at an element of the body that the rules of templates or of the narrative are about.
func (c *checker) body(parent, el *etree.Element) {
	switch el.Tag {
	case "templateId":
		c.template(parent, el)
	case "reference":
		if target, ok := strings.CutPrefix(cda.Attr(el, "value"), "#"); ok {
			c.narrative = append(c.narrative, reference{el, "@value", target})
		}
	}
}

// narrativeReferences looks for the targets of references into the narrative, and says once for the document how many there are none of: most published
// documents have some. It runs after the walk.
func (c *checker) narrativeReferences() {
	lost, first := 0, reference{}
	for _, n := range c.narrative {
		if !c.ids[n.target] {
			if lost++; lost == 1 {
				first = n
			}
		}
	}
	if lost > 0 {
		r := c.r.byID["narrative-reference"]
		c.report(r, first.el, first.below, "%d references, of which this is the first, name an ID that the document does not have; %s", lost, r.Allowed)
	}
}

// template checks an element of the body by one of its template ids, while the document is walked.
func (c *checker) template(el, id *etree.Element) {
	root := cda.Attr(id, "root")
	if el.Tag == "section" {
		if c.found == nil {
			c.found = map[string]bool{}
		}
		c.found[root] = true
		return
	}
	e := c.t.entries[root]
	if e == nil {
		return
	}
	if !slices.Contains(e.elements, el.Tag) {
		c.report(c.rule(e.sure, "entry-element", "entry-element-rare"), el, "templateId", "template %s (%s) stands on %s; it belongs on %s", root, e.name, el.Tag, strings.Join(e.elements, ", "))
		return
	}
	for _, companion := range e.companions {
		if !hasTemplate(el, companion) {
			c.report(c.rule(e.sureParts, "entry-companion", "entry-companion-rare"), el, "templateId", "template %s (%s) stands without %s", root, e.name, companion)
		}
	}
	if nullFlavor(el) != "" {
		return
	}
	for _, part := range e.parts {
		if cda.Child(el, part) == nil {
			c.report(c.rule(e.sureParts, "entry-part", "entry-part-rare"), el, part, "%s of template %s (%s) lacks %s", el.Tag, root, e.name, part)
		}
	}
}

func hasTemplate(el *etree.Element, root string) bool {
	for id := range cda.Children(el, "templateId") {
		if cda.Attr(id, "root") == root {
			return true
		}
	}
	return false
}

// sections checks the sections of an N3 document, and the document against its model.
func (c *checker) sections() {
	if c.level != cda.N3 {
		return
	}
	c.d.Body.Structured.Walk(c.section)
	for i := range c.d.Header.TemplateIDs {
		if m := c.t.models[c.d.Header.TemplateIDs[i].Root]; m != nil {
			c.model(m)
		}
	}
}

func (c *checker) section(s *cda.Section) {
	say := func(id, below, what string) {
		c.report(c.r.byID[id], s.Element, below, "this one has none; %s", what)
	}
	if len(s.TemplateIDs) == 0 {
		say("section-template", "templateId", c.r.byID["section-template"].Allowed)
	}
	if s.Narrative == nil && len(s.Sections) == 0 && nullFlavor(s.Element) == "" {
		say("section-text", "text", c.r.byID["section-text"].Allowed)
	}
	if s.Code.Code == "" {
		if s.Code.NullFlavor == "" {
			say("section-code", "code", c.r.byID["section-code"].Allowed)
		}
		return
	}
	for i := range s.TemplateIDs {
		t := c.t.sections[s.TemplateIDs[i].Root]
		if t == nil || len(t.codes) > 1 || slices.Contains(t.codes, s.Code.Code) {
			continue
		}
		c.report(c.rule(t.sure, "section-code-template", "section-code-rare"), s.Code.Element, "@code", "the section is of code %s; its template %s (%s) has %s",
			quoted(s.Code.Code), s.TemplateIDs[i].Root, t.label, t.codes[0])
	}
}

// model checks a document against one of its models. A type that is no type of documents at all was said already, and a model says nothing of the types it has not.
func (c *checker) model(m *model) {
	h := &c.d.Header
	if !slices.Contains(m.codes, h.Code.Code) {
		if c.v.HasCode(vocabulary.DocumentType, h.Code.Code) {
			c.report(c.r.byID["model-type"], h.Code.Element, "@code", "the document is of type %s; the model %s (%s) has %s", quoted(h.Code.Code), m.name, m.root, strings.Join(m.codes, ", "))
		}
		return
	}
	for _, w := range m.sections {
		if !c.found[w.root] {
			r := c.rule(w.sure, "model-section", "model-section-named")
			label := ""
			if t := c.t.sections[w.root]; t != nil {
				label = " (" + t.label + ")"
			}
			c.report(r, c.d.Body.Structured.Element, "component", "no section has template %s%s; %s", w.root, label, r.Allowed)
		}
	}
	if h.Code.Code != m.codes[0] {
		return // a document that borrows the model
	}
	for _, d := range m.header {
		if kind := demands[d.kind]; !kind.met(h, d) {
			r := c.rule(d.sure, "model-header", "model-header-versions")
			c.report(r, c.d.Root, d.kind, "model %s: the header lacks %s%s; %s", m.name, kind.says, d.text, r.Allowed)
		}
	}
}
