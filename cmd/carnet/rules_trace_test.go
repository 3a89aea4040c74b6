package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// traceCases are T1 to T7: traces, notifications, the list of professionals.
func traceCases() []ruleCase {
	return []ruleCase{
		{rule: "T1", says: "Every action is traced: date, time, identity of the person; a trace does not change.", test: ruleT1},
		{rule: "T2", says: "The holder sees the traces and the list of authorised professionals, and changes it.", test: func(r *ruleRun) {
			p, who := r.adult(), r.nurse()
			d := r.report(p)
			id := r.team(p, who)
			r.mayRead(who, p, d, "a professional")
			traces := "AuditEvent?patient=Patient/" + p + "&agent:identifier=" + r.token(who)
			r.permits(len(r.search(r.holder(p), traces)) > 0, "the holder sees who read")
			r.permits(r.finds(r.holder(p), "Consent?patient=Patient/"+p+"&category=care-team", id), "and the list")
			other := r.holder(r.adult())
			r.refuses(len(r.search(other, traces)) == 0 && len(r.search(other, "Consent?patient=Patient/"+p)) == 0, "another person neither")
			r.refuses(len(r.search(r.helper(p, rules.Delegate, false), traces)) == 0, "nor a helper the traces")
			r.done(r.holder(p), http.MethodPatch, "Consent/"+id, []byte(patchEnd), "she changes it")
			r.mayNotRead(who, p, d, "effective on the next request")
		}},
		{rule: "T3", says: "The holder is notified of each first access of a professional.", test: func(r *ruleRun) {
			p, first, second, silent := r.adult(), r.nurse(), r.doctor(), r.nurse()
			d := r.report(p)
			r.says(p, consent.Directive{Category: consent.Notifications, Deny: true}) // this one cannot be switched off
			for n, a := range []*rules.Actor{first, second} {
				r.team(p, a)
				r.mayRead(a, p, d, "an access")
				r.permits(r.eventually(func() bool { return len(r.told(p, "first-access")) == n+1 }, "told"), "she is told of each professional")
			}
			r.mayRead(first, p, d, "again")
			r.refuses(r.missing(r.client(silent, p), "DocumentReference/"+d), "who is not authorised")
			third := r.doctor()
			r.team(p, third)
			r.mayRead(third, p, d, "after which all before was told")
			r.eventually(func() bool { return len(r.told(p, "first-access")) >= 3 }, "told")
			r.refuses(len(r.told(p, "first-access")) == 3, "not of a second access as a first one, nor of what was refused")
		}},
		{rule: "T4", says: "The holder is told of each access and each added or changed document, as she has set it.", test: ruleT4},
		{rule: "T5", alone: true, says: "The médecin traitant sees all traces, other professionals only their own; online for a year, or the last hundred.", test: func(r *ruleRun) {
			p, treating, who := r.adult(), r.doctor(), r.nurse()
			d := r.report(p)
			r.treating(p, treating)
			r.team(p, who)
			r.mayRead(who, p, d, "an access")
			query := func(of *rules.Actor) string {
				return "AuditEvent?patient=Patient/" + p + "&entity=DocumentReference/" + d + "&agent:identifier=" + r.token(of)
			}
			colleague := r.nurse()
			r.team(p, colleague)
			r.permits(len(r.search(r.client(treating, p), query(who))) > 0, "the médecin traitant sees another's")
			r.permits(len(r.search(r.client(who, p), query(who))) > 0, "one's own")
			r.refuses(len(r.search(r.client(colleague, p), query(who))) == 0, "not a colleague's")
			r.refuses(len(r.search(r.client(in(rules.BreakGlass, treating), p), query(who))) == 0, "nor in an emergency")
			r.decides(r.client(treating, p), p, rules.ReadTraces, true, "T5")
			r.decides(r.client(who, p), p, rules.ReadTraces, false, "T5")
			r.after(400 * 24 * time.Hour)
			r.permits(len(r.search(r.client(who, p), query(who))) > 0, "after a year, where they are the last hundred")
		}},
		{rule: "T6", says: "The médecin traitant blocks professionals at the patient's request.", test: func(r *ruleRun) {
			p, treating, who, other := r.adult(), r.doctor(), r.nurse(), r.doctor()
			d := r.report(p)
			r.treating(p, treating)
			r.team(p, who)
			r.team(p, other)
			body := r.directive(p, consent.Directive{Category: consent.Block, Deny: true, Actors: []rules.Identifier{who.ID}})
			r.denied(r.client(other, p), http.MethodPost, "Consent", body, "T6", "another doctor")
			r.denied(r.client(in(rules.BreakGlass, treating), p), http.MethodPost, "Consent", body, "T6", "nor in an emergency")
			r.mayRead(who, p, d, "before")
			r.done(r.client(treating, p), http.MethodPost, "Consent", body, "the médecin traitant")
			r.mayNotRead(who, p, d, "after")
		}},
		{rule: "T7", says: "TD1.6, the list of authorised and blocked professionals, is in normal mode for professionals, doctors, the médecin du travail and the médecin traitant.", test: func(r *ruleRun) {
			p, treating := r.adult(), r.doctor()
			r.treating(p, treating)
			blocked := r.block(p, r.nurse())
			path := "Consent?patient=Patient/" + p + "&category=block"
			for text, a := range map[string]*rules.Actor{"a nurse": r.nurse(), "a doctor": r.doctor(), "the médecin du travail": r.occupational(), "the médecin traitant": treating} {
				if a != treating {
					r.refuses(!r.finds(r.client(a, p), path, blocked), "%s without authorisation", text)
					r.team(p, a)
				}
				r.permits(r.finds(r.client(a, p), path, blocked), "%s", text)
				r.decides(r.client(a, p), p, rules.ListProfessionals, true, "T7")
				if a.Speciality != "SM25" { // who has no access mode
					for _, mode := range []rules.AccessMode{rules.BreakGlass, rules.Centre15} {
						r.refuses(!r.finds(r.client(in(mode, a), p), path, blocked), "%s in %s", text, mode)
					}
				}
			}
			for _, a := range []*rules.Actor{r.institution("990000390"), r.staff("990000390")} {
				r.refuses(!r.finds(r.client(a, p), path, blocked), "%s", a.Kind)
			}
		}},
	}
}

func ruleT1(r *ruleRun) {
	p, who, other := r.adult(), r.nurse(), r.nurse()
	d := r.report(p)
	r.team(p, who)
	c := r.client(who, p)
	traced := func(a *rules.Actor, action string) []json.RawMessage {
		return r.search(r.operator, "AuditEvent?agent:identifier="+r.token(a)+"&action="+action+"&_count=100")
	}
	r.mayRead(who, p, d, "a reading, a search")
	r.done(c, http.MethodPost, "DocumentReference", r.published(p), "a deposit")
	r.done(c, http.MethodPatch, "DocumentReference/"+d, []byte(patchMask), "a change")
	for action, what := range map[string]string{"R": "a reading", "E": "a search", "C": "a deposit", "U": "a change"} {
		list := traced(who, action)
		if !assert.NotEmpty(r.t, list, "%s is traced", what) {
			continue
		}
		var event struct {
			ID, Recorded string
			Agent        []struct {
				Who struct{ Identifier struct{ Value string } }
			}
		}
		require.NoError(r.t, json.Unmarshal(list[0], &event))
		at, err := time.Parse(time.RFC3339Nano, event.Recorded)
		r.permits(err == nil && at.Equal(r.now()), "%s has its date and time: %s", what, event.Recorded)
		r.permits(strings.Contains(string(list[0]), who.ID.Value), "and the identity")
		for _, change := range []struct{ method, body string }{{http.MethodDelete, ""}, {http.MethodPut, string(list[0])}} {
			for _, by := range []clientOf{r.operator, r.holder(p), c} {
				r.status(by, change.method, "AuditEvent/"+event.ID, []byte(change.body)) // 405, or as of what is absent
				var now struct{ Meta struct{ VersionID string } }
				r.read(r.operator, "AuditEvent/"+event.ID, &now)
				r.refuses(now.Meta.VersionID == "1", "nobody changes it: %s", change.method)
			}
		}
	}
	r.mayNotRead(other, p, d, "what is refused")
	r.permits(len(traced(other, "R")) > 0, "is traced too")
}

func ruleT4(r *ruleRun) {
	p, who := r.adult(), r.nurse()
	d := r.report(p)
	r.team(p, who)
	r.eventually(func() bool { return len(r.told(p, "document-added")) == 1 }, "what was there")
	r.mayRead(who, p, d, "the first access")
	r.eventually(func() bool { return len(r.told(p, "first-access")) == 1 }, "the first access")
	r.mayRead(who, p, d, "a second one")
	r.permits(r.eventually(func() bool { return len(r.told(p, "access")) == 1 }, "access"), "she is told of each access")
	r.done(r.client(who, p), http.MethodPost, "DocumentReference", r.published(p), "a deposit")
	r.permits(r.eventually(func() bool { return len(r.told(p, "document-added")) == 2 }, "added"), "of an added document")
	r.done(r.client(who, p), http.MethodPatch, "DocumentReference/"+d, []byte(patchMask), "a change")
	r.permits(r.eventually(func() bool { return len(r.told(p, "document-changed")) == 1 }, "changed"), "of a changed one")
	setting := r.says(p, consent.Directive{Category: consent.Notifications, Deny: true})
	r.done(r.client(who, p), http.MethodPost, "DocumentReference", r.published(p), "a deposit that she does not want to hear of")
	other := r.doctor()
	r.team(p, other)
	d = r.report(p)
	r.mayRead(other, p, d, "a first access, of which she hears all the same")
	r.eventually(func() bool { return len(r.told(p, "first-access")) == 2 }, "what came before is looked at")
	r.refuses(len(r.told(p, "document-added")) == 2, "switched off: %d", len(r.told(p, "document-added")))
	r.takesBack(p, setting)
	r.done(r.client(who, p), http.MethodPost, "DocumentReference", r.published(p), "a deposit")
	r.permits(r.eventually(func() bool { return len(r.told(p, "document-added")) == 3 }, "again"), "switched on again")
}
