package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

type clientOf = *habilitation.Client

// token is an identifier as a search gives it.
func (r *ruleRun) token(a *rules.Actor) string {
	return url.QueryEscape(a.ID.System + "|" + a.ID.Value)
}

// consentCases are A11 to A20.
func consentCases() []ruleCase {
	return []ruleCase{
		{rule: "A11", says: "Software does not declare itself authorised systematically, without the person's word: TD0.3 is an act of its own.", test: func(r *ruleRun) {
			p, who := r.adult(), r.nurse()
			d, c := r.report(p), r.client(who, p)
			declared := func(means string) []byte {
				return r.directive(p, consent.Directive{Category: consent.CareTeam, Actors: []rules.Identifier{who.ID}, Means: means, Verified: true})
			}
			r.notSaid(c, declared(""), "a declaration without the person's word")
			r.done(c, http.MethodPost, "DocumentReference", r.published(p), "to feed is allowed")
			r.mayNotRead(who, p, d, "but authorises nobody")
			r.refuses(len(r.search(r.holder(p), "Consent?patient=Patient/"+p)) == 0, "no authorisation comes by itself")
			r.done(c, http.MethodPost, "Consent", declared("oral"), "a declaration with it")
			r.mayRead(who, p, d, "then the record is open")
			r.decides(c, p, rules.DeclareAuthorised, true, "A11")
		}},
		{rule: "A12", says: "TD0.3 adds (AJOUT) or suppresses (SUPPRESSION) an authorisation, perhaps with the role of médecin traitant; TD1.6 lists the active, the forbidden, or all (ACTIVE, INTERDITE, TOUTE). On the wire there is no end date.", test: ruleA12},
		{rule: "A13", alone: true, says: "TD0.2 answers with the state of the authorisation, NON_EXISTE, INTERDIT, EXPIRE or VALIDE, and whether one is the médecin traitant.", test: func(r *ruleRun) {
			p, who := r.adult(), r.doctor()
			d := r.report(p)
			state := func(want string, treating bool) {
				r.t.Helper()
				told := r.explains(r.client(who, p), p, "")
				assert.Equal(r.t, []string{want, fmt.Sprint(treating)}, []string{told.authorisation["state"], fmt.Sprint(told.treating)}, told.authorisation["reason"])
			}
			state("NON_EXISTE", false)
			r.mayNotRead(who, p, d, "NON_EXISTE")
			r.moment(p, who)
			state("VALIDE", false)
			r.mayRead(who, p, d, "VALIDE")
			r.after(13 * time.Hour)
			state("EXPIRE", false)
			r.mayNotRead(who, p, d, "EXPIRE")
			block := r.block(p, who)
			state("INTERDIT", false)
			r.mayNotRead(who, p, d, "INTERDIT")
			r.takesBack(p, block)
			r.after(time.Minute)
			r.treating(p, who)
			state("VALIDE", true)
			r.mayRead(who, p, d, "STATUT_MT")
		}},
		{rule: "A14", says: "The médecin traitant has access to all the information of the record.", test: func(r *ruleRun) {
			p, treating, other := r.adult(), r.doctor(), r.doctor()
			secret, denied := r.report(p, masked), r.report(p)
			r.says(p, consent.Directive{Category: consent.AccessRule, Deny: true, Types: []string{everybodys}}) // to all professionals
			r.team(p, other)
			r.treating(p, treating)
			for _, d := range []string{secret, denied} {
				r.mayRead(treating, p, d, "the médecin traitant")
				r.mayNotRead(other, p, d, "another doctor")
			}
			r.openBy(treating, p, true, "A14")
			nurse := r.nurse()
			r.treating(p, nurse)
			r.mayNotRead(nurse, p, secret, "a médecin traitant is a doctor")
		}},
		{rule: "A15", says: "The médecin coordonnateur of an EHPAD has access with the person's agreement.", test: func(r *ruleRun) {
			p := r.adult()
			d := r.report(p)
			who := r.professional(func(a *rules.Actor) {
				a.Profession, a.Speciality, a.Structure = "10", "SM53", rules.Identifier{System: "https://finess.esante.gouv.fr", Value: "990000317"}
			})
			r.mayNotRead(who, p, d, "without her agreement")
			r.team(p, who)
			r.mayRead(who, p, d, "with it")
		}},
		{rule: "A16", says: "The médecin du travail: the law gives access with express consent, the system metadata and feeding but no document. The system is followed.", test: ruleA16},
		{rule: "A17", says: "A doctor of the fire brigade has access with express consent.", test: func(r *ruleRun) {
			p, who := r.adult(), r.doctor()
			d := r.report(p)
			r.mayNotRead(who, p, d, "without express consent")
			r.done(r.client(who, p), http.MethodPost, "Consent", r.directive(p, consent.Directive{Category: consent.Moment, Actors: []rules.Identifier{who.ID}, Means: "oral"}), "her express consent")
			r.mayRead(who, p, d, "with it")
			r.openBy(who, p, true, "A4")
		}},
		{rule: "A18", says: "A minor's opposition suppresses the transfer of reimbursement data.", test: func(r *ruleRun) {
			child := r.child()
			insurance := r.client(r.institution("990000325"), child)
			deposit := r.published(child, publishing("REMB", "60"))
			r.denied(insurance, http.MethodPost, "DocumentReference", deposit, "X13", "without her opposition it is a matter of who deposits")
			r.says(child, consent.Directive{Category: consent.Feeding, Deny: true, Classes: []string{"60"}})
			r.denied(insurance, http.MethodPost, "DocumentReference", deposit, "A18", "with it they do not come in at all")
			r.done(insurance, http.MethodPost, "DocumentReference", r.published(child), "other documents do")
		}},
		{rule: "A19", says: "Unlawful access is punished by prison and fine, independently of other pursuits: who reads is told.", test: func(r *ruleRun) {
			p, who := r.adult(), r.nurse()
			d := r.report(p)
			told := r.explains(r.client(who, p), p, "")
			r.permits(slices.ContainsFunc(told.notices, func(n string) bool { return strings.Contains(n, "emprisonnement") && strings.Contains(n, "amende") }), "the notice: %q", told.notices)
			r.mayNotRead(who, p, d, "and it is not read")
			screen := r.signInScreen(p)
			r.permits(strings.Contains(screen, "emprisonnement") && strings.Contains(screen, "strictement nécessaires"), "the notices stand on the screen on which a professional opens a record: %.1500s", screen)
		}},
		{rule: "A20", says: "Insurers, mutuelles and employers have no access: there is no kind of actor for them.", test: func(r *ruleRun) {
			p := r.adult()
			d := r.report(p)
			for _, kind := range []rules.Kind{"insurer", "mutuelle", "employer"} {
				c := r.as(&rules.Actor{Kind: kind, ID: rules.Identifier{System: "https://sirene.fr", Value: "130025265"}}, "system/*.cruds user/*.cruds", "", "")
				r.refuses(!r.sees(c, p, d), "no document for an %s", kind)
				r.refuses(r.missing(c, "Patient/"+p) && !r.finds(c, r.byINS(p), p), "nor that there is a record, for an %s", kind)
				status, _ := r.ask(c, http.MethodPost, "DocumentReference", r.published(p)) // as for a person without a record
				r.refuses(status == http.StatusForbidden || status == http.StatusUnprocessableEntity, "nor a deposit by an %s", kind)
			}
			for _, kind := range []string{"insurer", "mutuelle", "employer"} {
				_, err := clients(r.registry(kind), r.base)
				r.refuses(err != nil, "no software is registered for an %s", kind)
			}
			_, err := clients(r.registry("institution"), r.base)
			r.permits(err == nil, "but for an institution: %v", err)
			member := r.nurse()
			r.team(p, member)
			r.mayRead(member, p, d, "professionals of the team read")
		}},
	}
}

func ruleA12(r *ruleRun) {
	p, who, other, treating := r.adult(), r.nurse(), r.nurse(), r.doctor()
	d, c := r.report(p), r.client(who, p)
	add := r.directive(p, consent.Directive{Category: consent.CareTeam, Actors: []rules.Identifier{who.ID}, Means: "oral", Verified: true})
	id := idOf(r.t, r.done(c, http.MethodPost, "Consent", add, "AJOUT"))
	r.mayRead(who, p, d, "after AJOUT")
	others, forbidden, mt := r.team(p, other), r.block(p, r.nurse()), r.treating(p, treating)
	list := func(query string) (ids []string) {
		for _, body := range r.search(c, "Consent?patient=Patient/"+p+query) {
			ids = append(ids, idOf(r.t, body))
		}
		return ids
	}
	r.permits(sameIDs(list("&category=care-team,moment,treating-doctor&status=active"), id, others, mt), "ACTIVE")
	r.permits(sameIDs(list("&category=block&status=active"), forbidden), "INTERDITE")
	r.permits(sameIDs(list("&category=care-team,moment,treating-doctor,block"), id, others, mt, forbidden), "TOUTE")
	r.denied(c, http.MethodPatch, "Consent/"+others, []byte(patchEnd), "A12", "another's authorisation is not his to end")
	r.denied(c, http.MethodPatch, "Consent/"+id, []byte(`[{"op":"add","path":"/provision/period","value":{"end":"2030-01-01"}}]`), "A12", "nothing but its end changes")
	r.denied(c, http.MethodPost, "Consent", r.directive(p, consent.Directive{Category: consent.TreatingDoctor, Actors: []rules.Identifier{who.ID}, Means: "oral"}), "A7", "the role of médecin traitant is the person's to give")
	r.done(r.client(treating, p), http.MethodPatch, "Consent/"+mt, []byte(patchEnd), "SUPPRESSION of the role")
	r.done(c, http.MethodPatch, "Consent/"+id, []byte(patchEnd), "SUPPRESSION")
	r.mayNotRead(who, p, d, "after SUPPRESSION")
}

func sameIDs(got []string, want ...string) bool {
	slices.Sort(got)
	slices.Sort(want)
	return slices.Equal(got, want)
}

func ruleA16(r *ruleRun) {
	p, who, doctor := r.adult(), r.occupational(), r.doctor()
	d, own := r.report(p), r.report(p, by(who))
	r.team(p, who)
	r.team(p, doctor)
	r.mayRead(doctor, p, d, "another doctor")
	r.mayNotRead(who, p, d, "no document of others")
	c := r.client(who, p)
	r.permits(r.finds(c, "DocumentReference?patient=Patient/"+p+"&status=current", own), "the metadata of his own")
	r.refuses(r.missing(c, "Binary/b-"+own), "but not their content")
	r.done(c, http.MethodPost, "DocumentReference", r.published(p), "he feeds")
	r.openBy(who, p, false, "A16")
	r.decides(c, p, rules.ReadDocument, false, "A16")
	require.Equal(r.t, "medecin_du_travail", r.explains(c, p, "").rights)
	for _, t := range []rules.Transaction{rules.SearchMetadata, rules.SearchReference, rules.Mask, rules.ShowToPatient, rules.Unmask, rules.Archive, rules.Delete} {
		v := r.explains(c, p, "").transactions[string(t)]
		assert.Equal(r.t, []string{"true", "own"}, []string{v["permit"], v["limit"]}, "$habilitation says of %s that his own documents are meant", t)
	}
	v := r.explains(r.client(doctor, p), p, "").transactions[string(rules.SearchMetadata)]
	assert.Equal(r.t, []string{"true", ""}, []string{v["permit"], v["limit"]}, "of another doctor without that limit")
}
