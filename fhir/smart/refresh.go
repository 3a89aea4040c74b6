package smart

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
)

const refreshPurpose = "refresh token"

// carried is what a refresh token holds, sealed. Salt makes two tokens of one authorization different from each other whatever else they say.
type carried struct {
	Grant string `json:"g"`
	Salt  string `json:"n"`
	agreement
}

// sealAgreement makes a refresh token, and what the ledger keeps of it.
func (s *Server) sealAgreement(a *agreement) (refresh string, current [16]byte, err error) {
	plain, err := json.Marshal(carried{Grant: a.Grant.String(), Salt: random(16), agreement: *a})
	if err != nil {
		return "", current, err
	}
	refresh = s.secrets.sealed(refreshPurpose, plain)
	return refresh, currentOf(refresh), nil
}

func currentOf(refresh string) (out [16]byte) {
	h := sha256.Sum256([]byte(refresh))
	copy(out[:], h[:])
	return out
}

// openAgreement reads a refresh token. false: it is none of ours.
func (s *Server) openAgreement(refresh string) (*agreement, bool) {
	plain, ok := s.secrets.unsealed(refreshPurpose, refresh)
	if !ok {
		return nil, false
	}
	var c carried
	if err := json.Unmarshal(plain, &c); err != nil {
		return nil, false
	}
	id, err := base64.RawURLEncoding.DecodeString(c.Grant)
	if err != nil || len(id) != len(c.agreement.Grant) {
		return nil, false
	}
	copy(c.agreement.Grant[:], id)
	if c.scopes, err = scope.Parse(c.Scope); err != nil {
		return nil, false
	}
	return &c.agreement, true
}

// begin opens the authorization in the ledger and gives its first refresh token.
func (s *Server) beginRefresh(ctx context.Context, a *agreement) (string, error) {
	refresh, current, err := s.sealAgreement(a)
	if err != nil {
		return "", err
	}
	evicted, err := s.ledger.open(ctx, a.Grant, live{current: current, owner: ownerOf(a.Subject, a.Client), expires: a.Expires})
	if errors.Is(err, errFull) {
		return "", refuse(503, "temporarily_unavailable", "The server holds as many authorizations as it may.")
	}
	if err != nil {
		return "", err
	}
	for _, id := range evicted {
		if err := s.withdraw(ctx, id); err != nil {
			return "", err
		}
	}
	return refresh, nil
}

// exchangeRefresh is the grant refresh_token (RFC 6749, section 6): a new access token and a new refresh token, the old one being worth nothing any more. One that comes again was stolen, or its thief was first: nobody
// can tell, so the authorization ends.
func (s *Server) exchangeRefresh(ctx context.Context, x *exchange) (map[string]any, *oauthError) {
	text := x.form.get("refresh_token")
	if text == "" {
		return nil, badRequest("The parameter refresh_token is missing.")
	}
	unknown := badGrant("The refresh token is unknown, expired, used before or revoked.")
	a, ok := s.openAgreement(text)
	if !ok || a.Client != x.client.ID || a.Expires <= s.o.Clock().Unix() || !s.ledger.alive(a.Grant) {
		return nil, unknown
	}
	scopes, fault := narrowed(a, x)
	if fault != nil {
		return nil, fault
	}
	if fault := s.bindRefresh(a, x); fault != nil {
		return nil, fault
	}
	if err := s.o.Policy.Renew(ctx, a.renewal(x.client, scopes)); err != nil {
		return nil, s.endedBy(ctx, a, err)
	}
	next, current, err := s.sealAgreement(a)
	if err != nil {
		return nil, broken(err)
	}
	switch err := s.ledger.rotate(ctx, a.Grant, currentOf(text), current); {
	case errors.Is(err, errGone):
		return nil, unknown
	case errors.Is(err, errOther):
		if err := s.withdraw(ctx, a.Grant); err != nil {
			return nil, broken(err)
		}
		return nil, unknown
	case err != nil:
		return nil, broken(err)
	}
	answer, fault := s.mint(ctx, x, a, scopes)
	if fault != nil {
		return nil, fault
	}
	if !s.ledger.alive(a.Grant) { // the old token came again, or somebody revoked, while this one was made
		if err := s.withdraw(ctx, a.Grant); err != nil {
			return nil, broken(err)
		}
		return nil, unknown
	}
	answer["refresh_token"] = next
	return answer, nil
}

// narrowed gives the scopes of the new access token: those of the authorization, or fewer. The client may have lost some of its own since.
func narrowed(a *agreement, x *exchange) (scope.Set, *oauthError) {
	scopes := a.scopes.Intersect(x.client.scopes)
	if text := x.form.get("scope"); text != "" {
		asked, err := scope.Parse(text)
		if err != nil || !asked.Within(a.scopes) {
			return scope.Set{}, badScope("A refresh may ask for scopes that were granted, or fewer.")
		}
		scopes = scopes.Intersect(asked)
	}
	if scopes.Empty() {
		return scope.Set{}, badScope("None of the scopes is left.")
	}
	return scopes, nil
}

// bindRefresh holds a refresh to its key: a public client proves the key that its first token was bound to (RFC 9449, section 5); one that authenticates may bring another, but no less.
func (s *Server) bindRefresh(a *agreement, x *exchange) *oauthError {
	switch {
	case a.JKT != "" && x.jkt == "":
		return refuse(400, "invalid_dpop_proof", "The authorization is bound to a DPoP key; the proof is missing.")
	case a.JKT != "" && x.client.public() && a.JKT != x.jkt:
		return badGrant("The DPoP proof is of another key than the refresh token is bound to.")
	}
	return nil
}

// endedBy ends an authorization that no longer holds, when that is what the Policy said; an error of the server's ends nothing.
func (s *Server) endedBy(ctx context.Context, a *agreement, err error) *oauthError {
	var r *Refusal
	if !errors.As(err, &r) {
		return refusalOf(err)
	}
	if err := s.withdraw(ctx, a.Grant); err != nil {
		return broken(err)
	}
	return badGrant("The authorization no longer holds.")
}

func (a *agreement) renewal(c *Client, scopes scope.Set) *Renewal {
	return &Renewal{
		Client: c, Subject: a.Subject, FHIRUser: a.FHIRUser, Scopes: scopes, Patient: a.Patient, Claims: a.Claims,
		AuthTime: at(a.AuthTime), Granted: at(a.Granted),
	}
}
