package habilitation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestRuleD1(t *testing.T) {
	e := standard(t)
	may(t, e, person(Holder), situation(related), Mask, report(), "D1")
	may(t, e, person(Holder), situation(related), Unmask, report(Masked), "D1")
	may(t, e, person(Representative), situation(minor), Mask, report(), "D1")
	reads(t, e, person(Holder), situation(related), report(Masked), "T2")
	reads(t, e, nurse(), situation(team), own(report(Masked)), "MA")
}

func TestRuleD2(t *testing.T) {
	e := standard(t)
	hidden(t, e, doctor(), situation(team), report(Masked), "D2")
	hidden(t, e, nurse(), situation(consented), report(Masked), "D2")
	reads(t, e, doctor(), situation(team), own(report(Masked)), "MA")
	reads(t, e, doctor(), situation(treating), report(Masked), "A14")
	mayNot(t, e, doctor(), situation(team), ReadMasked, report(Masked), "D2")
	may(t, e, doctor(), situation(treating), ReadMasked, report(Masked), "D2")
}

func TestRuleD3(t *testing.T) {
	e := standard(t)
	reads(t, e, person(Administrator), situation(related), report(Masked), "D3")
	may(t, e, person(Administrator), situation(related), BlockProfessional, nil, "A8")
	mayNot(t, e, person(Administrator), situation(related), CloseRecord, nil, "L2")
	hidden(t, engine(t, Options{NoAdministrators: true}), person(Administrator), situation(related), report(), "D3")
}

func TestRuleD4(t *testing.T) {
	e := standard(t)
	may(t, e, nurse(), situation(team), Mask, report(), "D4")
	may(t, e, doctor(), situation(team), Mask, report(), "D4")
	mayNot(t, e, nurse(), situation(team), Unmask, report(Masked), "D4")
	may(t, e, nurse(), situation(team), Unmask, own(report(Masked)), "D4")
	may(t, e, doctor(), situation(treating), Unmask, report(Masked), "D4")
	mayNot(t, e, staff(), situation(team), Mask, report(), "D4")
	mayNot(t, e, institution(), situation(team), Mask, report(), "D4")
	// What does not exist for a professional he does not mask either.
	mayNot(t, e, nurse(), situation(team), Mask, &Target{Type: "PRESC-AAT", Class: "42"}, "MA")
}

func TestRuleD5(t *testing.T) {
	e := standard(t)
	hides := situation(func(s *Situation) { s.HiddenByDefault = true })
	assert.Empty(t, e.LabelsFor(situation(), Deposit{}))
	assert.Equal(t, []Label{Masked}, e.LabelsFor(hides, Deposit{}))
	assert.Equal(t, []Label{InvisibleToPatient}, e.LabelsFor(hides, Deposit{Labels: []Label{InvisibleToPatient}}), "not both (D9)")
	both := engine(t, Options{MaskedAndInvisible: true})
	assert.Len(t, both.LabelsFor(hides, Deposit{Labels: []Label{InvisibleToPatient}}), 2)
}

func TestRuleD6(t *testing.T) {
	e := standard(t)
	s := situation(related)
	at := func(d time.Time) *Target {
		x := report(InvisibleToPatient)
		x.Deposited = d
		return x
	}
	hidden(t, e, person(Holder), s, at(now.AddDate(0, 0, -20)), "D6")
	reads(t, e, person(Holder), s, at(now.AddDate(0, -1, -1)), "T2")
	hidden(t, e, person(Holder), s, at(time.Time{}), "D6")
	day := func(s string) time.Time {
		d, err := time.ParseInLocation("2006-01-02 15:04", s, e.paris)
		assert.NoError(t, err)
		return d
	}
	for deposited, visible := range map[string]string{
		"2026-01-15 09:00": "2026-02-16 00:00", "2026-01-31 09:00": "2026-03-01 00:00", "2026-01-28 23:59": "2026-03-01 00:00", "2024-01-30 00:00": "2024-03-01 00:00",
		"2025-12-31 12:00": "2026-02-01 00:00", "2026-03-28 12:00": "2026-04-29 00:00",
	} {
		assert.Equal(t, day(visible), e.VisibleToPatientFrom(day(deposited)), deposited)
	}
	assert.Equal(t, day("2026-03-17 08:00").UTC(), e.ReminderDue(day("2026-03-03 08:00")).UTC())
}

func TestRuleD7(t *testing.T) {
	e := standard(t)
	may(t, e, nurse(), situation(team), ShowToPatient, report(InvisibleToPatient), "D7")
	may(t, e, doctor(), situation(treating), ShowToPatient, report(InvisibleToPatient), "D7")
	may(t, e, occupational(), situation(), ShowToPatient, own(report(InvisibleToPatient)), "D7")
	for _, mode := range emergencies {
		mayNot(t, e, doctor(in(mode)), situation(), ShowToPatient, report(InvisibleToPatient), "D7")
	}
	assert.False(t, e.Decide(person(Holder), situation(related), ShowToPatient, report()).Permit)
	// To hide what is already there nobody has a right: it is done at the deposit.
	mayNot(t, e, doctor(), situation(team), HideFromPatient, own(report()), "X1")
}

func TestRuleD8(t *testing.T) {
	e := standard(t)
	reads(t, e, nurse(), situation(team), report(InvisibleToPatient), "MA")
	may(t, e, nurse(), situation(team), ReadInvisible, report(InvisibleToPatient), "D8")
}

func TestRuleD9(t *testing.T) {
	both := Deposit{Type: "34112-3", Class: "10", Labels: []Label{Masked, InvisibleToPatient}}
	d := standard(t).Deposit(doctor(), situation(), both)
	assert.False(t, d.Permit)
	assert.Equal(t, RuleID("D9"), d.Rule)
	assert.True(t, engine(t, Options{MaskedAndInvisible: true}).Deposit(doctor(), situation(), both).Permit)
}

func TestRuleD10(t *testing.T) {
	e := standard(t)
	for _, state := range []State{Archived, Superseded, Deleted} {
		d := report()
		d.State = state
		reads(t, e, nurse(), situation(team), d, "MA")
	}
	gone := report()
	gone.State = Deleted
	hidden(t, e, person(Holder), situation(related), gone, "D10")
	for _, x := range []Transaction{ReadArchived, ReadSuperseded, ReadDeleted} {
		may(t, e, nurse(), situation(team), x, report(), "D10")
		mayNot(t, e, occupational(), situation(team), x, report(), "A16")
	}
}

func TestRuleD11(t *testing.T) {
	// That searches show the active ones is ihe/mhd's; here no state makes a document exist that is hidden otherwise.
	e := standard(t)
	for _, state := range []State{Active, Archived, Superseded, Deleted} {
		d := report(Masked)
		d.State = state
		hidden(t, e, nurse(), situation(team), d, "D2")
	}
}

func TestRuleD12(t *testing.T) {
	e := standard(t)
	may(t, e, nurse(), situation(team), Delete, own(report()), "D12")
	mayNot(t, e, nurse(), situation(team), Delete, report(), "D12")
	mayNot(t, e, doctor(), situation(treating), Delete, report(), "D12")
	structures := report()
	structures.OwnStructure = true
	may(t, e, staff(), situation(), Delete, structures, "D12")
	may(t, e, institution(), situation(), Delete, structures, "D12")
	mayNot(t, e, staff(), situation(), Delete, report(), "D12")
	patients := &Target{Type: "EXPPAT_2", Class: "90"}
	may(t, e, doctor(), situation(treating), Delete, patients, "D12")
	mayNot(t, e, doctor(), situation(team), Delete, own(patients), "D12")
	mayNot(t, e, doctor(in(Centre15)), situation(), Archive, patients, "D12")
	may(t, e, doctor(in(Centre15)), situation(), Archive, report(), "MB")
	mayNot(t, e, doctor(), situation(team), Archive, report(), "MB")
}

func TestRuleD13(t *testing.T) {
	e := standard(t)
	deposited := &Target{Type: "DOCPAT03", Class: "10", FromPatient: true}
	may(t, e, person(Holder), situation(related), Delete, deposited, "D13")
	mayNot(t, e, person(Holder), situation(related), Delete, report(), "D13")
	may(t, e, person(Holder), situation(related), Mask, report(), "D1")
}

func TestRuleD14(t *testing.T) {
	assert.Contains(t, standard(t).Explain(doctor(), situation(team)).Notices, NoticeNoStorage)
}

func TestRuleD15(t *testing.T) {
	e := standard(t)
	for typ, class := range map[string]string{"DOCPAT01": "11", "DOCPAT09": "95", "EXPPAT_1": "", "74465-6": ""} {
		assert.True(t, e.PatientDocument(typ, class), typ)
		assert.True(t, e.Deposit(person(Holder), situation(related), Deposit{Type: typ, Class: class}).Permit, typ)
	}
	assert.False(t, e.PatientDocument("34112-3", "10"))
	assert.False(t, e.PatientDocument("34112-3", "90"), "the table knows the type's class")
	assert.True(t, e.PatientDocument("LOCAL", "90"))
	d := e.Deposit(doctor(), situation(), Deposit{Type: "DOCPAT01", Class: "11"})
	assert.Equal(t, RuleID("D15"), d.Rule)
	assert.False(t, d.Permit)
	assert.True(t, e.Deposit(doctor(), situation(), Deposit{Type: "EXPPAT_1", Class: "90"}).Permit, "a professional may help to write it")
	d = e.Deposit(person(Holder), situation(related), Deposit{Type: "34112-3", Class: "10"})
	assert.Equal(t, RuleID("D15"), d.Rule)
}

func TestRuleD16(t *testing.T) {
	e := standard(t)
	act := time.Date(2026, 3, 15, 9, 0, 0, 0, e.paris)
	assert.True(t, e.FedInTime(act, time.Date(2026, 3, 15, 23, 59, 0, 0, e.paris)))
	assert.False(t, e.FedInTime(act, time.Date(2026, 3, 16, 0, 0, 0, 0, e.paris)))
	assert.True(t, e.FedInTime(act, time.Date(2026, 3, 15, 22, 59, 0, 0, time.UTC)), "the day is that of Paris")
}

func TestRuleD17(t *testing.T) {
	e := standard(t)
	feed := Deposit{Type: "34112-3", Class: "10"}
	opposed := func(reason bool, changes ...func(*Situation)) *Situation {
		return situation(append(changes, func(s *Situation) { s.FeedingRefused = []Provision{{Classes: []string{"10"}, Reason: reason}} })...)
	}
	d := e.Deposit(doctor(), opposed(false), feed)
	assert.False(t, d.Permit)
	assert.Equal(t, RuleID("D17"), d.Rule)
	assert.True(t, e.Deposit(doctor(), opposed(false, team), feed).Permit, "authorised: a reason is needed")
	assert.False(t, e.Deposit(doctor(), opposed(true, team), feed).Permit)
	assert.True(t, e.Deposit(doctor(), opposed(true), Deposit{Type: "60591-5", Class: "11"}).Permit)
}

func TestRuleD18(t *testing.T) {
	e := standard(t)
	assert.True(t, e.Deposit(doctor(), situation(), Deposit{Type: "34112-3"}).Permit, "sent by default")
	d := e.Deposit(doctor(), situation(), Deposit{Type: "34112-3", Refused: true})
	assert.False(t, d.Permit)
	assert.Equal(t, RuleID("D18"), d.Rule)
	assert.True(t, e.Deposit(doctor(), situation(team), Deposit{Type: "34112-3", Refused: true}).Permit)
	assert.False(t, e.Deposit(doctor(), situation(team), Deposit{Type: "34112-3", Refused: true, Reason: true}).Permit)
}
