package token

import (
	"context"
	"net/http"
	"time"
)

// VerifierOptions configure a Verifier. Keys, Issuer and Audience are needed.
type VerifierOptions struct {
	Keys             *Keys
	Issuer, Audience string
	Revocations      *Revocations // nil: nothing is revoked
	Proofs           *Proofs      // nil: DPoP is not taken
	// Leeway is how far clocks may differ: 5 s.
	Leeway time.Duration
	Clock  func() time.Time
	// Decode makes Session.Actor, once for each token; nil: it stays nil. A fault refuses the request with it, another error refuses the token.
	Decode func(*Session) (any, error)
	// CacheSize is how many verified tokens are kept: 10,000.
	CacheSize int
	// Certificate gives the client's certificate (DER) of a request; nil: that of the TLS connection. A server behind a proxy that ends TLS reads the proxy's header here.
	Certificate func(*http.Request) []byte
	// Public says which requests need no token, besides GET /metadata; nil: none.
	Public func(*http.Request) bool
	// Realm of challenges: "fhir".
	Realm string
}

// Verifier judges access tokens. It is safe for concurrent use.
type Verifier struct{}

// NewVerifier checks the options.
func NewVerifier(o VerifierOptions) (*Verifier, error) { return &Verifier{}, nil }

// Token verifies an access token itself (signature, type, issuer, audience, times, revocation), without its binding: what introspection asks. The fault is 401.
func (v *Verifier) Token(ctx context.Context, token string) (*Session, error) { return nil, nil }

// Request verifies the token of a request, its binding included.
func (v *Verifier) Request(r *http.Request) (*Session, error) { return nil, nil }
