package token

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// The example of RFC 9449, sections 4.1 and 6.1: a proof of 2019-07-04 and its key's thumbprint.
const (
	exampleTime       = 1562262616
	exampleThumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
	exampleProof      = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19" +
		".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ" +
		".2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
)

func TestDPoPExample(t *testing.T) {
	r := newRig(t, func(r *rig) { r.now.Store(time.Unix(exampleTime, 0).UnixNano()) })
	jkt, err := r.proofs.Check(ctx, request("POST", "/token", "DPoP: "+exampleProof), "https://server.example.com/token", "")
	require.NoError(t, err)
	require.Equal(t, exampleThumbprint, jkt)
}

func TestDPoP(t *testing.T) {
	r := newRig(t)
	d, other := newDevice(t), newDevice(t)
	a := r.app()
	a.Binding.JKT = d.jkt
	text, plain := r.minted(a), r.minted(r.app())
	const url = testBase + "/Patient/a"
	send := func(headers ...string) error {
		_, err := r.verifier.Request(request("GET", "/fhir/Patient/a?_format=json", headers...))
		return err
	}
	auth := "Authorization: DPoP " + text
	good := "DPoP: " + d.proof(t, r, "GET", url, text)
	require.NoError(t, send(auth, good))
	refused(t, send(auth, good), 401, fault.Unknown) // replay
	require.NoError(t, send("Authorization: dpop "+text, "DPoP: "+d.proof(t, r, "GET", url, text)))
	for _, same := range []string{"HTTPS://CARNET.test:443/fhir/Patient/a", url + "?_format=json", url + "#x", url + "/", testBase + "/%50atient/a"} {
		require.NoError(t, send(auth, "DPoP: "+d.proof(t, r, "GET", same, text)), same)
	}

	edit := func(where, name string, value any) func(head, claims map[string]any) {
		return func(head, claims map[string]any) {
			m := claims
			if where == "head" {
				m = head
			}
			if m[name] = value; value == nil {
				delete(m, name)
			}
		}
	}
	now := r.clock().Unix()
	private, err := jwk.FromRaw(d.private)
	require.NoError(t, err)
	public, err := jwk.FromRaw(other.private.Public())
	require.NoError(t, err)
	secret, err := jwk.FromRaw([]byte("a shared secret of sixteen bytes"))
	require.NoError(t, err)
	offCurve, err := jwk.FromRaw(d.private.Public())
	require.NoError(t, err)
	require.NoError(t, offCurve.Set(jwk.ECDSAXKey, new(big.Int).SetInt64(5).FillBytes(make([]byte, 32))))
	for name, proof := range map[string]string{
		"another key":        other.proof(t, r, "GET", url, text),
		"another method":     d.proof(t, r, "POST", url, text),
		"lower case method":  d.proof(t, r, "get", url, text),
		"another path":       d.proof(t, r, "GET", testBase+"/Patient/b", text),
		"another host":       d.proof(t, r, "GET", "https://evil.test/fhir/Patient/a", text),
		"another port":       d.proof(t, r, "GET", "https://carnet.test:8443/fhir/Patient/a", text),
		"http":               d.proof(t, r, "GET", "http://carnet.test/fhir/Patient/a", text),
		"user in the URL":    d.proof(t, r, "GET", "https://x@carnet.test/fhir/Patient/a", text),
		"no URL":             d.proof(t, r, "GET", "%zz", text),
		"another token":      d.proof(t, r, "GET", url, plain),
		"no ath":             d.proof(t, r, "GET", url, ""),
		"old":                d.proof(t, r, "GET", url, text, edit("", "iat", now-61)),
		"of the future":      d.proof(t, r, "GET", url, text, edit("", "iat", now+6)),
		"no iat":             d.proof(t, r, "GET", url, text, edit("", "iat", nil)),
		"no jti":             d.proof(t, r, "GET", url, text, edit("", "jti", nil)),
		"endless jti":        d.proof(t, r, "GET", url, text, edit("", "jti", strings.Repeat("x", 257))),
		"no htm":             d.proof(t, r, "GET", url, text, edit("", "htm", nil)),
		"no htu":             d.proof(t, r, "GET", url, text, edit("", "htu", nil)),
		"typ JWT":            d.proof(t, r, "GET", url, text, edit("head", "typ", "JWT")),
		"no typ":             d.proof(t, r, "GET", url, text, edit("head", "typ", nil)),
		"alg none":           d.proof(t, r, "GET", url, text, edit("head", "alg", "none")),
		"alg HS256":          d.proof(t, r, "GET", url, text, edit("head", "alg", "HS256")),
		"alg ES384":          d.proof(t, r, "GET", url, text, edit("head", "alg", "ES384")),
		"no jwk":             d.proof(t, r, "GET", url, text, edit("head", "jwk", nil)),
		"jwk of another":     d.proof(t, r, "GET", url, text, edit("head", "jwk", public)),
		"private jwk":        d.proof(t, r, "GET", url, text, edit("head", "jwk", private)),
		"symmetric jwk":      d.proof(t, r, "GET", url, text, edit("head", "jwk", secret)),
		"jwk off the curve":  d.proof(t, r, "GET", url, text, edit("head", "jwk", offCurve)),
		"jwk that is none":   d.proof(t, r, "GET", url, text, edit("head", "jwk", "x")),
		"crit":               d.proof(t, r, "GET", url, text, edit("head", "crit", []string{"b64"})),
		"too long":           d.proof(t, r, "GET", url, text, edit("", "x", strings.Repeat("x", MaxProof))),
		"not a JWT":          "x",
		"empty":              "",
		"the token itself":   text,
		"two in one header":  d.proof(t, r, "GET", url, text) + ", " + d.proof(t, r, "GET", url, text),
		"signature cut away": cut(d.proof(t, r, "GET", url, text)),
	} {
		t.Run(name, func(t *testing.T) {
			f := refused(t, send(auth, "DPoP: "+proof), 401, fault.Unknown)
			require.ErrorIs(t, f, ErrProof)
			require.Contains(t, f.Header["Www-Authenticate"][1], `DPoP realm="fhir", error="invalid_dpop_proof", algs="ES256`)
		})
	}
	refused(t, send(auth), 401, fault.Unknown)
	refused(t, send(auth, "DPoP: "+d.proof(t, r, "GET", url, text), "DPoP: "+d.proof(t, r, "GET", url, text)), 401, fault.Unknown)
	// Neither is a bound token a bearer token, nor a bearer token one for DPoP.
	refused(t, send("Authorization: Bearer "+text, "DPoP: "+d.proof(t, r, "GET", url, text)), 401, fault.Unknown)
	refused(t, send("Authorization: Bearer "+text), 401, fault.Unknown)
	refused(t, send("Authorization: DPoP "+plain, "DPoP: "+d.proof(t, r, "GET", url, plain)), 401, fault.Unknown)
}

func cut(text string) string { return text[:strings.LastIndexByte(text, '.')+1] }

// A proof cannot be used again as long as it is young enough, nor after a restart that forgot it.
func TestDPoPReplayWindow(t *testing.T) {
	r := newRig(t)
	d := newDevice(t)
	const url = testIssuer + "/token"
	check := func(proof string) error {
		jkt, err := r.proofs.Check(ctx, request("POST", "/token", "DPoP: "+proof), url, "")
		if err == nil {
			require.Equal(t, d.jkt, jkt)
		}
		return err
	}
	late := d.proof(t, r, "POST", url, "", func(_, c map[string]any) { c["iat"] = r.clock().Add(5 * time.Second).Unix() })
	require.NoError(t, check(late))
	for range 65 {
		require.ErrorIs(t, check(late), ErrProof)
		r.pass(time.Second)
	}
	again := d.proof(t, r, "POST", url, "")
	require.NoError(t, check(again))
	r.pass(300 * time.Millisecond)
	r.restart()
	require.ErrorIs(t, check(again), ErrProof, "made before the server started")
	r.pass(time.Second)
	require.NoError(t, check(d.proof(t, r, "POST", url, "")))
	jkt, err := r.proofs.Check(ctx, request("POST", "/token"), url, "")
	require.NoError(t, err)
	require.Empty(t, jkt)
}

// All algorithms that the server names work, with keys of other makes, and too weak or too costly keys do not.
func TestDPoPAlgorithms(t *testing.T) {
	r := newRig(t)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	require.NoError(t, err)
	rsa2048, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	for _, c := range []struct {
		algorithm jwa.SignatureAlgorithm
		key       any
		public    any
		good      bool
	}{
		{jwa.ES256, p256, p256.Public(), true}, {jwa.ES384, p384, p384.Public(), true}, {jwa.EdDSA, edwards, edwards.Public(), true},
		{jwa.RS256, rsa2048, rsa2048.Public(), true}, {jwa.PS256, rsa2048, rsa2048.Public(), true}, {jwa.RS512, rsa2048, rsa2048.Public(), false}, {jwa.ES512, p521, p521.Public(), false},
		{jwa.RS256, nil, &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}, false},
		{jwa.RS256, nil, &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 8191), E: 65537}, false},
	} {
		public, err := jwk.FromRaw(c.public)
		require.NoError(t, err)
		head := map[string]any{"alg": c.algorithm, "typ": "dpop+jwt", "jwk": public}
		claims := map[string]any{"jti": string(c.algorithm), "htm": "POST", "htu": testIssuer + "/token", "iat": r.clock().Unix()}
		proof := signedBy(t, c.algorithm, c.key, head, claims)
		_, err = r.proofs.Check(ctx, request("POST", "/token", "DPoP: "+proof), testIssuer+"/token", "")
		require.Equal(t, c.good, err == nil, "%s: %v", c.algorithm, err)
		require.Equal(t, c.good, bytes.Contains([]byte(r.proofs.algorithms), []byte(c.algorithm)) && c.key != nil)
	}
}

// Those who have no token cannot fill the memory of those who have one.
func TestDPoPMemoryIsBounded(t *testing.T) {
	r := newRig(t)
	r.replays.o.Size = 3
	d := newDevice(t)
	a := r.app()
	a.Binding.JKT = d.jkt
	text := r.minted(a)
	for i := range 5 {
		_, err := r.proofs.Check(ctx, request("POST", "/token", "DPoP: "+d.proof(t, r, "POST", testIssuer+"/token", "")), testIssuer+"/token", "")
		require.Equal(t, i >= 3, errors.Is(err, ErrFull))
	}
	for i := range 5 {
		_, err := r.verifier.Request(request("GET", "/fhir/Patient", "Authorization: DPoP "+text, "DPoP: "+d.proof(t, r, "GET", testBase+"/Patient", text)))
		if i < 3 {
			require.NoError(t, err)
			continue
		}
		require.Equal(t, http.StatusServiceUnavailable, fault.From(err).Status)
	}
	r.pass(3 * time.Minute)
	_, err := r.verifier.Request(request("GET", "/fhir/Patient", "Authorization: DPoP "+text, "DPoP: "+d.proof(t, r, "GET", testBase+"/Patient", text)))
	require.NoError(t, err)
}

func FuzzProof(f *testing.F) {
	r := newRig(f, func(r *rig) { r.now.Store(time.Unix(exampleTime, 0).UnixNano()) })
	f.Add(exampleProof)
	f.Add(`e30.e30.AA`)
	f.Add(base64url.EncodeToString([]byte(`{"alg":"ES256","typ":"dpop+jwt","jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}`)) + ".e30.AA")
	f.Add(base64url.EncodeToString([]byte(`{"alg":"RS256","typ":"dpop+jwt","jwk":{"kty":"RSA","n":"AQ","e":"AAAA"}}`)) + ".e30.AA")
	used := false
	f.Fuzz(func(t *testing.T, proof string) {
		jkt, err := r.proofs.Check(ctx, &http.Request{Method: "POST", Header: http.Header{"Dpop": {proof}}}, "https://server.example.com/token", "")
		if err != nil {
			require.ErrorIs(t, err, ErrProof)
			require.Empty(t, jkt)
			return
		}
		require.Equal(t, exampleThumbprint, jkt, "nobody else's key signed anything here")
		require.False(t, used, "and once only")
		used = true
	})
}

func signedBy(t testing.TB, algorithm jwa.SignatureAlgorithm, private any, head, claims map[string]any) string {
	t.Helper()
	h, err := json.Marshal(head)
	require.NoError(t, err)
	c, err := json.Marshal(claims)
	require.NoError(t, err)
	signed := base64url.EncodeToString(h) + "." + base64url.EncodeToString(c)
	if private == nil {
		return signed + ".AAAA"
	}
	sig, err := signPayload(algorithm, private, signed)
	require.NoError(t, err)
	return signed + "." + base64url.EncodeToString(sig)
}
