package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/smart"
	"github.com/carnet-fhir/carnet/ihe/dmp/access"
	"github.com/carnet-fhir/carnet/ihe/signin"
)

// A Subscription is delivered to for as long as the authorization holds under which it was made: not after a revocation, and not after the consent to its application was withdrawn, even when the person agrees again later.

// Why a Subscription ended, as its element error says it.
const (
	endedRevoked = "The authorization under which the Subscription was made was revoked. Store it as requested, under a new one, to resume."
	endedClient  = "The client that made the Subscription is not registered any more."
	endedConsent = "The authorization under which the Subscription was made no longer holds: the consent was withdrawn, or who gave it is no longer who they were. Store it as requested, under a new one, to resume."
)

// grantOf names the authorization under which a Subscription was made.
func (r *rights) grantOf(subscription *element.Element) string {
	if maker, ok := access.Maker(subscription); ok {
		return maker.Grant
	}
	return ""
}

// over says why a Subscription is no longer delivered to.
func (r *rights) over(ctx context.Context, subscription *element.Element) (string, error) {
	if r.ended == nil {
		return "", nil
	}
	return r.ended(ctx, subscription)
}

// subscriptionOver is rights.ended of a server whose authorization server is there. Tokens of the command line have no authorization.
func (s *security) subscriptionOver(clients *smart.Clients, policy *signin.Policy) func(context.Context, *element.Element) (string, error) {
	return func(ctx context.Context, subscription *element.Element) (string, error) {
		maker, ok := access.Maker(subscription)
		if !ok || maker.Grant == "" {
			return "", nil
		}
		if s.SMART.Withdrawn(maker.Grant) {
			return endedRevoked, nil
		}
		client := clients.Find(maker.Client)
		if client == nil {
			return endedClient, nil
		}
		actor, err := json.Marshal(maker.Actor)
		if err != nil {
			return "", err
		}
		err = policy.Renew(ctx, &smart.Renewal{
			Client: client, FHIRUser: maker.FHIRUser, Scopes: maker.Scopes, Patient: maker.Patient, Granted: maker.Issued, Claims: map[string]json.RawMessage{signin.ClaimActor: actor},
		})
		var refusal *smart.Refusal
		if errors.As(err, &refusal) {
			return endedConsent, nil
		}
		return "", err
	}
}
