package author

import "github.com/beevik/etree"

// cell is a cell of a narrative: a text that entries refer to by its ID, and what stands after it.
type cell struct{ id, text, after string }

func (s *summary) cell(text string) cell {
	if text == "" {
		return cell{}
	}
	return cell{id: s.nextID("t"), text: text}
}

// list is a section whose narrative is a table, a row for each entry. The section is made with the first row.
type list struct {
	s       *summary
	parent  *etree.Element
	model   sectionModel
	headers []string
	section *etree.Element
	body    *etree.Element
}

func (s *summary) list(parent *etree.Element, m sectionModel, headers ...string) *list {
	return &list{s: s, parent: parent, model: m, headers: headers}
}

func (l *list) start() {
	if l.section != nil {
		return
	}
	l.section = l.s.open(l.parent, l.model)
	table := put(put(l.section, "text"), "table", "border", "0")
	head := put(put(table, "thead"), "tr")
	for _, h := range l.headers {
		putText(head, "th", h)
	}
	l.body = put(table, "tbody")
}

// row adds a row to the narrative.
func (l *list) row(cells ...cell) {
	l.start()
	tr := put(l.body, "tr")
	for _, c := range cells {
		td := put(tr, "td")
		if c.id == "" || c.text == "" {
			if text := joinText(c.text, c.after); text != "" {
				td.SetText(clean(text))
			}
			continue
		}
		putText(td, "content", c.text, "ID", c.id)
		if c.after != "" {
			td.CreateText(clean(" ; " + c.after))
		}
	}
}

// entry adds a coded entry to the section.
func (l *list) entry(pairs ...string) *etree.Element {
	l.start()
	return put(l.section, "entry", pairs...)
}

// lines writes a section of free lines, when there are any.
func (s *summary) lines(parent *etree.Element, m sectionModel, header string, texts []string) {
	l := s.list(parent, m, header)
	for _, t := range texts {
		if t != "" {
			l.row(cell{text: t})
		}
	}
}

// textRef refers an act to its narrative.
func textRef(el *etree.Element, c cell) {
	if c.id != "" {
		put(put(el, "text"), "reference", "value", "#"+c.id)
	}
}

// comment adds a comment on an act (FR-Commentaire-ER).
func comment(el *etree.Element, c cell) {
	if c.id == "" {
		return
	}
	act := put(put(el, "entryRelationship", "typeCode", "SUBJ", "inversionInd", "true"), "act", "classCode", "ACT", "moodCode", "EVN")
	templates(act, ccd+"40", pccEntry+"2", frEntry+"32")
	putCode(act, "code", "48767-8", oidLOINC, "Commentaire")
	textRef(act, c)
	put(act, "statusCode", "code", "completed")
}

const (
	frEntry  = "1.2.250.1.213.1.1.3."
	pccEntry = "1.3.6.1.4.1.19376.1.5.3.1.4."
)

// attribute adds an observation about another one: status, severity, certainty, criticality.
type attribute struct {
	relation, inverted string // of the entryRelationship
	templates          []string
	code, system       string
	display            string
	timed              bool // the template wants an id and a time
}

var (
	problemStatus = attribute{"REFR", "false", []string{ccd + "50", ccd + "57", pccEntry + "1.1", frEntry + "30"}, "33999-4", oidLOINC, "Statut", false}
	severity      = attribute{"SUBJ", "true", []string{ccd + "55", pccEntry + "1", frEntry + "29"}, "SEV", oidActCode, "Sévérité", false}
	certainty     = attribute{"SUBJ", "true", []string{pccEntry + "13", frEntry + "48", frEntry + "171"}, "66455-7", oidLOINC, "Certitude", true}
	criticality   = attribute{"SUBJ", "true", []string{pccEntry + "13", frEntry + "48", frEntry + "172"}, "82606-5", oidLOINC, "Criticité", true}
)

func (s *summary) attribute(parent *etree.Element, a attribute, key string, value coding, shown cell) {
	el := put(put(parent, "entryRelationship", "typeCode", a.relation, "inversionInd", a.inverted), "observation", "classCode", "OBS", "moodCode", "EVN")
	templates(el, a.templates...)
	if a.timed {
		put(el, "id", "root", derivedUUID(s.header.id, key+"/"+a.code))
	}
	putCode(el, "code", a.code, a.system, a.display)
	textRef(el, shown)
	put(el, "statusCode", "code", "completed")
	if a.timed {
		null(el, "effectiveTime", "NA")
	}
	putCode(el, "value", value.Code, value.System, value.Display, "xsi:type", "CD")
}

// reason refers an act to the entry that is its reason (FR-Reference-interne), with the code of that once more.
func (s *summary) reason(parent *etree.Element, target instance, code *codeableConcept, shown cell) {
	act := put(put(parent, "entryRelationship", "typeCode", "RSON"), "act", "classCode", "ACT", "moodCode", "EVN")
	templates(act, pccEntry+"4.1", frEntry+"36")
	target.put(act)
	putConcept(act, "code", code, shown.id)
}

// prune takes the columns of a table out that no row has anything in.
func prune(table *etree.Element) {
	head := table.FindElement("thead/tr")
	rows := table.FindElements("tbody/tr")
	if head == nil {
		return
	}
	headers := head.ChildElements()
	for i := len(headers) - 1; i >= 0; i-- {
		empty := true
		for _, r := range rows {
			cells := r.ChildElements()
			empty = empty && (i >= len(cells) || len(cells[i].Child) == 0)
		}
		if !empty {
			continue
		}
		head.RemoveChild(headers[i])
		for _, r := range rows {
			if cells := r.ChildElements(); i < len(cells) {
				r.RemoveChild(cells[i])
			}
		}
	}
}
