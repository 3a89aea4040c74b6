package main

import (
	"context"
	"net/http"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
	"github.com/carnet-fhir/carnet/fhir/smart/scope"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/ihe/dmp/access"
	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/ihe/signin"
)

// applicationCases are X9 and X10: what the holder lets in for a time.
func applicationCases() []ruleCase {
	return []ruleCase{
		{rule: "X9", alone: true, says: "An application reads and writes what the holder's consent names, as long as it holds.", test: func(r *ruleRun) {
			p := r.adult()
			report, letter := r.report(p), r.report(p, of("57833-6", "42"))
			app := func() clientOf {
				return r.as(&rules.Actor{Kind: rules.Application, ID: signin.ClientIdentifier("carnet-de-sante"), Authentication: rules.Direct}, "patient/*.cruds", p, "")
			}
			r.refuses(!r.sees(app(), p, report), "without consent")
			end := r.now().Add(30 * 24 * time.Hour)
			id := r.says(p, consent.Directive{Category: consent.Application, Actors: []rules.Identifier{signin.ClientIdentifier("carnet-de-sante")}, Classes: []string{"10"}, Read: true, Until: end})
			r.permits(r.sees(app(), p, report), "a document of the class that it names")
			r.refuses(!r.sees(app(), p, letter), "one of another class")
			r.denied(app(), http.MethodPost, "DocumentReference", r.published(p, publishing("DOCPAT03", "10")), "X9", "to write, where it lets read")
			r.at(end.Add(-time.Second))
			r.permits(r.sees(app(), p, report), "a second before its end")
			r.at(end)
			r.refuses(!r.sees(app(), p, report), "at its end")
			r.takesBack(p, id)
			writing := r.says(p, consent.Directive{Category: consent.Application, Actors: []rules.Identifier{signin.ClientIdentifier("carnet-de-sante")}, Read: true, Write: true, Until: r.now().Add(time.Hour)})
			r.done(app(), http.MethodPost, "DocumentReference", r.published(p, publishing("DOCPAT03", "10")), "to write, where it lets write")
			r.permits(r.sees(app(), p, letter), "every class where it names none")
			r.takesBack(p, writing)
			r.refuses(!r.sees(app(), p, report), "taken back, on the next request")
		}},
		{rule: "X10", alone: true, says: "A temporary access code opens the headings that the holder chose, within matrix A, in normal access.", test: func(r *ruleRun) {
			p, nurse := r.adult(), r.nurse()
			report, prescription, pregnancy := r.report(p), r.report(p, of("57833-6", "42")), r.report(p, of(doctorsOf, "10"))
			const code = "7342-1189-5520"
			end := r.now().Add(2 * time.Hour)
			r.says(p, consent.Directive{Category: consent.AccessCode, CodeDigest: consent.Digest(code), Classes: []string{"10"}, Until: end})
			r.mayNotRead(nurse, p, report, "without the code")
			r.refuses(!r.sees(r.presenting(nurse, p, "0000-0000-0000"), p, report), "with another one")
			r.permits(r.sees(r.presenting(nurse, p, code), p, report), "with it, a document of the chosen headings")
			r.refuses(!r.sees(r.presenting(nurse, p, code), p, prescription), "not of others")
			r.refuses(!r.sees(r.presenting(nurse, p, code), p, pregnancy), "nor what matrix A does not give")
			told := r.explains(r.presenting(nurse, p, code), p, "")
			require.Equal(r.t, []string{"true", "X10"}, []string{told.reading["permit"], told.reading["rule"]})
			r.at(end.Add(-time.Second))
			r.permits(r.sees(r.presenting(nurse, p, code), p, report), "a second before its end")
			r.at(end)
			r.refuses(!r.sees(r.presenting(nurse, p, code), p, report), "at its end")
		}},
	}
}

// presenting is a client whose token has the access code that the professional typed when he signed in.
func (r *ruleRun) presenting(a *rules.Actor, patient, code string) *habilitation.Client {
	r.t.Helper()
	set, err := scope.Parse("user/*.cruds")
	require.NoError(r.t, err)
	claims, err := signin.ActorClaims(a, "")
	require.NoError(r.t, err)
	extra := map[string]any{access.ClaimAccessCode: code}
	for name, value := range claims {
		extra[name] = value
	}
	made, _, err := r.Minter.Access(context.Background(), token.Access{Client: "test", Subject: a.ID.Value, Patient: patient, Scopes: set, Extra: extra, Lifetime: tokenLifetime})
	require.NoError(r.t, err)
	return r.bearing(made)
}
