package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// signer makes JWTs of any text whatever, well-formed or not.
type signer struct {
	t   *testing.T
	key *ecdsa.PrivateKey
}

func newSigner(t *testing.T) *signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return &signer{t, key}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwk is the public key, with more members.
func (s *signer) jwk(more string) string {
	point, err := s.key.PublicKey.Bytes()
	require.NoError(s.t, err)
	return fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"y":%q%s}`, b64(point[1:33]), b64(point[33:]), more)
}

func (s *signer) sign(head, payload string) string {
	signed := b64([]byte(head)) + "." + b64([]byte(payload))
	sum := sha256.Sum256([]byte(signed))
	r, v, err := ecdsa.Sign(rand.Reader, s.key, sum[:])
	require.NoError(s.t, err)
	var sig [64]byte
	r.FillBytes(sig[:32])
	v.FillBytes(sig[32:])
	return signed + "." + b64(sig[:])
}

func (s *signer) proof(method, address, token string, at time.Time) string {
	claims := map[string]any{"htm": method, "htu": address, "iat": at.Unix(), "jti": secret()}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = b64(sum[:])
	}
	text, err := json.Marshal(claims)
	require.NoError(s.t, err)
	return s.sign(`{"typ":"dpop+jwt","alg":"ES256","jwk":`+s.jwk("")+`}`, string(text))
}

// TestBoundTokensOverHTTP steals a token that is bound to a key, and uses it in every way but the owner's.
func TestBoundTokensOverHTTP(t *testing.T) {
	h := newHostile(t)
	h.people("ada")
	rpps := h.doctor("d0", 0)
	owner, thief := newSigner(t), newSigner(t)
	h.ahead.Store(int64(2 * time.Second)) // proofs of before the server started are not taken
	now := func() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }

	b, a := h.visitor(), authorization(h.base, "lps", lpsBack, lpsScope, nil)
	b.open(a.address)
	h.signIn(b, "sandbox-psc", rpps)
	b.submit(accept)
	require.NotNil(t, b.back, b.page)
	_, got := h.post("/auth/token", a.form(b.back), "DPoP", owner.proof("POST", h.origin+"/auth/token", "", now()))
	require.Equal(t, "DPoP", got.Type, got.Reason)
	path := "/Practitioner/d0"
	get := func(header ...string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.base+path, nil)
		require.NoError(t, err)
		for n := 0; n < len(header); n += 2 {
			req.Header.Add(header[n], header[n+1])
		}
		resp, err := h.http.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	own := func() string { return owner.proof("GET", h.base+path, got.Access, now()) }
	require.Equal(t, http.StatusOK, get("Authorization", "DPoP "+got.Access, "DPoP", own()))
	used := own()
	require.Equal(t, http.StatusOK, get("Authorization", "DPoP "+got.Access, "DPoP", used))
	forwarded := strings.Replace(h.base, "127.0.0.1", "evil.example", 1)
	for name, header := range map[string][]string{
		"as a bearer token":                 {"Authorization", "Bearer " + got.Access},
		"as a bearer token with its proof":  {"Authorization", "Bearer " + got.Access, "DPoP", own()},
		"without a proof":                   {"Authorization", "DPoP " + got.Access},
		"with a used proof":                 {"Authorization", "DPoP " + got.Access, "DPoP", used},
		"with the thief's proof":            {"Authorization", "DPoP " + got.Access, "DPoP", thief.proof("GET", h.base+path, got.Access, now())},
		"with a proof of another method":    {"Authorization", "DPoP " + got.Access, "DPoP", owner.proof("PUT", h.base+path, got.Access, now())},
		"with a proof of another place":     {"Authorization", "DPoP " + got.Access, "DPoP", owner.proof("GET", h.base+"/Patient/ada", got.Access, now())},
		"with a proof of no token":          {"Authorization", "DPoP " + got.Access, "DPoP", owner.proof("GET", h.base+path, "", now())},
		"with a proof of the token request": {"Authorization", "DPoP " + got.Access, "DPoP", owner.proof("POST", h.origin+"/auth/token", "", now())},
		"with an old proof":                 {"Authorization", "DPoP " + got.Access, "DPoP", owner.proof("GET", h.base+path, got.Access, now().Add(-90*time.Second))},
		"with a proof of tomorrow":          {"Authorization", "DPoP " + got.Access, "DPoP", owner.proof("GET", h.base+path, got.Access, now().Add(24*time.Hour))},
		"with two proofs":                   {"Authorization", "DPoP " + got.Access, "DPoP", own(), "DPoP", own()},
		"with two tokens":                   {"Authorization", "DPoP " + got.Access, "Authorization", "Bearer " + got.Access, "DPoP", own()},
		"behind a made-up proxy":            {"Authorization", "DPoP " + got.Access, "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example", "DPoP", owner.proof("GET", forwarded+path, got.Access, now())},
		"with a proof of 9 KB":              {"Authorization", "DPoP " + got.Access, "DPoP", own() + strings.Repeat("A", 9<<10)},
		"in the URL of a form":              {"Authorization", "", "DPoP", own()},
	} {
		assert.Equal(t, http.StatusUnauthorized, get(header...), name)
	}
	// What stands beside /fhir has addresses of its own, and takes the proof for them.
	launch := url.Values{"client_id": {consoleClient}, "patient": {"ada"}}
	status, _ := h.post("/auth/launch", launch, "Authorization", "DPoP "+got.Access, "DPoP", owner.proof("POST", h.origin+"/auth/launch", got.Access, now()))
	assert.Equal(t, http.StatusCreated, status, "a launch by a bound token")
	for name, header := range map[string][]string{
		"as a bearer token":         {"Authorization", "Bearer " + got.Access},
		"with the thief's proof":    {"Authorization", "DPoP " + got.Access, "DPoP", thief.proof("POST", h.origin+"/auth/launch", got.Access, now())},
		"with a proof of elsewhere": {"Authorization", "DPoP " + got.Access, "DPoP", owner.proof("POST", h.base+"/auth/launch", got.Access, now())},
	} {
		status, _ := h.post("/auth/launch", launch, header...)
		assert.Equal(t, http.StatusUnauthorized, status, "a launch %s", name)
	}
	// The refresh token is bound too: a public client has nothing else.
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {"lps"}, "refresh_token": {got.Refresh}}
	_, out := h.post("/auth/token", form)
	assert.Equal(t, "invalid_dpop_proof", out.Error)
	_, out = h.post("/auth/token", form, "DPoP", thief.proof("POST", h.origin+"/auth/token", "", now()))
	assert.Equal(t, "invalid_grant", out.Error)
	_, out = h.post("/auth/token", form, "DPoP", owner.proof("POST", h.origin+"/auth/token", "", now()))
	assert.Equal(t, "DPoP", out.Type, out.Reason)
}

// TestAssertionsOverHTTP forges a backend service's assertion in ways that a library would not make. Nothing is fetched that an assertion names.
func TestAssertionsOverHTTP(t *testing.T) {
	var fetched atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { fetched.Add(1) }))
	defer elsewhere.Close()
	own, foreign := newSigner(t), newSigner(t)
	registry := filepath.Join(t.TempDir(), "clients.json")
	require.NoError(t, os.WriteFile(registry, []byte(`{"clients":[{"client_id":"lab","client_name":"Laboratoire","grant_types":["client_credentials"],"token_endpoint_auth_method":"private_key_jwt",
"jwks":{"keys":[`+own.jwk(`,"kid":"k1"`)+`]},"scope":"system/Patient.rs","attributes":{"dmp":{"kind":"operator"}}}]}`), 0o600))
	s := startSecured(t, securityOptions{clients: registry})
	h := &hostile{securedServer: s, origin: strings.TrimSuffix(s.base, "/fhir")}
	const head = `{"alg":"ES256","kid":"k1","typ":"JWT"}`
	claims := func(more string) string {
		return fmt.Sprintf(`{"iss":"lab","sub":"lab","aud":%q,"exp":%d,"jti":%q%s}`, h.origin+"/auth/token", time.Now().Add(time.Minute).Unix(), secret(), more)
	}
	use := func(assertion string) tokens {
		_, out := h.post("/auth/token", url.Values{
			"grant_type": {"client_credentials"}, "scope": {"system/Patient.rs"}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion},
		})
		return out
	}
	require.NotEmpty(t, use(own.sign(head, claims(""))).Access)
	hs := func(head string, key []byte) string {
		signed := b64([]byte(head)) + "." + b64([]byte(claims("")))
		m := hmac.New(sha256.New, key)
		m.Write([]byte(signed))
		return signed + "." + b64(m.Sum(nil))
	}
	whole := own.sign(head, claims(""))
	cut := strings.LastIndexByte(whole, '.')
	point, err := own.key.PublicKey.Bytes()
	require.NoError(t, err)
	for name, assertion := range map[string]string{
		"a subject twice":              own.sign(head, claims(`,"sub":"other"`)),
		"an issuer twice":              own.sign(head, claims(`,"iss":"other"`)),
		"an expiry twice":              own.sign(head, claims(`,"exp":9999999999`)),
		"names in capitals":            own.sign(head, strings.ReplaceAll(claims(""), `"exp"`, `"EXP"`)),
		"an algorithm twice":           own.sign(`{"alg":"none","alg":"ES256","kid":"k1"}`, claims("")),
		"a key twice":                  own.sign(`{"alg":"ES256","kid":"x","kid":"k1"}`, claims("")),
		"ES384 over P-256":             own.sign(`{"alg":"ES384","kid":"k1"}`, claims("")),
		"PS256":                        own.sign(`{"alg":"PS256","kid":"k1"}`, claims("")),
		"none":                         b64([]byte(`{"alg":"none","kid":"k1"}`)) + "." + b64([]byte(claims(""))) + ".",
		"none in other letters":        b64([]byte(`{"alg":"nOnE","kid":"k1"}`)) + "." + b64([]byte(claims(""))) + ".",
		"HS256 by the point":           hs(`{"alg":"HS256","kid":"k1"}`, point),
		"HS256 by the JWK":             hs(`{"alg":"HS256","kid":"k1"}`, []byte(own.jwk(`,"kid":"k1"`))),
		"HS256 said to be ES256":       hs(head, point),
		"a key that it brings":         foreign.sign(`{"alg":"ES256","kid":"k1","jwk":`+foreign.jwk("")+`}`, claims("")),
		"keys at an address":           foreign.sign(`{"alg":"ES256","kid":"k1","jku":"`+elsewhere.URL+`"}`, claims("")),
		"a certificate at an address":  foreign.sign(`{"alg":"ES256","kid":"k1","x5u":"`+elsewhere.URL+`"}`, claims("")),
		"a certificate that it brings": foreign.sign(`{"alg":"ES256","kid":"k1","x5c":["MIIB"]}`, claims("")),
		"a kid that is a path":         own.sign(`{"alg":"ES256","kid":"../../k1"}`, claims("")),
		"a kid that is an address":     own.sign(`{"alg":"ES256","kid":"`+elsewhere.URL+`"}`, claims("")),
		"a kid with a null":            own.sign(`{"alg":"ES256","kid":"k1\u0000"}`, claims("")),
		"a payload that is not coded":  own.sign(`{"alg":"ES256","kid":"k1","b64":false}`, claims(`,"x":`)),
		"an empty crit":                own.sign(`{"alg":"ES256","kid":"k1","crit":[]}`, claims("")),
		"an unknown crit":              own.sign(`{"alg":"ES256","kid":"k1","crit":["x"]}`, claims("")),
		"no signature":                 whole[:cut+1],
		"a longer signature":           whole + "AAAA",
		"another spelling of base64":   whole + "=",
		"a DER signature of zeros":     whole[:cut+1] + b64(make([]byte, 64)),
		"an expiry in words":           own.sign(head, strings.Replace(claims(""), `"exp":`, `"exp":"1","x":`, 1)),
		"an endless expiry":            own.sign(head, strings.Replace(claims(""), `"exp":`, `"exp":1e300,"x":`, 1)),
		"an audience in a list of two": own.sign(head, strings.Replace(claims(""), `"aud":`, `"aud":["`+h.origin+`/auth/token","https://other.example"],"x":`, 1)),
		"an audience in another host":  own.sign(head, strings.Replace(claims(""), `"aud":`, `"aud":"https://other.example/auth/token","x":`, 1)),
		"an audience with a path more": own.sign(head, strings.Replace(claims(""), `"aud":`, `"aud":"`+h.origin+`/auth/token/x","x":`, 1)),
		"an audience of a proxy":       own.sign(head, strings.Replace(claims(""), `"aud":`, `"aud":"http://localhost/auth/token","x":`, 1)),
		"an identifier of 1 KB":        own.sign(head, strings.Replace(claims(""), `"jti":`, `"jti":"`+strings.Repeat("j", 1024)+`","x":`, 1)),
		"an access token":              use(own.sign(head, claims(""))).Access,
		"text behind the claims":       own.sign(head, claims("")+`{"sub":"lab"}`),
		"claims that are a list":       own.sign(head, `["lab"]`),
		"what is no UTF-8":             own.sign(head, claims(",\"x\":\"\xff\"")),
	} {
		got := use(assertion)
		assert.Empty(t, got.Access, name)
		assert.Contains(t, []string{"invalid_client", "invalid_request"}, got.Error, name)
	}
	assert.Zero(t, fetched.Load(), "an address that an assertion names was opened")
}
