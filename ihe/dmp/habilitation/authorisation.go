package habilitation

import "time"

// AuthorisationState is the answer AUTORISATION of TD0.2 (A13).
type AuthorisationState string

// The states of an authorisation (value system OIDAuthorisationValue).
const (
	AuthorisationNone    AuthorisationState = "NON_EXISTE"
	AuthorisationBlocked AuthorisationState = "INTERDIT"
	AuthorisationExpired AuthorisationState = "EXPIRE"
	AuthorisationValid   AuthorisationState = "VALIDE"
)

// The code systems of TD0.2's answer, and of the emergency oppositions (TD1.3).
const (
	OIDAuthorisationKey   = "1.2.250.1.213.4.1.2.6.1" // AUTORISATION
	OIDAuthorisationValue = "1.2.250.1.213.4.1.2.6.2"
	OIDTreatingDoctor     = "1.2.250.1.213.4.1.2.6.3" // STATUT_MT
	OIDOpposition         = "1.2.250.1.213.4.1.2.3"   // also RATTACHEMENT_ENS

	CodeOppositionBreakGlass = "OPPOSITION_BRIS_DE_GLACE"
	CodeOppositionCentre15   = "OPPOSITION_ACCES_URGENCE"
	CodeAttachedToMES        = "RATTACHEMENT_ENS"
)

// defaultMomentLength is how long a consent of the moment holds: one session (A4).
const defaultMomentLength = 12 * time.Hour

// Holds says whether an authorisation is there and has not ended, been withdrawn by a block, or lies in the future.
func (e *Engine) holds(z *Authorisation, s *Situation, length time.Duration) (exists, valid bool) {
	if z.Given.IsZero() || z.Given.After(s.At) {
		return false, false
	}
	if !s.Unblocked.IsZero() && !z.Given.After(s.Unblocked) {
		return false, false // A9: unblocking does not restore it
	}
	until := z.Until
	if until.IsZero() && length > 0 {
		until = z.Given.Add(length)
	}
	return true, within(s.At, time.Time{}, until)
}

// NextTurn gives the next moment at which what the engine says of a situation may change by itself: an authorisation ends by the length that the options give it, or a day of Paris begins, with which periods in months end. Moments that
// Consents name are not among them.
func (e *Engine) NextTurn(s *Situation) time.Time {
	year, month, day := s.At.In(e.paris).Date()
	next := time.Date(year, month, day+1, 0, 0, 0, 0, e.paris)
	for _, z := range []struct {
		given  *Authorisation
		length time.Duration
	}{{&s.Moment, e.momentLength()}, {&s.Team, e.options.AuthorisationLength}} {
		if z.given.Given.IsZero() || z.length <= 0 {
			continue
		}
		if end := z.given.Given.Add(z.length); end.After(s.At) && end.Before(next) {
			next = end
		}
	}
	return next
}

func (e *Engine) momentLength() time.Duration {
	if e.options.MomentLength == 0 {
		return defaultMomentLength
	}
	return e.options.MomentLength
}

// Authorisation gives the state of a professional's authorisation on a record, as TD0.2 answers it, and the rule that says so.
func (e *Engine) Authorisation(a *Actor, s *Situation) (AuthorisationState, Decision) {
	ed := e.edition(s.At)
	st := e.stand(ed, a, s)
	if st.refuse != nil {
		return AuthorisationNone, *st.refuse
	}
	if s.Blocked {
		return AuthorisationBlocked, Decision{Rule: "A8", Why: "The person has blocked the professional."}
	}
	state, d := e.authorised(&st, s)
	return state, d.tidy()
}

// authorised judges the authorisations of who is not blocked. One that holds is enough.
func (e *Engine) authorised(st *standing, s *Situation) (AuthorisationState, Decision) {
	hadMoment, byMoment := e.holds(&s.Moment, s, e.momentLength())
	hadTeam, byTeam := e.holds(&s.Team, s, e.options.AuthorisationLength)
	weighed := []RuleID{"A8", "A1"}
	permit := func(rule RuleID, why string) (AuthorisationState, Decision) {
		return AuthorisationValid, Decision{Permit: true, Rule: rule, Why: why, Others: weighed}
	}
	deny := func(state AuthorisationState, rule RuleID, why string) (AuthorisationState, Decision) {
		return state, Decision{Rule: rule, Why: why, Others: weighed}
	}
	if st.kind == kindTreating {
		return permit("A14", "The professional is the person's médecin traitant DMP.")
	}
	if byMoment {
		return permit("A4", "The person consented at this consultation.")
	}
	if byTeam && s.Informed && !s.Objected && (s.FirstConsent || e.options.TeamWithoutFirstConsent) {
		weighed = append(weighed, "A3")
		return permit("A2", "The professional is of the care team; the person was informed, consented at first and did not object.")
	}
	weighed = append(weighed, "A4", "A14")
	switch {
	case s.Objected:
		return deny(AuthorisationNone, "A2", "The person objected to the care team's access.")
	case byTeam && !s.Informed:
		return deny(AuthorisationNone, "A2", "Nothing says that the person was informed of the care team's access.")
	case byTeam:
		return deny(AuthorisationNone, "A3", "There is no explicit first consent of the person to her care team.")
	case hadTeam || hadMoment:
		return deny(AuthorisationExpired, "A13", "The authorisation has expired.")
	case !s.Unblocked.IsZero():
		return deny(AuthorisationNone, "A9", "After a block was lifted the person has to authorise the professional again.")
	}
	return deny(AuthorisationNone, "A1", "Nothing says that the professional takes care of the person: neither care team nor consent.")
}

// opened says whether a professional may consult the record at all: by authorisation, or in an emergency.
func (e *Engine) opened(st *standing, a *Actor, s *Situation) Decision {
	switch st.mode {
	case BreakGlass:
		switch {
		case s.OpposedBreakGlass:
			return Decision{Rule: "E1", Why: "The person expressly opposed access by bris de glace.", Others: []RuleID{"A8", "E3"}}
		case !a.Justification:
			return Decision{Rule: "E6", Why: "Bris de glace needs a justification, which is traced.", Others: []RuleID{"A8", "E1"}}
		}
		return Decision{Permit: true, Rule: "E1", Why: "Bris de glace, justified; the person did not oppose it.", Others: []RuleID{"A8", "E3", "E5", "E6"}}
	case Centre15:
		if s.OpposedCentre15 {
			return Decision{Rule: "E2", Why: "The person expressly opposed access by the regulation of emergency calls.", Others: []RuleID{"A8", "E3"}}
		}
		return Decision{Permit: true, Rule: "E7", Why: "The regulation of emergency calls consults without authorisation; the person did not oppose it.", Others: []RuleID{"A8", "E2", "E3", "E5"}}
	}
	_, d := e.authorised(st, s)
	return d
}

// Declaration is a professional's act of declaring himself, or another, authorised (TD0.3, A11).
type Declaration struct {
	Beneficiary Identifier // whom the person authorises
	Collector   Identifier // who heard it; zero: the beneficiary (A5)
	// Word is how the person gave her word: oral, written or electronic. Without it nobody is authorised (A11, A4).
	Word string
	Team bool // for the care team, in place of this consultation
}

// Declare says whether a declaration may be recorded; it becomes an Authorisation of the beneficiary, given at the Situation's moment. The Situation is the beneficiary's.
func (e *Engine) Declare(a *Actor, s *Situation, d Declaration) Decision {
	if decision := e.Decide(a, s, DeclareAuthorised, nil); !decision.Permit {
		return decision
	}
	others := []RuleID{"MB", "A8"}
	switch {
	case d.Word != "oral" && d.Word != "written" && d.Word != "electronic":
		return Decision{Rule: "A11", Why: "An authorisation is the person's word: say how she gave it (oral, written or electronic).", Others: append(others, "A4")}
	case d.Beneficiary.Zero():
		return Decision{Rule: "A5", Why: "A declaration names the professional whom the person authorises.", Others: others}
	case d.Collector != a.ID && !(d.Collector.Zero() && (d.Beneficiary == a.ID || d.Beneficiary == a.Structure)):
		return Decision{Rule: "A5", Why: "Who declares an authorisation is the one who collected the person's word.", Others: others}
	case d.Team && s.Objected:
		return Decision{Rule: "A2", Why: "The person objected to the care team's access.", Others: others}
	}
	return Decision{Permit: true, Rule: "A5", Why: "The person's word was collected by who declares it.", Others: append(others, "A11")}
}
