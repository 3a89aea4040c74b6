package author

import (
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// observationStatus is the CDA status of each FHIR status of a result that a summary holds.
var observationStatus = map[string]string{"final": "completed", "amended": "completed", "corrected": "completed", "preliminary": "active"}

func (o *observation) start() string {
	return first(o.EffectiveDateTime, o.EffectiveInstant, start(o.EffectivePeriod))
}
func (o *observation) when() string { return o.start() }

func (o *observation) social() bool {
	return slices.ContainsFunc(o.Category, func(c codeableConcept) bool {
		return slices.ContainsFunc(c.Coding, func(k coding) bool { return k.Code == "social-history" })
	})
}

// social writes habits: observations of the category social-history.
func (s *summary) social(parent *etree.Element) {
	l := s.list(parent, sectionSocial, "Date", "Type", "Observation", "Précisions")
	for _, o := range s.record.observations {
		if o.social() && observationStatus[o.Status] != "" {
			s.observation(l, o, []string{ccd + "33", pccEntry + "13", pccEntry + "13.4", frEntry + "52"})
		}
	}
}

// results writes the other observations and the author's points of attention. The volet requires the section.
func (s *summary) results(parent *etree.Element, vigilance []string) {
	l := s.list(parent, sectionResults, "Date", "Examen ou point de vigilance", "Résultat", "Précisions")
	for _, text := range vigilance {
		if text != "" {
			l.row(cell{}, cell{text: text}, cell{}, cell{})
		}
	}
	for _, o := range s.record.observations {
		if !o.social() && observationStatus[o.Status] != "" {
			s.observation(l, o, []string{pccEntry + "13", frEntry + "48"})
		}
	}
	if l.section == nil {
		putText(s.open(parent, sectionResults), "text", nothing)
	}
}

func (s *summary) observation(l *list, o *observation, templateIDs []string) {
	name, note := s.cell(o.Code.label()), s.cell(notes(o.Note))
	shown := o.value.text()
	for i := range o.Component {
		c := &o.Component[i]
		shown = joinText(shown, strings.TrimSpace(c.Code.label()+" : "+c.value.text()))
	}
	for i := range o.Interpretation {
		shown = joinText(shown, o.Interpretation[i].label())
	}
	for _, r := range o.ReferenceRange {
		shown = joinText(shown, rangeText(r.Text, r.Low, r.High))
	}
	result := s.cell(shown)
	l.row(cell{text: frenchSpan(o.start(), end(o.EffectivePeriod))}, name, result, note)
	el := put(l.entry(), "observation", "classCode", "OBS", "moodCode", "EVN")
	templates(el, templateIDs...)
	s.ids[o.key()].put(el)
	putConcept(el, "code", o.Code, name.id)
	textRef(el, orCell(result, name))
	put(el, "statusCode", "code", observationStatus[o.Status])
	switch low := hl7(o.start()); {
	case o.EffectivePeriod != nil:
		interval(el, "effectiveTime", low, hl7(end(o.EffectivePeriod)), "UNK", "")
	case low != "":
		put(el, "effectiveTime", "value", low)
	default:
		null(el, "effectiveTime", "UNK")
	}
	ref := ""
	if len(o.Component) == 0 && len(o.Interpretation) == 0 && len(o.ReferenceRange) == 0 {
		ref = result.id
	}
	o.value.put(el, "value", ref)
	for i := range o.Interpretation {
		if len(writable(&o.Interpretation[i])) > 0 {
			putConcept(el, "interpretationCode", &o.Interpretation[i], "")
		}
	}
	if len(writable(o.Method)) > 0 {
		putConcept(el, "methodCode", o.Method, "")
	}
	if len(writable(o.BodySite)) > 0 {
		putConcept(el, "targetSiteCode", o.BodySite, "")
	}
	s.components(el, o)
	comment(el, note)
	for _, r := range o.ReferenceRange {
		in := put(put(el, "referenceRange"), "observationRange")
		putText(in, "text", r.Text)
		putRange(in, "value", r.Low, r.High, "xsi:type", "IVL_PQ")
	}
}

func rangeText(text string, low, high *quantity) string {
	if text == "" {
		switch l, h := low.text(), high.text(); {
		case l != "" && h != "":
			text = l + " – " + h
		case l != "":
			text = "≥ " + l
		case h != "":
			text = "≤ " + h
		default:
			return ""
		}
	}
	return "valeurs de référence : " + text
}

func (s *summary) components(parent *etree.Element, o *observation) {
	for i := range o.Component {
		c := &o.Component[i]
		if c.Code.empty() {
			continue
		}
		el := put(put(parent, "entryRelationship", "typeCode", "COMP"), "observation", "classCode", "OBS", "moodCode", "EVN")
		templates(el, pccEntry+"13", frEntry+"48")
		put(el, "id", "root", derivedUUID(s.header.id, o.key()+"/component/"+strconv.Itoa(i)))
		putConcept(el, "code", c.Code, "")
		put(el, "statusCode", "code", observationStatus[o.Status])
		null(el, "effectiveTime", "NA")
		c.value.put(el, "value", "")
		for j := range c.Interpretation {
			if len(writable(&c.Interpretation[j])) > 0 {
				putConcept(el, "interpretationCode", &c.Interpretation[j], "")
			}
		}
	}
}
