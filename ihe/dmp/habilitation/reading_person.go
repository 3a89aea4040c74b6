package habilitation

// related judges whether a record is that of the person for whom an actor other than a professional acts.
func (e *Engine) related(a *Actor, s *Situation) Decision {
	switch {
	case a.Kind == Operator:
		return Decision{Rule: "X12", Why: "Operators run the server and read no record.", Others: []RuleID{"L6"}}
	case !s.Related:
		return Decision{Rule: "X7", Why: "The record is not that of the person for whom the actor acts.", Others: []RuleID{"L6"}}
	case a.Kind == Representative && !s.Minor && !s.ProtectedAdult:
		return Decision{Rule: "M7", Why: "The holder is of age: she has no legal representative any more.", Others: []RuleID{"L6", "X7"}}
	case a.Kind == Administrator && e.options.NoAdministrators:
		return Decision{Rule: "D3", Why: "Administrators of a profile are not admitted here.", Others: []RuleID{"L6", "X7"}}
	}
	rule, why := RuleID("T2"), "The holder reads her own record."
	switch a.Kind {
	case Representative:
		rule, why = "M1", "The legal representative reads the record of the person whom she represents."
	case Administrator:
		rule, why = "D3", "The administrator of the holder's profile reads her record."
	case Delegate:
		rule, why = "M6", "The holder lets the delegate act on her profile."
	case Application:
		rule, why = "X9", "The holder consented to the application."
	}
	return Decision{Permit: true, Rule: rule, Why: why, Others: []RuleID{"L6", "A8", "X7"}}
}

func (e *Engine) readPerson(r *Reading, a *Actor, s *Situation) {
	r.Open = e.related(a, s)
	if !r.Open.Permit {
		return
	}
	r.kindRule = r.Open.Rule
	r.Kinds, r.Data = r.matrix.everyKind(), true
	if a.Kind == Application && !e.readByGrant(r, s) {
		return
	}
	r.Level, r.Masked, r.NotStates = Full, MaskedAll, []State{Deleted}
	r.because("types", r.Open.Rule, "The matrices of professionals do not bind the holder and who acts for her.")
	r.because("masked", "D2", "What is masked from professionals is not masked from the holder.")
	if denials := denialsOf(&standing{column: noColumn}, a, s); a.Kind != Holder && len(denials) > 0 {
		r.narrow(r.Kinds.without(r.matrix, denials, a, noColumn, s.At), "A7")
		r.Data = r.Data && r.Kinds.OtherTypes
		r.because("denied", "A7", "Without what the holder denied to the actor.")
	}
	e.hideFromPerson(r, a, s)
}

// readByGrant gives an application what the holder's consents that hold name.
func (e *Engine) readByGrant(r *Reading, s *Situation) bool {
	var wanted []Provision
	data := false
	for _, g := range s.Grants {
		if !g.Read || !within(s.At, g.From, g.Until) {
			continue
		}
		if g.Documents {
			wanted = append(wanted, Provision{Classes: g.Classes, Types: g.Types})
		}
		data = data || g.Data
	}
	if len(wanted) == 0 && !data {
		r.Open = Decision{Rule: "X9", Why: "No consent of the holder lets the application read.", Others: r.Open.Others}
		r.Kinds, r.Data = Kinds{}, false
		return false
	}
	r.Kinds, r.Data = Kinds{}, data
	if len(wanted) > 0 {
		r.Kinds = r.matrix.asked(wanted)
	}
	return true
}

// hideFromPerson: invisible codes bind the holder and who acts for her, nobody else (step 9 of the order).
func (e *Engine) hideFromPerson(r *Reading, a *Actor, s *Situation) {
	r.Hidden = append(r.Hidden, Hiding{Label: InvisibleToPatient, Months: monthsInvisible, Since: e.HiddenSince(monthsInvisible, s.At), Rule: "D6"})
	r.because("hidden", "D6", "Without what waits for a consultation d'annonce, one month at most.")
	if a.Kind != Holder {
		r.Hidden = append(r.Hidden, Hiding{Label: InvisibleToRepresentatives, Rule: "M1"})
		r.because("hidden", "M1", "Without what is hidden from legal representatives.")
	}
	if a.Kind == Delegate || a.Kind == Application {
		r.Hidden = append(r.Hidden, Hiding{Label: MaskedToThirdPersons, Rule: "X8"})
		r.because("hidden", "X8", "Without what is masked from third persons.")
	}
}
