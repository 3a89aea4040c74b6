package main

import (
	"html"
	"net/http"
	"net/url"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// emergencyCases are E1 to E12: bris de glace, and the regulation of emergency calls.
func emergencyCases() []ruleCase {
	opposed := func(c consent.Category) consent.Directive { return consent.Directive{Category: c, Deny: true} }
	return []ruleCase{
		{rule: "E1", says: "A professional consults when the person cannot express her will and is in immediate danger, unless she expressly opposed it (bris de glace).", test: func(r *ruleRun) {
			p, who := r.adult(), in(rules.BreakGlass, r.doctor())
			d := r.report(p)
			r.mayRead(who, p, d, "she did not oppose")
			r.openBy(who, p, true, "E1")
			against := r.says(p, opposed(consent.BreakGlass))
			r.mayNotRead(who, p, d, "she opposed")
			r.openBy(who, p, false, "E1")
			r.takesBack(p, against)
			r.mayRead(who, p, d, "she took it back")
			other := r.adult()
			elsewhere := r.report(other)
			r.refuses(r.missing(r.client(who, p), "DocumentReference/"+elsewhere), "the glass is broken for one person")
		}},
		{rule: "E2", says: "The doctor who regulates SAMU calls consults unless she expressly opposed it.", test: func(r *ruleRun) {
			p, who := r.adult(), in(rules.Centre15, r.doctor())
			d := r.report(p)
			r.mayRead(who, p, d, "she did not oppose")
			r.openBy(who, p, true, "E7")
			r.says(p, opposed(consent.Centre15))
			r.mayNotRead(who, p, d, "she opposed")
			r.openBy(who, p, false, "E2")
		}},
		{rule: "E3", says: "The two oppositions are separate facts.", test: func(r *ruleRun) {
			who := r.doctor()
			for category, mode := range map[consent.Category]rules.AccessMode{consent.BreakGlass: rules.BreakGlass, consent.Centre15: rules.Centre15} {
				p := r.adult()
				d := r.report(p)
				r.says(p, opposed(category))
				for _, m := range []rules.AccessMode{rules.BreakGlass, rules.Centre15} {
					if m == mode {
						r.mayNotRead(in(m, who), p, d, "opposed to "+string(category)+": "+string(m))
					} else {
						r.mayRead(in(m, who), p, d, "opposed to "+string(category)+" only: "+string(m))
					}
				}
			}
		}},
		{rule: "E4", says: "The person permits or refuses three things apart: SAMU (ETREAT), other professionals in emergency (BTG), masked documents in emergency (MASKED).", test: func(r *ruleRun) {
			who := r.doctor()
			for n := range 8 {
				samu, glass, secret := n&1 == 0, n&2 == 0, n&4 == 0
				p := r.adult()
				usual, mask := r.report(p), r.report(p, masked)
				r.says(p, consent.Directive{Category: consent.Centre15, Deny: !samu})
				r.says(p, consent.Directive{Category: consent.BreakGlass, Deny: !glass})
				r.says(p, consent.Directive{Category: consent.MaskedInEmergency, Deny: !secret})
				for mode, open := range map[rules.AccessMode]bool{rules.Centre15: samu, rules.BreakGlass: glass} {
					r.readsIf(open, in(mode, who), p, usual)
					r.readsIf(open && secret, in(mode, who), p, mask)
				}
			}
		}},
		{rule: "E5", says: "By default both accesses in emergency are allowed; of masked documents no default was found: not allowed.", test: func(r *ruleRun) {
			p, who := r.adult(), r.doctor()
			usual, mask := r.report(p), r.report(p, masked)
			require.Empty(r.t, r.search(r.holder(p), "Consent?patient=Patient/"+p))
			for _, mode := range []rules.AccessMode{rules.Centre15, rules.BreakGlass} {
				r.mayRead(in(mode, who), p, usual, "nothing was said: "+string(mode))
				r.mayNotRead(in(mode, who), p, mask, "nothing was said, masked: "+string(mode))
			}
		}},
		{rule: "E6", says: "Bris de glace asks for a justification, with the person's surname, first name and birth date; régulation asks for none. It is stored in the trace.", test: ruleE6},
		{rule: "E7", says: "Régulation does not check the authorisation.", test: func(r *ruleRun) {
			p, who := r.adult(), r.doctor()
			d := r.report(p)
			r.says(p, consent.Directive{Category: consent.CareTeam, Deny: true, Actors: []rules.Identifier{who.ID}})
			r.mayNotRead(who, p, d, "in normal access, where she objected to him")
			r.mayRead(in(rules.Centre15, who), p, d, "in régulation, where it is not asked")
			r.openBy(in(rules.Centre15, who), p, true, "E7")
		}},
		{rule: "E8", says: "In emergencies masked documents are read only if the person allowed it, by the médecin traitant too in bris de glace.", test: func(r *ruleRun) {
			p, treating, other := r.adult(), r.doctor(), r.doctor()
			mask := r.report(p, masked)
			r.treating(p, treating)
			r.mayRead(treating, p, mask, "the médecin traitant in normal access")
			r.mayNotRead(in(rules.BreakGlass, treating), p, mask, "the médecin traitant in bris de glace")
			r.mayNotRead(in(rules.Centre15, other), p, mask, "régulation")
			r.decides(r.client(in(rules.BreakGlass, treating), p), p, rules.ReadMasked, false, "E8")
			r.says(p, consent.Directive{Category: consent.MaskedInEmergency})
			r.mayRead(in(rules.BreakGlass, treating), p, mask, "the médecin traitant, allowed")
			r.mayRead(in(rules.Centre15, other), p, mask, "régulation, allowed")
			r.decides(r.client(in(rules.BreakGlass, treating), p), p, rules.ReadMasked, true, "E8")
		}},
		{rule: "E9", says: "Only régulation searches for a person without INS (TD0.5): a professional, a doctor, or the certificate of an institution.", test: func(r *ruleRun) {
			p := r.adult()
			var born struct {
				BirthDate string
				Name      []struct{ Family string }
			}
			r.read(r.operator, "Patient/"+p, &born)
			query := "Patient?family=" + url.QueryEscape(born.Name[0].Family) + "&birthdate=" + born.BirthDate
			for _, a := range []*rules.Actor{r.nurse(), r.doctor(), r.institution("990000333")} {
				r.permits(r.finds(r.client(in(rules.Centre15, a), ""), query, p), "régulation, as %s", a.Kind)
				r.refuses(!r.finds(r.client(a, ""), query, p), "normal access, as %s", a.Kind)
				r.permits(r.finds(r.client(a, ""), r.byINS(p), p), "by INS, as %s", a.Kind)
			}
			glass := r.as(in(rules.BreakGlass, r.doctor()), "user/*.cruds", r.adult(), "")
			r.refuses(!r.finds(glass, query, p), "bris de glace")
			r.refuses(!r.finds(r.client(in(rules.Centre15, r.doctor()), ""), "Patient?active=true", p), "régulation does not list people of whom it says nothing")
			r.decides(r.client(in(rules.Centre15, r.doctor()), ""), p, rules.SearchWithoutINS, true, "E9")
			r.decides(r.client(r.doctor(), ""), p, rules.SearchWithoutINS, false, "E9")
		}},
		{rule: "E10", says: "The holder and the médecin traitant are told afterwards, electronically.", test: ruleE10},
		{rule: "E11", says: "In these modes nothing is masked, unmasked or made visible, and nobody declares himself authorised; own documents are still deleted.", test: func(r *ruleRun) {
			p, author := r.adult(), r.doctor()
			r.says(p, consent.Directive{Category: consent.MaskedInEmergency})
			for _, mode := range []rules.AccessMode{rules.BreakGlass, rules.Centre15} {
				own, mask, unseen := r.report(p, by(author)), r.report(p, by(author), masked), r.report(p, by(author), marked("INVISIBLE_PATIENT"))
				c := r.client(in(mode, author), p)
				r.denied(c, http.MethodPatch, "DocumentReference/"+own, []byte(patchMask), "E11", "to mask in "+string(mode))
				r.denied(c, http.MethodPatch, "DocumentReference/"+mask, []byte(patchShow), "E11", "to unmask in "+string(mode))
				r.denied(c, http.MethodPatch, "DocumentReference/"+unseen, []byte(patchShow), "D7", "to make visible in "+string(mode))
				r.denied(c, http.MethodPost, "Consent", r.directive(p, consent.Directive{Category: consent.CareTeam, Actors: []rules.Identifier{author.ID}, Means: "oral", Verified: true}), "E11", "to declare oneself in "+string(mode))
				r.done(c, http.MethodPatch, "DocumentReference/"+own, []byte(patchDelete), "to delete one's own in "+string(mode))
			}
		}},
		{rule: "E12", says: "Matrix A restricts in emergencies too: nothing lifts the filter.", test: func(r *ruleRun) {
			p, nurse, doctor := r.adult(), r.nurse(), r.doctor()
			usual, doctors := r.report(p), r.report(p, of(doctorsOf, "10"))
			for _, mode := range []rules.AccessMode{rules.BreakGlass, rules.Centre15} {
				r.mayRead(in(mode, nurse), p, usual, "a type of her column, "+string(mode))
				r.mayNotRead(in(mode, nurse), p, doctors, "a type that is not of her column, "+string(mode))
				r.mayRead(in(mode, doctor), p, doctors, "a doctor, "+string(mode))
			}
		}},
	}
}

func (r *ruleRun) readsIf(may bool, a *rules.Actor, patient, id string) {
	r.t.Helper()
	if may {
		r.mayRead(a, patient, id, string(a.Mode))
	} else {
		r.mayNotRead(a, patient, id, string(a.Mode))
	}
}

func ruleE6(r *ruleRun) {
	p, who := r.adult(), r.doctor()
	d := r.report(p)
	r.inDirectory(who, "Cabinet médical")
	const reason = "Personne inconsciente après une chute"
	b, a := r.atConsent(who, p)
	var person struct {
		Name      []struct{ Family string }
		BirthDate string
	}
	r.read(r.operator, "Patient/"+p, &person)
	assert.Contains(r.t, strings.ToUpper(html.UnescapeString(b.page)), strings.ToUpper(person.Name[0].Family), "the screen names the person")
	assert.Regexp(r.t, `Accès au dossier de [^<]+, née? le [^<]+`+person.BirthDate[:4], b.page, "with the date of birth")
	for _, motive := range []string{"", "urgent"} {
		b.submit(url.Values{"decision": {"accept"}, "q-mode": {"bris_de_glace"}, "q-justification": {motive}})
		r.refuses(strings.Contains(b.page, "Motif de l"), "the screen comes back after %q", motive)
	}
	b.submit(url.Values{"decision": {"accept"}, "q-mode": {"bris_de_glace"}, "q-justification": {reason}})
	token := a.redeem(r.testing(), r.base, b.at)
	c := r.bearing(token.AccessToken)
	r.permits(r.sees(c, p, d), "with a justification the record opens")
	traced := r.search(r.holder(p), "AuditEvent?patient=Patient/"+p+"&_count=100")
	found := false
	for _, body := range traced {
		found = found || strings.Contains(string(body), reason)
	}
	r.permits(found, "the justification is in the trace, where the person reads it")
	unjustified := in(rules.BreakGlass, who)
	unjustified.Justification = false
	r.mayNotRead(unjustified, p, d, "a token without a justification")
	r.openBy(unjustified, p, false, "E6")

	samu := r.doctor()
	r.inDirectory(samu, "SAMU de l'exemple")
	b, a = r.atConsent(samu, p)
	b.submit(url.Values{"decision": {"accept"}, "q-mode": {"centre_15"}})
	token = a.redeem(r.testing(), r.base, b.at)
	r.permits(r.sees(r.bearing(token.AccessToken), p, d), "régulation gives no justification")
}

func ruleE10(r *ruleRun) {
	p, treating, other := r.adult(), r.doctor(), r.doctor()
	d := r.report(p)
	r.treating(p, treating)
	r.team(p, other)
	r.mayRead(other, p, d, "in normal access")
	r.eventually(func() bool { return len(r.told(p, "first-access")) == 1 }, "she is told of the first access")
	r.refuses(len(r.told(p, "emergency-access")) == 0 && len(r.notices(r.client(treating, p), p, "emergency-access")) == 0, "of no emergency after a normal access")
	for _, mode := range []rules.AccessMode{rules.BreakGlass, rules.Centre15} {
		who := r.doctor()
		before := len(r.told(p, "emergency-access"))
		r.mayRead(in(mode, who), p, d, string(mode))
		r.permits(r.eventually(func() bool { return len(r.told(p, "emergency-access")) == before+1 }, "the holder"), "the holder is told of %s", mode)
		r.permits(r.eventually(func() bool { return len(r.notices(r.client(treating, p), p, "emergency-access")) == before+1 }, "the médecin traitant"), "the médecin traitant is told of %s", mode)
		r.refuses(len(r.notices(r.client(who, p), p, "emergency-access")) == 0, "nobody else is")
	}
}
