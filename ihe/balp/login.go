package balp

import (
	"context"
	"net/http"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// Issued is an access token that was given (IHE IUA ITI-71).
type Issued struct {
	// Session is what the token says.
	Session *token.Session
	// Grant is the OAuth grant type ("authorization_code"), Scope the scopes granted.
	Grant, Scope string
	// Justification is why the caller breaks the glass, in the caller's words; "" outside of bris de glace.
	Justification string
	// Remote is the address that asked.
	Remote string
}

// TokenIssued traces a token before it leaves: ITI-71, and where the token is of an emergency the begin of the emergency access to the record that it is for, with its justification. An error refuses the token: it must not be used untraced.
func (t *Trace) TokenIssued(ctx context.Context, i Issued) error {
	c := t.callerOf(token.NewContext(ctx, i.Session), &http.Request{RemoteAddr: i.Remote})
	e := event{
		profiles: []string{profileIUA71}, typ: coding{systemDCM, "110114"}, subtypes: []coding{{systemIHE, "ITI-71"}}, action: "E", outcome: outcomeSuccess, at: t.o.Now(), observer: t.observer,
		labels: hiding(&c, nil),
		agents: []agent{
			{types: []coding{typeApplication}, who: c.client, address: c.address, network: networkIP},
			{types: []coding{typeAuthServer}, who: t.observer, address: t.observer.value, network: networkURI},
			{types: []coding{typeRecipient}, roles: c.roles, who: c.user, requestor: true, policy: c.policy, purposes: c.purposes},
		},
		entities: []entity{{
			what: who{system: "urn:ietf:params:oauth:jti", value: i.Session.ID}, typ: coding{systemEntity, "2"}, role: coding{systemRole, "13"},
			details: nonEmpty(detail{"grant_type", i.Grant}, detail{"scope", shortened(i.Scope)}),
		}},
	}
	events := []event{e}
	if c.actor != nil && (c.actor.Mode == habilitation.BreakGlass || c.actor.Mode == habilitation.Centre15) {
		events = append(events, t.emergency(&c, &i))
	}
	return t.write(ctx, events)
}

// emergency is DICOM's emergency override, with the record that was opened and why.
func (t *Trace) emergency(c *caller, i *Issued) event {
	e := event{
		typ: coding{systemDCM, "110113"}, subtypes: []coding{{systemDCM, "110127"}}, action: "E", outcome: outcomeSuccess, at: t.o.Now(), observer: t.observer, labels: hiding(c, nil),
		agents: t.agents(c, typeSource, typeDestination, typeRecipient), purposes: c.purposes,
	}
	if i.Session.Patient != "" {
		e.entities = append(e.entities, entity{what: who{reference: "Patient/" + i.Session.Patient}, typ: coding{systemEntity, "1"}, role: coding{systemRole, "1"}})
	}
	if why := justification(i.Justification); why != "" {
		e.entities = append(e.entities, entity{
			what: who{system: "urn:ietf:params:oauth:jti", value: i.Session.ID}, typ: coding{systemEntity, "2"}, role: coding{systemRole, "13"}, details: []detail{{"justification", why}},
		})
	}
	return e
}

// maxJustification bounds what is kept of a justification, in bytes.
const maxJustification = 4000

func justification(text string) string {
	if len(text) > maxJustification {
		text = text[:maxJustification]
	}
	return strings.TrimSpace(strings.ToValidUTF8(text, "?"))
}

func nonEmpty(list ...detail) []detail {
	var out []detail
	for _, d := range list {
		if d.value != "" {
			out = append(out, d)
		}
	}
	return out
}

// Failed is a login that failed. It tells of no person: who could not prove who they are is nobody yet.
type Failed struct {
	// Client is the client's id as it was sent, when the server knows it; "" otherwise.
	Client string
	// Code is the OAuth error ("invalid_client", "access_denied").
	Code   string
	Remote string
}

// LoginFailed traces a login that failed (DICOM 110122, Login). It is not for requests to FHIR without a valid token: their refusal is traced as the answer that it is.
func (t *Trace) LoginFailed(ctx context.Context, f Failed) error {
	c := t.callerOf(ctx, &http.Request{RemoteAddr: f.Remote})
	if f.Client != "" {
		c.client = who{typ: "Device", system: t.observer.value, value: shortened(f.Client)}
	}
	return t.write(ctx, []event{{
		typ: coding{systemDCM, "110114"}, subtypes: []coding{{systemDCM, "110122"}}, action: "E", outcome: outcomeSerious, outcomeDesc: shortened(f.Code), at: t.o.Now(), observer: t.observer,
		agents: []agent{
			{types: []coding{typeApplication}, who: c.client, address: c.address, network: networkIP},
			{types: []coding{typeAuthServer}, who: t.observer, address: t.observer.value, network: networkURI},
		},
	}})
}
