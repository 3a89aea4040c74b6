package habilitation

import "slices"

// personRight is who, beside professionals, may carry out a transaction.
type personRight struct {
	kinds []Kind
	rule  RuleID
	// deposits: only documents that the patient's side deposited.
	deposits bool
}

// personRights are the rights of the holder and of who acts for her. What is not here nobody of them does.
var personRights = map[Transaction]personRight{
	Authenticate:            {kinds: []Kind{Holder, Representative, Delegate, Administrator, Application, Operator}, rule: "T2"},
	TestExistence:           {kinds: []Kind{Holder, Representative, Delegate, Administrator, Application, Operator}, rule: "T2"},
	ReadAdministrative:      {kinds: []Kind{Holder, Representative, Delegate, Administrator, Application}, rule: "T2"},
	ListProfessionals:       {kinds: []Kind{Holder, Representative, Administrator}, rule: "T2"},
	SearchMetadata:          {kinds: []Kind{Holder, Representative, Delegate, Administrator, Application}, rule: "T2"},
	SearchReference:         {kinds: []Kind{Holder, Representative, Delegate, Administrator, Application}, rule: "T2"},
	ReadDocument:            {kinds: []Kind{Holder, Representative, Delegate, Administrator, Application}, rule: "T2"},
	ReadMasked:              {kinds: []Kind{Holder, Representative, Delegate, Administrator, Application}, rule: "D2"},
	ReadInvisible:           {kinds: []Kind{Holder, Representative, Delegate, Administrator, Application}, rule: "D6"}, // when it has lapsed
	ReadArchived:            {kinds: []Kind{Holder, Representative, Delegate, Administrator, Application}, rule: "D10"},
	ReadSuperseded:          {kinds: []Kind{Holder, Representative, Delegate, Administrator, Application}, rule: "D10"},
	Feed:                    {kinds: []Kind{Holder, Representative, Delegate, Administrator, Application, Operator}, rule: "D15"},
	Mask:                    {kinds: []Kind{Holder, Representative, Administrator}, rule: "D1"},
	Unmask:                  {kinds: []Kind{Holder, Representative, Administrator}, rule: "D1"},
	HideFromSocialSector:    {kinds: []Kind{Holder, Representative, Administrator}, rule: "D1"},
	ShowToSocialSector:      {kinds: []Kind{Holder, Representative, Administrator}, rule: "D1"},
	HideFromThirdPersons:    {kinds: []Kind{Holder, Representative, Administrator}, rule: "D1"},
	ShowToThirdPersons:      {kinds: []Kind{Holder, Representative, Administrator}, rule: "D1"},
	HideFromRepresentatives: {kinds: []Kind{Holder}, rule: "M1"},
	ShowToRepresentatives:   {kinds: []Kind{Holder}, rule: "M1"},
	Archive:                 {kinds: []Kind{Holder, Representative, Administrator}, rule: "D13", deposits: true},
	Unarchive:               {kinds: []Kind{Holder, Representative, Administrator}, rule: "D13", deposits: true},
	Delete:                  {kinds: []Kind{Holder, Representative, Administrator, Delegate}, rule: "D13", deposits: true},
	Supersede:               {kinds: []Kind{Holder, Representative, Administrator, Delegate, Application}, rule: "D13", deposits: true},
	CreateRecord:            {kinds: []Kind{Operator}, rule: "L1"},
	CloseRecord:             {kinds: []Kind{Holder, Representative, Operator}, rule: "L2"}, // at death: the operator
	ReopenRecord:            {kinds: []Kind{Holder, Representative}, rule: "L3"},
	RequestDeletion:         {kinds: []Kind{Holder, Representative}, rule: "L4"},
	ChangeAdministrative:    {kinds: []Kind{Holder, Representative, Administrator, Operator}, rule: "L8"},
	ManageSharing:           {kinds: []Kind{Holder, Representative}, rule: "A7"},
	BlockProfessional:       {kinds: []Kind{Holder, Representative, Administrator}, rule: "A8"},
	ReadTraces:              {kinds: []Kind{Holder, Representative, Administrator}, rule: "T2"},
	ReadOwnTraces:           {kinds: []Kind{Holder, Representative, Administrator, Delegate, Application}, rule: "T2"},
}

// person judges the holder, and who acts for her.
func (q *question) person() *Decision {
	if q.a.Kind != Operator && q.t != Authenticate && q.t != CreateRecord {
		d := q.e.related(q.a, q.s)
		q.weigh(append(d.Others, d.Rule)...)
		if !d.Permit {
			return &d
		}
	}
	right, ok := personRights[q.t]
	if !ok || !slices.Contains(right.kinds, q.a.Kind) {
		return q.refusedToPerson(right)
	}
	q.weigh(right.rule)
	if right.deposits && q.target != nil && !q.target.FromPatient && !q.e.PatientDocument(q.target.Type, q.target.Class) {
		return deny("D13", "The patient's side deletes and archives what it deposited; a professional's document it masks.")
	}
	if q.a.Kind == Delegate && right.deposits && q.target != nil && !q.target.Own {
		return deny("M6", "A delegate acts on what it deposited itself.")
	}
	if q.a.Kind == Application && q.t == Feed && !q.writes() {
		return deny("X9", "No consent of the holder lets the application write.")
	}
	if q.target != nil && q.a.Kind != Operator && slices.Contains(aboutDocument, q.t) {
		r := q.e.Reading(q.a, q.s)
		level, d := r.Judge(q.target)
		q.weigh(d.Rule)
		if level != Full {
			d.Permit = false
			return &d
		}
	}
	return permit(right.rule, "The rights of the holder, and of who acts for her, say yes.")
}

// refusedToPerson names the rule by which something is not for an actor of the patient's side.
func (q *question) refusedToPerson(right personRight) *Decision {
	switch {
	case q.a.Kind == Operator:
		return deny("X12", "Operators run the server and read no record.")
	case q.a.Kind == Delegate && (q.t == CloseRecord || q.t == ManageSharing || right.rule == "D1" || right.rule == "A8"):
		return deny("M6", "A delegate neither closes the record nor manages its sharing.")
	case q.t == CreateRecord:
		return deny("L1", "Records are opened with Mon espace santé, after the time for opposition.")
	case right.rule != "":
		return deny(right.rule, "This is not for this kind of actor.")
	}
	return deny("X1", "No rule gives it to this kind of actor.")
}

// writes says whether a consent of the holder lets an application write what it deposits.
func (q *question) writes() bool {
	return slices.ContainsFunc(q.s.Grants, func(g Grant) bool {
		if !g.Write || !within(q.s.At, g.From, g.Until) {
			return false
		}
		if q.target == nil {
			return true
		}
		wanted := Provision{Classes: g.Classes, Types: g.Types}
		return g.Documents && wanted.covers(q.target.Type, q.ed.a.class(q.target.Type, q.target.Class))
	})
}
