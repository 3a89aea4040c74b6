package signin

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// Sandbox is an OpenID Connect provider for people who do not exist: whoever comes chooses who they are. It answers as the provider of its kind does (discovery, authorization code with PKCE, ES256 tokens, userinfo signed as FranceConnect
// signs it), with keys that live as long as the process. It is for servers with sandbox identities only.
type Sandbox struct {
	o    SandboxOptions
	path string
	key  jwk.Key
	jwks []byte

	mu     sync.Mutex
	codes  map[string]*login // one use
	tokens map[string]*login // of the userinfo
}

// SandboxOptions configure a Sandbox.
type SandboxOptions struct {
	// Issuer is its address ("http://127.0.0.1:8080/sandbox/psc"); its endpoints are below.
	Issuer string
	Kind   Kind
	Title  string
	// ClientID, ClientSecret and Redirect are those of the one relying party.
	ClientID, ClientSecret, Redirect string
	// People are who may be chosen; matching names filters them ("": the first ones).
	People func(ctx context.Context, matching string) ([]Subject, error)
	Now    func() time.Time
}

// Subject is somebody who may be chosen.
type Subject struct {
	// Key is their identifier, RPPS or INS.
	Key string
	// Group, Label and Detail are shown, in French.
	Group, Label, Detail string
	// Claims are those of the userinfo, without sub.
	Claims map[string]any
}

// login is what a code, and then an access token, stand for.
type login struct {
	subject                  Subject
	nonce, challenge, scopes string
	expires                  time.Time
	at                       time.Time
}

// Bounds of a sandbox.
const (
	codeLifetime  = time.Minute
	tokenLifetime = 5 * time.Minute
	maxLogins     = 10_000
)

// NewSandbox makes a provider with a new key.
func NewSandbox(o SandboxOptions) (*Sandbox, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	u, err := url.Parse(o.Issuer)
	if err != nil {
		return nil, err
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{o: o, path: u.Path, codes: map[string]*login{}, tokens: map[string]*login{}}
	if s.key, err = jwk.FromRaw(private); err != nil {
		return nil, err
	}
	if err := jwk.AssignKeyID(s.key); err != nil {
		return nil, err
	}
	public, err := s.key.PublicKey()
	if err != nil {
		return nil, err
	}
	if s.jwks, err = json.Marshal(map[string]any{"keys": []jwk.Key{public}}); err != nil {
		return nil, err
	}
	return s, nil
}

// Config is how a relying party trusts the sandbox.
func (s *Sandbox) Config(id string) Config {
	c := Config{ID: id, Kind: s.o.Kind, Title: s.o.Title, Issuer: s.o.Issuer, ClientID: s.o.ClientID, ClientSecret: s.o.ClientSecret, SignedUserinfo: s.signs()}
	if s.o.Kind == CarteVitale {
		c.INSClaim, c.INSSystemClaim = "ins", "ins_oid"
	}
	return c
}

// signs says that the userinfo is a JWT.
func (s *Sandbox) signs() bool { return s.o.Kind != ProSanteConnect }

// acr is the level that the provider of the kind gives for its usual means: e-CPS and the card are eidas2 and eidas3, FranceConnect+ eidas2.
const sandboxACR = "eidas2"

// ServeHTTP answers requests below the issuer's path.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")
	route := r.Method + " " + strings.TrimPrefix(r.URL.Path, s.path)
	switch route {
	case "GET /.well-known/openid-configuration":
		answerJSON(w, http.StatusOK, s.discovery())
	case "GET /jwks":
		w.Header().Set("Content-Type", "application/jwk-set+json")
		_, _ = w.Write(s.jwks)
	case "GET /authorize":
		s.authorize(w, r)
	case "POST /token":
		s.token(w, r)
	case "GET /userinfo", "POST /userinfo":
		s.userinfo(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (s *Sandbox) discovery() map[string]any {
	out := map[string]any{
		"issuer": s.o.Issuer, "authorization_endpoint": s.o.Issuer + "/authorize", "token_endpoint": s.o.Issuer + "/token", "userinfo_endpoint": s.o.Issuer + "/userinfo", "jwks_uri": s.o.Issuer + "/jwks",
		"response_types_supported": []string{"code"}, "grant_types_supported": []string{"authorization_code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"ES256"}, "code_challenge_methods_supported": []string{"S256"}, "acr_values_supported": []string{"eidas1", "eidas2"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"}, "authorization_response_iss_parameter_supported": true,
	}
	if s.signs() {
		out["userinfo_signing_alg_values_supported"] = []string{"ES256"}
	}
	return out
}

// authorize shows who can be chosen, or answers with a code when somebody was (login_hint, by the links of the page).
func (s *Sandbox) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if subtle.ConstantTimeCompare([]byte(q.Get("client_id")), []byte(s.o.ClientID)) != 1 || q.Get("redirect_uri") != s.o.Redirect {
		http.Error(w, "Ce client n'est pas celui du bac à sable, ou son adresse de retour n'est pas la sienne.", http.StatusBadRequest)
		return
	}
	back := func(with url.Values) {
		with.Set("iss", s.o.Issuer)
		if q.Has("state") {
			with.Set("state", q.Get("state"))
		}
		http.Redirect(w, r, s.o.Redirect+"?"+with.Encode(), http.StatusSeeOther)
	}
	switch {
	case q.Get("response_type") != "code", !strings.Contains(" "+q.Get("scope")+" ", " openid "):
		back(url.Values{"error": {"invalid_request"}})
		return
	case q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43:
		back(url.Values{"error": {"invalid_request"}, "error_description": {"PKCE with S256 is required"}})
		return
	case level(q.Get("acr_values")) > level(sandboxACR):
		back(url.Values{"error": {"access_denied"}})
		return
	}
	people, err := s.o.People(r.Context(), q.Get("login_hint")+q.Get("q"))
	if err != nil {
		http.Error(w, "Les identités du bac à sable ne peuvent pas être lues.", http.StatusInternalServerError)
		return
	}
	for _, p := range people {
		if hint := q.Get("login_hint"); hint != "" && p.Key == hint {
			code := random()
			s.keep(s.codes, code, &login{subject: p, nonce: q.Get("nonce"), challenge: q.Get("code_challenge"), scopes: q.Get("scope"), expires: s.o.Now().Add(codeLifetime), at: s.o.Now()})
			back(url.Values{"code": {code}})
			return
		}
	}
	s.page(w, q, people)
}

// keep remembers a login under a secret, and forgets expired ones when there are many.
func (s *Sandbox) keep(in map[string]*login, secret string, l *login) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(in) >= maxLogins {
		for k, old := range in {
			if s.o.Now().After(old.expires) {
				delete(in, k)
			}
		}
	}
	if len(in) < maxLogins {
		in[secret] = l
	}
}

// take gives what a secret stands for; once takes it away.
func (s *Sandbox) take(from map[string]*login, secret string, once bool) *login {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := from[secret]
	if once {
		delete(from, secret)
	}
	if l == nil || s.o.Now().After(l.expires) {
		return nil
	}
	return l
}

func (s *Sandbox) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if r.ParseForm() != nil {
		answerJSON(w, http.StatusBadRequest, map[string]any{"error": "invalid_request"})
		return
	}
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	if subtle.ConstantTimeCompare([]byte(id+"\x00"+secret), []byte(s.o.ClientID+"\x00"+s.o.ClientSecret)) != 1 {
		answerJSON(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	l := s.take(s.codes, r.PostForm.Get("code"), true)
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	if r.PostForm.Get("grant_type") != "authorization_code" || l == nil || r.PostForm.Get("redirect_uri") != s.o.Redirect || base64.RawURLEncoding.EncodeToString(sum[:]) != l.challenge {
		answerJSON(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	access := random()
	now := s.o.Now()
	hash := sha256.Sum256([]byte(access))
	idToken, err := s.sign(map[string]any{
		"iss": s.o.Issuer, "aud": s.o.ClientID, "sub": s.subject(l), "exp": now.Add(tokenLifetime).Unix(), "iat": now.Unix(), "auth_time": l.at.Unix(), "nonce": l.nonce, "acr": sandboxACR,
		"at_hash": base64.RawURLEncoding.EncodeToString(hash[:16]),
	})
	if err != nil {
		answerJSON(w, http.StatusInternalServerError, map[string]any{"error": "server_error"})
		return
	}
	l.expires = now.Add(tokenLifetime)
	s.keep(s.tokens, access, l)
	answerJSON(w, http.StatusOK, map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": int(tokenLifetime.Seconds()), "id_token": idToken, "scope": l.scopes})
}

// subject is who somebody is at this provider; it says nothing of their identifier.
func (s *Sandbox) subject(l *login) string {
	sum := sha256.Sum256([]byte(s.o.Issuer + "\x00" + l.subject.Key))
	return "f:sandbox:" + base64.RawURLEncoding.EncodeToString(sum[:16])
}

func (s *Sandbox) userinfo(w http.ResponseWriter, r *http.Request) {
	bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	l := s.take(s.tokens, bearer, false)
	if !ok || l == nil {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		answerJSON(w, http.StatusUnauthorized, map[string]any{"error": "invalid_token"})
		return
	}
	claims := map[string]any{"sub": s.subject(l)}
	for name, value := range l.subject.Claims {
		claims[name] = value
	}
	if !s.signs() {
		answerJSON(w, http.StatusOK, claims)
		return
	}
	now := s.o.Now()
	claims["iss"], claims["aud"], claims["iat"], claims["exp"] = s.o.Issuer, s.o.ClientID, now.Unix(), now.Add(codeLifetime).Unix()
	signed, err := s.sign(claims)
	if err != nil {
		answerJSON(w, http.StatusInternalServerError, map[string]any{"error": "server_error"})
		return
	}
	w.Header().Set("Content-Type", "application/jwt")
	_, _ = w.Write([]byte(signed))
}

func (s *Sandbox) sign(claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	head := jws.NewHeaders()
	if err := head.Set(jws.TypeKey, "JWT"); err != nil {
		return "", err
	}
	signed, err := jws.Sign(payload, jws.WithKey(jwa.ES256, s.key, jws.WithProtectedHeaders(head)))
	return string(signed), err
}

func answerJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// Issuer is the sandbox's issuer identifier.
func (s *Sandbox) Issuer() string { return s.o.Issuer }

// Professional reads the claims of a subject of Directory.Professionals.
func (s *Subject) Professional() (*Professional, error) {
	text, err := json.Marshal(s.Claims)
	if err != nil {
		return nil, err
	}
	var claims map[string]json.RawMessage
	if err := json.Unmarshal(text, &claims); err != nil {
		return nil, err
	}
	return ReadProfessional(claims)
}
