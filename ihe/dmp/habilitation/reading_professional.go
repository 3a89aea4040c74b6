package habilitation

import "slices"

// Reading says which documents of a record exist for an actor.
func (e *Engine) Reading(a *Actor, s *Situation) Reading {
	ed := e.edition(s.At)
	r := Reading{Version: ed.a.Version, matrix: ed.a, maskRule: "D2", kindRule: "MA"}
	st := e.stand(ed, a, s)
	if d := shut(&st, a, s); d != nil {
		r.Open = *d
		return r
	}
	if a.Kind.professionalSide() {
		e.readProfessional(&r, ed, &st, a, s)
	} else {
		e.readPerson(&r, a, s)
	}
	r.Open = r.Open.tidy()
	return r
}

// shut judges what closes a record to an actor whatever it wants to read: steps 1 to 3 of the order of decision.
func shut(st *standing, a *Actor, s *Situation) *Decision {
	switch {
	case s.Closed:
		return &Decision{Rule: "L6", Why: "The record is closed."}
	case s.Suspended:
		return &Decision{Rule: "L5", Why: "The record is suspended.", Others: []RuleID{"L6"}}
	case st.refuse != nil:
		d := *st.refuse
		d.Others = []RuleID{"L6"}
		return &d
	case s.Blocked && a.Kind != Holder:
		return &Decision{Rule: "A8", Why: "The person has blocked the actor.", Others: []RuleID{"L6"}}
	}
	return nil
}

// may gives the cell of a transaction for an actor: whether it says yes, and under which conditions.
func (st *standing) may(t Transaction) (bool, []Condition) {
	cell, _, ok := st.rights.cell(t, st.kind, st.mode)
	return ok && cell.Yes, cell.conditions
}

func (e *Engine) readProfessional(r *Reading, ed *edition, st *standing, a *Actor, s *Situation) {
	r.Masked = e.masked(r, st, s)
	if yes, conditions := st.may(SearchReference); yes && slices.Contains(conditions, ReferenceOnly) {
		r.OwnStructure = Reference
		r.because("own structure", "MB", "References of the structure's documents can be searched, to replace or delete them.")
	} else if yes {
		r.Own = Reference
		r.because("own", "A10", "Authors find their own documents: feeding, archiving and deleting need no authorisation.")
	}
	for state, t := range map[State]Transaction{Archived: ReadArchived, Superseded: ReadSuperseded, Deleted: ReadDeleted} {
		if st.kind == kindOccupant && state == Archived {
			continue // he takes his own documents out of the archive (TD3.3d), as references
		}
		if yes, _ := st.may(t); !yes && st.kind != kindES && st.kind != kindStaff {
			r.NotStates = append(r.NotStates, state)
		}
	}
	slices.Sort(r.NotStates)
	reads, _ := st.may(ReadDocument)
	lists, _ := st.may(SearchMetadata)
	if !lists {
		r.Open = Decision{Rule: "MB", Why: "This kind of actor neither lists nor reads documents (functional rights, TD3.1 and TD3.2).", Others: []RuleID{"L6", "A8"}}
		return
	}
	r.Open = e.opened(st, a, s)
	r.Open.Others = append([]RuleID{"L6"}, r.Open.Others...)
	switch {
	case !reads:
		e.listOnly(r, ed, st, a, s)
	case r.Open.Permit:
		r.Level, r.Own = Full, Full
		r.because("own", "X5", "Authors read their own documents, whatever their type.")
		e.professionalKinds(r, ed, st, a, s)
	case st.mode == Normal:
		e.readByCode(r, ed, st, a, s)
	}
	e.hideFromProfessional(r, st, a)
	r.Data = r.Level == Full && r.Kinds.OtherTypes
}

// listOnly is the médecin du travail's reading: metadata, by authorisation, and no document (A16). Matrix A has no column for him, so that of others' documents he lists none.
func (e *Engine) listOnly(r *Reading, ed *edition, st *standing, a *Actor, s *Situation) {
	if r.Open.Permit {
		r.Level = Reference
		e.professionalKinds(r, ed, st, a, s)
	}
	rule := RuleID("MB")
	if st.kind == kindOccupant {
		rule = "A16"
	}
	r.Open = Decision{Rule: rule, Why: "This kind of actor reads no document (functional rights, TD3.2); it may search metadata and feed.", Others: append(r.Open.Others, r.Open.Rule)}
}

// professionalKinds are the types of the column, without what the holder denied.
func (e *Engine) professionalKinds(r *Reading, ed *edition, st *standing, a *Actor, s *Situation) {
	switch {
	case st.kind == kindTreating:
		r.Kinds = ed.everything
		r.kindRule = "A14"
		r.because("types", "A14", "The médecin traitant has access to the whole record.")
	case st.column == noColumn:
		r.because("types", "MA", "The profession has no column in matrix A: it reads no type.")
	default:
		r.Kinds = ed.kinds[st.column].set
		r.kindsKey = ed.kinds[st.column].key
		r.because("types", "MA", "The types of column "+st.column+".")
		if st.mode != Normal {
			r.because("types", "E12", "Matrix A restricts in emergencies too.")
		}
	}
	if denials := denialsOf(st, a, s); len(denials) > 0 {
		r.narrow(r.Kinds.without(ed.a, denials, a, st.column, s.At), "A7")
		r.because("denied", "A7", "Without what the holder denied.")
	}
}

// denialsOf are the holder's denials that bind an actor. What she says of everybody, or of a profession, is about professionals other than her médecin traitant, who has access to the whole record (A14); what names an actor binds it.
func denialsOf(st *standing, a *Actor, s *Situation) []*Provision {
	var found []*Provision
	for i := range s.Denied {
		v := &s.Denied[i]
		named := slices.ContainsFunc(v.Actors, func(id Identifier) bool { return !id.Zero() && (id == a.ID || id == a.Structure) })
		general := a.Kind.professionalSide() && st.kind != kindTreating
		if (named || general) && v.concerns(a, st.column, s.At) {
			found = append(found, v)
		}
	}
	return found
}

// readByCode opens the headings that the holder chose to who presents a temporary code: within matrix A, and where nothing else opens the record.
func (e *Engine) readByCode(r *Reading, ed *edition, st *standing, a *Actor, s *Situation) {
	var codes []Provision
	for _, c := range s.Codes {
		if c.concerns(a, st.column, s.At) {
			codes = append(codes, c)
		}
	}
	if len(codes) == 0 {
		return
	}
	r.Open = Decision{Permit: true, Rule: "X10", Why: "The holder gave a temporary access code for chosen headings.", Others: append(r.Open.Others, r.Open.Rule)}
	r.Level = Full
	e.professionalKinds(r, ed, st, a, s)
	asked := ed.a.asked(codes)
	r.narrow(r.Kinds.and(ed.a, &asked), "X10")
	r.because("code", "X10", "Only the headings of the code, and of these what matrix A permits.")
}

// masked says which masked documents a professional may consult (D2, E8).
func (e *Engine) masked(r *Reading, st *standing, s *Situation) MaskScope {
	yes, conditions := st.may(ReadMasked)
	if st.mode != Normal {
		r.maskRule = "E8"
	}
	switch {
	case st.kind == kindES || st.kind == kindStaff:
		return MaskedOwn // references of the structure's documents only
	case !yes:
		if st.kind == kindOccupant {
			return MaskedOwn // references of his own documents, to unmask or delete them
		}
		return MaskedNone
	case slices.Contains(conditions, EmergencyMasked) && !s.MaskedInEmergency:
		r.because("masked", "E8", "Masked documents do not exist in emergencies unless the person allowed it.")
		return MaskedNone
	case slices.Contains(conditions, OwnOnly):
		r.because("masked", "D2", "Of masked documents only the actor's own.")
		return MaskedOwn
	case slices.Contains(conditions, EmergencyMasked):
		r.because("masked", "E8", "The person allowed masked documents in emergencies.")
	default:
		r.because("masked", "D2", "Masked documents too.")
	}
	return MaskedAll
}

// hideFromProfessional: professionals read what the patient cannot see (D8), unless matrix B says otherwise; the social sector does not read what is masked from it.
func (e *Engine) hideFromProfessional(r *Reading, st *standing, a *Actor) {
	if yes, _ := st.may(ReadInvisible); !yes && st.kind != kindES && st.kind != kindStaff {
		r.Hidden = append(r.Hidden, Hiding{Label: InvisibleToPatient, Rule: "MB"}, Hiding{Label: InvisibleToRepresentatives, Rule: "MB"})
	}
	if st.social(a) {
		r.Hidden = append(r.Hidden, Hiding{Label: MaskedToSocialSector, Rule: "X8"})
		r.because("hidden", "X8", "Without what is masked from the social sector.")
	}
}
