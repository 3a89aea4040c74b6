package main

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// minorCases are M1 to M7.
func minorCases() []ruleCase {
	return []ruleCase{
		{rule: "M1", says: "The holders of parental authority open and read a minor's record; certain acts are hidden from them at the minor's request.", test: func(r *ruleRun) {
			child := r.child()
			usual, secret := r.report(child), r.report(child, marked("INVISIBLE_REPRESENTANTS_LEGAUX"))
			parent := r.parent(child)
			r.permits(r.sees(parent, child, usual), "a parent reads")
			r.refuses(!r.sees(parent, child, secret), "but not what is hidden from representatives")
			r.permits(r.sees(r.holder(child), child, secret), "the minor herself does")
			r.refuses(!r.sees(r.related(child, rules.Representative, r.newRelative(child, "SIS")), child, usual), "a sister represents nobody")
			r.done(r.holder(child), http.MethodPatch, "DocumentReference/"+usual, patchLabels("INVISIBLE_REPRESENTANTS_LEGAUX"), "at the minor's request")
			r.refuses(!r.sees(parent, child, usual), "then it is hidden")
			r.refuses(hidden(r.status(parent, http.MethodPatch, "DocumentReference/"+secret, []byte(patchShow))), "a parent does not show it again")
		}},
		{rule: "M2", says: "A connexion secrète hides a professional's session from the minor's representatives: what it deposits, its trace and its notification.", test: ruleM2},
		{rule: "M3", says: "In a secret connection only documents INVISIBLE_REPRESENTANTS_LEGAUX are deposited for a minor.", test: func(r *ruleRun) {
			child, who := r.child(), r.doctor()
			secret := *who
			secret.Secret = true
			c := r.client(&secret, child)
			for _, labels := range [][]string{nil, {"INVISIBLE_PATIENT"}, {"MASQUE_PS"}} {
				r.denied(c, http.MethodPost, "DocumentReference", r.published(child, withLabels(labels...)), "M3", "with "+strings.Join(labels, " "))
			}
			r.done(c, http.MethodPost, "DocumentReference", r.published(child, withLabels("INVISIBLE_REPRESENTANTS_LEGAUX")), "with the label")
			r.done(r.client(who, child), http.MethodPost, "DocumentReference", r.published(child), "without it, in a usual connection")
			adult := r.adult()
			r.denied(c, http.MethodPost, "DocumentReference", r.published(adult, withLabels("INVISIBLE_REPRESENTANTS_LEGAUX")), "M2", "for an adult")
		}},
		{rule: "M4", alone: true, parameters: `{"ageOfMajority":16}`, says: "The age of majority, and whether the functions for minors are on, are parameters of the server.", test: ruleM4},
		{rule: "M5", says: "Professionals read the documents that are hidden from representatives.", test: func(r *ruleRun) {
			child, who := r.child(), r.nurse()
			d := r.report(child, marked("INVISIBLE_REPRESENTANTS_LEGAUX"))
			r.team(child, who)
			r.mayRead(who, child, d, "a professional")
			r.refuses(!r.sees(r.parent(child), child, d), "not the representative")
		}},
		{rule: "M6", says: "A helper (aidant) acts on the profile, but neither closes it nor manages its sharing.", test: func(r *ruleRun) {
			p, who := r.adult(), r.nurse()
			d := r.report(p)
			helper := r.helper(p, rules.Delegate, false)
			r.permits(r.sees(helper, p, d), "a helper reads")
			r.done(helper, http.MethodPost, "DocumentReference", r.published(p, publishing("DOCPAT03", "10")), "and deposits")
			r.denied(helper, http.MethodPost, "Patient/"+p+"/$dmp-close", closing("2026-03-15"), "M6", "but does not close the record")
			r.denied(helper, http.MethodPost, "Consent", r.directive(p, consent.Directive{Category: consent.CareTeam, Actors: []rules.Identifier{who.ID}, Means: "oral", Verified: true}), "M6", "nor authorises anybody")
			r.denied(helper, http.MethodPatch, "DocumentReference/"+d, []byte(patchMask), "M6", "nor masks")
			stranger := r.related(p, rules.Delegate, r.newRelative(p))
			r.refuses(!r.sees(stranger, p, d), "without the holder's word a relative is nobody")
		}},
		{rule: "M7", alone: true, says: "At majority there is no representative any more; the label stays.", test: func(r *ruleRun) {
			child := r.child()
			who := r.nurse()
			usual, secret := r.report(child), r.report(child, marked("INVISIBLE_REPRESENTANTS_LEGAUX"))
			rp := r.newRelative(child, "FTH")
			parent := func() clientOf { return r.related(child, rules.Representative, rp) }
			eighteen := r.birthday(child, 18)
			r.at(eighteen.Add(-time.Second))
			r.permits(r.sees(parent(), child, usual), "a second before the majority")
			r.refuses(!r.sees(parent(), child, secret), "without what is hidden")
			r.at(eighteen)
			r.refuses(!r.sees(parent(), child, usual), "nothing from it on")
			r.refuses(r.missing(parent(), "Patient/"+child+"/$habilitation"), "the record is not there for a former representative")
			r.team(child, who)
			r.mayRead(who, child, secret, "professionals read it still")
			status, body := r.ask(r.holder(child), http.MethodGet, "DocumentReference/"+secret, nil)
			r.permits(status == http.StatusOK && strings.Contains(string(body), "INVISIBLE_REPRESENTANTS_LEGAUX"), "and the label stays")
		}},
	}
}

func (r *ruleRun) status(c clientOf, method, path string, body []byte) int {
	r.t.Helper()
	status, _ := r.ask(c, method, path, body)
	return status
}

// closing is the body of $dmp-close.
func closing(date string) []byte {
	return []byte(`{"resourceType":"Parameters","parameter":[{"name":"date","valueDate":"` + date + `"},{"name":"reason","valueCode":"FERMETURE_DEMANDE_PATIENT"}]}`)
}

// birthday is the day on which a person reaches an age, at 0 h in Paris.
func (r *ruleRun) birthday(patient string, age int) time.Time {
	r.t.Helper()
	var p struct{ BirthDate string }
	r.read(r.operator, "Patient/"+patient, &p)
	paris, err := time.LoadLocation("Europe/Paris")
	require.NoError(r.t, err)
	born, err := time.ParseInLocation(time.DateOnly, p.BirthDate, paris)
	require.NoError(r.t, err)
	return born.AddDate(age, 0, 0)
}

func ruleM2(r *ruleRun) {
	child, who := r.child(), r.doctor()
	r.inDirectory(who, "Cabinet médical")
	r.team(child, who)
	parent := r.parent(child)
	usual := r.report(child)
	b, a := r.atConsent(who, child)
	require.Contains(r.t, b.page, "Connexion secrète", "it is offered on a minor's record")
	b.submit(url.Values{"decision": {"accept"}, "q-secret": {"oui"}})
	secret := r.bearing(a.redeem(r.testing(), r.base, b.at).AccessToken)
	r.permits(r.sees(secret, child, usual), "a secret session reads")
	path := "AuditEvent?patient=Patient/" + child + "&entity=DocumentReference/" + usual + "&agent:identifier=" + r.token(who)
	r.permits(r.eventually(func() bool { return len(r.told(child, "first-access")) == 1 }, "the minor is told"), "the minor is told")
	r.permits(len(r.search(r.holder(child), path)) > 0, "and sees the trace")
	r.refuses(len(r.search(parent, path)) == 0, "the representative sees no trace of it")
	r.refuses(len(r.notices(parent, child, "first-access")) == 0, "and no notification")
	other := r.nurse()
	r.team(child, other)
	r.mayRead(other, child, usual, "a usual session")
	r.permits(len(r.search(parent, strings.TrimSuffix(path, r.token(who))+r.token(other))) > 0, "of which the representative sees the trace")
	r.permits(r.eventually(func() bool { return len(r.notices(parent, child, "first-access")) == 1 }, "the representative"), "and the notification")
	adult := r.adult()
	b, _ = r.atConsent(who, adult)
	r.refuses(!strings.Contains(b.page, "Connexion secrète"), "it is not offered on an adult's record")
}

func ruleM4(r *ruleRun) {
	child := r.child()
	usual := r.report(child)
	rp := r.newRelative(child, "MTH")
	parent := func() clientOf { return r.related(child, rules.Representative, rp) }
	secret := r.doctor()
	secret.Secret = true
	deposit := func() []byte { return r.published(child, withLabels("INVISIBLE_REPRESENTANTS_LEGAUX")) }
	sixteen := r.birthday(child, 16)
	r.at(sixteen.Add(-time.Second))
	r.permits(r.sees(parent(), child, usual), "a minor of 15, where majority is at 16")
	r.done(r.client(secret, child), http.MethodPost, "DocumentReference", deposit(), "a secret connection")
	r.at(sixteen)
	r.refuses(!r.sees(parent(), child, usual), "of age at 16")
	r.denied(r.client(secret, child), http.MethodPost, "DocumentReference", deposit(), "M2", "no secret connection for who is of age")

	off := r.elsewhere(`{"minorsOff":true}`)
	child = off.child()
	secret, usually := off.doctor(), off.doctor()
	secret.Secret = true
	label := withLabels("INVISIBLE_REPRESENTANTS_LEGAUX")
	off.refuses(off.missing(off.client(secret, child), "Patient/"+child) && off.status(off.client(secret, child), http.MethodPost, "DocumentReference", off.published(child, label)) == http.StatusUnprocessableEntity, "a secret connection has no right at all where the functions for minors are off")
	off.denied(off.client(usually, child), http.MethodPost, "DocumentReference", off.published(child, label), "M4", "the label, where they are off")
	off.done(off.client(usually, child), http.MethodPost, "DocumentReference", off.published(child), "a usual deposit")
	off.inDirectory(usually, "Cabinet médical")
	b, _ := off.atConsent(usually, child)
	assert.NotContains(r.t, b.page, "Connexion secrète", "nor is it offered")
	r.takes(off)
}

// elsewhere is the case on another server with its own parameters; takes adds what it asserted.
func (r *ruleRun) elsewhere(parameters string) *ruleRun {
	r.t.Helper()
	w := startRules(r.testing(), securityOptions{clients: registered(r.testing()), habilitation: parametersDir(r.testing(), parameters)})
	own := *w.securedServer
	own.t = r.t
	return &ruleRun{securedServer: &own, world: w, rule: r.rule}
}

func (r *ruleRun) takes(other *ruleRun) {
	r.permitted += other.permitted
	r.refused += other.refused
	r.requests.Add(other.requests.Load())
}
