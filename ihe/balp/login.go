package balp

import (
	"context"
	"net/http"
	"strconv"
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
	// Remote is the address that asked.
	Remote string
}

// TokenIssued traces a token before it leaves. An error refuses the token: it must not be used untraced.
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
	if i.Session.ID == "" { // at the moment of the grant the token has no id yet
		e.entities[0].what = t.observer
	}
	return t.write(ctx, []event{e})
}

// Emergency is an access in an emergency that begins: bris de glace, or the doctor who regulates emergency calls.
type Emergency struct {
	Actor *habilitation.Actor
	// Patient is the logical id of the one whose record is opened.
	Patient string
	// Justification is why, in the caller's words; régulation gives none.
	Justification  string
	Client, Remote string
}

// Emergency traces the begin of an emergency access with its justification, by DICOM's Emergency Override Started. An error refuses the access: bris de glace without its trace is none.
func (t *Trace) Emergency(ctx context.Context, x Emergency) error {
	c := t.callerOf(token.NewContext(ctx, &token.Session{Client: x.Client, Actor: x.Actor}), &http.Request{RemoteAddr: x.Remote})
	e := event{
		typ: coding{systemDCM, "110113"}, subtypes: []coding{{systemDCM, "110127"}}, action: "E", outcome: outcomeSuccess, at: t.o.Now(), observer: t.observer, labels: hiding(&c, nil),
		agents: t.agents(&c, typeSource, typeDestination, typeRecipient), purposes: c.purposes,
	}
	if x.Patient != "" {
		e.entities = append(e.entities, entity{what: who{reference: "Patient/" + x.Patient}, typ: coding{systemEntity, "1"}, role: coding{systemRole, "1"}})
	}
	if why := justification(x.Justification); why != "" {
		e.entities = append(e.entities, entity{what: t.observer, typ: coding{systemEntity, "2"}, role: coding{systemRole, "13"}, details: []detail{{"justification", why}}})
	}
	return t.write(ctx, []event{e})
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
//
// As other refusals of nobody in particular it is traced one by one up to a rate, and counted beyond.
func (t *Trace) LoginFailed(ctx context.Context, f Failed) error {
	traced, before := t.refusals.admit(t.o.Now())
	if !traced {
		return nil
	}
	text := f.Code
	if before > 0 {
		text += ", and " + strconv.Itoa(before) + " refusals before that were only counted"
	}
	c := t.callerOf(ctx, &http.Request{RemoteAddr: f.Remote})
	if f.Client != "" {
		c.client = who{typ: "Device", system: t.observer.value, value: shortened(f.Client)}
	}
	return t.write(ctx, []event{{
		typ: coding{systemDCM, "110114"}, subtypes: []coding{{systemDCM, "110122"}}, action: "E", outcome: outcomeSerious, outcomeDesc: shortened(text), at: t.o.Now(), observer: t.observer,
		agents: []agent{
			{types: []coding{typeApplication}, who: c.client, address: c.address, network: networkIP},
			{types: []coding{typeAuthServer}, who: t.observer, address: t.observer.value, network: networkURI},
		},
	}})
}
