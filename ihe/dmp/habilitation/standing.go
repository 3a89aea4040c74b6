package habilitation

import "slices"

// standing is what an actor is to the two matrices.
type standing struct {
	column string // of matrix A; "-": none
	kind   string // of matrix B; "" for who is no professional, institution or staff
	sector string // of the column
	mode   AccessMode
	rights *matrixB
	refuse *Decision // why it has no right at all
}

// professionalSide says whether an actor's rights are those of matrix B.
func (k Kind) professionalSide() bool { return k == Professional || k == Institution || k == Staff }

// stand finds an actor's column and kind. What is not known, or contradicts itself, has no right (X1).
func (e *Engine) stand(ed *edition, a *Actor, s *Situation) standing {
	st := standing{column: noColumn, mode: a.Mode, rights: ed.b}
	if st.mode == "" {
		st.mode = Normal
	}
	switch {
	case !slices.Contains(kinds, a.Kind):
		return st.refused("X1", "The kind of the actor is none that the DMP knows.")
	case st.mode != Normal && st.mode != BreakGlass && st.mode != Centre15:
		return st.refused("X1", "The access mode is none of TRE_R248.")
	case !slices.Contains([]Authentication{"", Direct, Indirect, ReinforcedIndirect}, a.Authentication):
		return st.refused("X1", "The authentication mode is none that the DMP knows.")
	case !a.Kind.professionalSide() && st.mode != Normal:
		return st.refused("X1", "Only professionals and institutions have access modes for emergencies.")
	case a.Secret && (e.options.MinorsOff || a.Kind != Professional):
		return st.refused("M4", "A secret connection is a professional's, where the functions for minors are on.")
	}
	if a.Authentication == ReinforcedIndirect {
		st.rights = ed.air
	}
	switch a.Kind {
	case Institution:
		st.kind = kindES
	case Staff:
		st.kind = kindStaff
	case Professional:
		return e.standProfessional(ed, st, a, s)
	}
	return st
}

func (e *Engine) standProfessional(ed *edition, st standing, a *Actor, s *Situation) standing {
	if a.Authentication == Indirect {
		st.kind = kindES // whoever acts by it has the certificate's rights
		return st
	}
	if a.ID.Zero() {
		return st.refused("X1", "A professional has a national identifier.")
	}
	if system, ok := ed.codes.unknown(a); ok {
		return st.refused("X1", "The actor's code of "+system+" is none that the table of codes knows.")
	}
	column, kind, any := ed.codes.lookUp(a)
	if !any {
		return st.refused("X1", "The actor has no profession or function that the table of codes knows.")
	}
	if !e.options.Unqualified && ed.codes.lacking(a) {
		return st.refused("X6", "A doctor has a savoir-faire (TRE_R01) and a pharmacist a section (TRE_G05).")
	}
	st.column, st.kind = column, kind
	if c := ed.columns.column(column); c != nil {
		st.sector = c.Sector
	}
	if kind == codeDoctor {
		st.kind = kindDoctor
		if s.TreatingDoctor && st.mode != Centre15 { // who regulates calls is nobody's médecin traitant there: matrix B has no such column
			st.kind = kindTreating
		}
	}
	return st
}

func (st standing) refused(rule RuleID, why string) standing {
	st.refuse = &Decision{Rule: rule, Why: why}
	return st
}

// social says whether what is masked to the social sector is masked to the actor.
func (st *standing) social(a *Actor) bool {
	healthCode := a.Profession != "" || a.TrainingProfession != ""
	return st.sector == sectorSocial || st.sector == sectorMixed && !healthCode
}

// unknown gives the nomenclature of a code that no line names. Savoir-faire, sections and roles are long lists of which only some codes matter, so that another is not unknown.
func (t *codeTable) unknown(a *Actor) (system string, ok bool) {
	for _, system := range []string{"TRE_G15", "TRE_G16", "TRE_R94", "TRE_R95", "TRE_R22"} {
		if code := a.code(system); code != "" && !t.known[[2]string{system, code}] {
			return system, true
		}
	}
	return "", false
}

// lacking says whether an actor has a code without the further one that its bearers have (X6).
func (t *codeTable) lacking(a *Actor) bool {
	for i := range t.lines {
		if t.lines[i].lacks(a) {
			return true
		}
	}
	return false
}

// lookUp gives the column and the kind that the codes lead to; any is false when they say nothing.
func (t *codeTable) lookUp(a *Actor) (column, kind string, any bool) {
	for i := range t.lines {
		l := &t.lines[i]
		if !l.matches(a) {
			continue
		}
		if column == "" {
			column = l.Column
		}
		if kind == "" {
			kind = l.Kind
		}
	}
	if column == "" && kind == "" {
		return noColumn, "", false
	}
	if column == "" {
		column = noColumn
	}
	if kind == "" {
		kind = kindPS
	}
	return column, kind, true
}

// kinds are the kinds of actors.
var kinds = []Kind{Professional, Holder, Representative, Delegate, Administrator, Institution, Staff, Application, Operator}
