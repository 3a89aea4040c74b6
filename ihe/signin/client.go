package signin

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// ErrSignin says that an answer of a provider is not to be trusted; what is wrong with it is in the text, without anybody's data.
var ErrSignin = errors.New("signin: the answer of the identity provider is refused")

// ErrDenied says that the person did not sign in, or the provider did not let them.
var ErrDenied = errors.New("signin: the person did not sign in")

func refused(why string) error { return fmt.Errorf("%w: %s", ErrSignin, why) }

// Client is the relying party of one provider. It is safe for concurrent use.
type Client struct {
	Config
	redirect string
	http     *http.Client
	now      func() time.Time

	mu       sync.Mutex
	provider *provider
	next     time.Time // when discovery may be tried again
}

// provider is what discovery gave.
type provider struct {
	oidc         *oidc.Provider
	userinfo     string
	issInAnswers bool
}

// ClientOptions are of all clients of a server.
type ClientOptions struct {
	// Transport makes the calls to providers; nil: http.DefaultTransport.
	Transport http.RoundTripper
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// NewClient makes the relying party of a provider. redirect is the address to which the provider answers; it must belong to this provider alone, so that no answer of another one is taken for its own.
func NewClient(config Config, redirect string, o ClientOptions) (*Client, error) {
	if err := config.complete(); err != nil {
		return nil, err
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Client{Config: config, redirect: redirect, now: o.Now, http: &http.Client{
		Transport: bounded{o.Transport}, Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Attempt is one sign-in under way. It lies in the browser, sealed, until the provider answers.
type Attempt struct {
	Provider string    `json:"p"`
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"`
	Expires  time.Time `json:"e"`
	// Transaction is whatever the caller goes on with.
	Transaction string `json:"t"`
}

// attemptLifetime is how long somebody may take to sign in.
const attemptLifetime = 10 * time.Minute

// Begin makes an attempt and the address to which the browser goes. anew asks the provider for the proof although it may know the person from before (prompt=login).
func (c *Client) Begin(ctx context.Context, transaction string, anew bool) (*Attempt, string, error) {
	p, err := c.discover(ctx)
	if err != nil {
		return nil, "", err
	}
	a := &Attempt{Provider: c.ID, State: random(), Nonce: random(), Verifier: oauth2.GenerateVerifier(), Expires: c.now().Add(attemptLifetime), Transaction: transaction}
	options := []oauth2.AuthCodeOption{oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier), oauth2.SetAuthURLParam("acr_values", c.ACR)}
	if anew {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	return a, c.oauth(p).AuthCodeURL(a.State, options...), nil
}

func (c *Client) oauth(p *provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, Endpoint: p.oidc.Endpoint(), RedirectURL: c.redirect, Scopes: append([]string{oidc.ScopeOpenID}, c.Scopes...),
	}
}

// Claims are what a provider vouches for.
type Claims struct {
	Issuer, Subject, ACR string
	AuthTime             time.Time
	// All are the claims of the ID token, those of the userinfo over them.
	All map[string]json.RawMessage
}

// Finish judges the provider's answer, the query of the redirection, against the attempt of the same browser, and fetches who signed in.
func (c *Client) Finish(ctx context.Context, a *Attempt, answer url.Values) (*Claims, error) {
	p, err := c.discover(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.judgeAnswer(p, a, answer); err != nil {
		return nil, err
	}
	ctx = oidc.ClientContext(ctx, c.http)
	token, err := c.oauth(p).Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return nil, refused("it gives no token for the code")
	}
	claims, err := c.judgeIDToken(ctx, p, a, token)
	if err != nil {
		return nil, err
	}
	if err := c.addUserinfo(ctx, p, token, claims); err != nil {
		return nil, err
	}
	return claims, nil
}

// judgeAnswer judges the parameters of the redirection: each once, of this attempt, of this provider.
func (c *Client) judgeAnswer(p *provider, a *Attempt, answer url.Values) error {
	for _, name := range []string{"state", "code", "iss", "error"} {
		if len(answer[name]) > 1 {
			return refused(name + " occurs twice")
		}
	}
	switch {
	case a.Provider != c.ID:
		return refused("the sign-in was begun with another provider")
	case c.now().After(a.Expires):
		return fmt.Errorf("%w: it took too long", ErrDenied)
	case subtle.ConstantTimeCompare([]byte(answer.Get("state")), []byte(a.State)) != 1:
		return refused("state is not the one that was sent")
	case answer.Has("iss") && answer.Get("iss") != c.Issuer:
		return refused("iss is another issuer") // RFC 9207 §2.4
	case !answer.Has("iss") && p.issInAnswers:
		return refused("iss is missing although the provider declares it")
	case answer.Has("error"):
		return ErrDenied
	case answer.Get("code") == "":
		return refused("code is missing")
	}
	return nil
}

// skew is how far clocks may differ.
const skew = 30 * time.Second

func (c *Client) judgeIDToken(ctx context.Context, p *provider, a *Attempt, token *oauth2.Token) (*Claims, error) {
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return nil, refused("there is no ID token")
	}
	id, err := c.verifier(p, false).Verify(ctx, raw)
	if err != nil {
		return nil, refused("the ID token: " + reason(err))
	}
	out := &Claims{Issuer: id.Issuer, Subject: id.Subject}
	var more struct {
		ACR      string `json:"acr"`
		AZP      string `json:"azp"`
		AuthTime int64  `json:"auth_time"`
	}
	if id.Claims(&out.All) != nil || id.Claims(&more) != nil {
		return nil, refused("the ID token: a claim has another type than OpenID Connect gives it")
	}
	out.ACR = more.ACR
	if more.AuthTime > 0 {
		out.AuthTime = time.Unix(more.AuthTime, 0)
	}
	switch {
	case id.Subject == "":
		return nil, refused("the ID token: there is no subject")
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.Nonce)) != 1:
		return nil, refused("the ID token: nonce is not the one that was sent")
	case id.IssuedAt.After(c.now().Add(skew)):
		return nil, refused("the ID token: it comes from the future")
	case more.AZP != "" && more.AZP != c.ClientID, len(id.Audience) > 1 && more.AZP == "":
		return nil, refused("the ID token: it was made for another party")
	case id.AccessTokenHash != "" && id.VerifyAccessToken(token.AccessToken) != nil:
		return nil, refused("the ID token: it belongs to another access token")
	case level(out.ACR) < level(c.ACR):
		return nil, refused("the level of assurance (acr) is lower than asked for")
	}
	return out, nil
}

// algorithms are the signatures taken: asymmetric ones. "none" and shared secrets are never among them, whatever the provider declares.
var algorithms = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}

func (c *Client) verifier(p *provider, forever bool) *oidc.IDTokenVerifier {
	return p.oidc.Verifier(&oidc.Config{ClientID: c.ClientID, SupportedSigningAlgs: algorithms, Now: c.now, SkipExpiryCheck: forever})
}

// reason gives the check that failed, never a value of the token.
func reason(err error) string {
	var expired *oidc.TokenExpiredError
	if errors.As(err, &expired) {
		return "it has expired"
	}
	text := err.Error()
	for _, known := range []struct{ prefix, says string }{
		{"oidc: id token issued by a different provider", "it is of another issuer"},
		{"oidc: expected audience", "its audience is another client"},
		{"oidc: malformed jwt", "it is not a JWT signed by an asymmetric algorithm"},
		{"oidc: id token signed with unsupported algorithm", "its algorithm is not taken"},
		{"failed to verify signature", "its signature is not the provider's"},
	} {
		if len(text) >= len(known.prefix) && text[:len(known.prefix)] == known.prefix {
			return known.says
		}
	}
	return "it cannot be verified"
}

// retryDiscovery is how long a provider that did not answer is left alone.
const retryDiscovery = 5 * time.Second

// ErrUnavailable says that a provider cannot be reached, or that its discovery document is not its own.
var ErrUnavailable = errors.New("signin: the identity provider does not answer")

// discover reads the discovery document, once.
func (c *Client) discover(ctx context.Context) (*provider, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.provider != nil {
		return c.provider, nil
	}
	if c.now().Before(c.next) {
		return nil, ErrUnavailable
	}
	p, err := c.readDiscovery(ctx)
	if err != nil {
		c.next = c.now().Add(retryDiscovery)
		return nil, err
	}
	c.provider = p
	return p, nil
}

func (c *Client) readDiscovery(ctx context.Context) (*provider, error) {
	address := c.Discovery
	if address == "" {
		address = c.Issuer + "/.well-known/openid-configuration"
	}
	body, _, err := c.get(ctx, address, "")
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrUnavailable, "its discovery document cannot be read")
	}
	var d struct {
		Issuer   string   `json:"issuer"`
		Auth     string   `json:"authorization_endpoint"`
		Token    string   `json:"token_endpoint"`
		Userinfo string   `json:"userinfo_endpoint"`
		Keys     string   `json:"jwks_uri"`
		Algs     []string `json:"id_token_signing_alg_values_supported"`
		Iss      bool     `json:"authorization_response_iss_parameter_supported"`
	}
	if json.Unmarshal(body, &d) != nil || d.Issuer != c.Issuer {
		return nil, fmt.Errorf("%w: %s", ErrUnavailable, "its discovery document is of another issuer")
	}
	for _, endpoint := range []string{d.Auth, d.Token, d.Userinfo, d.Keys} {
		if u, err := url.Parse(endpoint); err != nil || u.Host == "" || !secure(u) {
			return nil, fmt.Errorf("%w: %s", ErrUnavailable, "an endpoint in its discovery document is not an https URL")
		}
	}
	config := oidc.ProviderConfig{IssuerURL: d.Issuer, AuthURL: d.Auth, TokenURL: d.Token, UserInfoURL: d.Userinfo, JWKSURL: d.Keys, Algorithms: d.Algs}
	// The key set outlives this request: it is fetched anew when a key is not in it.
	made := config.NewProvider(oidc.ClientContext(context.Background(), c.http))
	return &provider{oidc: made, userinfo: d.Userinfo, issInAnswers: d.Iss}, nil
}
