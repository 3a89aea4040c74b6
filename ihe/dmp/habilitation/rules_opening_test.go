package habilitation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRuleA1(t *testing.T) {
	e := standard(t)
	hidden(t, e, doctor(), situation(), report(), "A1")
	mayNot(t, e, doctor(), situation(), ReadDocument, report(), "A1")
	reads(t, e, doctor(), situation(team), report(), "MA")
	may(t, e, doctor(), situation(team), ReadDocument, report(), "MB")
}

func TestRuleA2(t *testing.T) {
	e := standard(t)
	reads(t, e, nurse(), situation(team), report(), "MA")
	hidden(t, e, nurse(), situation(team, func(s *Situation) { s.Informed = false }), report(), "A2")
	hidden(t, e, nurse(), situation(team, func(s *Situation) { s.Objected = true }), report(), "A2")
	// An objection is against the team; the consent of the moment is the person's own word.
	reads(t, e, nurse(), situation(team, consented, func(s *Situation) { s.Objected = true }), report(), "MA")
}

func TestRuleA3(t *testing.T) {
	noFirst := situation(team, func(s *Situation) { s.FirstConsent = false })
	hidden(t, standard(t), nurse(), noFirst, report(), "A3")
	reads(t, engine(t, Options{TeamWithoutFirstConsent: true}), nurse(), noFirst, report(), "MA")
}

func TestRuleA4(t *testing.T) {
	e := standard(t)
	reads(t, e, doctor(), situation(consented), report(), "MA")
	_, d := e.Authorisation(doctor(), situation(consented))
	assert.Equal(t, RuleID("A4"), d.Rule)
	ended := situation(func(s *Situation) { s.Moment.Given = now.Add(-13 * time.Hour) })
	hidden(t, e, doctor(), ended, report(), "A13")
	reads(t, engine(t, Options{MomentLength: 24 * time.Hour}), doctor(), ended, report(), "MA")
	hidden(t, e, doctor(), situation(func(s *Situation) { s.Moment.Given = now.Add(time.Minute) }), report(), "A1")
}

func TestRuleA5(t *testing.T) {
	e := standard(t)
	colleague := Identifier{systemRPPS, "899700000029"}
	d := e.Declare(doctor(), situation(), Declaration{Beneficiary: colleague, Collector: doctor().ID, Word: "oral"})
	assert.True(t, d.Permit, d.Why)
	assert.Equal(t, RuleID("A5"), d.Rule)
	for _, wrong := range []Declaration{
		{Beneficiary: colleague, Word: "oral"},
		{Beneficiary: doctor().ID, Collector: colleague, Word: "oral"},
		{Collector: doctor().ID, Word: "oral"},
	} {
		d := e.Declare(doctor(), situation(), wrong)
		assert.False(t, d.Permit)
		assert.Equal(t, RuleID("A5"), d.Rule)
	}
}

func TestRuleA6(t *testing.T) {
	notices := standard(t).Explain(doctor(), situation(team)).Notices
	assert.Contains(t, notices, NoticeNecessary)
}

func TestRuleA7(t *testing.T) {
	e := standard(t)
	deny := func(v Provision) *Situation {
		return situation(team, func(s *Situation) { s.Denied = []Provision{v} })
	}
	byClass := deny(Provision{Classes: []string{"10"}})
	hidden(t, e, nurse(), byClass, report(), "A7")
	reads(t, e, nurse(), byClass, &Target{Type: "60591-5", Class: "11"}, "MA")
	assert.Contains(t, e.Reading(nurse(), byClass).Parts, Part{"denied", "A7", "Without what the holder denied."})
	hidden(t, e, nurse(), deny(Provision{Types: []string{"34112-3"}, Professions: []string{"60"}}), report(), "A7")
	reads(t, e, nurse(), deny(Provision{Types: []string{"34112-3"}, Professions: []string{"10"}}), report(), "MA")
	reads(t, e, nurse(), deny(Provision{Classes: []string{"10"}, Until: now}), report(), "MA")
	hidden(t, e, nurse(), deny(Provision{Classes: []string{"10"}, From: now}), report(), "A7")
	reads(t, e, nurse(), deny(Provision{Classes: []string{"10"}, Except: []Provision{{Actors: []Identifier{nurse().ID}}}}), report(), "MA")
	// An exception to a denial does not widen the matrix.
	prescription := &Target{Type: "PRESC-AAT", Class: "42"}
	hidden(t, e, nurse(), deny(Provision{Classes: []string{"10"}, Except: []Provision{{}}}), prescription, "MA")
	// Her own document her author reads all the same.
	reads(t, e, nurse(), byClass, own(report()), "X5")
}

func TestRuleA8(t *testing.T) {
	e := standard(t)
	for _, a := range []*Actor{doctor(), nurse(), doctor(in(BreakGlass)), doctor(in(Centre15)), doctor(func(a *Actor) { a.Authentication = ReinforcedIndirect })} {
		s := situation(blocked, team, consented, treating, func(s *Situation) { s.MaskedInEmergency = true })
		hidden(t, e, a, s, own(report()), "A8")
		mayNot(t, e, a, s, ReadDocument, own(report()), "A8")
		mayNot(t, e, a, s, Delete, own(report()), "A8")
		r := e.Reading(a, s)
		assert.True(t, r.Empty())
	}
	state, _ := e.Authorisation(doctor(), situation(blocked, team))
	assert.Equal(t, AuthorisationBlocked, state)
}

func TestRuleA9(t *testing.T) {
	e := standard(t)
	d := may(t, e, doctor(), situation(blocked), Feed, nil, "MB")
	assert.Contains(t, d.Others, RuleID("A9"))
	assert.True(t, e.Deposit(doctor(), situation(blocked), Deposit{Type: "34112-3", Class: "10"}).Permit)
	unblocked := situation(team, func(s *Situation) { s.Unblocked = now.AddDate(0, 0, -1) })
	hidden(t, e, doctor(), unblocked, report(), "A9")
	unblocked.Moment.Given = now.Add(-time.Minute)
	reads(t, e, doctor(), unblocked, report(), "MA")
}

func TestRuleA10(t *testing.T) {
	e := standard(t)
	may(t, e, doctor(), situation(), Feed, nil, "MB")
	may(t, e, doctor(), situation(), Delete, own(report()), "D12")
	may(t, e, doctor(), situation(), Archive, own(report()), "MB")
	judged(t, e, doctor(), situation(), own(report()), Reference, "X5")
	mayNot(t, e, doctor(), situation(), ReadDocument, own(report()), "A1")
	mayNot(t, e, doctor(), situation(), Mask, report(), "A1")
}

func TestRuleA11(t *testing.T) {
	e := standard(t)
	silent := e.Declare(doctor(), situation(), Declaration{Beneficiary: doctor().ID})
	assert.False(t, silent.Permit)
	assert.Equal(t, RuleID("A11"), silent.Rule)
	for _, word := range []string{"oral", "written", "electronic"} {
		assert.True(t, e.Declare(doctor(), situation(), Declaration{Beneficiary: doctor().ID, Word: word}).Permit)
	}
	toStructure := e.Declare(staff(), situation(), Declaration{Beneficiary: staff().Structure, Word: "oral"})
	assert.True(t, toStructure.Permit, toStructure.Why)
	assert.Equal(t, ToStructure, may(t, e, staff(), situation(), DeclareAuthorised, nil, "A11").Limit)
}

func TestRuleA12(t *testing.T) {
	act, mt, err := ParseAct("AJOUT", "MEDECIN_TRAITANT")
	require.NoError(t, err)
	assert.Equal(t, Add, act)
	assert.True(t, mt)
	_, _, err = ParseAct("SUPPRESSION", "INFIRMIER")
	require.Error(t, err)
	_, _, err = ParseAct("ajout", "")
	require.Error(t, err)
	for mode, want := range map[string][]bool{"ACTIVE": {true, false, false, false}, "INTERDITE": {false, true, false, false}, "TOUTE": {true, true, true, false}, "": {true, false, false, false}} {
		m, err := ParseListMode(mode)
		require.NoError(t, err)
		for i, state := range []AuthorisationState{AuthorisationValid, AuthorisationBlocked, AuthorisationExpired, AuthorisationNone} {
			assert.Equal(t, want[i], m.Lists(state), "%s %s", mode, state)
		}
	}
	_, err = ParseListMode("TOUS")
	require.Error(t, err)
}

func TestRuleA13(t *testing.T) {
	e := engine(t, Options{AuthorisationLength: 30 * 24 * time.Hour})
	for want, s := range map[AuthorisationState]*Situation{
		AuthorisationNone: situation(), AuthorisationBlocked: situation(blocked, team), AuthorisationExpired: situation(team), AuthorisationValid: situation(consented),
	} {
		state, d := e.Authorisation(doctor(), s)
		assert.Equal(t, want, state)
		assert.Equal(t, want == AuthorisationValid, d.Permit)
	}
	state, _ := standard(t).Authorisation(doctor(), situation(team))
	assert.Equal(t, AuthorisationValid, state, "without end by default")
	state, _ = e.Authorisation(doctor(), situation(team, func(s *Situation) { s.Team.Until = now.AddDate(1, 0, 0) }))
	assert.Equal(t, AuthorisationValid, state, "an end that it names counts")
	assert.True(t, e.Explain(doctor(), situation(treating)).TreatingDoctor, "STATUT_MT")
	assert.False(t, e.Explain(nurse(), situation(treating)).TreatingDoctor, "only doctors are")
}

func TestRuleA14(t *testing.T) {
	e := standard(t)
	s := situation(treating)
	reads(t, e, doctor(), s, report(Masked), "A14")
	reads(t, e, doctor(), s, &Target{Type: "51851-4", Class: "95"}, "A14")
	s.Denied = []Provision{{Classes: []string{"10"}}}
	reads(t, e, doctor(), s, report(), "A14")
	s.Denied[0].Actors = []Identifier{doctor().ID}
	hidden(t, e, doctor(), s, report(), "A7")
	hidden(t, e, nurse(), situation(treating), report(), "A1")
	hidden(t, e, occupational(), situation(treating), report(), "A16")
}

func TestRuleA15(t *testing.T) {
	e := standard(t)
	coordinator := doctor(func(a *Actor) { a.Role = "330" })
	hidden(t, e, coordinator, situation(), report(), "A1")
	reads(t, e, coordinator, situation(consented), report(), "MA")
}

func TestRuleA16(t *testing.T) {
	e := standard(t)
	s := situation(consented)
	hidden(t, e, occupational(), s, report(), "MA")
	mayNot(t, e, occupational(), s, ReadDocument, report(), "A16")
	mayNot(t, e, occupational(), s, ReadDocument, own(report()), "A16")
	judged(t, e, occupational(), s, own(report()), Reference, "X5")
	may(t, e, occupational(), s, SearchMetadata, nil, "MB")
	may(t, e, occupational(), s, Feed, nil, "MB")
	r := e.Reading(occupational(), s)
	assert.Equal(t, RuleID("A16"), r.Open.Rule)
	assert.False(t, r.Open.Permit)
}

func TestRuleA17(t *testing.T) {
	e := standard(t)
	brigade := doctor(func(a *Actor) { a.Structure = Identifier{"urn:oid:1.2.250.1.71.4.2.2", "1130000009"} })
	hidden(t, e, brigade, situation(), report(), "A1")
	reads(t, e, brigade, situation(consented), report(), "MA")
}

func TestRuleA18(t *testing.T) {
	e := standard(t)
	s := situation(func(s *Situation) { s.Minor, s.FeedingRefused = true, []Provision{{Classes: []string{"60"}}} })
	feed := person(Operator)
	d := e.Deposit(feed, s, Deposit{Type: "REMB", Class: "60"})
	assert.False(t, d.Permit)
	assert.Equal(t, RuleID("A18"), d.Rule)
	s.FeedingRefused = nil
	assert.True(t, e.Deposit(feed, s, Deposit{Type: "REMB", Class: "60"}).Permit)
}

func TestRuleA19(t *testing.T) {
	assert.Contains(t, standard(t).Explain(nurse(), situation()).Notices, NoticePenalty)
}

func TestRuleA20(t *testing.T) {
	e := standard(t)
	for _, kind := range []Kind{"insurer", "mutuelle", "employer", ""} {
		_, err := ParseActor([]byte(`{"kind":"` + string(kind) + `"}`))
		require.Error(t, err)
		a := with(doctor(), func(a *Actor) { a.Kind = kind })
		for _, x := range Transactions() {
			assert.False(t, e.Decide(a, situation(related, team, treating), x, report()).Permit, x)
		}
		hidden(t, e, a, situation(related, team, treating), report(), "X1")
	}
}
