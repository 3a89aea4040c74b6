package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// TestNotesOfMatrixB sees the notes (1) to (5) of matrix B, which are about staff and certificates of structures, permit and refuse.
func TestNotesOfMatrixB(t *testing.T) {
	w := startRules(t, securityOptions{})
	own := *w.securedServer
	own.t = t
	r := &ruleRun{securedServer: &own, world: w, rule: "MB"}
	const here, elsewhere = "990000440", "990000457"
	staff, certificate := r.staff(here), r.institution(here)
	word := func(p string, who rules.Identifier) consent.Directive {
		return consent.Directive{Category: consent.CareTeam, Actors: []rules.Identifier{who}, Means: "oral", Verified: true}
	}
	t.Run("1: the authorisation is given to the structure", func(t *testing.T) {
		p := r.adult()
		r.done(r.client(staff, p), http.MethodPost, "Consent", r.directive(p, word(p, staff.Structure)), "to the structure")
		r.denied(r.client(staff, p), http.MethodPost, "Consent", r.directive(p, word(p, r.nurse().ID)), "A5", "to somebody else, whose word staff has not collected")
		member := r.nurse()
		member.Structure = staff.Structure
		d := r.report(p)
		r.mayRead(member, p, d, "a professional of the structure reads")
		outside := r.nurse()
		outside.Structure = rules.Identifier{System: staff.Structure.System, Value: elsewhere}
		r.mayNotRead(outside, p, d, "one of another structure does not")
	})
	t.Run("2, 3: authorisations of the structure are listed", func(t *testing.T) {
		p := r.adult()
		ours, theirs := r.says(p, word(p, staff.Structure)), r.says(p, word(p, rules.Identifier{System: staff.Structure.System, Value: elsewhere}))
		person := r.team(p, r.nurse())
		for _, a := range []*rules.Actor{staff, certificate} {
			for _, query := range []string{"Consent?category=care-team&status=active&_count=100", "Consent?patient=Patient/" + p + "&category=care-team", "Consent?category=care-team&_lastUpdated=ge2026-03-15&_count=100"} {
				c := r.client(a, p)
				r.permits(r.finds(c, query, ours), "%s, the structure's own: %s", a.Kind, query)
				r.refuses(!r.finds(c, query, theirs), "%s, another structure's: %s", a.Kind, query)
				r.refuses(!r.finds(c, query, person), "%s, a professional's of no structure that is named: %s", a.Kind, query)
			}
			r.refuses(!r.finds(r.client(a, p), "Consent?category=care-team&_lastUpdated=lt2026-03-15&_count=100", ours), "%s, of earlier days only", a.Kind)
		}
		r.refuses(!r.finds(r.client(in(rules.Centre15, certificate), p), "Consent?category=care-team&status=active&_count=100", ours), "a certificate in régulation")
	})
	t.Run("4: documents are added, accountable to the structure", func(t *testing.T) {
		p := r.adult()
		for _, a := range []*rules.Actor{staff, certificate} {
			c := r.client(a, p)
			d := idOf(t, r.done(c, http.MethodPost, "DocumentReference", r.published(p), string(a.Kind)))
			traced := r.search(r.operator, "AuditEvent?action=C&entity=DocumentReference/"+d)
			r.permits(len(traced) > 0 && strings.Contains(string(traced[0]), here), "the trace names the structure")
			for text, patch := range map[string][]byte{"to mask": []byte(patchMask), "to archive": []byte(patchArchived(true)), "to label": []byte(strings.Replace(string(patchLabels()), `"N"`, `"R"`, 1))} {
				status := r.status(c, http.MethodPatch, "DocumentReference/"+d, patch)
				r.refuses(hidden(status), "it adds, and does no more: %s by %s: %d", text, a.Kind, status)
			}
			r.refuses(r.missing(c, r.contentOf(d)), "nor reads: %s", a.Kind)
		}
	})
	t.Run("5: references are searched in order to delete", func(t *testing.T) {
		p := r.adult()
		ours, theirs := r.report(p, byHospital(here)), r.report(p, byHospital(elsewhere))
		for _, a := range []*rules.Actor{staff, certificate, in(rules.Centre15, certificate)} {
			c, path := r.client(a, p), "DocumentReference?patient="+url.QueryEscape("Patient/"+p)+"&status=current"
			r.permits(r.finds(c, path, ours), "the structure's own, by %s", a.Kind)
			r.refuses(!r.finds(c, path, theirs), "another structure's, by %s", a.Kind)
		}
	})
	assert.Positive(t, r.permitted)
	t.Logf("%d permissions, %d refusals in %d requests", r.permitted, r.refused, r.requests.Load())
}
