package main

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// openingCases are A1 to A10: who may open a record.
func openingCases() []ruleCase {
	return []ruleCase{
		{rule: "A1", says: "Only a professional who effectively takes care of the person opens the record: in normal access there is a relation of care, the team's or a consent.", test: func(r *ruleRun) {
			p, caring, other := r.adult(), r.nurse(), r.nurse()
			d := r.report(p)
			r.team(p, caring)
			r.mayRead(caring, p, d, "who takes care of the person reads")
			r.mayNotRead(other, p, d, "who does not, does not")
			r.openBy(other, p, false, "A1")
			r.openBy(caring, p, true, "A2")
		}},
		{rule: "A2", says: "A member of the équipe de soins is deemed authorised when the person was informed and did not object.", test: func(r *ruleRun) {
			p, member := r.adult(), r.nurse()
			d := r.report(p)
			r.team(p, member)
			r.mayRead(member, p, d, "a member of the team reads")
			r.openBy(member, p, true, "A2")
			against := r.says(p, consent.Directive{Category: consent.CareTeam, Deny: true, Actors: []rules.Identifier{member.ID}})
			r.mayNotRead(member, p, d, "not once the person objected to this member")
			r.openBy(member, p, false, "A2")
			r.takesBack(p, against)
			r.mayRead(member, p, d, "again when she takes the objection back")
		}},
		{rule: "A3", says: "The person's explicit initial consent to her care team cannot be left out (Conseil d'État, October 2025).", test: func(r *ruleRun) {
			p, asked, unasked := r.adult(), r.nurse(), r.nurse()
			d := r.report(p)
			r.team(p, asked)
			r.says(p, consent.Directive{Category: consent.CareTeam, Actors: []rules.Identifier{unasked.ID}, Means: "oral"}) // informed, not asked
			r.mayRead(asked, p, d, "with the explicit first consent")
			r.mayNotRead(unasked, p, d, "without it the team does not read")
			r.openBy(unasked, p, false, "A3")
		}},
		{rule: "A4", alone: true, says: "Who is not of the team needs an explicit consent at each consultation, by any means, electronic included; it is for one session and traced with how it was given.", test: ruleA4},
		{rule: "A5", says: "A professional may collect the consent for another one: it has a collector and a beneficiary.", test: ruleA5},
		{rule: "A6", says: "Within what is authorised only the strictly necessary data are read. No program decides it: the professional is told so, and each reading is traced.", test: func(r *ruleRun) {
			p, member, other := r.adult(), r.nurse(), r.nurse()
			d := r.report(p)
			r.team(p, member)
			told := r.explains(r.client(member, p), p, "")
			r.permits(slices.ContainsFunc(told.notices, func(n string) bool {
				return strings.Contains(n, "strictement nécessaires") && strings.Contains(n, "tracée")
			}), "the notice is told: %q", told.notices)
			r.mayRead(member, p, d, "a reading")
			r.permits(len(r.search(r.holder(p), "AuditEvent?entity=DocumentReference/"+d+"&agent:identifier="+r.token(member))) > 0, "is traced, where the person sees it")
			r.mayNotRead(other, p, d, "what is not authorised at all is not read")
			r.refuses(len(r.search(r.operator, "AuditEvent?outcome=4,8&agent:identifier="+r.token(other))) > 0, "and the attempt is traced")
		}},
		{rule: "A7", says: "The matrix applies as of right unless the holder decides otherwise: her own denials beat it, and she cannot widen it.", test: ruleA7},
		{rule: "A8", says: "A blocked professional never reads, even with an authorisation; emergencies included (inferred).", test: func(r *ruleRun) {
			p, who := r.adult(), r.doctor()
			d := r.report(p)
			r.team(p, who)
			r.mayRead(who, p, d, "before the block")
			block := r.block(p, who)
			for _, mode := range []rules.AccessMode{rules.Normal, rules.BreakGlass, rules.Centre15} {
				r.mayNotRead(in(mode, who), p, d, "blocked, in "+string(mode))
				r.openBy(in(mode, who), p, false, "A8")
			}
			r.moment(p, who)
			r.mayNotRead(who, p, d, "a new authorisation does not lift the block")
			r.takesBack(p, block)
			other := r.doctor()
			r.treating(p, other)
			r.mayRead(other, p, d, "the médecin traitant")
			r.block(p, other)
			r.mayNotRead(other, p, d, "the médecin traitant can be blocked too")
		}},
		{rule: "A9", alone: true, says: "A blocked professional still deposits. After the block is lifted a new consent is needed: the old authorisation does not come back.", test: func(r *ruleRun) {
			p, who := r.adult(), r.nurse()
			d := r.report(p)
			r.team(p, who)
			r.after(time.Hour)
			block := r.block(p, who)
			r.after(time.Hour)
			r.done(r.client(who, p), http.MethodPost, "DocumentReference", r.published(p), "a blocked professional deposits")
			r.mayNotRead(who, p, d, "but reads nothing")
			r.takesBack(p, block)
			r.after(time.Hour)
			r.mayNotRead(who, p, d, "nor after the block was lifted")
			r.openBy(who, p, false, "A9")
			r.moment(p, who)
			r.mayRead(who, p, d, "until there is a new consent")
		}},
		{rule: "A10", says: "Authorisation is checked to consult only: feeding, archiving and deleting do not need it.", test: func(r *ruleRun) {
			p, author := r.adult(), r.nurse()
			d := r.report(p, by(author))
			c := r.client(author, p)
			r.refuses(r.missing(c, "Binary/b-"+d), "without authorisation nothing is consulted, one's own documents included")
			r.mayNotRead(r.nurse(), p, d, "nor by another")
			r.openBy(author, p, false, "A1")
			r.done(c, http.MethodPost, "DocumentReference", r.published(p), "to feed")
			r.done(c, http.MethodPatch, "DocumentReference/"+d, []byte(patchArchived(true)), "to archive")
			r.done(c, http.MethodPatch, "DocumentReference/"+d, []byte(patchDelete), "to delete")
		}},
	}
}

// missing says whether something answers as what does not exist.
func (r *ruleRun) missing(c clientOf, path string) bool {
	r.t.Helper()
	status, _ := r.ask(c, http.MethodGet, path, nil)
	return status == http.StatusNotFound
}

func ruleA4(r *ruleRun) {
	p, who := r.adult(), r.doctor()
	d := r.report(p)
	r.mayNotRead(who, p, d, "without consent")
	// The professional writes down what the person said.
	r.notSaid(r.client(who, p), r.directive(p, consent.Directive{Category: consent.Moment, Actors: []rules.Identifier{who.ID}}), "a consent that does not say how it was given")
	id := idOf(r.t, r.done(r.client(who, p), http.MethodPost, "Consent", r.directive(p, consent.Directive{Category: consent.Moment, Actors: []rules.Identifier{who.ID}, Means: "electronic"}), "with the person's word, electronic"))
	r.mayRead(who, p, d, "in this consultation")
	r.openBy(who, p, true, "A4")
	traced := r.search(r.holder(p), "AuditEvent?entity=Consent/"+id)
	r.permits(len(traced) > 0, "the readings are traced with the consent that they rest on")
	r.after(12*time.Hour - time.Second)
	r.mayRead(who, p, d, "a second before the end of the session")
	r.after(time.Second)
	r.mayNotRead(who, p, d, "at its end")
	assert.Equal(r.t, "EXPIRE", r.explains(r.client(who, p), p, "").authorisation["state"])
	r.moment(p, who)
	r.mayRead(who, p, d, "at the next consultation, with another consent")
}

func ruleA5(r *ruleRun) {
	p, collector, beneficiary, other := r.adult(), r.nurse(), r.doctor(), r.nurse()
	d := r.report(p)
	word := func(of *rules.Actor) []byte {
		return r.directive(p, consent.Directive{Category: consent.Moment, Actors: []rules.Identifier{beneficiary.ID}, Collector: of.ID, Means: "oral"})
	}
	r.denied(r.client(other, p), http.MethodPost, "Consent", word(collector), "A5", "nobody writes down what another heard")
	r.mayNotRead(beneficiary, p, d, "before")
	id := idOf(r.t, r.done(r.client(collector, p), http.MethodPost, "Consent", word(collector), "who heard it writes it down"))
	r.mayRead(beneficiary, p, d, "the beneficiary reads")
	r.mayNotRead(collector, p, d, "the collector does not")
	traced := r.search(r.holder(p), "AuditEvent?entity=Consent/"+id+"&agent:identifier="+r.token(beneficiary))
	r.permits(len(traced) > 0 && strings.Contains(string(traced[0]), collector.ID.Value), "the trace tells who collected it: %s", traced)
}

func ruleA7(r *ruleRun) {
	p, nurse, doctor, named := r.adult(), r.nurse(), r.doctor(), r.nurse()
	report, letter := r.report(p), r.report(p, of("11490-0", "10"))
	pregnancy := r.report(p, of(doctorsOf, "10"))
	for _, a := range []*rules.Actor{nurse, doctor, named} {
		r.team(p, a)
		r.mayRead(a, p, report, "as the matrix says")
	}
	r.says(p, consent.Directive{Category: consent.AccessRule, Deny: true, Types: []string{everybodys}, Actors: []rules.Identifier{named.ID}})
	r.mayNotRead(named, p, report, "what she denied to somebody by name")
	r.mayRead(named, p, letter, "but other documents")
	r.mayRead(nurse, p, report, "and others that one")
	r.says(p, consent.Directive{Category: consent.AccessRule, Deny: true, Classes: []string{"10"}, Professions: []string{"60"}})
	r.mayNotRead(nurse, p, letter, "what she denied to a profession")
	r.mayRead(doctor, p, letter, "but another")
	told := r.explains(r.client(nurse, p), p, "")
	assert.False(r.t, told.types[everybodys], "$habilitation leaves the types out")
	r.refusesDirective(p, consent.Directive{Category: consent.AccessRule, Types: []string{doctorsOf}, Actors: []rules.Identifier{nurse.ID}}, "a permission that widens the matrix")
	r.mayNotRead(nurse, p, pregnancy, "what the matrix does not give")
	r.denied(r.client(doctor, p), http.MethodPost, "Consent", r.directive(p, consent.Directive{Category: consent.AccessRule, Deny: true, Classes: []string{"10"}}), "A7", "a professional does not decide for her")
}

// refusesDirective asserts that a Consent of the person herself is refused because it would not hold.
func (r *ruleRun) refusesDirective(patient string, d consent.Directive, text string) {
	r.t.Helper()
	r.notSaid(r.holder(patient), r.directive(patient, d), text)
}

// notSaid asserts that a Consent is refused for what it does not say, or says too much.
func (r *ruleRun) notSaid(c clientOf, body []byte, text string) {
	r.t.Helper()
	status, answer := r.ask(c, http.MethodPost, "Consent", body)
	r.refuses(status == http.StatusUnprocessableEntity, "%s: %d %.300s", text, status, answer)
}
