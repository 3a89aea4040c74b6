package smart

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	strictly "github.com/go-json-experiment/json"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"

	"github.com/carnet-fhir/carnet/fhir/smart/token"
)

const (
	// assertionLife is how far in the future an assertion may expire (SMART App Launch 2.2, "Authenticating to the Token endpoint"); clockLeeway is by how much clocks may differ.
	assertionLife = 5 * time.Minute
	clockLeeway   = 10 * time.Second
	maxJTI        = 256
)

// claims are those of a JWT.
type claims = map[string]json.RawMessage

// assertionAlgorithms are those that sign assertions. alg "none" and those of shared secrets are not among them, so that a public key can never be taken for a secret.
func assertionAlgorithms() []jwa.SignatureAlgorithm {
	return []jwa.SignatureAlgorithm{jwa.ES384, jwa.RS384, jwa.ES256, jwa.RS256}
}

// assertionHeader is what is read of the JOSE header.
type assertionHeader struct {
	Algorithm jwa.SignatureAlgorithm `json:"alg"`
	KeyID     string                 `json:"kid"`
	Type      string                 `json:"typ"`
	JKU       string                 `json:"jku"`
	Critical  json.RawMessage        `json:"crit"`
}

// assertionClaims are the registered claims.
type assertionClaims struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audience  json.RawMessage `json:"aud"`
	Expires   *float64        `json:"exp"`
	NotBefore *float64        `json:"nbf"`
	Issued    *float64        `json:"iat"`
	ID        string          `json:"jti"`
}

// part decodes one part of a compact JWS.
func part(text string, n int, into any) bool {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(parts[n])
	return err == nil && strictly.Unmarshal(b, into) == nil
}

// subjectOfAssertion says whom an assertion speaks of, before anything of it is believed.
func subjectOfAssertion(text string) (string, bool) {
	var c assertionClaims
	ok := part(text, 1, &c) && c.Subject != ""
	return c.Subject, ok
}

// verifyAssertion verifies a client's assertion (RFC 7523, section 3; SMART App Launch 2.2, "Signature Verification") and gives its other claims. It can be used once.
func (s *Server) verifyAssertion(ctx context.Context, client *Client, text string) (claims, *oauthError) {
	var h assertionHeader
	if !part(text, 0, &h) {
		return nil, badClient("The client_assertion is not a signed JWT.")
	}
	if fault := checkHeader(&h, client); fault != nil {
		return nil, fault
	}
	key, err := s.keyOf(ctx, client, &h)
	if err != nil {
		return nil, badClient("No key of the client has the kid and the kind of the client_assertion, or its key set cannot be read.")
	}
	payload, err := jws.Verify([]byte(text), jws.WithKey(h.Algorithm, key))
	if err != nil {
		return nil, badClient("The signature of the client_assertion does not hold.")
	}
	var c assertionClaims
	if err := strictly.Unmarshal(payload, &c); err != nil { // a name that stands twice is read differently by two programs
		return nil, badClient("The claims of the client_assertion cannot be read.")
	}
	if fault := s.checkClaims(&c, client); fault != nil {
		return nil, fault
	}
	switch err := s.o.Replays.Use(ctx, "assertion "+client.ID, c.ID, seconds(*c.Expires).Add(clockLeeway)); {
	case errors.Is(err, token.ErrReplayed):
		return nil, badClient("The client_assertion was used before: make a new one, with a jti of its own, for each request.")
	case err != nil:
		return nil, refusalOf(err)
	}
	return others(payload), nil
}

func checkHeader(h *assertionHeader, client *Client) *oauthError {
	switch {
	case !slices.Contains(assertionAlgorithms(), h.Algorithm):
		return badClient("The algorithm of the client_assertion is not taken.")
	case h.KeyID == "":
		return badClient("The client_assertion does not name its key (kid).")
	case h.Type != "" && !strings.EqualFold(h.Type, "JWT") && h.Type != "client-authentication+jwt":
		return badClient("The typ of the client_assertion is JWT.")
	case h.JKU != "" && h.JKU != client.JWKSURI:
		return badClient("The jku of the client_assertion is not the client's jwks_uri.")
	case h.Critical != nil:
		return badClient("The client_assertion has critical headers that are not understood.")
	}
	return nil
}

func (s *Server) checkClaims(c *assertionClaims, client *Client) *oauthError {
	now := s.o.Clock()
	switch {
	case c.Issuer != client.ID || c.Subject != client.ID:
		return badClient("The iss and the sub of the client_assertion are the client_id.")
	case !s.isAudience(c.Audience):
		return badClient("The aud of the client_assertion is the token endpoint, or the issuer.")
	case c.Expires == nil:
		return badClient("The client_assertion has no exp.")
	case !now.Before(seconds(*c.Expires).Add(clockLeeway)):
		return badClient("The client_assertion has expired.")
	case seconds(*c.Expires).After(now.Add(assertionLife + clockLeeway)):
		return badClient("The exp of the client_assertion is more than five minutes ahead.")
	case c.NotBefore != nil && seconds(*c.NotBefore).After(now.Add(clockLeeway)), c.Issued != nil && seconds(*c.Issued).After(now.Add(clockLeeway)):
		return badClient("The client_assertion is not valid yet.")
	case c.ID == "" || len(c.ID) > maxJTI:
		return badClient("The client_assertion has no jti, or one of more than 256 characters.")
	}
	return nil
}

// isAudience says whether an aud names this server and nobody else: an assertion that is good for two servers can be carried from one to the other.
func (s *Server) isAudience(raw json.RawMessage) bool {
	var one string
	if json.Unmarshal(raw, &one) != nil {
		var several []string
		if json.Unmarshal(raw, &several) != nil || len(several) == 0 {
			return false
		}
		return !slices.ContainsFunc(several, func(a string) bool { return a != s.issuer && a != s.url(pathToken) })
	}
	return one == s.issuer || one == s.url(pathToken)
}

// seconds makes a time of a NumericDate. What is beyond all clocks is far away, on its side.
func seconds(n float64) time.Time {
	const far = 1 << 40
	return time.UnixMilli(int64(max(-far, min(far, n)) * 1000))
}

// others gives the claims that are not registered: what a client says beside who it is.
func others(payload []byte) claims {
	out := claims{}
	if strictly.Unmarshal(payload, &out) != nil {
		return nil
	}
	for _, name := range []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"} {
		delete(out, name)
	}
	return out
}

// keyOf finds the one key of the client that an assertion names.
func (s *Server) keyOf(ctx context.Context, client *Client, h *assertionHeader) (jwk.Key, error) {
	set := client.keys
	if client.JWKSURI != "" {
		var err error
		if set, err = s.keys.fetch(ctx, client.JWKSURI, h.KeyID); err != nil {
			return nil, err
		}
	}
	if set == nil {
		return nil, errors.New("smart: the client has no keys")
	}
	key, ok := set.LookupKeyID(h.KeyID)
	if !ok || !fits(key, h.Algorithm) {
		return nil, errors.New("smart: no such key")
	}
	return key, nil
}

// fits says whether a key is of the algorithm's kind, and not reserved for something else.
func fits(key jwk.Key, alg jwa.SignatureAlgorithm) bool {
	if own := key.Algorithm().String(); own != "" && own != alg.String() {
		return false
	}
	if use := key.KeyUsage(); use != "" && use != "sig" {
		return false
	}
	if k, ok := key.(jwk.ECDSAPublicKey); ok {
		return k.Crv() == jwa.P256 && alg == jwa.ES256 || k.Crv() == jwa.P384 && alg == jwa.ES384
	}
	return key.KeyType() == jwa.RSA && (alg == jwa.RS256 || alg == jwa.RS384)
}
