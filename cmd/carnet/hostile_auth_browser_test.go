package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// send sends a request as given and reads the answer.
func (h *hostile) send(method, path, body string, header ...string) (*http.Response, string) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.origin+path, strings.NewReader(body))
	require.NoError(h.t, err)
	for n := 0; n < len(header); n += 2 {
		if header[n] == "Host" {
			req.Host = header[n+1]
			continue
		}
		req.Header.Add(header[n], header[n+1])
	}
	resp, err := h.http.Do(req)
	require.NoError(h.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(h.t, err)
	return resp, string(text)
}

// TestWhatOtherOriginsMayRead: scripts of other origins call the FHIR API and what programs call, which know no cookie; pages that know their user by one are nobody else's.
func TestWhatOtherOriginsMayRead(t *testing.T) {
	h := newHostile(t)
	const origin = "https://evil.example"
	for _, path := range []string{"/auth/authorize", "/auth/step", "/auth/login", "/auth/patient", "/auth/consent", "/auth/signout", "/signin/sandbox-psc/callback", "/sandbox/psc/authorize", "/sandbox/fc/userinfo", "/console/", "/console/app.js", "/metrics", "/healthz", "/", "/nothing"} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
			resp, _ := h.send(method, path, "", "Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
			assert.Empty(t, resp.Header.Get("Access-Control-Allow-Origin"), "%s %s", method, path)
			assert.Empty(t, resp.Header.Get("Access-Control-Allow-Credentials"), "%s %s", method, path)
		}
	}
	for _, path := range []string{"/fhir/metadata", "/fhir/Patient", "/fhir/.well-known/smart-configuration", "/.well-known/openid-configuration", "/auth/jwks", "/auth/token", "/auth/introspect", "/auth/revoke"} {
		resp, _ := h.send(http.MethodOptions, path, "", "Origin", origin, "Access-Control-Request-Method", "POST")
		assert.Equal(t, []string{"*"}, resp.Header.Values("Access-Control-Allow-Origin"), path)
		assert.Empty(t, resp.Header.Get("Access-Control-Allow-Credentials"), path)
	}
}

// TestScreensAreClosed looks at the headers of each kind of page, at what a form without its token does, and at cookies.
func TestScreensAreClosed(t *testing.T) {
	h := newHostile(t)
	h.people("ada")
	rpps := h.doctor("d0", 0)
	closed := func(name string, b *browser) {
		policy := b.header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			assert.Contains(t, policy, part, name)
		}
		assert.NotContains(t, policy, "unsafe", name)
		assert.Equal(t, "no-store", b.header.Get("Cache-Control"), name)
		assert.Equal(t, "nosniff", b.header.Get("X-Content-Type-Options"), name)
		assert.Contains(t, []string{"no-referrer", "same-origin"}, b.header.Get("Referrer-Policy"), name)
		assert.NotContains(t, b.page, "<script", name)
	}
	b, a := h.visitor(), authorization(h.base, "lps", lpsBack, "launch/patient openid fhirUser patient/*.rs", nil)
	b.open(a.address)
	closed("login", b)
	require.NotContains(t, b.page, `name="form"`, "who is not signed in has no form to send")
	h.signIn(b, "sandbox-psc", rpps)
	closed("patient", b)
	b.submit(url.Values{"typed": {"<script>alert(1)</script>"}, "decision": {"choose"}})
	closed("patient again", b)
	assert.NotContains(t, b.page, "alert(1)")
	b.submit(url.Values{"typed": {h.numbers["ada"]}, "decision": {"choose"}})
	closed("consent", b)
	transaction := b.at.Query().Get("transaction")
	for _, path := range []string{"/auth/consent", "/auth/patient", "/auth/signout"} {
		for name, form := range map[string]string{"without a token": "transaction=" + transaction + "&decision=accept", "with another's": "transaction=" + transaction + "&decision=accept&form=" + secret()} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.origin+path, strings.NewReader(form))
			require.NoError(t, err)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			b.do(req)
			assert.Equal(t, http.StatusForbidden, b.status, "%s %s", path, name)
		}
	}
	b.open(h.origin + "/auth/step?transaction=" + transaction)
	require.Contains(t, b.page, "Autoriser", "the attacks did not end what the person is doing")

	b.open(h.origin + "/auth/signout?return=https://evil.example&post_logout_redirect_uri=https://evil.example&state=x")
	closed("sign-out", b)
	assert.NotContains(t, b.page, "evil.example")
	b.submit(url.Values{"return": {"https://evil.example"}})
	assert.NotContains(t, b.page+b.header.Get("Location"), "evil.example")
	for _, address := range []string{
		"/auth/login?transaction=" + transaction + "&via=https://evil.example", "/auth/login?transaction=" + transaction + "&via=sandbox-psc&return=https://evil.example", "/auth/step?transaction=//evil.example", "/auth/login?transaction=%0d%0aLocation:%20https://evil.example",
		"/signin/sandbox-psc/callback?error=x&error_description=%3Cscript%3Ealert(1)%3C/script%3E&state=%3Cscript%3E", "/signin/sandbox-psc/callback?return=https://evil.example",
		"/auth/authorize?client_id=%3Cscript%3Ealert(1)%3C/script%3E&redirect_uri=https://evil.example", "/auth/authorize?redirect_uri=javascript:alert(1)", "//evil.example/auth/step", "/auth//evil.example",
	} {
		resp, page := h.send(http.MethodGet, address, "")
		to, err := url.Parse(resp.Header.Get("Location"))
		require.NoError(t, err)
		assert.Contains(t, []string{"", strings.TrimPrefix(h.origin, "http://")}, to.Host, address)
		assert.NotContains(t, page, "<script", address)
		assert.NotContains(t, page, "evil.example", address)
	}
}

// TestAuthorizationRequestsOverHTTP bends each part of a request that is right. Where it goes to an application at all, it goes to the registered one, and with an error.
func TestAuthorizationRequestsOverHTTP(t *testing.T) {
	h := newHostile(t)
	right := authorization(h.base, "phr", phrBack, phrScope, nil)
	u, err := url.Parse(right.address)
	require.NoError(t, err)
	for _, c := range []struct {
		name, set, value string
	}{
		{"another host", "redirect_uri", "http://127.0.0.1:2/phr"}, {"no port", "redirect_uri", "http://127.0.0.1/phr"}, {"localhost", "redirect_uri", "http://localhost:1/phr"}, {"IPv6", "redirect_uri", "http://[::1]:1/phr"},
		{"the address in decimal", "redirect_uri", "http://2130706433:1/phr"}, {"a short address", "redirect_uri", "http://127.1:1/phr"}, {"https", "redirect_uri", "https://127.0.0.1:1/phr"}, {"capitals", "redirect_uri", "HTTP://127.0.0.1:1/phr"},
		{"a way up", "redirect_uri", phrBack + "/../phr"}, {"a way up in code", "redirect_uri", phrBack + "/%2e%2e/phr"}, {"a slash", "redirect_uri", phrBack + "/"}, {"two slashes", "redirect_uri", "http://127.0.0.1:1//phr"},
		{"a query", "redirect_uri", phrBack + "?x=1"}, {"an empty query", "redirect_uri", phrBack + "?"}, {"a fragment", "redirect_uri", phrBack + "#x"}, {"an empty fragment", "redirect_uri", phrBack + "#"}, {"a parameter", "redirect_uri", phrBack + ";x"},
		{"a user", "redirect_uri", "http://127.0.0.1:1@evil.example/phr"}, {"a user before", "redirect_uri", "http://evil.example@127.0.0.1:1/phr"}, {"a backslash", "redirect_uri", "http://127.0.0.1:1\\@evil.example/phr"},
		{"a tab", "redirect_uri", "http://127.0.0.1:1/phr\t"}, {"a new line", "redirect_uri", phrBack + "\r\nX: y"}, {"a null", "redirect_uri", phrBack + "\x00"}, {"a dot behind the host", "redirect_uri", "http://127.0.0.1.:1/phr"},
		{"a host in another alphabet", "redirect_uri", "http://１２７.0.0.1:1/phr"}, {"another client's", "redirect_uri", lpsBack}, {"a script", "redirect_uri", "javascript:alert(1)//" + phrBack}, {"data", "redirect_uri", "data:text/html,x"}, {"nothing", "redirect_uri", ""},
		{"spaces", "redirect_uri", " " + phrBack}, {"percent", "redirect_uri", "http://127.0.0.1:1/%70hr"},
		{"another client", "client_id", "lps"}, {"no client", "client_id", ""}, {"a client in capitals", "client_id", "PHR"}, {"a client with a null", "client_id", "phr\x00"}, {"the command's client", "client_id", commandClient}, {"a path for a client", "client_id", "../phr"},
	} {
		q := u.Query()
		q.Set(c.set, c.value)
		resp, page := h.send(http.MethodGet, "/auth/authorize?"+q.Encode(), "")
		assert.Equal(t, http.StatusBadRequest, resp.StatusCode, c.name)
		assert.Empty(t, resp.Header.Get("Location"), c.name)
		assert.NotContains(t, page, "evil.example", c.name)
		assert.NotContains(t, page, "alert(", c.name)
	}
	for _, c := range []struct{ set, value, code string }{
		{"response_type", "token", "unsupported_response_type"}, {"response_type", "id_token", "unsupported_response_type"}, {"response_type", "code token", "unsupported_response_type"}, {"response_type", "none", "unsupported_response_type"},
		{"response_mode", "fragment", "invalid_request"}, {"response_mode", "form_post", "invalid_request"}, {"response_mode", "web_message", "invalid_request"}, {"response_mode", "query.jwt", "invalid_request"},
		{"request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"}, {"request_uri", "http://169.254.169.254/latest/meta-data", "request_uri_not_supported"}, {"request_uri", "file:///etc/passwd", "request_uri_not_supported"},
		{"code_challenge_method", "plain", "invalid_request"}, {"code_challenge_method", "s256", "invalid_request"}, {"code_challenge", "", "invalid_request"}, {"code_challenge", strings.Repeat("A", 42), "invalid_request"}, {"code_challenge", strings.Repeat("=", 43), "invalid_request"},
		{"aud", "https://evil.example/fhir", "invalid_target"}, {"aud", h.base + "/x", "invalid_target"}, {"resource", "https://evil.example/fhir", "invalid_target"}, {"aud", "", "invalid_request"},
		{"scope", "system/*.cruds", "invalid_scope"}, {"scope", "user/*.cruds", "invalid_scope"}, {"scope", "patient/*.*%0d%0a", "invalid_scope"}, {"scope", strings.Repeat("patient/Observation.rs ", 400), "invalid_request"}, {"scope", strings.Repeat("patient/A.r ", 600), "invalid_scope"},
		{"prompt", "none login", "invalid_request"}, {"prompt", "create", "invalid_request"}, {"prompt", "none", "login_required"}, {"max_age", "-1", "invalid_request"}, {"max_age", "1e9", "invalid_request"}, {"max_age", "99999999999999999999", "invalid_request"},
		{"launch", "made-up", "invalid_request"}, {"dpop_jkt", "x", "invalid_request"}, {"nonce", strings.Repeat("n", 2000), "invalid_request"}, {"state", "1234", "invalid_request"}, {"state", strings.Repeat("s", 5000), "invalid_request"}, {"state", "<script>alert(1)</script>\x01", "invalid_request"},
	} {
		q := u.Query()
		q.Set(c.set, c.value)
		resp, page := h.send(http.MethodGet, "/auth/authorize?"+q.Encode(), "")
		name := fmt.Sprintf("%s=%.40s", c.set, c.value)
		require.Equal(t, http.StatusSeeOther, resp.StatusCode, name)
		back, err := url.Parse(resp.Header.Get("Location"))
		require.NoError(t, err)
		assert.Equal(t, phrBack, "http://"+back.Host+back.Path, name)
		if c.code != "invalid_scope" || back.Query().Get("error") != "invalid_request" {
			assert.Equal(t, c.code, back.Query().Get("error"), name)
		}
		assert.Empty(t, back.Query().Get("code"), name)
		assert.Equal(t, h.origin, back.Query().Get("iss"), name)
		assert.Empty(t, page, name)
		assert.Empty(t, back.Fragment, name)
	}
	for _, name := range []string{"client_id", "redirect_uri", "state", "scope", "aud", "code_challenge", "nonce", "response_type"} {
		resp, _ := h.send(http.MethodGet, "/auth/authorize?"+u.RawQuery+"&"+url.Values{name: {"another"}}.Encode()+"&"+name+"=x", "")
		assert.NotContains(t, resp.Header.Get("Location"), "/auth/step", "%s twice", name)
	}
	resp, _ := h.send(http.MethodPost, "/auth/authorize?client_id=lps", u.RawQuery, "Content-Type", "application/x-www-form-urlencoded")
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode, "in the URL and the body at once")
	resp, _ = h.send(http.MethodGet, "/auth/authorize?"+u.RawQuery, "client_id=lps&redirect_uri="+url.QueryEscape(lpsBack), "Content-Type", "application/x-www-form-urlencoded")
	assert.Equal(t, http.StatusSeeOther, resp.StatusCode, "the body of a GET says nothing")
	resp, _ = h.send(http.MethodGet, "/auth/authorize?"+u.RawQuery+"&"+strings.Repeat("x", 33<<10)+"=1", "")
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode, "a query of 33 KB")
	resp, _ = h.send(http.MethodGet, "/auth/authorize?"+u.RawQuery+strings.Repeat("&a=1", 70), "")
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode, "70 parameters more")
	resp, _ = h.send(http.MethodGet, "/auth/authorize?"+strings.Replace(u.RawQuery, "client_id=phr", "client_id=phr;client_id=lps", 1), "")
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode, "a semicolon parts nothing")
}
