package main

import (
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// maskingCases are D1 to D9: what is masked, and from whom.
func maskingCases() []ruleCase {
	return []ruleCase{
		{rule: "D1", says: "The holder masks any document from professionals, at any time, and takes it back; it stays reachable by its author.", test: func(r *ruleRun) {
			p, author, other := r.adult(), r.nurse(), r.nurse()
			d := r.report(p, by(author))
			r.team(p, author)
			r.team(p, other)
			r.mayRead(other, p, d, "before")
			r.done(r.holder(p), http.MethodPatch, "DocumentReference/"+d, []byte(patchMask), "she masks")
			r.mayNotRead(other, p, d, "masked")
			r.mayRead(author, p, d, "its author")
			r.permits(r.sees(r.holder(p), p, d), "and she herself")
			r.done(r.holder(p), http.MethodPatch, "DocumentReference/"+d, []byte(patchShow), "she takes it back")
			r.mayRead(other, p, d, "after")
		}},
		{rule: "D2", says: "A masked document is the holder's, the author's and the médecin traitant's; nobody else's in normal access.", test: func(r *ruleRun) {
			p, author, treating := r.adult(), r.doctor(), r.doctor()
			d := r.report(p, by(author), masked)
			r.treating(p, treating)
			r.team(p, author)
			r.mayRead(author, p, d, "the author")
			r.mayRead(treating, p, d, "the médecin traitant")
			r.permits(r.sees(r.holder(p), p, d), "the holder")
			for _, a := range []*rules.Actor{r.doctor(), r.nurse()} {
				r.team(p, a)
				r.mayNotRead(a, p, d, "another professional, profession "+a.Profession)
			}
			r.decides(r.client(author, p), p, rules.ReadMasked, true, "D2")
			r.refuses(!r.finds(r.client(r.institution("990000358"), p), "DocumentReference?patient=Patient/"+p+"&status=current", d), "nor an institution's software")
		}},
		{rule: "D3", says: "An administrator of the holder's profile sees masked documents and can block professionals.", test: func(r *ruleRun) {
			p, other, who := r.adult(), r.adult(), r.nurse()
			d, elsewhere := r.report(p, masked), r.report(other, masked)
			r.team(p, who)
			admin := r.helper(p, rules.Administrator, true)
			r.permits(r.sees(admin, p, d), "an administrator sees what is masked")
			r.refuses(!r.sees(admin, other, elsewhere), "of this profile only")
			delegate := r.helper(p, rules.Delegate, false)
			blocking := r.directive(p, consent.Directive{Category: consent.Block, Deny: true, Actors: []rules.Identifier{who.ID}})
			r.denied(delegate, http.MethodPost, "Consent", blocking, "M6", "a delegate blocks nobody")
			r.done(admin, http.MethodPost, "Consent", blocking, "an administrator blocks")
			r.openBy(who, p, false, "A8")
			r.denied(r.related(p, rules.Administrator, r.newRelative(p)), http.MethodPost, "Consent", blocking, "X7", "who calls herself administrator without the holder's word")
		}},
		{rule: "D4", says: "Any professional masks in normal mode; of what is masked authors unmask their own, the médecin traitant all.", test: func(r *ruleRun) {
			p, author, other, treating := r.adult(), r.nurse(), r.nurse(), r.doctor()
			d := r.report(p, by(author))
			r.treating(p, treating)
			for _, a := range []*rules.Actor{author, other} {
				r.team(p, a)
			}
			r.done(r.client(other, p), http.MethodPatch, "DocumentReference/"+d, []byte(patchMask), "another one masks")
			r.refuses(r.missing(r.client(other, p), "DocumentReference/"+d), "then it is gone for who masked it")
			status, _ := r.ask(r.client(other, p), http.MethodPatch, "DocumentReference/"+d, []byte(patchShow))
			r.refuses(hidden(status), "who is not the author does not unmask: %d", status)
			r.done(r.client(author, p), http.MethodPatch, "DocumentReference/"+d, []byte(patchShow), "the author unmasks")
			second := r.report(p, masked)
			r.done(r.client(treating, p), http.MethodPatch, "DocumentReference/"+second, []byte(patchShow), "the médecin traitant unmasks any")
			r.decides(r.client(other, p), p, rules.Mask, true, "D4")
			assert.Equal(r.t, "own", r.explains(r.client(other, p), p, "").transactions[string(rules.Unmask)]["limit"])
		}},
		{rule: "D5", says: "The holder sets whether new documents are visible; by default all are.", test: func(r *ruleRun) {
			p, author, other := r.adult(), r.nurse(), r.nurse()
			r.team(p, author)
			r.team(p, other)
			deposit := func(text string) string {
				return idOf(r.t, r.done(r.client(author, p), http.MethodPost, "DocumentReference", r.published(p), text))
			}
			d := deposit("by default")
			r.permits(r.found(other, p, d), "visible by default")
			setting := r.says(p, consent.Directive{Category: consent.Visibility, Deny: true})
			masked := deposit("with the setting")
			r.refuses(!r.found(other, p, masked), "masked by her setting")
			r.permits(r.found(other, p, d), "what was there stays as it was")
			r.permits(r.finds(r.holder(p), "DocumentReference?patient=Patient/"+p+"&status=current&security-label=MASQUE_PS", masked), "she sees that it is masked")
			r.takesBack(p, setting)
			r.permits(r.found(other, p, deposit("without it")), "visible again")
		}},
		{rule: "D6", alone: true, says: "After a consultation d'annonce a document may be invisible to the holder until she is told, within two weeks; it becomes visible by itself one month after the deposit.", test: ruleD6},
		{rule: "D7", says: "Any professional, doctor, médecin du travail or médecin traitant makes it visible to the patient in normal mode; never in emergencies.", test: func(r *ruleRun) {
			p := r.adult()
			treating := r.doctor()
			r.treating(p, treating)
			own := r.occupational()
			who := map[string]*rules.Actor{"a nurse": r.nurse(), "a doctor": r.doctor(), "the médecin traitant": treating, "the médecin du travail": own}
			for text, a := range who {
				if a != treating {
					r.team(p, a)
				}
				by := by(a)
				if a != own {
					by = func(*written) {}
				}
				d := r.report(p, by, marked("INVISIBLE_PATIENT"))
				r.refuses(!r.sees(r.holder(p), p, d), "invisible, for "+text)
				for _, mode := range []rules.AccessMode{rules.BreakGlass, rules.Centre15} {
					if a != own {
						r.denied(r.client(in(mode, a), p), http.MethodPatch, "DocumentReference/"+d, []byte(patchShow), "D7", text+" in "+string(mode))
					}
				}
				r.done(r.client(a, p), http.MethodPatch, "DocumentReference/"+d, []byte(patchShow), text)
				r.permits(r.sees(r.holder(p), p, d), "visible by "+text)
			}
			d := r.report(p, byHospital("990000366"), marked("INVISIBLE_PATIENT"))
			r.denied(r.client(r.institution("990000366"), p), http.MethodPatch, "DocumentReference/"+d, []byte(patchShow), "D7", "an institution")
		}},
		{rule: "D8", says: "Professionals read documents that the patient cannot see.", test: func(r *ruleRun) {
			p, nurse := r.adult(), r.nurse()
			d := r.report(p, marked("INVISIBLE_PATIENT"))
			r.team(p, nurse)
			r.mayRead(nurse, p, d, "a professional")
			r.mayRead(in(rules.BreakGlass, r.doctor()), p, d, "in an emergency too")
			r.refuses(!r.sees(r.holder(p), p, d), "not the patient")
			r.decides(r.client(nurse, p), p, rules.ReadInvisible, true, "D8")
		}},
		{rule: "D9", says: "Not both MASQUE_PS and INVISIBLE_PATIENT while the server's parameter cumul-invisible_patient-masque_ps is false.", test: ruleD9},
	}
}

// found says whether an actor finds a document that was deposited.
func (r *ruleRun) found(a *rules.Actor, patient, id string) bool {
	r.t.Helper()
	return r.finds(r.client(a, patient), "DocumentReference?patient=Patient/"+patient+"&status=current&_count=100", id)
}

func ruleD6(r *ruleRun) {
	paris, err := time.LoadLocation("Europe/Paris")
	assert.NoError(r.t, err)
	r.at(time.Date(2027, 1, 31, 9, 0, 0, 0, paris))
	p, author := r.adult(), r.doctor()
	r.team(p, author)
	deposited := r.published(p, withLabels("INVISIBLE_PATIENT"), func(d *published) { d.author = byProfessional(author.ID.System, author.ID.Value) })
	d := idOf(r.t, r.done(r.client(author, p), http.MethodPost, "DocumentReference", deposited, "a document that waits for the consultation d'annonce"))
	sees := func() bool {
		return r.finds(r.holder(p), "DocumentReference?patient=Patient/"+p+"&status=current&_count=100", d)
	}
	r.refuses(!sees(), "not visible to her at first")
	reminded := func() int { return len(r.notices(r.client(author, p), p, "invisible-document-reminder")) }
	r.at(time.Date(2027, 2, 14, 8, 59, 59, 0, paris))
	r.sweep()
	r.refuses(reminded() == 0, "no reminder a second before the two weeks")
	r.after(time.Second)
	r.sweep()
	r.permits(reminded() == 1, "the author is reminded at two weeks")
	r.refuses(len(r.told(p, "invisible-document-reminder")) == 0 && !sees(), "she does not learn of it by the reminder")
	// A month from 31 January ends with February: visible on 1 March at 0 h.
	r.at(time.Date(2027, 2, 28, 23, 59, 59, 0, paris))
	r.sweep()
	r.refuses(!sees(), "a second before the end of the month")
	r.after(time.Second)
	r.permits(sees(), "visible at its end, before anything was done")
	assert.Equal(r.t, 1, r.sweep().shown)
	r.permits(sees(), "and after")
	status, body := r.ask(r.holder(p), http.MethodGet, "DocumentReference/"+d, nil)
	r.permits(status == http.StatusOK && !strings.Contains(string(body), "INVISIBLE_PATIENT"), "the label is gone")
}

func ruleD9(r *ruleRun) {
	p, author := r.adult(), r.nurse()
	r.team(p, author)
	c := r.client(author, p)
	r.denied(c, http.MethodPost, "DocumentReference", r.published(p, withLabels("MASQUE_PS", "INVISIBLE_PATIENT")), "D9", "a deposit with both")
	for _, label := range []string{"MASQUE_PS", "INVISIBLE_PATIENT"} {
		r.done(c, http.MethodPost, "DocumentReference", r.published(p, withLabels(label)), "a deposit with "+label)
	}
	d := r.report(p, by(author), masked)
	status, body := r.ask(c, http.MethodPatch, "DocumentReference/"+d, patchLabels("MASQUE_PS", "INVISIBLE_PATIENT"))
	r.refuses(status == http.StatusUnprocessableEntity, "an update to both: %d %.200s", status, body)

	// With the parameter both stand.
	other := r.elsewhere(`{"maskedAndInvisible":true}`)
	p, author = other.adult(), other.nurse()
	other.team(p, author)
	other.done(other.client(author, p), http.MethodPost, "DocumentReference", other.published(p, withLabels("MASQUE_PS", "INVISIBLE_PATIENT")), "a deposit with both where the parameter allows it")
	d = other.report(p, by(author), masked)
	// Nobody hides a document from the patient after the deposit (TD3.3 has no such line), so an update to both is refused by that rule.
	status, _ = other.ask(other.client(author, p), http.MethodPatch, "DocumentReference/"+d, patchLabels("MASQUE_PS", "INVISIBLE_PATIENT"))
	other.refuses(status == http.StatusForbidden, "an update: %d", status)
	r.takes(other)
}
