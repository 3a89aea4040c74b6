package smart

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
)

// The ways in which a client says who it is at the token endpoint (RFC 7591, section 2; RFC 8705, section 2.1).
const (
	AuthNone        = "none"
	AuthBasic       = "client_secret_basic"
	AuthPost        = "client_secret_post"
	AuthPrivateKey  = "private_key_jwt"
	AuthCertificate = "tls_client_auth"
)

// The grants (RFC 6749).
const (
	GrantCode        = "authorization_code"
	GrantRefresh     = "refresh_token"
	GrantCredentials = "client_credentials"
)

// Client is a registered client. The names of the JSON are those of dynamic registration (RFC 7591), with a few of ours.
type Client struct {
	ID   string `json:"client_id"`
	Name string `json:"client_name"`
	// URI is the client's home page, PolicyURI what it says of the data it takes, both shown on the consent screen.
	URI       string `json:"client_uri,omitempty"`
	PolicyURI string `json:"policy_uri,omitempty"`
	// RedirectURIs are compared character by character.
	RedirectURIs []string `json:"redirect_uris,omitempty"`
	// LaunchURI is where an EHR launch opens the client.
	LaunchURI string `json:"launch_uri,omitempty"`
	// GrantTypes: authorization_code and refresh_token when empty.
	GrantTypes []string `json:"grant_types,omitempty"`
	// AuthMethod is the one way of authentication that is taken from this client; none when empty.
	AuthMethod string `json:"token_endpoint_auth_method,omitempty"`
	// SecretHash is HashSecret of the secret, for client_secret_basic and client_secret_post.
	SecretHash string `json:"client_secret_hash,omitempty"`
	// JWKS or JWKSURI give the public keys, for private_key_jwt.
	JWKS    json.RawMessage `json:"jwks,omitempty"`
	JWKSURI string          `json:"jwks_uri,omitempty"`
	// SubjectDN or SANDNS name the certificate, for tls_client_auth.
	SubjectDN string `json:"tls_client_auth_subject_dn,omitempty"`
	SANDNS    string `json:"tls_client_auth_san_dns,omitempty"`
	// CertificateBound binds access tokens to the client's certificate (RFC 8705), DPoPBound refuses token requests without a DPoP proof (RFC 9449). A client that sends a proof gets a bound token in any case.
	CertificateBound bool `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	DPoPBound        bool `json:"dpop_bound_access_tokens,omitempty"`
	// Scope is the most that the client may get.
	Scope string `json:"scope"`
	// Trusted clients are the operator's own: the person is not asked for consent where the Policy has no question either.
	Trusted bool `json:"trusted,omitempty"`
	// Launcher may launch other clients (POST /auth/launch), Introspects may introspect tokens of other clients.
	Launcher    bool `json:"launcher,omitempty"`
	Introspects bool `json:"introspects,omitempty"`
	// Logins are the names of the logins that its users may sign in with; empty: all.
	Logins []string `json:"logins,omitempty"`
	// RefreshSeconds shortens how long its authorizations may be refreshed, TokenSeconds how long its access tokens live; 0: the server's.
	RefreshSeconds int64 `json:"refresh_token_lifetime,omitempty"`
	TokenSeconds   int64 `json:"access_token_lifetime,omitempty"`
	// Attributes are for the Policy: what it knows of the client (the structure that a software belongs to).
	Attributes map[string]json.RawMessage `json:"attributes,omitempty"`

	scopes scope.Set
	keys   jwk.Set
}

// Scopes are the most that the client may get.
func (c *Client) Scopes() scope.Set { return c.scopes }

func (c *Client) public() bool { return c.AuthMethod == AuthNone }

func (c *Client) may(grant string) bool { return slices.Contains(c.GrantTypes, grant) }

func (c *Client) takesLogin(name string) bool {
	return len(c.Logins) == 0 || slices.Contains(c.Logins, name)
}

func (c *Client) refreshLife() time.Duration { return time.Duration(c.RefreshSeconds) * time.Second }

func (c *Client) tokenLife() time.Duration { return time.Duration(c.TokenSeconds) * time.Second }

// shortest gives the least of the durations that are not zero.
func shortest(durations ...time.Duration) (least time.Duration) {
	for _, d := range durations {
		if d > 0 && (least == 0 || d < least) {
			least = d
		}
	}
	return least
}
