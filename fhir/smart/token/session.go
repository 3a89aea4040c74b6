// Package token is access tokens: the server's signing keys, minting (RFC 9068) and verification, proof of possession (RFC 9449 and RFC 8705), revocation, and the Session that a request runs in.
// It knows OAuth and nothing national: what a country's tokens say travels in claims, which Options.Decode reads once for each token.
package token

import (
	"context"
	"encoding/json"
	"time"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
)

// Session is what an access token says, in OAuth's terms. It is shared between requests: nobody changes it.
type Session struct {
	ID       string // jti
	Grant    string // of which authorization the token comes: revoking it revokes its tokens
	Client   string // client_id
	Subject  string // sub
	FHIRUser string // "Practitioner/[id]", "Patient/[id]", "RelatedPerson/[id]"; "" for a backend service
	Scopes   scope.Set
	Patient  string // launch context: a logical id, "" for none
	Issued   time.Time
	Expires  time.Time
	Binding  Binding
	// Claims are the other claims of the token.
	Claims map[string]json.RawMessage
	// Actor is what VerifierOptions.Decode made of it.
	Actor any
}

// Binding is to what a token is bound (the claim cnf, RFC 7800); the zero Binding is that of a bearer token.
type Binding struct {
	// JKT is the base64url SHA-256 thumbprint of the client's DPoP key (RFC 9449, section 6.1).
	JKT string
	// Certificate is the base64url SHA-256 of the client's TLS certificate (x5t#S256 of RFC 8705, section 3.1).
	Certificate string
}

type sessionKey struct{}

// NewContext puts the session of a request into its context.
func NewContext(ctx context.Context, s *Session) context.Context {
	return context.WithValue(ctx, sessionKey{}, s)
}

// FromContext gives the session of a request; nil: the server's own act.
func FromContext(ctx context.Context) *Session {
	s, _ := ctx.Value(sessionKey{}).(*Session)
	return s
}
