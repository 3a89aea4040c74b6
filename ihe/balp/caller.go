package balp

import (
	"context"
	"net"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/nos"
)

// caller is who asks, as far as it is known.
type caller struct {
	session  *token.Session
	actor    *habilitation.Actor // nil: not known, or none
	address  string              // of the client, as the connection has it
	client   who
	user     who // zero: nobody beside the client
	roles    []coding
	purposes []coding
	policy   string
}

// callerOf reads the session of a request. Without one (security off, or a refused login) nobody is known but the address.
func (t *Trace) callerOf(ctx context.Context, r *http.Request) caller {
	c := caller{session: token.FromContext(ctx)}
	if r != nil {
		c.address = r.RemoteAddr
		if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
			c.address = host
		}
	}
	if c.address == "" {
		c.address = "unknown"
	}
	c.client = who{display: "unauthenticated client"}
	if c.session != nil {
		t.identify(&c)
	}
	return c
}

// identify fills in what the session says.
func (t *Trace) identify(c *caller) {
	s := c.session
	c.client = who{typ: "Device", system: t.observer.value, value: s.Client}
	if s.Client == "" {
		c.client = who{typ: "Device", system: t.observer.value, value: s.Subject}
	}
	if s.ID != "" {
		c.policy = "urn:ietf:params:oauth:jti:" + s.ID
	}
	c.user = who{reference: s.FHIRUser, system: t.observer.value, value: s.Subject}
	c.actor, _ = s.Actor.(*habilitation.Actor)
	if a, ok := s.Actor.(habilitation.Actor); ok {
		c.actor = &a
	}
	if c.actor == nil {
		return
	}
	if !c.actor.ID.Zero() {
		c.user.system, c.user.value = c.actor.ID.System, c.actor.ID.Value
	}
	c.roles = rolesOf(c.actor)
	c.purposes = purposesOf(c.actor)
}

// rolesOf gives what the actor is, as codes.
func rolesOf(a *habilitation.Actor) []coding {
	out := []coding{{SystemActorKind, string(a.Kind)}}
	for _, r := range []coding{
		{nos.ProfessionSante, a.Profession}, {nos.ProfessionFormation, a.TrainingProfession}, {nos.ProfessionSocial, a.SocialProfession}, {nos.UsagerTitre, a.Title},
		{nos.SavoirFaireSystem(a.Speciality), a.Speciality}, {sectionSystem(a.Section), a.Section}, {nos.RolePriseCharge, a.Role}, {nos.GenreActivite, a.Activity},
	} {
		if r.code != "" {
			out = append(out, r)
		}
	}
	return out
}

func sectionSystem(code string) string {
	if len(code) > 1 {
		return nos.SousSectionCNOP
	}
	return nos.SectionCNOP
}

// purposesOf gives the access mode, in the DMP's words and in HL7's.
func purposesOf(a *habilitation.Actor) []coding {
	mode := a.Mode
	if mode == "" {
		mode = habilitation.Normal
	}
	reason := "TREAT"
	switch {
	case mode == habilitation.BreakGlass:
		reason = "BTG"
	case mode == habilitation.Centre15:
		reason = "ETREAT"
	case a.Kind == habilitation.Holder, a.Kind == habilitation.Representative, a.Kind == habilitation.Delegate, a.Kind == habilitation.Administrator:
		return []coding{{systemReason, "PATRQT"}}
	case a.Kind != habilitation.Professional:
		return nil
	}
	return []coding{{systemMode, string(mode)}, {systemReason, reason}}
}

// secret says that the session is a connexion secrète, which the holder's representatives are not to learn of.
func (c *caller) secret() bool { return c.actor != nil && c.actor.Secret }

// agents gives the participants by a pattern's types: the client, the server, the user with the token, the structure.
func (t *Trace) agents(c *caller, client, server, user coding) []agent {
	types := []coding{client}
	if client != typeApplication {
		types = append(types, typeApplication) // what the token pattern asks for
	}
	out := make([]agent, 0, 4)
	out = append(out,
		agent{types: types, who: c.client, address: c.address, network: networkIP},
		agent{types: []coding{server}, who: t.observer, address: t.observer.value, network: networkURI})
	if c.session == nil {
		return out
	}
	out = append(out, agent{
		types: []coding{user, typeOAuthUser}, roles: c.roles, who: c.user, requestor: true, policy: c.policy, purposes: c.purposes,
	})
	if c.actor != nil && !c.actor.Structure.Zero() {
		out = append(out, agent{
			types: []coding{typeProvider}, who: who{typ: "Organization", system: c.actor.Structure.System, value: c.actor.Structure.Value},
		})
	}
	return out
}
