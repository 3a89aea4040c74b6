package habilitation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestRuleM1(t *testing.T) {
	e := standard(t)
	hidden(t, e, person(Representative), situation(minor), report(InvisibleToRepresentatives), "M1")
	reads(t, e, person(Representative), situation(minor), report(), "M1")
	reads(t, e, person(Holder), situation(minor), report(InvisibleToRepresentatives), "T2")
	may(t, e, doctor(), situation(team), HideFromRepresentatives, own(report()), "M1")
	mayNot(t, e, doctor(), situation(team), HideFromRepresentatives, report(), "M1")
	mayNot(t, e, person(Representative), situation(minor), ShowToRepresentatives, report(), "M1")
}

func TestRuleM2(t *testing.T) {
	e := standard(t)
	secret := doctor(func(a *Actor) { a.Secret = true })
	n := e.Notices(secret, situation(minor), Event{Access: true, First: true}, Preferences{})
	assert.True(t, n.Holder)
	assert.False(t, n.Representatives)
	assert.True(t, e.Notices(doctor(), situation(minor), Event{Access: true, First: true}, Preferences{}).Representatives)
	for _, k := range []Kind{Representative, Administrator, Delegate, Application} {
		assert.False(t, e.TraceVisible(person(k), true).Permit, k)
		assert.True(t, e.TraceVisible(person(k), false).Permit, k)
	}
	assert.True(t, e.TraceVisible(person(Holder), true).Permit)
	d := e.Deposit(secret, situation(), Deposit{Type: "34112-3", Labels: []Label{InvisibleToRepresentatives}})
	assert.Equal(t, RuleID("M2"), d.Rule, "the record of an adult")
}

func TestRuleM3(t *testing.T) {
	e := standard(t)
	secret := doctor(func(a *Actor) { a.Secret = true })
	d := e.Deposit(secret, situation(minor), Deposit{Type: "34112-3", Class: "10"})
	assert.False(t, d.Permit)
	assert.Equal(t, RuleID("M3"), d.Rule)
	assert.True(t, e.Deposit(secret, situation(minor), Deposit{Type: "34112-3", Labels: []Label{InvisibleToRepresentatives}}).Permit)
	assert.True(t, e.Deposit(doctor(), situation(minor), Deposit{Type: "34112-3"}).Permit)
}

func TestRuleM4(t *testing.T) {
	e, late := standard(t), engine(t, Options{AgeOfMajority: 21, MinorsOff: true})
	birth := time.Date(2008, 3, 16, 0, 0, 0, 0, time.UTC)
	assert.True(t, e.Minor(birth, now))
	assert.False(t, e.Minor(birth, now.AddDate(0, 0, 1)))
	assert.True(t, late.Minor(birth, now.AddDate(0, 0, 1)))
	secret := doctor(func(a *Actor) { a.Secret = true })
	mayNot(t, late, secret, situation(minor, team), ReadDocument, report(), "M4")
	hidden(t, late, person(Representative), situation(minor), report(InvisibleToRepresentatives), "M1")
	d := late.Deposit(doctor(), situation(), Deposit{Type: "34112-3", Labels: []Label{InvisibleToRepresentatives}})
	assert.Equal(t, RuleID("M4"), d.Rule)
}

func TestRuleM5(t *testing.T) {
	reads(t, standard(t), nurse(), situation(team), report(InvisibleToRepresentatives), "MA")
}

func TestRuleM6(t *testing.T) {
	e := standard(t)
	reads(t, e, person(Delegate), situation(related), report(), "M6")
	for _, x := range []Transaction{CloseRecord, ManageSharing, BlockProfessional, Mask} {
		mayNot(t, e, person(Delegate), situation(related), x, report(), "M6")
	}
	may(t, e, person(Delegate), situation(related), Feed, nil, "D15")
	hidden(t, e, person(Delegate), situation(related), report(MaskedToThirdPersons), "X8")
	hidden(t, e, person(Delegate), situation(), report(), "X7")
}

func TestRuleM7(t *testing.T) {
	e := standard(t)
	hidden(t, e, person(Representative), situation(related), report(), "M7")
	reads(t, e, person(Representative), situation(related, func(s *Situation) { s.ProtectedAdult = true }), report(), "M1")
	reads(t, e, person(Holder), situation(related), report(InvisibleToRepresentatives), "T2")
}

func TestRuleT1(t *testing.T) {
	e := standard(t)
	known := map[RuleID]bool{}
	for _, r := range Rules() {
		known[r.ID] = true
	}
	for _, a := range everyActor() {
		for _, s := range everySituation() {
			for _, x := range Transactions() {
				d := e.Decide(a, s, x, report())
				assert.True(t, known[d.Rule], "%s is a rule that a trace can name", d.Rule)
				for _, r := range d.Others {
					assert.True(t, known[r], "%s", r)
				}
			}
		}
	}
}

func TestRuleT2(t *testing.T) {
	e := standard(t)
	for _, k := range []Kind{Holder, Representative} {
		may(t, e, person(k), situation(minor), ReadTraces, nil, "T2")
		may(t, e, person(k), situation(minor), ListProfessionals, nil, "T2")
		may(t, e, person(k), situation(minor), ManageSharing, nil, "A7")
	}
	mayNot(t, e, person(Holder), situation(), ReadTraces, nil, "X7")
}

func TestRuleT3(t *testing.T) {
	e := standard(t)
	off := Preferences{NoAccess: true, NoDocument: true}
	first := e.Notices(nurse(), situation(), Event{Access: true, First: true}, off)
	assert.True(t, first.Holder)
	assert.Equal(t, []RuleID{"T3"}, first.Rules)
	assert.False(t, e.Notices(nurse(), situation(), Event{Access: true}, off).Holder)
}

func TestRuleT4(t *testing.T) {
	e := standard(t)
	assert.True(t, e.Notices(nurse(), situation(), Event{Access: true}, Preferences{}).Holder)
	assert.False(t, e.Notices(nurse(), situation(), Event{Access: true}, Preferences{NoAccess: true}).Holder)
	assert.True(t, e.Notices(nurse(), situation(), Event{Document: true}, Preferences{NoAccess: true}).Holder)
	assert.False(t, e.Notices(nurse(), situation(), Event{Document: true}, Preferences{NoDocument: true}).Holder)
	assert.False(t, e.Notices(person(Holder), situation(), Event{Access: true, Document: true}, Preferences{}).Holder)
	assert.True(t, e.Notices(person(Delegate), situation(), Event{Document: true}, Preferences{}).Holder)
}

func TestRuleT5(t *testing.T) {
	e := standard(t)
	may(t, e, doctor(), situation(treating), ReadTraces, nil, "T5")
	mayNot(t, e, doctor(), situation(team), ReadTraces, nil, "T5")
	may(t, e, nurse(), situation(), ReadOwnTraces, nil, "T5")
	mayNot(t, e, institution(), situation(), ReadOwnTraces, nil, "T5")
	since, last := e.TracesSince(now)
	assert.Equal(t, now.AddDate(-1, 0, 0), since)
	assert.Equal(t, 100, last)
}

func TestRuleT6(t *testing.T) {
	e := standard(t)
	may(t, e, doctor(), situation(treating), BlockProfessional, nil, "T6")
	mayNot(t, e, doctor(), situation(team), BlockProfessional, nil, "T6")
	mayNot(t, e, doctor(in(BreakGlass)), situation(treating), BlockProfessional, nil, "T6")
}

func TestRuleT7(t *testing.T) {
	e := standard(t)
	for _, a := range []*Actor{nurse(), doctor(), occupational()} {
		may(t, e, a, situation(team), ListProfessionals, nil, "T7")
	}
	for _, a := range []*Actor{doctor(in(BreakGlass)), doctor(in(Centre15)), staff(), institution()} {
		mayNot(t, e, a, situation(team), ListProfessionals, nil, "T7")
	}
}

func TestRuleL1(t *testing.T) {
	e := standard(t)
	informed := time.Date(2026, 1, 10, 9, 0, 0, 0, e.paris)
	assert.Equal(t, time.Date(2026, 2, 22, 0, 0, 0, 0, e.paris), e.OppositionUntil(informed))
	assert.False(t, e.MayOpen(informed, false, informed.AddDate(0, 0, 42)).Permit)
	assert.True(t, e.MayOpen(informed, false, informed.AddDate(0, 0, 43)).Permit)
	assert.False(t, e.MayOpen(informed, true, informed.AddDate(1, 0, 0)).Permit)
	assert.False(t, e.MayOpen(time.Time{}, false, now).Permit)
}

func TestRuleL2(t *testing.T) {
	e := standard(t)
	may(t, e, person(Holder), situation(related), CloseRecord, nil, "L2")
	may(t, e, person(Representative), situation(minor), CloseRecord, nil, "L2")
	may(t, e, person(Operator), situation(), CloseRecord, nil, "L2")
	mayNot(t, e, doctor(), situation(treating), CloseRecord, nil, "L2")
}

func TestRuleL3(t *testing.T) {
	e := standard(t)
	closed := time.Date(2016, 2, 29, 12, 0, 0, 0, e.paris)
	assert.Equal(t, time.Date(2026, 3, 1, 0, 0, 0, 0, e.paris), e.KeptUntil(closed))
	assert.False(t, e.DeleteNow(closed, time.Time{}, e.KeptUntil(closed).Add(-time.Second)).Permit)
	assert.True(t, e.DeleteNow(closed, time.Time{}, e.KeptUntil(closed)).Permit)
	assert.False(t, e.DeleteNow(time.Time{}, time.Time{}, now).Permit, "open")
	may(t, e, person(Holder), situation(related, func(s *Situation) { s.Closed = true }), ReopenRecord, nil, "L3")
}

func TestRuleL4(t *testing.T) {
	e := standard(t)
	asked := time.Date(2026, 1, 15, 12, 0, 0, 0, e.paris)
	assert.Equal(t, time.Date(2026, 4, 16, 0, 0, 0, 0, e.paris), e.DeletionDue(asked))
	d := e.DeleteNow(now.AddDate(-1, 0, 0), asked, asked)
	assert.True(t, d.Permit)
	assert.Equal(t, RuleID("L4"), d.Rule)
	assert.False(t, e.DeleteNow(now.AddDate(-1, 0, 0), asked, asked.Add(-time.Hour)).Permit)
	may(t, e, person(Holder), situation(related, func(s *Situation) { s.Closed = true }), RequestDeletion, nil, "L4")
	mayNot(t, e, person(Delegate), situation(related), RequestDeletion, nil, "L4")
}

func TestRuleL5(t *testing.T) {
	e := standard(t)
	s := situation(treating, func(s *Situation) { s.Suspended = true })
	hidden(t, e, doctor(), s, report(), "L5")
	mayNot(t, e, doctor(), s, Feed, nil, "L5")
	at, closes := e.SuspensionCloses(now, false)
	assert.True(t, closes)
	assert.Equal(t, e.OppositionUntil(now), at)
	_, closes = e.SuspensionCloses(now, true)
	assert.False(t, closes)
}

func TestRuleL6(t *testing.T) {
	e := standard(t)
	closed := situation(team, treating, related, func(s *Situation) { s.Closed = true })
	for _, a := range []*Actor{doctor(), nurse(), doctor(in(BreakGlass)), institution(), person(Holder)} {
		hidden(t, e, a, closed, own(report()), "L6")
		mayNot(t, e, a, closed, Feed, nil, "L6")
		mayNot(t, e, a, closed, ReadDocument, own(report()), "L6")
		assert.True(t, e.Decide(a, closed, TestExistence, nil).Permit)
		assert.False(t, e.Deposit(a, closed, Deposit{Type: "EXPPAT_1"}).Permit)
	}
}

func TestRuleL7(t *testing.T) {
	for _, a := range []*Actor{doctor(), nurse(), institution(), staff()} {
		mayNot(t, standard(t), a, situation(team), CreateRecord, nil, "L7")
	}
}

func TestRuleL8(t *testing.T) {
	e := standard(t)
	attached := situation(team, func(s *Situation) { s.AttachedToMES = true })
	mayNot(t, e, doctor(), attached, ChangeAdministrative, nil, "L8")
	may(t, e, doctor(), situation(team), ChangeAdministrative, nil, "L8")
	may(t, e, staff(), situation(), ChangeAdministrative, nil, "L8")
	mayNot(t, e, institution(), situation(), ChangeAdministrative, nil, "L8")
	assert.Equal(t, "RATTACHEMENT_ENS", CodeAttachedToMES)
}
