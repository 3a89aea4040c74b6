package habilitation

import "slices"

// Decide says whether an actor may carry out a transaction on a record: the record's state, the actor, blocks, the access mode, matrix B, then the document, in this order. A transaction about a document needs its target; it is nil for the
// others. Who may read a record in general is Reading's Open.
func (e *Engine) Decide(a *Actor, s *Situation, t Transaction, target *Target) Decision {
	q := question{e: e, ed: e.edition(s.At), a: a, s: s, t: t, target: target}
	q.st = e.stand(q.ed, a, s)
	d := q.answer()
	d.Others = q.weighed
	return d.tidy()
}

// question is one call of Decide.
type question struct {
	e       *Engine
	ed      *edition
	a       *Actor
	s       *Situation
	t       Transaction
	target  *Target
	st      standing
	general bool // of no particular document: what may hold is permitted, with its condition
	weighed []RuleID
}

func (q *question) weigh(rules ...RuleID) {
	for _, r := range rules {
		if !slices.Contains(q.weighed, r) {
			q.weighed = append(q.weighed, r)
		}
	}
}

func permit(rule RuleID, why string) *Decision { return &Decision{Permit: true, Rule: rule, Why: why} }
func deny(rule RuleID, why string) *Decision   { return &Decision{Rule: rule, Why: why} }

func (q *question) answer() Decision {
	steps := []func() *Decision{q.known, q.open, q.actor, q.block}
	if q.a.Kind.professionalSide() {
		steps = append(steps, q.outsideMatrixB, q.matrixB)
	} else {
		steps = append(steps, q.person)
	}
	for _, step := range steps {
		if d := step(); d != nil {
			return *d
		}
	}
	return *deny("X1", "No rule permits it.")
}

// aboutDocument are the transactions that act on a document.
var aboutDocument = []Transaction{
	ReadDocument, ReadMasked, ReadInvisible, ReadArchived, ReadSuperseded, ReadDeleted, Mask, Unmask, ShowToPatient, Archive, Unarchive, Delete,
	HideFromPatient, HideFromRepresentatives, ShowToRepresentatives, HideFromSocialSector, ShowToSocialSector, HideFromThirdPersons, ShowToThirdPersons, Relabel, Supersede,
}

// known: a transaction that there is, with a document where it needs one.
func (q *question) known() *Decision {
	if !slices.Contains(matrixBTransactions, q.t) && !slices.Contains(otherTransactions, q.t) {
		return deny("X1", "There is no such transaction.")
	}
	if q.target == nil && !q.general && slices.Contains(aboutDocument, q.t) {
		return deny("X1", "The transaction is about a document, and none is given.")
	}
	return nil
}

// open: a closed record is neither read nor fed (L6); it can be found, reopened and deleted, and its traces read.
func (q *question) open() *Decision {
	q.weigh("L6")
	if slices.Contains([]Transaction{Authenticate, TestExistence, ListAuthorised, SearchWithoutINS, ReopenRecord, RequestDeletion, ReadTraces, ReadOwnTraces, CreateRecord}, q.t) {
		return nil
	}
	if q.s.Closed {
		return deny("L6", "The record is closed.")
	}
	if q.s.Suspended {
		return deny("L5", "The record is suspended.")
	}
	return nil
}

func (q *question) actor() *Decision { return q.st.refuse }

// block: who is blocked neither reads nor acts on documents, whatever authorises it, in emergencies too (A8); it may still feed (A9).
func (q *question) block() *Decision {
	if !q.s.Blocked || q.a.Kind == Holder {
		return nil
	}
	if slices.Contains([]Transaction{Authenticate, TestExistence, ListAuthorised, SearchWithoutINS, Feed, FeedByStaff, WithdrawAuthorisation, LeaveTreatingDoctor, ReadOwnTraces}, q.t) {
		q.weigh("A8", "A9")
		return nil
	}
	return deny("A8", "The person has blocked the actor.")
}

// outsideMatrixB are the acts of professionals that matrix B does not have.
func (q *question) outsideMatrixB() *Decision {
	if q.t.inMatrixB() {
		return nil
	}
	normal := q.st.mode == Normal
	switch q.t {
	case CreateRecord:
		return deny("L7", "Professionals create no records any more (DMPAccessDeniedByRightsService).")
	case ChangeAdministrative:
		if q.s.AttachedToMES {
			return deny("L8", "The record belongs to a Mon espace santé: its administrative data are changed there.")
		}
		if normal && q.st.kind != kindES {
			return permit("L8", "The record belongs to no Mon espace santé: software may change its administrative data.")
		}
		return deny("L8", "Administrative data are changed in normal access, not by a certificate.")
	case BlockProfessional:
		if q.st.kind == kindTreating && normal {
			return permit("T6", "The médecin traitant blocks professionals at the person's request.")
		}
		return deny("T6", "Of professionals only the médecin traitant blocks others, in normal access.")
	case ReadTraces:
		if q.st.kind == kindTreating && normal {
			return permit("T5", "The médecin traitant sees all traces.")
		}
		return deny("T5", "Professionals see their own traces only; the médecin traitant sees all.")
	case ReadOwnTraces:
		if q.a.Kind == Professional {
			return permit("T5", "Professionals see their own traces.")
		}
		return deny("T5", "Traces are read by persons.")
	case HideFromRepresentatives, ShowToRepresentatives, Relabel, Supersede:
		return q.ownDocument()
	case CloseRecord, ReopenRecord, RequestDeletion:
		return deny("L2", "Records are closed, opened again and deleted by their holder or her representative.")
	case ManageSharing:
		return deny("A7", "What is shared with whom is decided by the holder.")
	}
	return deny("X1", "Neither matrix B nor another rule gives it to professionals.")
}

// ownDocument: what no text gives beyond one's own documents.
func (q *question) ownDocument() *Decision {
	rule := RuleID("X11")
	if q.t == HideFromRepresentatives || q.t == ShowToRepresentatives {
		rule = "M1"
	}
	feeds := q.st.kind == kindES || q.st.kind == kindStaff
	switch {
	case q.st.mode != Normal && q.t != Supersede:
		return deny("E11", "Labels do not change in emergency modes.")
	case feeds && q.t != Supersede:
		return deny(rule, "Labels are changed by professionals.")
	case q.general || q.target.Own || q.target.OwnStructure && (feeds || q.t == Supersede):
		return permit(rule, "The document is the actor's own.")
	}
	return deny(rule, "Only authors do this to a document.")
}

// matrixB judges the cell, its conditions, then what else the transaction needs.
func (q *question) matrixB() *Decision {
	rule := ruleOf(q.t, q.st.mode)
	q.weigh("MB", rule)
	cell, line, ok := q.st.rights.cell(q.t, q.st.kind, q.st.mode)
	if !ok || !cell.Yes {
		if q.st.kind == kindOccupant && slices.Contains(readings, q.t) {
			rule = "A16"
		}
		return deny(rule, "The functional rights say no for this kind of actor in this access mode.")
	}
	limit, d := q.conditions(cell, line, rule)
	if d != nil {
		return d
	}
	if q.t == DeclareAuthorised {
		q.weigh("A11")
	}
	if d := q.consultation(); d != nil {
		return d
	}
	if d := q.document(); d != nil {
		return d
	}
	p := permit(rule, "The functional rights say yes.")
	if p.Limit = limit; limit == "" && q.onlyOwn() {
		p.Limit = OwnOnly
		q.weigh("MA")
	}
	return p
}

// onlyOwn says whether a permission about documents in general means the actor's own: matrix A has no column for it, so that it has no other (a médecin du travail, A16; an aide-soignant).
func (q *question) onlyOwn() bool {
	return q.general && q.st.kind != kindES && q.st.kind != kindStaff && q.st.column == noColumn && (slices.Contains(aboutDocument, q.t) || q.t == SearchMetadata || q.t == SearchReference)
}

// readings are the transactions that consult documents.
var readings = []Transaction{ReadDocument, ReadMasked, ReadInvisible, ReadArchived, ReadSuperseded, ReadDeleted}

// ruleOf gives the numbered rule that a line of matrix B stands for.
func ruleOf(t Transaction, mode AccessMode) RuleID {
	emergency := mode != Normal
	switch t {
	case SearchWithoutINS:
		return "E9"
	case ListProfessionals:
		return "T7"
	case ReadMasked:
		if emergency {
			return "E8"
		}
		return "D2"
	case ReadInvisible:
		return "D8"
	case ReadArchived, ReadSuperseded, ReadDeleted:
		return "D10"
	case Mask, Unmask:
		if emergency {
			return "E11"
		}
		return "D4"
	case ShowToPatient:
		return "D7"
	case DeclareAuthorised:
		if emergency {
			return "E11"
		}
		return "A11"
	case Delete:
		return "D12"
	}
	return "MB"
}

// conditions judges the notes of a cell and of its line. A condition that is no matter of a document is handed on as a limit.
func (q *question) conditions(cell Cell, line *RightLine, rule RuleID) (Condition, *Decision) {
	fromPatient := q.target != nil && (q.target.FromPatient || q.e.PatientDocument(q.target.Type, q.target.Class))
	limit := Condition("")
	if slices.Contains(line.conditions, PatientDocument) && fromPatient {
		q.weigh("D15")
		if q.st.kind != kindTreating {
			return "", deny("D12", "A document of the patient is archived and deleted by the patient, or by the médecin traitant.")
		}
		return "", nil // whoever is its author
	}
	for _, c := range cell.conditions {
		switch {
		case c == OwnOnly && q.target != nil && !q.target.Own:
			return "", deny(rule, "Only authors do this to a document.")
		case c == OwnStructureOnly && q.target != nil && !q.target.OwnStructure:
			return "", deny(rule, "Only documents of the actor's structure or its staff.")
		case c == EmergencyMasked && !q.s.MaskedInEmergency:
			return "", deny("E8", "The person did not allow masked documents in emergencies.")
		default:
			limit = c
		}
	}
	return limit, nil
}

// consultation: authorisation, or an emergency, is needed to consult; not to feed, to archive or to delete (A10), nor for one's own documents.
func (q *question) consultation() *Decision {
	needs := q.t == SearchMetadata || q.t == ListProfessionals || slices.Contains(readings, q.t)
	if q.t == Mask || q.t == Unmask || q.t == ShowToPatient {
		needs = q.general || !q.target.Own
	}
	if !needs {
		q.weigh("A10")
		return nil
	}
	d := q.e.opened(&q.st, q.a, q.s)
	q.weigh(append(d.Others, d.Rule)...)
	if d.Permit || q.byCode() {
		return nil
	}
	return &d
}

// byCode says whether a temporary code opens the document that is to be read.
func (q *question) byCode() bool {
	if q.st.mode != Normal || !(q.t == SearchMetadata || slices.Contains(readings, q.t)) {
		return false
	}
	r := q.e.Reading(q.a, q.s)
	q.weigh("X10")
	return r.Open.Permit
}

// document: it exists for the actor, in full for who reads it.
func (q *question) document() *Decision {
	if q.target == nil || !slices.Contains(aboutDocument, q.t) {
		return nil
	}
	reads := slices.Contains(readings, q.t)
	if !reads && (q.target.Own || q.target.OwnStructure) {
		return nil // what one may do to one's own, the conditions said
	}
	r := q.e.Reading(q.a, q.s)
	level, d := r.Judge(q.target)
	q.weigh("MA", "D2", "A7", d.Rule)
	if level == Nothing || reads && level != Full {
		d.Permit = false
		return &d
	}
	return nil
}
