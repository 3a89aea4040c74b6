package habilitation

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	oracle "github.com/carnet-fhir/carnet/conformance/habilitation"
)

// Every situation of exercise, relation, block, access mode and decision for emergencies, crossed with every type, marking and authorship, is judged by the engine and by the conformance suite's own reading of the rules.
func TestEngineAgreesWithTheOracle(t *testing.T) {
	tables := oracleTables(t)
	e := standard(t)
	judged := 0
	for _, x := range oracle.Exercises() {
		for _, q := range oracleQuestions(&x) {
			a, s := oracleActor(&x, q.Mode), oracleSituation(&q)
			r := e.Reading(a, s)
			every := 1
			if q.Blocked || q.Closed || q.MaskedAllowed || q.OpposedBreakGlass {
				every = 9 // what else is said does not depend on the type
			}
			for i := 0; i < len(tables.Types); i += every {
				typ := tables.Types[i]
				for _, marking := range []oracle.Marking{oracle.Normal, oracle.Masked, oracle.HiddenPatient, oracle.HiddenParents} {
					for _, own := range []bool{false, true} {
						if own && x.Name == "inconnu" {
							continue // the oracle has no opinion on whom no nomenclature knows; he has no right (X1)
						}
						q.Type, q.Marking, q.Own = typ, marking, own
						d := &Target{Type: typ.Code, Class: typ.Class, Own: own, Deposited: now}
						if marking != oracle.Normal {
							d.Labels = []Label{Label(marking)}
						}
						level, why := r.Judge(d)
						judged++
						if want := tables.MayRead(&q); want != (level == Full) {
							require.Equal(t, want, level == Full, "%s %+v: %s %s", x.Name, q, why.Rule, why.Why)
						}
					}
				}
			}
		}
	}
	assert.Greater(t, judged, 500_000)
}

func oracleTables(t *testing.T) *oracle.Tables {
	t.Helper()
	a, err := os.Open("data/matrix-a-2024-09-25.csv")
	require.NoError(t, err)
	defer a.Close()
	b, err := os.Open("data/matrix-b-2024-09-25.csv")
	require.NoError(t, err)
	defer b.Close()
	tables, err := oracle.ReadTables(a, b)
	require.NoError(t, err)
	return tables
}

func oracleQuestions(x *oracle.Exercise) (all []oracle.Question) {
	for _, relation := range []oracle.Relation{oracle.Team, oracle.Moment, oracle.None} {
		for _, mode := range []oracle.Mode{oracle.Usual, oracle.BreakGlass, oracle.Centre15} {
			for bits := range 32 {
				on := func(bit int) bool { return bits&(1<<bit) != 0 }
				if (on(1) || on(4)) && bits&(bits-1) != 0 {
					continue // what is blocked or closed is so whatever else is said: tried once each, and by the properties
				}
				all = append(all, oracle.Question{
					Column: x.Column, Doctor: x.Doctor, Occupational: x.Occupational, Treating: on(0) && x.Doctor, Relation: relation, Mode: mode,
					Blocked: on(1), MaskedAllowed: on(2), OpposedBreakGlass: on(3), OpposedCentre15: on(3), Closed: on(4),
				})
			}
		}
	}
	return all
}

func oracleActor(x *oracle.Exercise, mode oracle.Mode) *Actor {
	return professional(func(a *Actor) {
		a.Profession, a.TrainingProfession, a.Speciality, a.Section = x.Codes["G15"], x.Codes["G16"], x.Codes["R01"], x.Codes["G05"]
		a.Activity, a.Role, a.SocialProfession, a.Title = x.Codes["R22"], x.Codes["R85"], x.Codes["R94"], x.Codes["R95"]
		a.Mode, a.Justification = AccessMode(mode), true
	})
}

func oracleSituation(q *oracle.Question) *Situation {
	s := situation(func(s *Situation) {
		s.Blocked, s.Closed, s.TreatingDoctor, s.MaskedInEmergency = q.Blocked, q.Closed, q.Treating, q.MaskedAllowed
		s.OpposedBreakGlass, s.OpposedCentre15 = q.OpposedBreakGlass, q.OpposedCentre15
	})
	switch q.Relation {
	case oracle.Team:
		team(s)
	case oracle.Moment:
		consented(s)
	case oracle.None:
	}
	return s
}
