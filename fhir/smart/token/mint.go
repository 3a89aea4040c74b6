package token

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
)

// MinterOptions configure a Minter. Keys, Issuer and Audience are needed.
type MinterOptions struct {
	Keys *Keys
	// Issuer is the server's issuer identifier (a URL), Audience the FHIR base as clients see it.
	Issuer, Audience string
	// Lifetime is how long access tokens live by default: 5 min; LongestLifetime what an Access may ask for: 1 h. IDLifetime is that of id tokens: 5 min.
	Lifetime, LongestLifetime, IDLifetime time.Duration
	Clock                                 func() time.Time
	// NewID makes the jti; nil: 130 random bits.
	NewID func() string
}

// Minter makes tokens. It is safe for concurrent use.
type Minter struct{ o MinterOptions }

// NewMinter checks the options.
func NewMinter(o MinterOptions) (*Minter, error) {
	fill(&o.Lifetime, 5*time.Minute)
	fill(&o.LongestLifetime, time.Hour)
	fill(&o.IDLifetime, 5*time.Minute)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.NewID == nil {
		o.NewID = rand.Text
	}
	if o.Keys == nil {
		return nil, errors.New("token: a Minter needs Keys")
	}
	if err := absolute("Issuer", o.Issuer); err != nil {
		return nil, err
	}
	if err := absolute("Audience", o.Audience); err != nil {
		return nil, err
	}
	o.Audience = strings.TrimRight(o.Audience, "/")
	if longest := max(o.LongestLifetime, o.Lifetime, o.IDLifetime); longest > o.Keys.o.Lifetime {
		return nil, errors.New("token: tokens must not live longer than KeysOptions.Lifetime, for which retired keys verify")
	}
	return &Minter{o}, nil
}

func absolute(name, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("token: %s must be an absolute URL without query", name)
	}
	return nil
}

// Access says what an access token is to grant.
type Access struct {
	Grant, Client, Subject, FHIRUser, Patient string
	Scopes                                    scope.Set
	Binding                                   Binding
	// Lifetime shortens or lengthens the token's life within the Minter's bounds; 0: the default.
	Lifetime time.Duration
	// Until is when the token ends at the latest; zero: by its Lifetime alone.
	Until time.Time
	// AuthTime is when the user signed in; zero: not said.
	AuthTime time.Time
	// Extra are further claims ("extensions" with "ihe_iua" in it, national ones); none may be one that the Minter sets.
	Extra map[string]any
}

// accessClaims are the claims that Access sets and a Verifier reads, by their names in the RFCs 7519, 9068, 7800 and in SMART App Launch. grant_id is that of OAuth's grant management.
type accessClaims struct {
	Issuer    string     `json:"iss"`
	Audience  oneOrMore  `json:"aud"`
	Subject   string     `json:"sub"`
	Client    string     `json:"client_id"`
	Scope     string     `json:"scope"`
	ID        string     `json:"jti"`
	Issued    seconds    `json:"iat"`
	NotBefore seconds    `json:"nbf,omitzero"`
	Expires   seconds    `json:"exp"`
	Grant     string     `json:"grant_id,omitempty"`
	FHIRUser  string     `json:"fhirUser,omitempty"`
	Patient   string     `json:"patient,omitempty"`
	AuthTime  seconds    `json:"auth_time,omitzero"`
	Binding   *cnfClaims `json:"cnf,omitzero"`
}

type cnfClaims struct {
	JKT         string `json:"jkt,omitempty"`
	Certificate string `json:"x5t#S256,omitempty"`
}

// ownClaims are those of accessClaims, which Extra may not set and Session.Claims leaves out.
var ownClaims = []string{"iss", "aud", "sub", "client_id", "scope", "jti", "iat", "nbf", "exp", "grant_id", "fhirUser", "patient", "cnf"}

// accessType is the type of access tokens (RFC 9068, section 2.1).
const accessType = "at+jwt"

// Access makes a JWT access token (RFC 9068: typ at+jwt, iss, aud, sub, client_id, scope, jti, iat, exp, cnf) and its Session (without Actor).
func (m *Minter) Access(ctx context.Context, a Access) (string, *Session, error) {
	fill(&a.Lifetime, m.o.Lifetime)
	fill(&a.Subject, a.Client) // RFC 9068, section 2.2: a client that acts for itself is the subject
	switch {
	case a.Client == "":
		return "", nil, errors.New("token: an access token needs a client")
	case a.Lifetime < 0 || a.Lifetime > m.o.LongestLifetime:
		return "", nil, errors.New("token: the lifetime asked for is beyond what the server gives")
	case a.Scopes.HasContext(scope.Patient) && a.Patient == "":
		return "", nil, errors.New("token: scopes of patient/ need a launch patient")
	}
	now := m.o.Clock()
	expires := now.Add(a.Lifetime)
	if !a.Until.IsZero() && a.Until.Before(expires) {
		expires = a.Until
	}
	if expires.Unix() <= now.Unix() {
		return "", nil, errors.New("token: the access token would have expired when it is made")
	}
	c := accessClaims{
		Issuer: m.o.Issuer, Audience: oneOrMore{m.o.Audience}, Subject: a.Subject, Client: a.Client, Scope: a.Scopes.Known().String(), ID: m.o.NewID(), Issued: seconds(now.Unix()),
		Expires: seconds(expires.Unix()), Grant: a.Grant, FHIRUser: a.FHIRUser, Patient: a.Patient,
	}
	if !a.AuthTime.IsZero() {
		c.AuthTime = seconds(a.AuthTime.Unix())
	}
	if a.Binding != (Binding{}) {
		c.Binding = &cnfClaims{JKT: a.Binding.JKT, Certificate: a.Binding.Certificate}
	}
	text, err := m.signed(ctx, accessType, c, a.Extra)
	if err != nil {
		return "", nil, err
	}
	if len(text) > MaxToken {
		return "", nil, errors.New("token: the access token would be longer than the server takes")
	}
	parsed, err := parseCompact(text)
	if err != nil {
		return "", nil, err
	}
	s, err := readSession(parsed.payload)
	return text, s, err
}

// MarshalJSON writes one audience as a string, as most clients expect it.
func (o oneOrMore) MarshalJSON() ([]byte, error) {
	if len(o) == 1 {
		return json.Marshal(o[0])
	}
	return json.Marshal([]string(o))
}

// signed joins the claims with extra ones and signs them.
func (m *Minter) signed(ctx context.Context, typ string, claims any, extra map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	if len(extra) > 0 {
		rest, err := json.Marshal(extra, json.Deterministic(true))
		if err != nil {
			return "", err
		}
		for name := range extra {
			if slices.Contains(ownClaims, name) || name == "auth_time" {
				return "", fmt.Errorf("token: the claim %q is the server's to set", name)
			}
		}
		payload = append(append(payload[:len(payload)-1], ','), rest[1:]...)
	}
	k, err := m.o.Keys.current(ctx)
	if err != nil {
		return "", err
	}
	return sign(k, typ, payload)
}

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

type idClaims struct {
	Issuer     string   `json:"iss"`
	Audience   string   `json:"aud"`
	Subject    string   `json:"sub"`
	Issued     seconds  `json:"iat"`
	Expires    seconds  `json:"exp"`
	FHIRUser   string   `json:"fhirUser,omitempty"`
	Nonce      string   `json:"nonce,omitempty"`
	AuthTime   seconds  `json:"auth_time,omitzero"`
	ACR        string   `json:"acr,omitempty"`
	AMR        []string `json:"amr,omitempty"`
	AccessHash string   `json:"at_hash,omitempty"`
	CodeHash   string   `json:"c_hash,omitempty"`
	SessionID  string   `json:"sid,omitempty"`
}

// ID makes an id token for the client (typ JWT, aud the client). fhirUser becomes the URL of the resource, as SMART App Launch wants it.
func (m *Minter) ID(ctx context.Context, i Identity) (string, error) {
	if i.Client == "" || i.Subject == "" {
		return "", errors.New("token: an id token needs a client and a subject")
	}
	now := m.o.Clock()
	c := idClaims{
		Issuer: m.o.Issuer, Audience: i.Client, Subject: i.Subject, Issued: seconds(now.Unix()), Expires: seconds(now.Add(m.o.IDLifetime).Unix()),
		Nonce: i.Nonce, ACR: i.ACR, AMR: i.AMR, AccessHash: halfHash(i.AccessToken), CodeHash: halfHash(i.Code), SessionID: i.SessionID,
	}
	if i.FHIRUser != "" {
		c.FHIRUser = m.o.Audience + "/" + i.FHIRUser
	}
	if !i.AuthTime.IsZero() {
		c.AuthTime = seconds(i.AuthTime.Unix())
	}
	for name := range i.Extra {
		if slices.Contains([]string{"nonce", "acr", "amr", "at_hash", "c_hash", "sid"}, name) {
			return "", fmt.Errorf("token: the claim %q is the server's to set", name)
		}
	}
	return m.signed(ctx, "JWT", c, i.Extra)
}

// halfHash is at_hash and c_hash: the left half of the hash of the signature's algorithm, SHA-256 of both ES256 and RS256 (OpenID Connect Core, section 3.1.3.6).
func halfHash(text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return base64url.EncodeToString(sum[:len(sum)/2])
}

// Sign makes a JWT of any other type and claims under the server's key; iss and iat are set unless given. Access tokens and id tokens have their own methods.
func (m *Minter) Sign(ctx context.Context, typ string, claims map[string]any) (string, error) {
	if typ == "" || strings.EqualFold(strings.TrimPrefix(strings.ToLower(typ), "application/"), accessType) || strings.EqualFold(typ, "JWT") {
		return "", errors.New("token: the type must tell the token from access tokens and id tokens")
	}
	all := map[string]any{"iss": m.o.Issuer, "iat": m.o.Clock().Unix()}
	for name, value := range claims {
		all[name] = value
	}
	payload, err := json.Marshal(all, json.Deterministic(true))
	if err != nil {
		return "", err
	}
	k, err := m.o.Keys.current(ctx)
	if err != nil {
		return "", err
	}
	return sign(k, typ, payload)
}
