package access

import (
	"context"
	"encoding/json"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/smart/scope"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// A Subscription is its maker's: the server keeps with it who that is, as the token said it, and judges each delivery by the rights of the moment. The extension is the server's: what a client sends of it is dropped.
const (
	extensionOwner   = carnet + "StructureDefinition/subscription-owner"
	parameterOwner   = "owner"
	partOwner        = "identity" // Identifier: by which the owner finds it
	partOwnerSession = "session"  // the owner's rights, as JSON
)

// ownership is what is kept of an owner's session.
type ownership struct {
	Actor   habilitation.Actor `json:"actor"`
	Client  string             `json:"client"`
	User    string             `json:"user,omitempty"`
	Scopes  string             `json:"scopes"`
	Patient string             `json:"patient,omitempty"`
	Grant   string             `json:"grant,omitempty"`  // the authorization of the token
	Issued  int64              `json:"issued,omitempty"` // when the token was made, in seconds since the Unix epoch
}

// Conceal takes the owner out of the Subscription that a patch is applied to.
func (r *Rules) Conceal(current *element.Resource) error {
	if current.Type() != "Subscription" {
		return nil
	}
	current.Changed()
	for x := current.Root.First; x != nil; {
		next := x.Next
		if x.Name == "extension" && x.ChildValue("url") == extensionOwner {
			if err := current.Root.Remove(x); err != nil {
				return err
			}
		}
		x = next
	}
	return nil
}

// keepOwner puts the owner into a Subscription that is written.
func (r *Rules) keepOwner(ctx context.Context, before *element.Element, after *element.Resource) error {
	for x := after.Root.First; x != nil; {
		next := x.Next
		if x.Name == "extension" && x.ChildValue("url") == extensionOwner {
			if err := after.Root.Remove(x); err != nil {
				return err
			}
		}
		x = next
	}
	after.Changed()
	c, err := callerOf(ctx)
	if err != nil {
		return err
	}
	// Who resumes a Subscription does so under the authorization of today; every other change leaves the owner as it is.
	if before != nil && (c == nil || after.Root.ChildValue("status") != "requested") {
		for x := range before.Children("extension") {
			if x.ChildValue("url") == extensionOwner {
				return after.Root.Add("extension", element.Clone(x))
			}
		}
		return nil
	}
	if c == nil {
		return nil
	}
	if c.actor.Mode != "" && c.actor.Mode != habilitation.Normal {
		return refused(habilitation.Decision{Rule: "E1", Why: "An emergency ends; a Subscription is made in normal access."})
	}
	made, err := owner(c)
	if err != nil {
		return err
	}
	return after.Root.Add("extension", made)
}

// owner makes the extension.
func owner(c *caller) (*element.Element, error) {
	kept, err := json.Marshal(&ownership{
		Actor: c.actor, Client: c.session.Client, User: c.session.FHIRUser, Scopes: c.session.Scopes.String(), Patient: c.session.Patient, Grant: c.session.Grant, Issued: c.session.Issued.Unix(),
	})
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(object{"resourceType": "Subscription", "extension": []object{{"url": extensionOwner, "extension": []object{
		{"url": partOwner, "valueIdentifier": object{"system": ownerSystem(c), "value": ownerValue(c)}},
		{"url": partOwnerSession, "valueString": string(kept)},
	}}}})
	if err != nil {
		return nil, err
	}
	res, err := element.ParseJSON(spec.R4(), text, element.Options{ExpectType: "Subscription", Trusted: true})
	if err != nil {
		return nil, err
	}
	made := res.Root.Child("extension")
	return made, res.Root.Remove(made)
}

// ownerSystem and ownerValue identify an owner: by the national identifier, or by the client that has none.
func ownerSystem(c *caller) string {
	if c.actor.ID.Value == "" || c.actor.ID.System == "" {
		return carnet + "client"
	}
	return c.actor.ID.System
}

func ownerValue(c *caller) string {
	if c.actor.ID.Value == "" || c.actor.ID.System == "" {
		return c.session.Client
	}
	return c.actor.ID.Value
}

// owns is the condition that a Subscription is the caller's.
func (v *view) owns(typ string) search.Expr {
	p, ok := v.a.o.Registry.Param(typ, parameterOwner)
	if !ok {
		return never()
	}
	ids := spellings(habilitation.Identifier{System: ownerSystem(v.caller), Value: ownerValue(v.caller)})
	codes := make([]search.Code, len(ids))
	for i, id := range ids {
		codes[i] = search.Code{System: id.System, Code: id.Value}
	}
	return &search.Among{Param: p, Set: search.TokenSet(codes)}
}

// Owner gives the context in which a Subscription's owner reads (dsubm.Options.Caller): with the owner's rights as they are now. A Subscription without an owner sees nothing.
func (a *Access) Owner(ctx context.Context, subscription *element.Element) context.Context {
	session, ok := Maker(subscription)
	if !ok {
		session = &token.Session{Actor: &habilitation.Actor{}}
	}
	return token.NewContext(ctx, session)
}

// Maker gives the session by which a Subscription was made or last resumed: who, with which client and under which authorization (Grant). It has no token of its own and does not expire.
func Maker(subscription *element.Element) (session *token.Session, ok bool) {
	for x := range subscription.Children("extension") {
		if x.ChildValue("url") != extensionOwner {
			continue
		}
		for part := range x.Children("extension") {
			var kept ownership
			if part.ChildValue("url") != partOwnerSession || json.Unmarshal([]byte(part.ChildValue("value")), &kept) != nil {
				continue
			}
			scopes, err := scope.Parse(kept.Scopes)
			if err != nil {
				continue
			}
			session = &token.Session{Client: kept.Client, FHIRUser: kept.User, Scopes: scopes, Patient: kept.Patient, Grant: kept.Grant, Actor: &kept.Actor}
			if kept.Issued > 0 {
				session.Issued = time.Unix(kept.Issued, 0)
			}
		}
	}
	return session, session != nil
}
