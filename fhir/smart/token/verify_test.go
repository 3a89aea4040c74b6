package token

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jwt"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

func TestMintAndVerify(t *testing.T) {
	for _, algorithm := range []string{"ES256", "RS256"} {
		r := newRig(t, func(r *rig) { r.keysOptions.Algorithm = algorithm })
		a := r.app()
		a.AuthTime = r.clock().Add(-time.Minute)
		a.Extra = map[string]any{"extensions": map[string]any{"ihe_iua": map[string]any{"purpose_of_use": "TREAT"}}, "https://example.test/actor": "x"}
		text, minted := r.mint(a)
		s, err := r.verifier.Token(ctx, text)
		require.NoError(t, err)
		require.Equal(t, minted, s)
		require.Equal(t, "patient/*.rs launch/patient openid", s.Scopes.String())
		require.Equal(t, []string{"grant-1", "app", "user-1", "Practitioner/p", "a"}, []string{s.Grant, s.Client, s.Subject, s.FHIRUser, s.Patient})
		require.Equal(t, 5*time.Minute, s.Expires.Sub(s.Issued))
		require.JSONEq(t, `{"ihe_iua":{"purpose_of_use":"TREAT"}}`, string(s.Claims["extensions"]))
		require.Len(t, s.Claims, 3, "extensions, the actor and auth_time")

		// Another implementation reads and verifies the same token by the JWKS.
		set, err := jwk.Parse(r.keys.JWKS())
		require.NoError(t, err)
		theirs, err := jwt.Parse([]byte(text), jwt.WithKeySet(set), jwt.WithIssuer(testIssuer), jwt.WithAudience(testBase), jwt.WithClock(jwt.ClockFunc(r.clock)))
		require.NoError(t, err)
		require.Equal(t, "user-1", theirs.Subject())
		require.Equal(t, s.ID, theirs.JwtID())
		for i := range set.Len() {
			each, _ := set.Key(i)
			private, err := jwk.IsPrivateKey(each)
			require.NoError(t, err)
			require.False(t, private, "the JWKS has public keys only")
		}
	}
}

func TestMinterRefuses(t *testing.T) {
	r := newRig(t)
	for name, change := range map[string]func(*Access){
		"no client":               func(a *Access) { a.Client = "" },
		"too long a life":         func(a *Access) { a.Lifetime = 2 * time.Hour },
		"patient scopes, no one":  func(a *Access) { a.Patient = "" },
		"a claim of the server's": func(a *Access) { a.Extra = map[string]any{"sub": "other"} },
		"the scope again":         func(a *Access) { a.Extra = map[string]any{"scope": "system/*.cruds"} },
		"auth_time":               func(a *Access) { a.Extra = map[string]any{"auth_time": 1} },
		"too large":               func(a *Access) { a.Extra = map[string]any{"x": strings.Repeat("x", MaxToken)} },
		"no JSON":                 func(a *Access) { a.Extra = map[string]any{"x": func() {}} },
	} {
		a := r.app()
		change(&a)
		_, _, err := r.minter.Access(ctx, a)
		require.Error(t, err, name)
	}
	for _, typ := range []string{"", "at+jwt", "application/AT+JWT", "JWT"} {
		_, err := r.minter.Sign(ctx, typ, nil)
		require.Error(t, err, "Sign makes no access token")
	}
	_, err := r.minter.ID(ctx, Identity{Client: "app", Subject: "u", Extra: map[string]any{"nonce": "x"}})
	require.Error(t, err)
}

func TestIDToken(t *testing.T) {
	r := newRig(t)
	text, err := r.minter.ID(ctx, Identity{Client: "app", Subject: "u", FHIRUser: "Practitioner/p", Nonce: "n", ACR: "eidas2", AMR: []string{"pwd"}, AccessToken: "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", AuthTime: r.clock()})
	require.NoError(t, err)
	set, err := jwk.Parse(r.keys.JWKS())
	require.NoError(t, err)
	id, err := jwt.Parse([]byte(text), jwt.WithKeySet(set), jwt.WithIssuer(testIssuer), jwt.WithAudience("app"), jwt.WithClock(jwt.ClockFunc(r.clock)))
	require.NoError(t, err)
	hash, _ := id.Get("at_hash")
	require.Equal(t, "77QmUPtjPfzWtF2AnpK9RQ", hash, "the example of OpenID Connect Core, A.3")
	user, _ := id.Get("fhirUser")
	require.Equal(t, testBase+"/Practitioner/p", user)
	refused(t, r.try(text), 401, fault.Unknown) // an id token is no access token
}

// Every way to bring a token that the server did not make for this request is refused, fresh and cached alike.
func TestVerifierRefuses(t *testing.T) {
	r := newRig(t)
	own := signer(r.keys.ring.Load().keys, r.clock())
	foreign, err := newKey(jwa.ES256, r.clock(), r.clock())
	require.NoError(t, err)
	claims := func(edit ...func(map[string]any)) map[string]any {
		now := r.clock().Unix()
		c := map[string]any{"iss": testIssuer, "aud": testBase, "sub": "u", "client_id": "app", "scope": "user/*.rs", "jti": "x", "iat": now, "exp": now + 60}
		for _, e := range edit {
			e(c)
		}
		return c
	}
	set := func(name string, value any) func(map[string]any) {
		return func(c map[string]any) { c[name] = value }
	}
	without := func(name string) func(map[string]any) { return func(c map[string]any) { delete(c, name) } }
	head := func(edit ...func(map[string]any)) map[string]any {
		h := map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": own.id}
		for _, e := range edit {
			e(h)
		}
		return h
	}
	now := r.clock().Unix()
	good := forge(t, own, head(), claims())
	require.NoError(t, r.try(good))
	require.NoError(t, r.try(forge(t, own, head(set("typ", "application/at+JWT")), claims(set("aud", []string{"https://other.test", testBase}), set("iat", float64(now)+0.25), set("nbf", now+4)))))

	for name, token := range map[string]string{
		"unknown kid":           forge(t, own, head(set("kid", "other")), claims()),
		"no kid":                forge(t, own, head(without("kid")), claims()),
		"foreign key":           forge(t, foreign, head(), claims()),
		"alg of another key":    forge(t, own, head(set("alg", "RS256")), claims()),
		"no alg":                forge(t, own, head(without("alg")), claims()),
		"id token":              forge(t, own, head(set("typ", "JWT")), claims()),
		"no typ":                forge(t, own, head(without("typ")), claims()),
		"proof":                 forge(t, own, head(set("typ", "dpop+jwt")), claims()),
		"crit":                  forge(t, own, head(set("crit", []string{"exp"})), claims()),
		"not yet valid":         forge(t, own, head(), claims(set("nbf", now+10))),
		"issued in the future":  forge(t, own, head(), claims(set("iat", now+10))),
		"wrong issuer":          forge(t, own, head(), claims(set("iss", "https://evil.test"))),
		"no issuer":             forge(t, own, head(), claims(without("iss"))),
		"wrong audience":        forge(t, own, head(), claims(set("aud", "https://other.test/fhir"))),
		"audience as prefix":    forge(t, own, head(), claims(set("aud", testBase+"/Patient"))),
		"no audience":           forge(t, own, head(), claims(without("aud"))),
		"no exp":                forge(t, own, head(), claims(without("exp"))),
		"exp as text":           forge(t, own, head(), claims(set("exp", "never"))),
		"exp beyond time":       forge(t, own, head(), claims(set("exp", 1e300))),
		"no iat":                forge(t, own, head(), claims(without("iat"))),
		"no jti":                forge(t, own, head(), claims(without("jti"))),
		"no client":             forge(t, own, head(), claims(without("client_id"))),
		"sub not text":          forge(t, own, head(), claims(set("sub", 7))),
		"scope broken":          forge(t, own, head(), claims(set("scope", "a\tb"))),
		"unknown binding":       forge(t, own, head(), claims(set("cnf", map[string]any{"jwe": "x"}))),
		"too large":             forge(t, own, head(), claims(set("x", strings.Repeat("x", MaxToken)))),
		"empty":                 "",
		"dots":                  "..",
		"four parts":            good + ".x",
		"no signature":          good[:strings.LastIndexByte(good, '.')+1],
		"padding":               good + "=",
		"JSON serialization":    `{"payload":"x"}`,
		"not base64":            "é.é.é",
		"duplicate claim":       duplicated(t, own),
		"alg none":              none(t, head(), claims()),
		"HS256 over public PEM": confused(t, own, head(), claims()),
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, r.try(token), 401, fault.Unknown)
			refused(t, r.try(token), 401, fault.Unknown) // a refusal leaves nothing in the cache
		})
	}
	refused(t, r.try(forge(t, own, head(), claims(set("exp", now-5)))), 401, fault.Expired)
	require.NoError(t, r.try(forge(t, own, head(), claims(set("exp", now-4)))), "within the leeway")

	// One character of a good token changed anywhere is no token.
	rapid.Check(t, func(rt *rapid.T) {
		at := rapid.IntRange(0, len(good)-1).Draw(rt, "at")
		c := rapid.SampledFrom([]byte("ABCxyz019-_.")).Draw(rt, "c")
		if good[at] != c {
			require.Error(rt, r.try(good[:at]+string(c)+good[at+1:]))
		}
	})
}

func none(t testing.TB, head, claims map[string]any) string {
	t.Helper()
	head["alg"] = "none"
	k, err := newKey(jwa.ES256, time.Now(), time.Now())
	require.NoError(t, err)
	text := forge(t, k, head, claims)
	return text[:strings.LastIndexByte(text, '.')+1]
}

// confused signs with HMAC, the secret being the public key as a naive verifier would hold it.
func confused(t testing.TB, own *key, head, claims map[string]any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(own.private.Public())
	require.NoError(t, err)
	head["alg"] = "HS256"
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	k, err := jwk.FromRaw(secret)
	require.NoError(t, err)
	tok := jwt.New()
	for name, value := range claims {
		require.NoError(t, tok.Set(name, value))
	}
	require.NoError(t, k.Set(jwk.KeyIDKey, own.id))
	signed, err := jwt.Sign(tok, jwt.WithKey(jwa.HS256, k))
	require.NoError(t, err)
	return string(signed)
}

// duplicated has sub twice: parsers that take the first and the last would disagree about who it is.
func duplicated(t testing.TB, own *key) string {
	t.Helper()
	payload := fmt.Sprintf(`{"iss":%q,"aud":%q,"sub":"u","sub":"root","client_id":"app","jti":"x","iat":1772438400,"exp":1972438460}`, testIssuer, testBase)
	text, err := sign(own, accessType, []byte(payload))
	require.NoError(t, err)
	return text
}

func TestExpiryOfCachedTokens(t *testing.T) {
	r := newRig(t)
	text := r.minted(r.app())
	require.NoError(t, r.try(text))
	r.pass(5*time.Minute + 4*time.Second)
	require.NoError(t, r.try(text))
	r.pass(time.Second)
	refused(t, r.try(text), 401, fault.Expired)
}

func TestDecodeOnce(t *testing.T) {
	calls := 0
	r := newRig(t, func(r *rig) {
		r.decode = func(s *Session) (any, error) {
			calls++
			switch s.Client {
			case "unreadable":
				return nil, errors.New("no actor")
			case "suspended":
				return nil, &fault.Fault{Status: 403, Issues: []fault.Issue{{Severity: fault.Error, Code: fault.Forbidden}}}
			}
			return "actor of " + s.Subject, nil
		}
	})
	text := r.minted(r.app())
	for range 3 {
		s, err := r.verifier.Token(ctx, text)
		require.NoError(t, err)
		require.Equal(t, "actor of user-1", s.Actor)
	}
	require.Equal(t, 1, calls)
	a := r.app()
	a.Client = "unreadable"
	refused(t, r.try(r.minted(a)), 401, fault.Unknown)
	a.Client = "suspended"
	require.Equal(t, 403, fault.From(r.try(r.minted(a))).Status)
}

func TestRevocation(t *testing.T) {
	r := newRig(t)
	first, s := r.mint(r.app())
	second, third := r.minted(r.app()), r.minted(Access{Grant: "grant-2", Client: "app", Scopes: scopes(t, "user/*.rs")})
	for _, text := range []string{first, second, third} {
		require.NoError(t, r.try(text), "and cached now")
	}
	require.NoError(t, r.revocations.Token(ctx, s.ID, s.Expires))
	refused(t, r.try(first), 401, fault.Unknown)
	require.NoError(t, r.try(second))
	require.NoError(t, r.revocations.Grant(ctx, "grant-1"))
	require.NoError(t, r.revocations.Grant(ctx, "grant-1"), "to revoke twice is no error")
	refused(t, r.try(second), 401, fault.Unknown)
	require.NoError(t, r.try(third))
	r.restart()
	refused(t, r.try(first), 401, fault.Unknown)
	refused(t, r.try(second), 401, fault.Unknown)
	require.NoError(t, r.try(third))
	require.Error(t, r.revocations.Grant(ctx, ""))
	r.pass(2 * time.Hour)
	require.False(t, r.revocations.Revoked(s), "forgotten when no token can be left")
	require.Empty(t, r.revocations.ledger.marks)
}

func TestCacheIsBounded(t *testing.T) {
	r := newRig(t)
	r.verifier.cache = newCache(32)
	a := r.app()
	hot := r.minted(a)
	for range 300 {
		require.NoError(t, r.try(r.minted(a)))
		require.NoError(t, r.try(hot))
	}
	n := 0
	for i := range r.verifier.cache.shards {
		n += len(r.verifier.cache.shards[i].entries)
		require.LessOrEqual(t, len(r.verifier.cache.shards[i].ring), 2)
	}
	require.LessOrEqual(t, n, 32)
	sum := sum256(hot)
	require.NotNil(t, r.verifier.cache.get(&sum), "what is used stays")
}

func TestCertificateBinding(t *testing.T) {
	r := newRig(t)
	ours, theirs := []byte("certificate one, as DER"), []byte("certificate two")
	var shown []byte
	r.verifier.o.Certificate = func(*http.Request) []byte { return shown }
	a := r.app()
	a.Binding.Certificate = CertificateThumbprint(ours)
	text := r.minted(a)
	send := func() error {
		_, err := r.verifier.Request(request("GET", "/fhir/Patient/a", "Authorization: Bearer "+text))
		return err
	}
	refused(t, send(), 401, fault.Unknown)
	shown = theirs
	refused(t, send(), 401, fault.Unknown)
	shown = ours
	require.NoError(t, send())
	require.Empty(t, CertificateThumbprint(nil), "no certificate has no thumbprint that a token could name")
}
