package habilitation

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// now is the moment of the tests: in force are the built-in matrix A and both matrices B.
var now = time.Date(2026, 3, 15, 10, 30, 0, 0, time.UTC)

const systemRPPS = "urn:oid:1.2.250.1.71.4.2.1"

var builtInEngine = sync.OnceValues(func() (*Engine, error) { return New(Options{}) })

func standard(t testing.TB) *Engine {
	t.Helper()
	e, err := builtInEngine()
	require.NoError(t, err)
	return e
}

func engine(t testing.TB, o Options) *Engine {
	t.Helper()
	e, err := New(o)
	require.NoError(t, err)
	return e
}

func professional(change ...func(*Actor)) *Actor {
	a := &Actor{Kind: Professional, ID: Identifier{systemRPPS, "899700000011"}, Structure: Identifier{"urn:oid:1.2.250.1.71.4.2.2", "1750000001"}}
	for _, c := range change {
		c(a)
	}
	return a
}

func doctor(change ...func(*Actor)) *Actor {
	return professional(append([]func(*Actor){func(a *Actor) { a.Profession, a.Speciality = "10", "SM26" }}, change...)...)
}

func occupational() *Actor { return doctor(func(a *Actor) { a.Speciality = "SM25" }) }
func nurse() *Actor        { return professional(func(a *Actor) { a.Profession = "60" }) }
func staff() *Actor        { return professional(func(a *Actor) { a.Kind = Staff }) }
func institution() *Actor {
	return professional(func(a *Actor) { a.Kind, a.ID = Institution, a.Structure })
}
func person(k Kind) *Actor {
	return &Actor{Kind: k, ID: Identifier{"urn:oid:1.2.250.1.213.1.4.10", "285073155504246"}}
}
func in(mode AccessMode) func(*Actor) {
	return func(a *Actor) { a.Mode, a.Justification = mode, mode == BreakGlass }
}
func with(a *Actor, change func(*Actor)) *Actor {
	change(a)
	return a
}

// A situation, changed from that of an open record that knows nothing of the actor.
func situation(change ...func(*Situation)) *Situation {
	s := &Situation{At: now}
	for _, c := range change {
		c(s)
	}
	return s
}

func consented(s *Situation) { s.Moment.Given = now.Add(-time.Hour) }
func team(s *Situation) {
	s.Team.Given, s.Informed, s.FirstConsent = now.AddDate(0, -2, 0), true, true
}
func treating(s *Situation) { s.TreatingDoctor = true }
func blocked(s *Situation)  { s.Blocked = true }
func related(s *Situation)  { s.Related = true }
func minor(s *Situation)    { s.Related, s.Minor = true, true }

// report is a document of a type that doctors and nurses read, of somebody else.
func report(labels ...Label) *Target {
	return &Target{Type: "34112-3", Class: "10", Labels: labels, Deposited: now.AddDate(0, 0, -3)}
}

func own(d *Target) *Target {
	d.Own = true
	return d
}

// reads requires that a document exists in full for an actor, or does not, by a rule.
func reads(t testing.TB, e *Engine, a *Actor, s *Situation, d *Target, rule RuleID) {
	t.Helper()
	judged(t, e, a, s, d, Full, rule)
}

func hidden(t testing.TB, e *Engine, a *Actor, s *Situation, d *Target, rule RuleID) {
	t.Helper()
	judged(t, e, a, s, d, Nothing, rule)
}

func judged(t testing.TB, e *Engine, a *Actor, s *Situation, d *Target, want Level, rule RuleID) {
	t.Helper()
	r := e.Reading(a, s)
	level, decision := r.Judge(d)
	assert.Equal(t, want, level, decision.Why)
	assert.Equal(t, rule, decision.Rule, decision.Why)
	assert.NotEmpty(t, decision.Why)
}

// may and mayNot require a decision of Decide by a rule.
func may(t testing.TB, e *Engine, a *Actor, s *Situation, x Transaction, d *Target, rule RuleID) Decision {
	t.Helper()
	return decided(t, e, a, s, x, d, true, rule)
}

func mayNot(t testing.TB, e *Engine, a *Actor, s *Situation, x Transaction, d *Target, rule RuleID) Decision {
	t.Helper()
	return decided(t, e, a, s, x, d, false, rule)
}

func decided(t testing.TB, e *Engine, a *Actor, s *Situation, x Transaction, d *Target, want bool, rule RuleID) Decision {
	t.Helper()
	decision := e.Decide(a, s, x, d)
	assert.Equal(t, want, decision.Permit, "%s: %s", x, decision.Why)
	assert.Equal(t, rule, decision.Rule, "%s: %s", x, decision.Why)
	assert.NotEmpty(t, decision.Why)
	assert.NotContains(t, decision.Others, decision.Rule)
	return decision
}
