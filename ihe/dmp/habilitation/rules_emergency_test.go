package habilitation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

const time24 = 24 * time.Hour

var emergencies = []AccessMode{BreakGlass, Centre15}

func TestRuleE1(t *testing.T) {
	e := standard(t)
	reads(t, e, doctor(in(BreakGlass)), situation(), report(), "MA")
	hidden(t, e, doctor(in(BreakGlass)), situation(team, func(s *Situation) { s.OpposedBreakGlass = true }), report(), "E1")
	reads(t, e, with(nurse(), in(BreakGlass)), situation(), report(), "MA")
}

func TestRuleE2(t *testing.T) {
	e := standard(t)
	reads(t, e, doctor(in(Centre15)), situation(), report(), "MA")
	hidden(t, e, doctor(in(Centre15)), situation(team, func(s *Situation) { s.OpposedCentre15 = true }), report(), "E2")
}

func TestRuleE3(t *testing.T) {
	e := standard(t)
	glass := situation(func(s *Situation) { s.OpposedBreakGlass = true })
	reads(t, e, doctor(in(Centre15)), glass, report(), "MA")
	calls := situation(func(s *Situation) { s.OpposedCentre15 = true })
	reads(t, e, doctor(in(BreakGlass)), calls, report(), "MA")
	assert.NotEqual(t, CodeOppositionBreakGlass, CodeOppositionCentre15)
}

func TestRuleE4(t *testing.T) {
	e := standard(t)
	allowed := situation(func(s *Situation) { s.MaskedInEmergency = true })
	for _, mode := range emergencies {
		reads(t, e, doctor(in(mode)), allowed, report(Masked), "MA")
		both := situation(func(s *Situation) { s.MaskedInEmergency, s.OpposedBreakGlass, s.OpposedCentre15 = true, true, true })
		assert.Equal(t, Nothing, must(e.Reading(doctor(in(mode)), both)).Level, "the permission for masked documents opens nothing")
	}
	// It is about emergencies only.
	hidden(t, e, doctor(), situation(team, func(s *Situation) { s.MaskedInEmergency = true }), report(Masked), "D2")
}

func must(r Reading) *Reading { return &r }

func TestRuleE5(t *testing.T) {
	e := standard(t)
	for _, mode := range emergencies {
		reads(t, e, doctor(in(mode)), situation(), report(), "MA")
		hidden(t, e, doctor(in(mode)), situation(), report(Masked), "E8")
	}
}

func TestRuleE6(t *testing.T) {
	e := standard(t)
	silent := doctor(func(a *Actor) { a.Mode = BreakGlass })
	hidden(t, e, silent, situation(team), report(), "E6")
	mayNot(t, e, silent, situation(team), ReadDocument, report(), "E6")
	calls := doctor(func(a *Actor) { a.Mode = Centre15 })
	reads(t, e, calls, situation(), report(), "MA")
	assert.Contains(t, e.Explain(silent, situation()).Notices, NoticeEmergency)
}

func TestRuleE7(t *testing.T) {
	e := standard(t)
	d := e.Decide(doctor(in(Centre15)), situation(), ReadDocument, report())
	assert.True(t, d.Permit)
	assert.Contains(t, d.Others, RuleID("E7"))
}

func TestRuleE8(t *testing.T) {
	e := standard(t)
	for _, s := range []*Situation{situation(), situation(treating)} {
		for _, mode := range emergencies {
			hidden(t, e, doctor(in(mode)), s, report(Masked), "E8")
			mayNot(t, e, doctor(in(mode)), s, ReadMasked, report(Masked), "E8")
		}
	}
	reads(t, e, doctor(in(BreakGlass)), situation(treating, func(s *Situation) { s.MaskedInEmergency = true }), report(Masked), "A14")
	// Note 7 has no exception for authors, in emergencies only.
	hidden(t, e, doctor(in(BreakGlass)), situation(), own(report(Masked)), "E8")
}

func TestRuleE9(t *testing.T) {
	e := standard(t)
	for _, a := range []*Actor{doctor(), nurse(), institution()} {
		may(t, e, with(a, in(Centre15)), situation(), SearchWithoutINS, nil, "E9")
		mayNot(t, e, with(a, in(Normal)), situation(), SearchWithoutINS, nil, "E9")
		mayNot(t, e, with(a, in(BreakGlass)), situation(), SearchWithoutINS, nil, "E9")
	}
	mayNot(t, e, staff(), situation(), SearchWithoutINS, nil, "E9")
	assert.False(t, e.Decide(person(Holder), situation(related), SearchWithoutINS, nil).Permit)
}

func TestRuleE10(t *testing.T) {
	e := standard(t)
	off := Preferences{NoAccess: true, NoDocument: true}
	for _, mode := range emergencies {
		n := e.Notices(doctor(in(mode)), situation(), Event{Access: true}, off)
		assert.True(t, n.Holder && n.TreatingDoctor)
		assert.Contains(t, n.Rules, RuleID("E10"))
	}
	assert.False(t, e.Notices(doctor(), situation(), Event{Access: true}, Preferences{}).TreatingDoctor)
}

func TestRuleE11(t *testing.T) {
	e := standard(t)
	s := situation(team, treating)
	for _, mode := range emergencies {
		for _, x := range []Transaction{Mask, Unmask, DeclareAuthorised} {
			mayNot(t, e, doctor(in(mode)), s, x, own(report()), "E11")
		}
		mayNot(t, e, doctor(in(mode)), s, ShowToPatient, own(report()), "D7")
		mayNot(t, e, doctor(in(mode)), s, Relabel, own(report()), "E11")
		may(t, e, doctor(in(mode)), s, Delete, own(report()), "D12")
		mayNot(t, e, doctor(in(mode)), s, Delete, report(), "D12")
	}
}

func TestRuleE12(t *testing.T) {
	e := standard(t)
	for _, mode := range emergencies {
		a := with(nurse(), in(mode))
		hidden(t, e, a, situation(), &Target{Type: "96349-6", Class: "10"}, "MA")
		assert.Contains(t, e.Reading(a, situation()).Parts, Part{"types", "E12", "Matrix A restricts in emergencies too."})
		normal, emergency := e.Reading(nurse(), situation(team)), e.Reading(a, situation())
		assert.Equal(t, normal.Kinds, emergency.Kinds)
	}
}
