package habilitation

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// What is drawn covers every sort of actor and every fact of a situation.

func drawActor(t *rapid.T) *Actor {
	a := *rapid.SampledFrom(everyActor()).Draw(t, "actor")
	a.Justification = rapid.Bool().Draw(t, "justification")
	a.Secret = rapid.IntRange(0, 9).Draw(t, "secret") == 0
	return &a
}

func drawAuthorisation(t *rapid.T, name string) Authorisation {
	switch rapid.IntRange(0, 3).Draw(t, name) {
	case 0:
		return Authorisation{}
	case 1:
		return Authorisation{Given: now.AddDate(0, 0, -rapid.IntRange(0, 400).Draw(t, "days"))}
	case 2:
		return Authorisation{Given: now.AddDate(0, -1, 0), Until: now.AddDate(0, 0, rapid.IntRange(-5, 5).Draw(t, "until"))}
	}
	return Authorisation{Given: now.AddDate(0, 0, 1)}
}

func drawSituation(t *rapid.T) *Situation {
	flag := func(name string, oneIn int) bool { return rapid.IntRange(1, oneIn).Draw(t, name) == 1 }
	s := &Situation{
		At: now, Closed: flag("closed", 12), Suspended: flag("suspended", 20), AttachedToMES: flag("mes", 2), Minor: flag("minor", 2), ProtectedAdult: flag("protected", 3),
		Related: flag("related", 2), Informed: !flag("uninformed", 4), Objected: flag("objected", 5), Blocked: flag("blocked", 5), FirstConsent: !flag("no first consent", 4),
		Team: drawAuthorisation(t, "team"), Moment: drawAuthorisation(t, "moment"), TreatingDoctor: flag("treating", 4),
		OpposedBreakGlass: flag("opposed glass", 4), OpposedCentre15: flag("opposed calls", 4), MaskedInEmergency: flag("masked", 2),
		Denied: drawDenials(t), Codes: drawProvisions(t, "codes", 2),
	}
	if flag("unblocked", 4) {
		s.Unblocked = now.AddDate(0, 0, -rapid.IntRange(0, 100).Draw(t, "unblocked days"))
	}
	for _, v := range drawProvisions(t, "grants", 2) {
		s.Grants = append(s.Grants, Grant{Documents: flag("documents", 2), Data: flag("data", 2), Classes: v.Classes, Types: v.Types, Read: flag("read", 2), Write: flag("write", 2), From: v.From, Until: v.Until})
	}
	return s
}

var (
	drawnTypes   = []string{"34112-3", "60591-5", "PRESC-AAT", "57833-6", "83981-1", "EXPPAT_2", "REMB", "IMG-KOS", "LOCAL-1", "51851-4"}
	drawnClasses = []string{"10", "11", "31", "42", "90", "95", "60", "99"}
)

func drawProvision(t *rapid.T) Provision {
	v := Provision{
		Classes: rapid.SliceOfN(rapid.SampledFrom(drawnClasses), 0, 2).Draw(t, "classes"),
		Types:   rapid.SliceOfN(rapid.SampledFrom(drawnTypes), 0, 2).Draw(t, "types"),
	}
	switch rapid.IntRange(0, 5).Draw(t, "of whom") {
	case 0:
		v.Actors = []Identifier{doctor().ID}
	case 1:
		v.Professions = []string{rapid.SampledFrom([]string{"10", "60", "MED", "ASS"}).Draw(t, "profession")}
	case 2:
		v.Until = now.AddDate(0, 0, rapid.IntRange(-1, 1).Draw(t, "until"))
	}
	return v
}

func drawProvisions(t *rapid.T, name string, most int) []Provision {
	var all []Provision
	for range rapid.IntRange(0, most).Draw(t, name) {
		all = append(all, drawProvision(t))
	}
	return all
}

func drawDenials(t *rapid.T) []Provision {
	all := drawProvisions(t, "denials", 3)
	for i := range all {
		all[i].Except = drawProvisions(t, "exceptions", 2)
	}
	return all
}

func drawTarget(t *rapid.T) *Target {
	d := &Target{
		Type: rapid.SampledFrom(append(slices.Clone(drawnTypes), "RPID2589")).Draw(t, "type"), Class: rapid.SampledFrom(drawnClasses).Draw(t, "class"),
		Own: rapid.Bool().Draw(t, "own"), OwnStructure: rapid.Bool().Draw(t, "structure"), State: rapid.SampledFrom([]State{Active, Archived, Superseded, Deleted}).Draw(t, "state"),
		Labels:    rapid.SliceOfNDistinct(rapid.SampledFrom([]Label{Masked, InvisibleToPatient, InvisibleToRepresentatives, MaskedToSocialSector, MaskedToThirdPersons}), 0, 3, rapid.ID).Draw(t, "labels"),
		Deposited: now.AddDate(0, 0, -rapid.IntRange(0, 60).Draw(t, "deposited")),
	}
	return d
}

func level(e *Engine, a *Actor, s *Situation, d *Target) Level {
	r := e.Reading(a, s)
	l, _ := r.Judge(d)
	return l
}

// notMore requires that nothing exists after a change that did not exist before, in Readings and decisions.
func notMore(t *rapid.T, e *Engine, a *Actor, before, after *Situation, what string) {
	d := drawTarget(t)
	was, is := level(e, a, before, d), level(e, a, after, d)
	assert.False(t, less(was, is), "%s: a document became more", what)
	for _, x := range Transactions() {
		assert.False(t, !e.Decide(a, before, x, d).Permit && e.Decide(a, after, x, d).Permit, "%s: %s became permitted", what, x)
	}
}

func change(s *Situation, f func(*Situation)) *Situation {
	c := *s
	f(&c)
	return &c
}

func TestABlockAlwaysWins(t *testing.T) {
	e := standard(t)
	rapid.Check(t, func(t *rapid.T) {
		a, s := drawActor(t), drawSituation(t)
		if a.Kind == Holder {
			return
		}
		s.Blocked = true
		r := e.Reading(a, s)
		assert.True(t, r.Empty())
		for _, x := range slices.Concat(readings, []Transaction{SearchMetadata, SearchReference, Mask, Unmask, Archive, Delete, ReadAdministrative}) {
			assert.False(t, e.Decide(a, s, x, drawTarget(t)).Permit, x)
		}
		notMore(t, e, a, change(s, func(s *Situation) { s.Blocked = false }), s, "a block")
	})
}

func TestPermissionsNeverTake(t *testing.T) {
	e := standard(t)
	grants := map[string]func(*Situation){
		"consent of the moment": func(s *Situation) { s.Moment, s.Unblocked = Authorisation{Given: now}, s.Unblocked.AddDate(0, 0, -1) },
		"treating doctor":       func(s *Situation) { s.TreatingDoctor = true },
		"masked in emergencies": func(s *Situation) { s.MaskedInEmergency = true },
		"a code":                func(s *Situation) { s.Codes = append(slices.Clone(s.Codes), Provision{}) },
		"a grant":               func(s *Situation) { s.Grants = append(slices.Clone(s.Grants), Grant{Documents: true, Read: true}) },
		"first consent":         func(s *Situation) { s.FirstConsent, s.Informed = true, true },
		"an exception": func(s *Situation) {
			s.Denied = slices.Clone(s.Denied)
			if len(s.Denied) > 0 {
				s.Denied[0].Except = append(slices.Clone(s.Denied[0].Except), Provision{Classes: []string{"10"}})
			}
		},
	}
	for name, f := range grants {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				a, s := drawActor(t), drawSituation(t)
				notMore(t, e, a, change(s, f), s, "without "+name)
			})
		})
	}
}

func TestRefusalsNeverGive(t *testing.T) {
	e := standard(t)
	refusals := map[string]func(*Situation){
		"closed":     func(s *Situation) { s.Closed = true },
		"objected":   func(s *Situation) { s.Objected = true },
		"opposition": func(s *Situation) { s.OpposedBreakGlass, s.OpposedCentre15 = true, true },
		"a denial": func(s *Situation) {
			s.Denied = append(slices.Clone(s.Denied), Provision{Classes: []string{"10", "31"}})
		},
		"unblocked": func(s *Situation) { s.Unblocked = now },
	}
	for name, f := range refusals {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				a, s := drawActor(t), drawSituation(t)
				if name == "closed" && !a.Kind.professionalSide() {
					return // the holder reopens what is closed
				}
				notMore(t, e, a, s, change(s, f), name)
			})
		})
	}
}

// A label on a document never makes it exist.
func TestMasksNeverWiden(t *testing.T) {
	e := standard(t)
	rapid.Check(t, func(t *rapid.T) {
		a, s, d := drawActor(t), drawSituation(t), drawTarget(t)
		bare := *d
		bare.Labels = nil
		r := e.Reading(a, s)
		was, _ := r.Judge(&bare)
		is, _ := r.Judge(d)
		assert.False(t, less(was, is))
	})
}

// Whatever the holder provides, a professional reads of others' documents no type that his column does not have; the médecin traitant has the column of doctors.
func TestTheHolderCannotWidenMatrixA(t *testing.T) {
	e := standard(t)
	rapid.Check(t, func(t *rapid.T) {
		a, s, d := drawActor(t), drawSituation(t), drawTarget(t)
		if a.Kind != Professional {
			return
		}
		d.Own = false
		column, _, _ := e.Column(a, s)
		if level(e, a, s, d) == Full {
			set := e.edition(now).kinds[column].set
			assert.True(t, column != "" && set.has(e.edition(now).a, d.Type, d.Class), "%s reads %s", column, d.Type)
		}
	})
}

func TestUnknownDenies(t *testing.T) {
	e := standard(t)
	spoil := map[string]func(*Actor, string){
		"kind": func(a *Actor, v string) { a.Kind = Kind(v) }, "profession": func(a *Actor, v string) { a.Profession = v }, "training": func(a *Actor, v string) { a.TrainingProfession = v },
		"activity": func(a *Actor, v string) { a.Activity = v }, "social": func(a *Actor, v string) { a.SocialProfession = v }, "title": func(a *Actor, v string) { a.Title = v },
		"mode": func(a *Actor, v string) { a.Mode = AccessMode(v) }, "authentication": func(a *Actor, v string) { a.Authentication = Authentication(v) },
	}
	for name, f := range spoil {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				a, s := doctor(), drawSituation(t)
				f(a, rapid.StringMatching(`z[a-z0-9]{1,6}`).Draw(t, "unknown"))
				r := e.Reading(a, s)
				assert.True(t, r.Empty())
				for _, x := range Transactions() {
					assert.False(t, e.Decide(a, s, x, drawTarget(t)).Permit, x)
				}
			})
		})
	}
	assert.False(t, e.Decide(doctor(), situation(team), "TD9.9", nil).Permit)
}

// The column of doctors has every other column in it.
func TestDoctorsReadWhatOthersRead(t *testing.T) {
	ed := standard(t).edition(now)
	for column, k := range ed.kinds {
		for _, typ := range k.set.Types {
			assert.Contains(t, ed.kinds["MED"].set.Types, typ, column)
		}
	}
}

// Decide and Reading are one rule: who reads a document is who has it in full.
func TestDecideAgreesWithReading(t *testing.T) {
	e := standard(t)
	rapid.Check(t, func(t *rapid.T) {
		a, s, d := drawActor(t), drawSituation(t), drawTarget(t)
		full := level(e, a, s, d) == Full
		x := map[State]Transaction{Active: ReadDocument, Archived: ReadArchived, Superseded: ReadSuperseded, Deleted: ReadDeleted}[d.State]
		assert.Equal(t, full, e.Decide(a, s, x, d).Permit)
	})
}

// The Key is equal where every document is judged alike, and differs where one is not.
func TestKeysGroupEqualReadings(t *testing.T) {
	e := standard(t)
	rapid.Check(t, func(t *rapid.T) {
		a := drawActor(t)
		one, two := e.Reading(a, drawSituation(t)), e.Reading(a, drawSituation(t))
		for range 20 {
			d := drawTarget(t)
			x, _ := one.Judge(d)
			y, _ := two.Judge(d)
			if x != y {
				assert.NotEqual(t, one.Key(), two.Key())
			}
		}
	})
}

// The labels that hide for a month hide what was deposited since, and only that.
func TestHiddenSinceIsTheInverseOfVisibleFrom(t *testing.T) {
	e := standard(t)
	rapid.Check(t, func(t *rapid.T) {
		at := now.AddDate(0, 0, rapid.IntRange(-800, 800).Draw(t, "day")).Add(time.Duration(rapid.Int64Range(0, int64(time24)).Draw(t, "of day")))
		deposited := at.AddDate(0, 0, -rapid.IntRange(0, 70).Draw(t, "before"))
		hiddenStill := e.VisibleToPatientFrom(deposited).After(at)
		assert.Equal(t, hiddenStill, !deposited.Before(e.HiddenSince(monthsInvisible, at)))
	})
}
