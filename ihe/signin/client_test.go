package signin

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSomebodySignsIn(t *testing.T) {
	for kind, subject := range map[Kind]string{ProSanteConnect: "SubjectNameID", FranceConnect: "birthdate"} {
		o := newWorld(t, kind)
		attempt, answer := o.begin(t)
		claims, err := o.client.Finish(t.Context(), attempt, answer)
		require.NoError(t, err)
		assert.Equal(t, o.sandbox.o.Issuer, claims.Issuer)
		assert.Equal(t, "eidas2", claims.ACR)
		assert.Contains(t, claims.All, subject)
		assert.Equal(t, o.now.Unix(), claims.AuthTime.Unix())
		assert.Equal(t, "transaction", attempt.Transaction)
		_, err = o.client.Finish(t.Context(), attempt, answer)
		require.ErrorIs(t, err, ErrSignin, "a code is good once")
	}
}

// TestAnswersOfTheRedirectionAreJudged: what a browser can be made to bring.
func TestAnswersOfTheRedirectionAreJudged(t *testing.T) {
	for name, c := range map[string]struct {
		change func(o *world, a *Attempt, answer url.Values)
		err    error
		says   string
	}{
		"state of another attempt (CSRF)":  {func(_ *world, _ *Attempt, v url.Values) { v.Set("state", random()) }, ErrSignin, "state"},
		"no state":                         {func(_ *world, _ *Attempt, v url.Values) { v.Del("state") }, ErrSignin, "state"},
		"state twice":                      {func(_ *world, _ *Attempt, v url.Values) { v.Add("state", "x") }, ErrSignin, "twice"},
		"another issuer (mix-up)":          {func(_ *world, _ *Attempt, v url.Values) { v.Set("iss", "https://dmp.example/sandbox/fc") }, ErrSignin, "iss"},
		"no issuer though it is declared":  {func(_ *world, _ *Attempt, v url.Values) { v.Del("iss") }, ErrSignin, "iss is missing"},
		"an attempt at another provider":   {func(_ *world, a *Attempt, _ url.Values) { a.Provider = "fc" }, ErrSignin, "another provider"},
		"too late":                         {func(o *world, _ *Attempt, _ url.Values) { o.now = o.now.Add(11 * time.Minute) }, ErrDenied, "long"},
		"a code of nobody":                 {func(_ *world, _ *Attempt, v url.Values) { v.Set("code", "x") }, ErrSignin, "no token"},
		"no code":                          {func(_ *world, _ *Attempt, v url.Values) { v.Del("code") }, ErrSignin, "code"},
		"the person cancelled":             {func(_ *world, _ *Attempt, v url.Values) { v.Del("code"); v.Set("error", "access_denied") }, ErrDenied, ""},
		"another verifier (stolen code)":   {func(_ *world, a *Attempt, _ url.Values) { a.Verifier = strings.Repeat("v", 43) }, ErrSignin, "no token"},
		"the nonce of another attempt":     {func(_ *world, a *Attempt, _ url.Values) { a.Nonce = random() }, ErrSignin, "nonce"},
		"a userinfo as large as a library": {func(o *world, _ *Attempt, _ url.Values) { o.between = hugeUserinfo }, ErrSignin, "userinfo"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newWorld(t, ProSanteConnect)
			attempt, answer := o.begin(t)
			c.change(o, attempt, answer)
			_, err := o.client.Finish(t.Context(), attempt, answer)
			require.ErrorIs(t, err, c.err)
			assert.Contains(t, err.Error(), c.says)
		})
	}
}

func hugeUserinfo(w http.ResponseWriter, r *http.Request) bool {
	if !strings.HasSuffix(r.URL.Path, "/userinfo") {
		return false
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"sub":"` + strings.Repeat("x", maxAnswer) + `"}`))
	return true
}

// TestIDTokensAreJudged: what a provider, or who stands in its place, may send.
func TestIDTokensAreJudged(t *testing.T) {
	other := newWorld(t, FranceConnect)
	keep := func(map[string]any) {}
	for name, c := range map[string]struct {
		edit func(map[string]any)
		sign func(o *world) func(map[string]any) string
		says string
	}{
		"another issuer":           {func(m map[string]any) { m["iss"] = other.sandbox.o.Issuer }, nil, "another issuer"},
		"another audience":         {func(m map[string]any) { m["aud"] = "somebody" }, nil, "audience"},
		"made for another party":   {func(m map[string]any) { m["aud"], m["azp"] = []string{"carnet", "somebody"}, "somebody" }, nil, "another party"},
		"two audiences, no azp":    {func(m map[string]any) { m["aud"] = []string{"carnet", "somebody"} }, nil, "another party"},
		"expired":                  {func(m map[string]any) { m["exp"] = 1 }, nil, "expired"},
		"from the future":          {func(m map[string]any) { m["iat"] = 99999999999 }, nil, "future"},
		"another nonce":            {func(m map[string]any) { m["nonce"] = "x" }, nil, "nonce"},
		"no nonce":                 {func(m map[string]any) { delete(m, "nonce") }, nil, "nonce"},
		"no subject":               {func(m map[string]any) { delete(m, "sub") }, nil, "subject"},
		"a lower level":            {func(m map[string]any) { m["acr"] = "0" }, nil, "acr"},
		"no level":                 {func(m map[string]any) { delete(m, "acr") }, nil, "acr"},
		"another access token":     {func(m map[string]any) { m["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" }, nil, "access token"},
		"alg none":                 {keep, func(*world) func(map[string]any) string { return unsigned }, "not a JWT signed"},
		"signed with a secret":     {keep, func(*world) func(map[string]any) string { return symmetric }, "not a JWT signed"},
		"the other provider's key": {keep, func(*world) func(map[string]any) string { return signed(t, other.sandbox) }, "signature"},
		"not a JWT":                {keep, func(*world) func(map[string]any) string { return func(map[string]any) string { return "e.e" } }, "not a JWT"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newWorld(t, ProSanteConnect)
			attempt, answer := o.begin(t)
			sign := signed(t, o.sandbox)
			if c.sign != nil {
				sign = c.sign(o)
			}
			o.answerToken(attempt, c.edit, sign)
			_, err := o.client.Finish(t.Context(), attempt, answer)
			require.ErrorIs(t, err, ErrSignin)
			assert.Contains(t, err.Error(), c.says)
			assert.NotContains(t, err.Error(), "eyJ", "no token in an error")
		})
	}
	o := newWorld(t, ProSanteConnect)
	attempt, answer := o.begin(t)
	o.answerToken(attempt, keep, signed(t, o.sandbox))
	_, err := o.client.Finish(t.Context(), attempt, answer)
	require.NoError(t, err, "the same token unchanged is taken")
}

func signed(t *testing.T, s *Sandbox) func(map[string]any) string {
	return func(claims map[string]any) string {
		out, err := s.sign(claims)
		require.NoError(t, err)
		return out
	}
}

func unsigned(claims map[string]any) string {
	text, _ := json.Marshal(claims)
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + encode(text) + "."
}

func symmetric(claims map[string]any) string {
	text, _ := json.Marshal(claims)
	out, _ := jws.Sign(text, jws.WithKey(jwa.HS256, []byte("secretsecretsecretsecretsecret12")))
	return string(out)
}

func TestUserinfoIsJudged(t *testing.T) {
	answer := func(body func(o *world) string, contentType string) func(*testing.T, *world) {
		return func(_ *testing.T, o *world) {
			o.between = func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.URL.Path, "/userinfo") {
					return false
				}
				w.Header().Set("Content-Type", contentType)
				_, _ = w.Write([]byte(body(o)))
				return true
			}
		}
	}
	claims := func(o *world, edit map[string]any) string {
		m := map[string]any{"sub": o.subjectOfFirst(t), "iss": o.sandbox.o.Issuer, "aud": "carnet", "iat": o.now.Unix(), "exp": o.now.Add(time.Minute).Unix()}
		for k, v := range edit {
			m[k] = v
		}
		return signed(t, o.sandbox)(m)
	}
	for name, c := range map[string]struct {
		prepare func(*testing.T, *world)
		says    string
	}{
		"of another person":             {answer(func(o *world) string { return claims(o, map[string]any{"sub": "x"}) }, "application/jwt"), "another person"},
		"for another client":            {answer(func(o *world) string { return claims(o, map[string]any{"aud": "x"}) }, "application/jwt"), "audience"},
		"of another issuer":             {answer(func(o *world) string { return claims(o, map[string]any{"iss": "https://x.example"}) }, "application/jwt"), "issuer"},
		"expired":                       {answer(func(o *world) string { return claims(o, map[string]any{"exp": o.now.Add(-time.Hour).Unix()}) }, "application/jwt"), "expired"},
		"without signature":             {answer(func(*world) string { return unsigned(map[string]any{"sub": "x"}) }, "application/jwt"), "signed"},
		"JSON, where it must be signed": {answer(func(o *world) string { return `{"sub":"x"}` }, "application/json"), "not signed"},
		"a page":                        {answer(func(*world) string { return "<html>" }, "text/html"), "not signed"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newWorld(t, FranceConnect)
			attempt, back := o.begin(t)
			c.prepare(t, o)
			_, err := o.client.Finish(t.Context(), attempt, back)
			require.ErrorIs(t, err, ErrSignin)
			assert.Contains(t, err.Error(), c.says)
		})
	}
}

func (o *world) subjectOfFirst(t *testing.T) string {
	people, err := o.sandbox.o.People(t.Context(), "")
	require.NoError(t, err)
	return o.sandbox.subject(&login{subject: people[0]})
}

// TestTwoProvidersAreNotMixedUp: an answer of one provider that reaches the address of the other is refused, also when the attacker forwards state and code as they are (RFC 9700 §4.4).
func TestTwoProvidersAreNotMixedUp(t *testing.T) {
	psc, fc := newWorld(t, ProSanteConnect), newWorld(t, FranceConnect)
	attempt, answer := psc.begin(t)
	_, err := fc.client.Finish(t.Context(), attempt, answer)
	require.ErrorIs(t, err, ErrSignin)
	require.Contains(t, err.Error(), "another provider")
	attempt.Provider = "fc"
	_, err = fc.client.Finish(t.Context(), attempt, answer)
	require.ErrorIs(t, err, ErrSignin)
	require.Contains(t, err.Error(), "iss")
	require.NotEqual(t, psc.client.redirect, fc.client.redirect)
}

func TestDiscoveryIsTheIssuersOwn(t *testing.T) {
	for name, document := range map[string]string{
		"another issuer":      `{"issuer":"https://evil.example"}`,
		"an endpoint in http": `{"issuer":"https://dmp.example/sandbox/psc","authorization_endpoint":"https://x.example/a","token_endpoint":"http://x.example/t","userinfo_endpoint":"https://x.example/u","jwks_uri":"https://x.example/k"}`,
		"no endpoints":        `{"issuer":"https://dmp.example/sandbox/psc"}`,
		"no JSON":             `hello`,
	} {
		t.Run(name, func(t *testing.T) {
			o := newWorld(t, ProSanteConnect)
			calls := 0
			o.between = func(w http.ResponseWriter, _ *http.Request) bool {
				calls++
				_, _ = w.Write([]byte(document))
				return true
			}
			_, _, err := o.client.Begin(t.Context(), "", false)
			require.ErrorIs(t, err, ErrUnavailable)
			_, _, err = o.client.Begin(t.Context(), "", false)
			require.ErrorIs(t, err, ErrUnavailable)
			assert.Equal(t, 1, calls, "a provider that fails is not asked again at once")
			o.between, o.now = nil, o.now.Add(retryDiscovery)
			_, _, err = o.client.Begin(t.Context(), "", false)
			require.NoError(t, err, "later it is")
		})
	}
}
