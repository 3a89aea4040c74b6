package author

import "github.com/beevik/etree"

// procedureStatus is the CDA status of each FHIR status of a procedure that a history holds; what has not begun, what is not known to have and what was
// entered in error is not of it.
var procedureStatus = map[string]string{"completed": "completed", "in-progress": "active", "stopped": "aborted", "on-hold": "suspended", "not-done": "completed"}

func (s *summary) procedures(parent *etree.Element) {
	l := s.list(parent, sectionActs, "Date", "Acte", "Motif", "Précisions")
	for _, p := range s.record.procedures {
		if procedureStatus[p.Status] != "" {
			s.procedure(l, p)
		}
	}
}

func (s *summary) procedure(l *list, p *procedure) {
	name := p.Code.label()
	negated := "false"
	if p.Status == "not-done" {
		name, negated = "Non réalisé : "+name, "true"
	}
	reasons := s.reasons(p.ReasonCode, p.ReasonReference)
	text, note := s.cell(name), s.cell(notes(p.Note))
	low, high := first(p.PerformedDateTime, start(p.PerformedPeriod)), end(p.PerformedPeriod)
	l.row(cell{text: first(frenchSpan(low, high), p.PerformedString)}, text, joinReasons(reasons), note)
	el := put(l.entry(), "procedure", "classCode", "PROC", "moodCode", "EVN", "negationInd", negated)
	templates(el, pccEntry+"19", ccd+"29", frEntry+"62")
	s.ids[p.key()].put(el)
	putConcept(el, "code", p.Code, text.id)
	textRef(el, text)
	put(el, "statusCode", "code", procedureStatus[p.Status])
	switch {
	case p.PerformedPeriod != nil:
		interval(el, "effectiveTime", hl7(low), hl7(high), "UNK", "")
	case hl7(low) != "":
		put(el, "effectiveTime", "value", hl7(low))
	default:
		null(el, "effectiveTime", "UNK")
	}
	for i := range p.BodySite {
		if len(writable(&p.BodySite[i])) > 0 {
			putConcept(el, "targetSiteCode", &p.BodySite[i], "")
		}
	}
	s.putReasons(el, reasons)
	comment(el, note)
}

// reasonOf is one reason of an act: a problem or another resource among those of the record, or a code.
type reasonOf struct {
	target instance
	code   *codeableConcept
	shown  cell
}

// reasons gathers the reasons of an act. A reference to what the summary does not hold counts by its display only.
func (s *summary) reasons(codes []codeableConcept, references []reference) []reasonOf {
	var out []reasonOf
	for i := range references {
		key := references[i].localKey()
		id, known := s.ids[key]
		code := s.codeOf(key)
		if code.empty() {
			code = &codeableConcept{Text: references[i].Display}
		}
		if !code.empty() {
			if !known {
				id = instance{root: derivedUUID(s.header.id, key)}
			}
			out = append(out, reasonOf{id, code, s.cell(code.label())})
		}
	}
	for i := range codes {
		if !codes[i].empty() {
			out = append(out, reasonOf{instance{root: derivedUUID(s.header.id, "reason/"+codes[i].label())}, &codes[i], s.cell(codes[i].label())})
		}
	}
	return out
}

// codeOf is the code of a resource that can be a reason.
func (s *summary) codeOf(key string) *codeableConcept {
	for _, c := range s.record.conditions {
		if c.key() == key {
			return c.Code
		}
	}
	for _, p := range s.record.procedures {
		if p.key() == key {
			return p.Code
		}
	}
	for _, o := range s.record.observations {
		if o.key() == key {
			return o.Code
		}
	}
	return nil
}

// joinReasons is the cell of the reasons: one that can be pointed at when there is one reason.
func joinReasons(all []reasonOf) cell {
	if len(all) == 1 {
		return all[0].shown
	}
	out := cell{}
	for i := range all {
		out.text = joinText(out.text, all[i].shown.text)
		all[i].shown.id = ""
	}
	return out
}

func (s *summary) putReasons(el *etree.Element, all []reasonOf) {
	for _, r := range all {
		s.reason(el, r.target, r.code, r.shown)
	}
}
