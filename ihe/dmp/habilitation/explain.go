package habilitation

// Explanation is what an actor may do with a record and why, without any content: the answer of $habilitation.
type Explanation struct {
	Kind   Kind       `json:"kind"`
	Mode   AccessMode `json:"mode"`
	Column string     `json:"column,omitempty"` // of matrix A
	Rights string     `json:"rights,omitempty"` // kind of actor of matrix B
	Why    Decision   `json:"why"`              // how these were found

	// Authorisation is a professional's (TD0.2), with the reason.
	Authorisation    AuthorisationState `json:"authorisation,omitempty"`
	AuthorisationWhy Decision           `json:"authorisationWhy,omitzero"`
	TreatingDoctor   bool               `json:"treatingDoctor"`

	Reading      Reading     `json:"reading"`
	Transactions []Explained `json:"transactions"`
	Notices      []string    `json:"notices,omitempty"` // in French, for the professional
	Tables       []string    `json:"tables"`            // versions of the tables in force
}

// Explained is a transaction with the decision on it. Of one about documents it is said whether there are documents on which it may be carried out, and the Limit says which.
type Explained struct {
	Transaction Transaction `json:"transaction"`
	Decision    Decision    `json:"decision"`
}

// Explain says what an actor may do with a record and why.
func (e *Engine) Explain(a *Actor, s *Situation) Explanation {
	ed := e.edition(s.At)
	st := e.stand(ed, a, s)
	x := Explanation{Kind: a.Kind, Mode: st.mode, Reading: e.Reading(a, s)}
	x.Column, x.Rights, x.Why = e.Column(a, s)
	if a.Kind == Professional {
		x.Authorisation, x.AuthorisationWhy = e.Authorisation(a, s)
		x.TreatingDoctor = st.kind == kindTreating
		x.Notices = []string{NoticeNecessary, NoticePenalty, NoticeNoStorage}
		if st.mode != Normal {
			x.Notices = append(x.Notices, NoticeEmergency)
		}
	}
	for _, t := range Transactions() {
		q := question{e: e, ed: ed, a: a, s: s, t: t, st: st, general: true}
		d := q.answer()
		d.Others = q.weighed
		x.Transactions = append(x.Transactions, Explained{t, d.tidy()})
	}
	rights := ed.b
	if st.rights != nil {
		rights = st.rights
	}
	for _, h := range []*Header{&ed.a.Header, &rights.Header, &ed.codes.Header} {
		x.Tables = append(x.Tables, h.Table+" "+h.Version)
	}
	return x
}
