package smart

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
	"github.com/stretchr/testify/require"
)

// assertion makes a client's assertion. The words change what is right by default: client, iss, sub, aud, exp and iat (from now), jti, key (ec384, ec256, rsa), alg, kid, typ, jku, and "extensions" of IUA.
func (c *conversation) assertion(words []string) string {
	w := wordsOf(words)
	or := func(name, value string) string {
		if v, ok := w[name]; ok {
			return v
		}
		return value
	}
	now := c.world.Now()
	kid := or("key", "ec384")
	claims := map[string]any{"iss": or("iss", or("client", "backend")), "sub": or("sub", or("client", "backend")), "aud": or("aud", "http://test/auth/token"), "jti": or("jti", random(8))}
	for _, name := range []string{"exp", "iat", "nbf"} {
		if in := or(name, map[string]string{"exp": "2m"}[name]); in != "" && in != "none" {
			d, err := time.ParseDuration(in)
			require.NoError(c.t, err)
			claims[name] = now.Add(d).Unix()
		}
	}
	if w["both"] != "" {
		claims["aud"] = []string{"http://test/auth/token", w["both"]}
	}
	if w["jti"] == "none" {
		delete(claims, "jti")
	}
	if p := w["purpose"]; p != "" {
		claims["extensions"] = map[string]any{"ihe_iua": map[string]any{"purpose_of_use": map[string]any{"code": p}}}
	}
	return signed(c, kid, or("kid", kid), or("alg", signingAlgorithm(kid).String()), map[string]any{"typ": or("typ", "JWT"), "jku": w["jku"]}, claims)
}

// signed signs claims; alg "none" leaves the signature away, HS256 abuses the public key as a secret.
func signed(c *conversation, key, kid, alg string, header, claims map[string]any) string {
	body, err := json.Marshal(claims)
	require.NoError(c.t, err)
	h := jws.NewHeaders()
	for name, value := range header {
		if value != "" {
			require.NoError(c.t, h.Set(name, value))
		}
	}
	if kid != "none" {
		require.NoError(c.t, h.Set("kid", kid))
	}
	if alg == "none" {
		head, err := json.Marshal(map[string]string{"alg": "none", "typ": "JWT", "kid": kid})
		require.NoError(c.t, err)
		return encode(head) + "." + encode(body) + "."
	}
	var with any
	require.NoError(c.t, clientKeys()[key].Raw(&with)) // a jwk.Key would put its own kid into the header
	if alg == "HS256" {
		with = publicKeys()
	}
	out, err := jws.Sign(body, jws.WithKey(jwa.SignatureAlgorithm(alg), with, jws.WithProtectedHeaders(h)))
	require.NoError(c.t, err)
	return string(out)
}

// proofKeys are those of DPoP.
var proofKeys = sync.OnceValue(func() map[string]jwk.Key {
	out := map[string]jwk.Key{}
	for _, name := range []string{"one", "two"} {
		raw, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(err)
		out[name], err = jwk.FromRaw(raw)
		must(err)
	}
	return out
})

// proof makes a DPoP proof for the token endpoint, or for url=, with key=one or two. {jkt} is the key's thumbprint.
func (c *conversation) proof(words []string) string {
	w := wordsOf(words)
	key := proofKeys()[map[bool]string{true: "two", false: "one"}[w["key"] == "two"]]
	public, err := key.PublicKey()
	require.NoError(c.t, err)
	thumb, err := public.Thumbprint(crypto.SHA256)
	require.NoError(c.t, err)
	c.learn("jkt", encode(thumb))
	url, method := w["url"], w["method"]
	if url == "" {
		url = "http://test/auth/token"
	}
	if method == "" {
		method = "POST"
	}
	claims := map[string]any{"htm": method, "htu": url, "iat": c.world.Now().Unix(), "jti": random(12)}
	if strings.Contains(url, "launch") || strings.Contains(url, "introspect") {
		h := sha256.Sum256([]byte(c.known["access_token"]))
		claims["ath"] = encode(h[:])
	}
	body, err := json.Marshal(claims)
	require.NoError(c.t, err)
	h := jws.NewHeaders()
	require.NoError(c.t, h.Set("typ", "dpop+jwt"))
	require.NoError(c.t, h.Set("jwk", public))
	out, err := jws.Sign(body, jws.WithKey(jwa.ES256, key, jws.WithProtectedHeaders(h)))
	require.NoError(c.t, err)
	return string(out)
}
