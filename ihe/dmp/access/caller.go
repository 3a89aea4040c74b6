package access

import (
	"context"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/nos"
)

// caller is who makes a request.
type caller struct {
	session *token.Session
	actor   habilitation.Actor
}

// callerOf gives who calls; nil: the server itself. A session without a national identity has no right at all.
func callerOf(ctx context.Context) (*caller, error) {
	session := token.FromContext(ctx)
	if session == nil {
		return nil, nil
	}
	actor, ok := session.Actor.(*habilitation.Actor)
	if !ok || actor == nil {
		return nil, forbidden("The access token says nothing of who calls (claim " + carnet + "dmp).")
	}
	return &caller{session: session, actor: *actor}, nil
}

func forbidden(text string) *fault.Fault {
	return fault.New(http.StatusForbidden, fault.Forbidden, text)
}

// operates says whether the caller runs the server and sees everything.
func (a *Access) operates(c *caller) bool {
	return c.actor.Kind == habilitation.Operator && a.o.Sandbox
}

// identities are the identifiers by which Consents and authors name the caller: itself and the structure for which it acts.
func (c *caller) identities() []habilitation.Identifier {
	var all []habilitation.Identifier
	for _, id := range []habilitation.Identifier{c.actor.ID, c.actor.Structure} {
		if id.Value != "" {
			all = append(all, spellings(id)...)
		}
	}
	return all
}

// spellings gives an identifier as it is met: documents name a professional by the national identifier, which is the digit 8 before an RPPS number, where directories and identity providers give the RPPS number.
func spellings(id habilitation.Identifier) []habilitation.Identifier {
	const digits = 11
	switch {
	case id.System == nos.SystemRPPS && len(id.Value) == digits:
		return []habilitation.Identifier{id, {System: nos.SystemIDNPS, Value: "8" + id.Value}}
	case id.System == nos.SystemIDNPS && len(id.Value) == digits+1 && id.Value[0] == '8':
		return []habilitation.Identifier{id, {System: nos.SystemRPPS, Value: id.Value[1:]}}
	}
	return []habilitation.Identifier{id}
}

// professionalSide says whether the caller is a professional, or acts for a structure.
func (c *caller) professionalSide() bool {
	switch c.actor.Kind {
	case habilitation.Professional, habilitation.Institution, habilitation.Staff:
		return true
	}
	return false
}
