package habilitation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// Denials are judged document by document for the types that the matrix knows; for others the set is never wider.
func TestDenialsAgainstDocumentByDocument(t *testing.T) {
	e := standard(t)
	m := e.edition(now).a
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SampledFrom([]*Actor{doctor(), nurse()}).Draw(t, "actor")
		s := situation(team)
		s.Denied = drawDenials(t)
		column, _, _ := e.Column(a, s)
		set := e.edition(now).kinds[column].set
		d := drawTarget(t)
		d.Own, d.Labels = false, nil
		class := m.class(d.Type, d.Class)
		want := set.has(m, d.Type, class)
		for i := range s.Denied {
			want = want && !s.Denied[i].denies(a, column, d.Type, class, now)
		}
		got := level(e, a, s, d) == Full
		if m.byType[d.Type] != nil {
			assert.Equal(t, want, got)
		} else if got {
			assert.True(t, want)
		}
	})
}

func TestDenialsOfTypesThatTheMatrixDoesNotKnow(t *testing.T) {
	e := standard(t)
	deny := func(v Provision) *Situation {
		return situation(team, func(s *Situation) { s.Denied = []Provision{v} })
	}
	local, other := &Target{Type: "51851-4", Class: "95"}, &Target{Type: "51851-4", Class: "10"}
	hidden(t, e, doctor(), deny(Provision{Classes: []string{"95"}}), local, "A7")
	reads(t, e, doctor(), deny(Provision{Classes: []string{"95"}}), other, "MA")
	hidden(t, e, doctor(), deny(Provision{Types: []string{"51851-4"}}), local, "A7")
	reads(t, e, doctor(), deny(Provision{Types: []string{"56446-8"}}), local, "MA")
	hidden(t, e, doctor(), deny(Provision{}), local, "A7")
	reads(t, e, doctor(), deny(Provision{Except: []Provision{{Classes: []string{"95"}}}}), local, "MA")
	hidden(t, e, doctor(), deny(Provision{Except: []Provision{{Classes: []string{"95"}}}}), other, "A7")
	reads(t, e, doctor(), deny(Provision{Classes: []string{"95", "10"}, Except: []Provision{{Classes: []string{"95"}}}}), local, "MA")
	hidden(t, e, doctor(), deny(Provision{Classes: []string{"95", "10"}, Except: []Provision{{Classes: []string{"95"}}}}), other, "A7")
	reads(t, e, doctor(), deny(Provision{Types: []string{"51851-4"}, Except: []Provision{{Professions: []string{"MED"}}}}), local, "MA")
	everything := must(e.Reading(doctor(), situation(team)))
	assert.True(t, everything.Kinds.Everything() && everything.Data)
	assert.False(t, must(e.Reading(doctor(), deny(Provision{}))).Data)
}

func TestKindsOfAnApplicationAndItsDenials(t *testing.T) {
	e := standard(t)
	s := situation(related, func(s *Situation) {
		s.Grants = []Grant{{Documents: true, Read: true, Types: []string{"LOCAL-1", "34112-3"}}, {Documents: true, Read: true, Classes: []string{"31"}}}
	})
	for _, d := range []*Target{{Type: "LOCAL-1", Class: "10"}, {Type: "34112-3", Class: "10"}, {Type: "18748-4", Class: "31"}, {Type: "RPID2589", Class: "31"}} {
		reads(t, e, person(Application), s, d, "X9")
	}
	hidden(t, e, person(Application), s, &Target{Type: "LOCAL-2", Class: "10"}, "X9")
	// What she denies to everybody is about professionals; what names the application binds it.
	s.Denied = []Provision{{Types: []string{"34112-3"}}}
	reads(t, e, person(Application), s, report(), "X9")
	s.Denied[0].Actors = []Identifier{person(Application).ID}
	hidden(t, e, person(Application), s, report(), "A7")
}

func TestWhoHasNoModesHasNoRightsInEmergencies(t *testing.T) {
	e := standard(t)
	for _, a := range []*Actor{occupational(), staff()} {
		for _, mode := range emergencies {
			for _, x := range matrixBTransactions {
				assert.False(t, e.Decide(with(a, in(mode)), situation(team), x, own(report())).Permit, "%s %s", mode, x)
			}
			assert.True(t, must(e.Reading(a, situation(team))).Empty())
		}
	}
	for _, k := range []Kind{Holder, Representative, Application} {
		hidden(t, e, with(person(k), in(BreakGlass)), situation(minor), report(), "X1")
	}
}

func TestDelegatesDeleteWhatTheyDeposited(t *testing.T) {
	e := standard(t)
	deposited := &Target{Type: "DOCPAT03", Class: "10", FromPatient: true}
	mayNot(t, e, person(Delegate), situation(related), Delete, deposited, "M6")
	may(t, e, person(Delegate), situation(related), Delete, own(deposited), "D13")
}

func TestOperatorsReadNoRecord(t *testing.T) {
	e := standard(t)
	hidden(t, e, person(Operator), situation(related), own(report()), "X12")
	for _, x := range readings {
		mayNot(t, e, person(Operator), situation(related), x, report(), "X12")
	}
	assert.True(t, e.Deposit(person(Operator), situation(), Deposit{Type: "34112-3"}).Permit)
	may(t, e, person(Operator), situation(), CreateRecord, nil, "L1")
	d := e.Deposit(doctor(), situation(), Deposit{Type: "REMB", Class: "60"})
	assert.Equal(t, RuleID("X13"), d.Rule)
}

func TestAMonthEndsAtMidnightOfParis(t *testing.T) {
	e := standard(t)
	midnight := time.Date(2026, 3, 16, 0, 0, 0, 0, e.paris)
	deposited := time.Date(2026, 2, 15, 23, 59, 0, 0, e.paris)
	assert.Equal(t, midnight, e.VisibleToPatientFrom(deposited))
	assert.True(t, deposited.Before(e.HiddenSince(1, midnight)))
	assert.False(t, deposited.Before(e.HiddenSince(1, midnight.Add(-time.Nanosecond))))
}
