package token

import (
	"context"
	"time"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
)

// MinterOptions configure a Minter. Keys, Issuer and Audience are needed.
type MinterOptions struct {
	Keys *Keys
	// Issuer is the server's issuer identifier (an https URL), Audience the FHIR base as clients see it.
	Issuer, Audience string
	// Lifetime is how long access tokens live by default: 5 min; LongestLifetime what a grant may ask for: 1 h. IDLifetime is that of id tokens: 5 min.
	Lifetime, LongestLifetime, IDLifetime time.Duration
	Clock                                 func() time.Time
	// NewID makes the jti; nil: 128 random bits.
	NewID func() string
}

// Minter makes tokens.
type Minter struct{}

// NewMinter checks the options.
func NewMinter(o MinterOptions) (*Minter, error) { return &Minter{}, nil }

// Access says what an access token is to grant.
type Access struct {
	Grant, Client, Subject, FHIRUser, Patient string
	Scopes                                    scope.Set
	Binding                                   Binding
	// Lifetime shortens or lengthens the token's life within the Minter's bounds; 0: the default.
	Lifetime time.Duration
	// AuthTime is when the user signed in; zero: not said.
	AuthTime time.Time
	// Encounter and Extra are further claims ("ihe_iua" in "extensions", national ones); none may be one that the Minter sets.
	Extra map[string]any
}

// Access makes a JWT access token (RFC 9068: typ at+jwt, iss, aud, sub, client_id, scope, jti, iat, exp, cnf) and its Session (without Actor).
func (m *Minter) Access(ctx context.Context, a Access) (string, *Session, error) { return "", nil, nil }

// Identity says what an id token tells a client of its user (OpenID Connect Core, section 2).
type Identity struct {
	Client, Subject, FHIRUser, Nonce string
	AuthTime                         time.Time
	ACR                              string
	AMR                              []string
	// AccessToken and Code, when given, are hashed into at_hash and c_hash.
	AccessToken, Code string
	// SessionID is sid.
	SessionID string
	Extra     map[string]any
}

// ID makes an id token for the client (typ JWT, aud the client).
func (m *Minter) ID(ctx context.Context, i Identity) (string, error) { return "", nil }

// Sign makes a JWT of any other type and claims under the server's key; iss and iat are set unless given. Access tokens and id tokens have their own methods.
func (m *Minter) Sign(ctx context.Context, typ string, claims map[string]any) (string, error) { return "", nil }
