package habilitation

import "time"

// What a professional reads before he opens a record: rules that no program can decide.
const (
	NoticeNecessary = "Ne consultez que les données strictement nécessaires à la prise en charge de la personne. Chaque consultation est tracée et la personne peut la voir."                              // A6
	NoticePenalty   = "Accéder au dossier d'une personne sans en avoir le droit est puni d'emprisonnement et d'amende, indépendamment des poursuites disciplinaires."                                      // A19
	NoticeEmergency = "Accès en urgence : la personne et son médecin traitant en seront informés. Indiquez pourquoi la personne ne peut pas exprimer sa volonté et quel risque immédiat justifie l'accès." // E1, E6, E10
	NoticeNoStorage = "Les documents consultés ne sont conservés que par un acte du professionnel."                                                                                                        // D14
)

// Event is something that happened in a record, of which people may be told.
type Event struct {
	// Access: documents were consulted; First: for the first time by this professional (T3).
	Access, First bool
	// Document: one was added or changed.
	Document bool
}

// Preferences are what the holder has switched off (T4). What the law asks for is sent all the same: first accesses and emergencies.
type Preferences struct{ NoAccess, NoDocument bool }

// Notices says who is told of an event.
type Notices struct {
	Holder, TreatingDoctor bool
	// Representatives: the holder's notice also goes to her legal representatives; not from a secret connection (M2).
	Representatives bool
	Rules           []RuleID // that ask for it
}

// Notices says who is told of an event that an actor caused (T3, T4, E10, M2).
func (e *Engine) Notices(a *Actor, s *Situation, event Event, p Preferences) Notices {
	var n Notices
	emergency := a.Mode == BreakGlass || a.Mode == Centre15
	tell := func(rule RuleID) {
		n.Holder = true
		n.Rules = append(n.Rules, rule)
	}
	if !a.Kind.professionalSide() {
		if event.Document && !p.NoDocument && a.Kind != Holder {
			tell("T4")
		}
	} else {
		if event.Access && emergency {
			tell("E10")
			n.TreatingDoctor = true
		}
		if event.Access && event.First {
			tell("T3")
		}
		if event.Access && !p.NoAccess || event.Document && !p.NoDocument {
			tell("T4")
		}
	}
	n.Representatives = n.Holder && (s.Minor || s.ProtectedAdult) && !a.Secret
	if a.Secret {
		n.Rules = append(n.Rules, "M2")
	}
	return n
}

// TraceVisible says whether the trace of a session is shown to an actor who may read traces: those of a secret connection are hidden from all but the holder and professionals (M2).
func (e *Engine) TraceVisible(reader *Actor, secret bool) Decision {
	if secret && !reader.Kind.professionalSide() && reader.Kind != Holder {
		return Decision{Rule: "M2", Why: "Traces of a secret connection are hidden from legal representatives and delegates."}
	}
	return Decision{Permit: true, Rule: "T2", Why: "Who may read traces reads this one.", Others: []RuleID{"M2", "T5"}}
}

// TracesSince gives from when on traces are shown, at a moment; the last hundred are shown however old they are (T5).
func (e *Engine) TracesSince(at time.Time) (since time.Time, atLeast int) {
	return at.AddDate(0, -monthsTraces, 0), tracesAtLeastLast
}

// FedInTime says whether a document was deposited on the day of the act, or of the discharge that it is about, in Paris (D16).
func (e *Engine) FedInTime(act, deposited time.Time) bool {
	ay, am, ad := act.In(e.paris).Date()
	end := time.Date(ay, am, ad+1, 0, 0, 0, 0, e.paris)
	return deposited.Before(end)
}
