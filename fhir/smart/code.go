package smart

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"maps"
	"sync"
	"time"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
)

// agreement is what was granted to a client: what a code stands for, and what a refresh token carries. The names are short because it travels.
type agreement struct {
	Grant    grantID                    `json:"-"`
	Client   string                     `json:"c"`
	Subject  string                     `json:"s"`
	FHIRUser string                     `json:"u,omitempty"`
	Scope    string                     `json:"sc"`
	Patient  string                     `json:"p,omitempty"`
	Intent   string                     `json:"i,omitempty"`
	Banner   bool                       `json:"b,omitempty"`
	Launched bool                       `json:"l,omitempty"`
	Claims   map[string]json.RawMessage `json:"cl,omitempty"`
	ACR      string                     `json:"acr,omitempty"`
	// AuthTime is when the person signed in, Granted when they agreed, Expires until when it may be refreshed, in seconds since the Unix epoch.
	AuthTime int64 `json:"at"`
	Granted  int64 `json:"gr"`
	Expires  int64 `json:"ex,omitempty"`
	// TokenSeconds shortens access tokens; JKT is the key that a public client's refresh tokens are bound to.
	TokenSeconds int64  `json:"ts,omitempty"`
	JKT          string `json:"jkt,omitempty"`

	scopes scope.Set
}

// issued is a code that was handed out, until it expires.
type issued struct {
	agreement
	redirect, challenge, nonce, jkt string

	mu   sync.Mutex
	used bool
	// exposed says that the code was presented again: what it was exchanged for is taken back.
	exposed bool
}

// issue makes the code of what was granted. It is the random name of the authorization, the time and a MAC: all that is known of it is in memory, for a minute, but a code that comes back after that, or after a restart,
// is still known for one of ours, and what it was exchanged for can be taken back.
func (s *Server) issue(p *pending, g *Granted) string {
	a, who, now := p.ask, p.who, s.o.Clock()
	fhirUser := who.FHIRUser
	if g.FHIRUser != "" {
		fhirUser = g.FHIRUser
	}
	claims := maps.Clone(who.Claims)
	if claims == nil {
		claims = map[string]json.RawMessage{}
	}
	maps.Copy(claims, g.Claims)
	c := &issued{redirect: a.redirect, challenge: a.challenge, nonce: a.nonce, jkt: a.jkt, agreement: agreement{
		Grant: newGrantID(), Client: a.Client.ID, Subject: s.SubjectOf(who), FHIRUser: fhirUser, Scope: g.Scopes.Spelled(), Patient: g.Patient, Intent: a.Intent,
		Banner: g.NeedPatientBanner, Launched: a.Launched, Claims: claims, ACR: who.ACR, AuthTime: who.AuthTime.Unix(), Granted: now.Unix(),
		TokenSeconds: int64(shortest(g.TokenLifetime, a.Client.tokenLife()) / time.Second), scopes: g.Scopes,
	}}
	if life := shortest(s.refreshLife(a.Client, g.Scopes), g.Lifetime); s.refreshLife(a.Client, g.Scopes) > 0 {
		c.Expires = now.Add(life).Unix()
	}
	code := s.codeOf(c.Grant, now)
	s.codes.put(hashed(code), c)
	return code
}

// refreshLife is how long an authorization may be refreshed; 0: not at all.
func (s *Server) refreshLife(c *Client, scopes scope.Set) time.Duration {
	switch {
	case !c.may(GrantRefresh):
		return 0
	case scopes.Has(scope.OfflineAccess):
		return shortest(s.o.OfflineLifetime, c.refreshLife())
	case scopes.Has(scope.OnlineAccess):
		return shortest(s.o.OnlineLifetime, c.refreshLife())
	}
	return 0
}

const lenCode = 16 + 8 + 16

func (s *Server) codeOf(id grantID, at time.Time) string {
	b := binary.BigEndian.AppendUint64(id[:], uint64(at.Unix()))
	return encode(append(b, mac(s.secrets.code, string(b))[:16]...))
}

// readCode says whether a text is a code of ours, and of which authorization.
func (s *Server) readCode(text string) (id grantID, at time.Time, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != lenCode {
		return id, at, false
	}
	if subtle.ConstantTimeCompare(mac(s.secrets.code, string(b[:24]))[:16], b[24:]) != 1 {
		return id, at, false
	}
	copy(id[:], b)
	return id, time.Unix(int64(binary.BigEndian.Uint64(b[16:24])), 0), true
}

// redeem gives what a code stands for, once. Whatever is wrong with the attempt, the code is worth nothing afterwards: it was in hands that cannot use it, or comes a second time.
func (s *Server) redeem(ctx context.Context, text string, client *Client, form *params) (*issued, *oauthError) {
	c, ok := s.codes.get(hashed(text))
	if !ok {
		return nil, s.exposed(ctx, text)
	}
	c.mu.Lock()
	again := c.used
	c.used, c.exposed = true, again
	c.mu.Unlock()
	if again {
		return nil, s.exposed(ctx, text)
	}
	verifier := sha256.Sum256([]byte(form.get("code_verifier")))
	switch {
	case c.Client != client.ID:
		return nil, badGrant("The code is not valid for this client.")
	case c.redirect != form.get("redirect_uri"):
		return nil, badGrant("The redirect_uri is not that of the authorization request.")
	case !isVerifier(form.get("code_verifier")):
		return nil, badGrant("The code_verifier is missing, or is not 43 to 128 unreserved characters.")
	case subtle.ConstantTimeCompare([]byte(encode(verifier[:])), []byte(c.challenge)) != 1:
		return nil, badGrant("The code_verifier does not match the code_challenge.")
	}
	return c, nil
}

// isVerifier is the grammar of RFC 7636, section 4.1.
func isVerifier(v string) bool {
	if len(v) < 43 || len(v) > 128 {
		return false
	}
	for _, c := range []byte(v) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~':
		default:
			return false
		}
	}
	return true
}

// exposed refuses a code that cannot be redeemed. One of ours that comes again was stolen, or is in the hands of a client that was fooled: what it was exchanged for ends (RFC 6749, section 4.1.2).
func (s *Server) exposed(ctx context.Context, text string) *oauthError {
	refusal := badGrant("The code is unknown, expired or used before.")
	id, at, ok := s.readCode(text)
	if !ok {
		return refusal
	}
	fresh := s.o.Clock().Sub(at) < s.o.CodeLifetime+longestToken
	if !fresh && !s.ledger.alive(id) {
		return refusal
	}
	if err := s.withdraw(ctx, id); err != nil {
		return broken(err)
	}
	return refusal
}

// longestToken is how long an access token may live that was made of a code.
const longestToken = time.Hour

// overtaken says whether a code was presented again while it was being exchanged.
func (c *issued) overtaken() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.exposed
}
